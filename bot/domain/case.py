"""The case: one conversation that needs care, from the first post to the closing word.

Cards and timers follow from this value alone. It is stored as one document, so that any worker can take the next step.
Fields that have their default are left out of it: a default, once released, never changes. The functions that change it
are in `receiving`, `claims`, `replying`, `sending`, `answering`, `hiding`, `snoozing`, `lifecycle` and others.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import (
    AwareDatetime,
    ConfigDict,
    Field,
    FieldSerializationInfo,
    SerializerFunctionWrapHandler,
    field_serializer,
)

from bot.domain.models import Attachment, Author, CaseKey, Kind, Known, Model, Told
from bot.domain.reading import Reading


class Kept(Model):
    """Base of what a case is made of. As JSON, instants are seconds since 1970; words are read, too (decision 012)."""

    model_config = ConfigDict(ser_json_temporal="seconds")


class Status(StrEnum):
    """Whether a case wants care."""

    OPEN = "open"
    CLOSED = "closed"


NOT_FOR_US: Final = "not for us"
"""Why a case was set aside: such cases are left out of every figure."""
STAND_IN: Final = "a colleague"
"""Shown in place of a name that Slack has not told."""
SIGNATURE_LONGEST: Final = 24
"""Characters of a signature, as customers read it."""


class Person(Model):
    """A member of staff: the Slack user id, the name to show colleagues, the signature customers see ("^AK")."""

    id: str
    name: str = ""
    signature: str = ""


class HideReason(StrEnum):
    """Why a comment may be hidden. Criticism is not among them: it is answered, not hidden."""

    SPAM = "spam"
    ABUSE = "abuse"
    HATE = "hate"
    PERSONAL_DATA = "personal_data"


class Item(Kept):
    """One interaction as the case keeps it: masked, tidied, cut; `seq` counts from 1 in the case's life.

    `earlier` are the wordings before edits. A customer's words stand here only, never in the audit log, so that a
    deletion takes all of them away. `signs` are the reasons for which triage lets staff ask to hide it, mostly none;
    `hidden_at` is when it was last hidden or shown again. `unnamed` is true in stored documents only: nobody told who
    spoke (a null author without it stands for the case's author, see bot/store/brief.py).
    """

    seq: int
    id: str
    kind: Kind
    author: Author | None
    text: str
    posted_at: Told
    seen_at: AwareDatetime
    url: str = ""
    version: str = ""
    private: bool = False
    masked: bool = False
    cut: bool = False
    edited: bool = False
    edited_at: Told | None = None
    earlier: tuple[str, ...] = ()
    deleted: bool = False
    late: bool = False
    rating: int | None = None
    attachments: tuple[Attachment, ...] = ()
    ref: dict[str, str] = Field(default_factory=dict)
    stream: str | None = None
    reply_until: Told | None = None
    private_until: Told | None = None
    answerable: bool = True
    hideable: bool = False
    hidden: bool = False
    hidden_at: AwareDatetime | None = None
    signs: tuple[HideReason, ...] = ()
    unnamed: bool = False

    @field_serializer("author", mode="wrap", when_used="json-unless-none")
    def _unless_known(
        self, author: Author | None, as_usual: SerializerFunctionWrapHandler, info: FieldSerializationInfo
    ) -> object:
        """The author, or nothing where the context of the writing names the same one already."""
        return None if author is info.context or author == info.context else as_usual(author)


class Claim(Kept):
    """A lease on the case by one person. `ask_at`: when they are, or were, asked to confirm; `until`: when it ends."""

    by: Person
    at: AwareDatetime
    ask_at: AwareDatetime
    until: AwareDatetime
    asked: bool = False


class Writing(Kept):
    """Somebody has the reply modal open."""

    by: Person
    until: AwareDatetime


class MarkName(StrEnum):
    """The steps of a response-time promise, in the order in which they fall due."""

    ACK_WARNING = "ack_warning"
    ACK_BREACH = "ack_breach"
    ANSWER_WARNING = "answer_warning"
    ANSWER_BREACH = "answer_breach"
    ESCALATION = "escalation"


class Mark(Kept):
    """One step that falls due at an instant, unless an answer comes first."""

    name: MarkName
    at: AwareDatetime


class Wait(Kept):
    """A customer waits for us since `since`. `marks` are the steps still to come; fired ones are taken out."""

    since: AwareDatetime
    ack_due: AwareDatetime | None
    answer_due: AwareDatetime
    marks: tuple[Mark, ...]
    warned: bool = False
    breached: bool = False

    @property
    def due(self) -> datetime:
        """When we owe the next thing: a first word, or the answer once that is said."""
        return self.ack_due or self.answer_due


class Cycle(Kept):
    """One care episode of a case, with its instants; a return after closing starts the next. Misses stay misses.

    `acknowledged_desk_s` and `answered_desk_s` say for how long the desk was open until the first word and the answer,
    where these were owed; `left` that the case was closed while its customer waited for the answer; `gone_at` when the
    customer took back all words that waited for the answer, where a promise had been broken by then.
    """

    n: int
    posted_at: Told
    seen_at: AwareDatetime
    carded_at: AwareDatetime | None = None
    claimed_at: AwareDatetime | None = None
    acknowledged_at: AwareDatetime | None = None
    answered_at: AwareDatetime | None = None
    private_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    calendar: str = ""
    missed: tuple[MarkName, ...] = ()
    acknowledged_desk_s: int | None = None
    answered_desk_s: int | None = None
    left: bool = False
    gone_at: AwareDatetime | None = None
    said: tuple[str, ...] = ()  # how the words that began it read: their intent, then their topics


class Purpose(StrEnum):
    """Why something is sent; decides which clock it stops."""

    REPLY = "reply"
    THANK = "thank"
    ACKNOWLEDGE = "acknowledge"
    PRIVATE = "private"
    LIKE = "like"  # a like of the customer's words; no text, answers nothing
    NOTICE = "notice"  # the public line that says we went private, or the word that closes the public loop
    HIDE = "hide"  # hides the customer's comment from the public, approved by a second person; no text
    UNHIDE = "unhide"  # shows it again


MODERATION = frozenset({Purpose.HIDE, Purpose.UNHIDE})
"""Acts that say nothing to anybody: they answer nobody and stop no clock."""
ANSWERS = frozenset({Purpose.REPLY, Purpose.THANK, Purpose.PRIVATE})
"""Acts that answer the customer: they stop both clocks."""
FIRST_WORDS = ANSWERS | {Purpose.ACKNOWLEDGE}
"""Acts that tell the customer that somebody is there: they stop the first clock."""


class SendState(StrEnum):
    """Where a send stands. Staff see every one of them on the card."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDONE = "undone"


UNSETTLED = frozenset({SendState.QUEUED, SendState.SENDING, SendState.UNKNOWN})  # on its way, or perhaps carried out
UNFINISHED = UNSETTLED | {SendState.FAILED}  # or waiting for somebody to press Retry
IN_VAIN = frozenset({SendState.FAILED, SendState.UNDONE})  # not carried out, and not to be unless somebody says Retry


class Send(Kept):
    """One outbound act. `to` is the interaction it answers; `after` names a send that must stand first.

    `attempt` counts the tries of which one may stand, and while the fate is unknown how often it was looked for.
    `arrived`: the network reported that the customer has it. `retried_at`: when somebody last said Retry.
    """

    id: str
    purpose: Purpose
    private: bool
    text: str
    by: Person
    to: str
    ref: dict[str, str] = Field(default_factory=dict)
    state: SendState = SendState.QUEUED
    created_at: AwareDatetime
    retried_at: AwareDatetime | None = None
    due_at: AwareDatetime
    attempt: int = 0
    after: str | None = None
    external_id: str = ""
    url: str = ""
    read_back: bool = False
    arrived: bool = False
    reason: str = ""
    sent_at: AwareDatetime | None = None
    closes_loop: bool = False


class HideState(StrEnum):
    """Where a request to hide a comment stands."""

    ASKED = "asked"
    APPROVED = "approved"  # what became of the act itself, its send says
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    LAPSED = "lapsed"  # the words changed or went away


class Hiding(Kept):
    """One request to hide a comment. It counts until `until`; only somebody else than `by` may approve it.

    `id` is that of the send which an approval queues, `item` the comment's on its network, `why` what made it lapse.
    """

    id: str
    item: str
    reason: HideReason
    note: str = ""
    by: Person
    at: AwareDatetime
    until: AwareDatetime
    state: HideState = HideState.ASKED
    decided_by: Person | None = None
    decided_at: AwareDatetime | None = None
    why: str = ""


class Snooze(Kept):
    """Somebody has the case brought back to mind at `until`. It stops no clock (decision 018)."""

    by: Person
    at: AwareDatetime
    until: AwareDatetime
    note: str = ""


class PostKind(StrEnum):
    """What Hark shows in Slack for a case."""

    CARD = "card"  # the case, in its channel
    ALERT = "alert"  # the same card with a headline, in somebody's direct messages
    RETIRED = "retired"  # an older alert that a newer one replaces; one line, no buttons
    LINE = "line"  # one line of text, posted once


class Post(Kept):
    """One Slack message of the case. `channel` may be a user id (direct message); `place` is where it stands.

    `text` is a line's words or an alert's headline; `mentions` are users whom it names, by Hark's choice only.
    `error` is why Slack did not take it, `retry_at` when it is tried again.
    `attempt` is written before posting, `ts` after; in between, a crash is healed by looking for the attempt.
    """

    id: str
    kind: PostKind
    channel: str
    thread: bool = False
    text: str = ""
    mentions: tuple[str, ...] = ()
    attempt: str = ""
    place: str = ""
    ts: str = ""
    drawn: str = ""
    error: str = ""
    retry_at: AwareDatetime | None = None


class LogEntry(Kept):
    """One line of the audit log: who did what, when. `by` is empty for customers and for Hark itself."""

    at: AwareDatetime
    what: str
    by: str = ""
    detail: str = ""


class Case(Kept):
    """One conversation that needs care. `version` belongs to the store: 0 means never stored.

    `lines` are the newest lines that stand in the card's thread (their ts): a line is no post any more once it stands.
    `calls` counts the calls to Slack that its messages took, by method, but for those of a press's response_url.
    """

    key: CaseKey
    version: int = 0
    status: Status = Status.OPEN
    author: Author | None = None
    items: tuple[Item, ...]
    item_count: int = 1
    people: int = 1
    reading: Reading = Reading()
    priority: int = 2
    cycle: Cycle
    wait: Wait | None = None
    claim: Claim | None = None
    writing: Writing | None = None
    sends: tuple[Send, ...] = ()
    hidings: tuple[Hiding, ...] = ()
    snooze: Snooze | None = None
    posts: tuple[Post, ...] = ()
    lines: tuple[str, ...] = Field(default=(), exclude_if=lambda lines: not lines)
    loop_open: bool = False
    close_reason: str = ""
    likes: int = 0
    reposts: int = 0
    swept: bool = False
    calls: dict[str, int] = Field(default_factory=dict)
    known: Known | None = None

    @property
    def id(self) -> str:
        """The short name of the case."""
        return self.key.id

    @property
    def is_open(self) -> bool:
        """Whether the case wants care."""
        return self.status is Status.OPEN

    @property
    def latest(self) -> Item:
        """The customer's newest interaction that still stands; the newest of all when none does."""
        return next((item for item in reversed(self.items) if not item.deleted), self.items[-1])

    def newest(self, *, private: bool) -> Item:
        """The customer's newest interaction in public or in private, whichever is asked; else the newest of all."""
        standing = (item for item in reversed(self.items) if item.private is private and not item.deleted)
        return next(standing, self.latest)

    @property
    def card(self) -> Post | None:
        """The card in the channel, once one is wanted."""
        return next((post for post in self.posts if post.kind is PostKind.CARD), None)

    def item(self, item_id: str) -> Item | None:
        """The interaction that the network knows by that id, if the case keeps it."""
        return next((item for item in self.items if item.id == item_id), None)

    def post(self, post_id: str) -> Post | None:
        """The Slack message of that id, if it is still part of the case."""
        return next((post for post in self.posts if post.id == post_id), None)

    def send(self, send_id: str) -> Send | None:
        """The send of that id, if the case has it."""
        return next((send for send in self.sends if send.id == send_id), None)
