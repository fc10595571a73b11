"""The names of everything that can be pressed, chosen, typed or submitted, and what a press carries.

All ids end in a version: a button of an older card keeps its old id, so it can still be told apart after a release.
docs/slack-cards.md explains each of them; a test compares the two lists.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field

from bot.cards.limits import IDENTIFIER, PRESS_VALUE, PRIVATE_METADATA
from bot.domain.case import Purpose
from bot.domain.models import Model
from bot.domain.overtaking import Seen


class ActionId(StrEnum):
    """`action_id` of every element."""

    CLAIM = "hark:claim:v1"  # take the case
    RELEASE = "hark:release:v1"  # give the case back
    REPLY = "hark:reply:v1"  # open the reply modal
    THANK = "hark:thank:v1"  # open the reply modal with a suggested thank-you
    PRIVATE = "hark:private:v1"  # open the take-private modal
    MORE = "hark:more:v1"  # the overflow menu; the option's value carries the verb
    REOPEN = "hark:reopen:v1"  # open a closed case again
    UNDO = "hark:undo:v1"  # take a queued send back
    RETRY = "hark:retry:v1"  # send a failed text again
    CHECK_SEND = "hark:check-send:v1"  # look now for a send whose fate is unknown
    CONFIRM_CLAIM = "hark:confirm-claim:v1"  # "still on it": renew the claim
    DRAFT = "hark:draft:v1"  # the text being typed in a modal
    LINE = "hark:line:v1"  # the public line in a modal
    SIGNATURE = "hark:signature:v1"  # the signature typed in a modal
    LIKE = "hark:like:v1"  # whether a thank-you also likes the customer's words
    REASON = "hark:reason:v1"  # the reason chosen in the close or hide modal
    LOOP = "hark:loop:v1"  # closing line or waiver, chosen in the close modal
    NOTE = "hark:note:v1"  # the note in the hide or snooze modal
    HIDE_APPROVE = "hark:hide-approve:v1"  # agree, as a second person, to hide a comment
    HIDE_DECLINE = "hark:hide-decline:v1"  # say no to hiding a comment, or take one's own request back
    UNHIDE = "hark:unhide:v1"  # show a hidden comment again
    UNTIL = "hark:until:v1"  # until when, in the snooze modal
    WAKE = "hark:wake:v1"  # end a snooze now
    SET_SIGNATURE = "hark:set-signature:v1"  # open the signature modal from App Home
    TEMPLATE = "hark:template:v1"  # the template chosen in the template form
    BLANK = "hark:blank:v1"  # one blank of a template
    HOME_OPEN_CASE = "hark:home-open-case:v1"  # open a case from App Home
    STORM_NEXT = "hark:storm-next:v1"  # the ten that wait most urgently get their own cards
    STORM_PROBLEM = "hark:storm-problem:v1"  # open the form for a known problem
    PROBLEM_SOLVED = "hark:problem-solved:v1"  # open the form that says a known problem is solved
    TITLE = "hark:title:v1"  # the title of a known problem
    KNOWN = "hark:known:v1"  # what is known of it
    WORDS = "hark:words:v1"  # the words by which its cases are told
    ACT = "hark:act:v1"  # what found no place in the overflow menu, in the More dialog; the value carries the verb
    COLLEAGUE = "hark:colleague:v1"  # the colleague to whom a case goes, or who is called to help
    WAY = "hark:way:v1"  # whether they take the case or help with it


class Verb(StrEnum):
    """What an option of the overflow menu asks for."""

    ACKNOWLEDGE = "acknowledge"  # send the short "we are on it"
    CLOSE = "close"  # open the close modal
    DISMISS = "dismiss"  # open the confirmation of "not for us"
    HIDE = "hide"  # open the form that asks to hide a comment
    ASSIGN = "assign"  # open the form that brings a colleague in
    MORE = "more"  # open the dialog with what found no place in the menu
    HISTORY = "history"  # open the history modal
    SNOOZE = "snooze"  # open the snooze modal
    OPEN = "open"  # Slack opens the network's page; we only acknowledge


class CallbackId(StrEnum):
    """`callback_id` of every view."""

    REPLY = "hark:reply-form:v1"
    PRIVATE = "hark:private-form:v1"
    TEMPLATE = "hark:template-form:v1"
    CLOSE = "hark:close-form:v1"
    DISMISS = "hark:dismiss-form:v1"
    HIDE = "hark:hide-form:v1"
    ASSIGN = "hark:assign-form:v1"
    MORE = "hark:more-view:v1"
    SNOOZE = "hark:snooze-form:v1"
    SIGNATURE = "hark:signature-form:v1"
    HISTORY = "hark:history-view:v1"
    CASE = "hark:case-view:v1"
    NOTICE = "hark:notice-view:v1"
    HOME = "hark:home-view:v1"
    PROBLEM = "hark:problem-form:v1"
    SOLVED = "hark:solved-form:v1"


class InputId(StrEnum):
    """`block_id` of every input block. They never change, so that a redrawn modal keeps what was typed."""

    TEXT = "text"
    LINE = "line"
    LIKE = "like"
    SIGNATURE = "signature"
    REASON = "reason"
    LOOP = "loop"
    NOTE = "note"
    UNTIL = "until"
    TITLE = "title"
    KNOWN = "known"
    WORDS = "words"
    COLLEAGUE = "colleague"
    WAY = "way"


VERB_ROOM: Final = 24
"""Characters that a verb adds to an encoded press, at most."""
LOOP_POST: Final = "post"
LOOP_WAIVE: Final = "waive"
WAY_ASSIGN: Final = "assign"
WAY_ESCALATE: Final = "escalate"

CaseId = Annotated[str, Field(pattern=r"^([a-z2-7]{16})?$")]


class Packed(Model):
    """A small value that travels through Slack and back as compact JSON, and is not believed on its return."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    v: Literal[1] = 1

    def encode(self) -> str:
        """Compact ASCII JSON without what is at its default; the version is always there."""
        given = self.model_dump_json(exclude_defaults=True, ensure_ascii=True)
        return f'{{"v":{self.v}}}' if given == "{}" else f'{{"v":{self.v},{given[1:]}'

    @classmethod
    def decode(cls, value: object) -> Self | None:
        """The value again; None for anything that we did not write, or wrote in another version."""
        if not isinstance(value, str) or len(value) > PRIVATE_METADATA:
            return None
        try:
            return cls.model_validate_json(value)
        except ValueError:
            return None


class Press(Packed):
    """What a button or a menu option carries. `post` names the message it stands on, when there is room for it."""

    case: CaseId = ""
    send: str = Field(default="", max_length=IDENTIFIER)
    post: str = Field(default="", max_length=IDENTIFIER)
    verb: Verb | None = None

    @classmethod
    def on(cls, case: str, post: str, *, send: str = "") -> Self:
        """The press for an element on one of the case's messages. An id too long to travel is left out."""
        return cls(case=case, send=_fitting(send), post=_fitting(post))

    def value(self, most: int = PRESS_VALUE) -> str:
        """The encoded press in at most `most` characters: the post is left out where there is no room for it."""
        full = self.encode()
        return full if len(full) <= most else self.model_copy(update={"post": ""}).encode()


def with_verb(value: str, verb: Verb) -> str:
    """An encoded press with a verb as well: the options of a menu differ in nothing else. It is the last field."""
    return f'{value[:-1]},"verb":"{verb}"}}'


class StormPress(Packed):
    """What a button or a form of a storm's or a known problem's message carries: its channel, and which of the two."""

    channel: str = Field(default="", pattern=r"^[A-Z0-9]{0,31}$")
    group: str = Field(default="", pattern=r"^[a-z0-9]{0,16}$")


def _named(seen: object) -> object:
    """A form that an earlier version opened counts the sends: whoever filled it in is shown all that is there."""
    return "" if isinstance(seen, int) else seen


class ModalState(Packed):
    """What a modal remembers while it is open: never the customer's words or data.

    `send` is minted when the modal opens and names the send it will make, so that a double submit is one send.
    `seen` is the newest of the case's sends that the person had seen then, `items` how many interactions there were (0
    in a form that an earlier version opened); `private` is what its title says.
    `about` is the interaction that a form is about, `template` the template that was chosen. `confirmed` are the codes
    of warnings that were shown already: pressing Send again means yes.
    """

    case: CaseId = ""
    purpose: Purpose = Purpose.REPLY
    send: str = Field(default="", max_length=IDENTIFIER)
    seen: Annotated[str, Field(max_length=IDENTIFIER), BeforeValidator(_named)] = ""
    items: int = 0
    private: bool | None = None
    about: str = Field(default="", max_length=IDENTIFIER)
    template: str = Field(default="", max_length=IDENTIFIER)
    confirmed: tuple[Annotated[str, Field(max_length=40)], ...] = Field(default=(), max_length=12)

    @property
    def read(self) -> Seen:
        """What the person had read of the case when the form was opened."""
        return Seen(self.seen, self.items)

    def having_read(self, seen: Seen) -> Self:
        """The same form, opened by somebody who has read that."""
        return self.model_copy(update={"seen": seen.send, "items": seen.items})


def _fitting(id_: str) -> str:
    return id_ if len(id_) <= IDENTIFIER else ""
