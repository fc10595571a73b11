"""A customer who asks to be erased: whose words are whose, and what of a case is left without theirs.

A case of the customer's own goes as a whole. In a case of somebody else their items become tombstones that name nobody.
What their messages in Slack were is kept until Slack has deleted them: where each stands, and nothing of what it says.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from bot.domain.attempts import began_at
from bot.domain.case import Case, Item, LogEntry, Post, PostKind, Send, SendState
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.models import Author, Model, Raw
from bot.domain.posting import SAID
from bot.domain.receiving import deleted

SOMEONE: Final = "someone"
ERASED: Final = Author(id="erased", name="an erased customer")
"""Stands where the customer stood in somebody else's case."""
POSTING: Final = timedelta(seconds=15)
"""So long after an attempt began its message may still come to stand: a call to Slack takes ten seconds at most."""
LETTERS: Final = 3
QUOTED: Final = 100
"""So much of somebody's words is looked for: a long text is cut where it is quoted."""
TELLING: Final = 6
"""A shorter id or handle is a word or a number like many: in a delivery it counts only where nothing else can be."""
WENT_OUT: Final = frozenset({SendState.SENT, SendState.SENDING, SendState.UNKNOWN})
"""Such sends stand on the network, or may do so: nobody was told yet, or nobody knows."""


@dataclass(frozen=True)
class Customer:
    """Somebody on one network, known by their `ids` and by the handle that was `typed` (without @, in lower case).

    Other handles and names of theirs are looked for in texts. Whose a profile is they do not say: others may have them.
    """

    network: str
    ids: frozenset[str]
    typed: str
    handles: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def is_author(self, author: Author | None) -> bool:
        """Whether this profile is theirs."""
        if author is None or author == ERASED:
            return False
        return author.id in self.ids or _bare(author.handle) == self.typed

    def may_be_in(self, document: str) -> bool:
        """Whether a case's document is worth reading: most are not, and reading one takes longer than this."""
        text = document.casefold()
        return any(each in text for each in self._as_written)

    def sent(self, raw: Raw) -> bool:
        """Whether a delivery of their network names them."""
        return raw.network == self.network and self.is_named_in(_read(raw.body))

    def is_named_in(self, text: str) -> bool:
        """Whether a text of a program's (JSON, a key) has their id or handle in it."""
        return bool(self._in_data.search(text.casefold()))

    def is_shown_in(self, text: str) -> bool:
        """Whether a text for people has their name, handle or id in it."""
        return bool(self._in_words.search(text))

    def scrubbed(self, text: str) -> str:
        """A text for people without their name, handle and id."""
        return self._in_words.sub(SOMEONE, text)

    @cached_property
    def _as_written(self) -> list[str]:
        return [json.dumps(each, ensure_ascii=False)[1:-1].casefold() for each in {*self.ids, self.typed} if each]

    @cached_property
    def _in_data(self) -> re.Pattern[str]:
        known = {each.casefold() for each in self.ids | self.handles if each}
        told = [rf"(?<!\w){re.escape(each)}(?!\w)" for each in known if len(each) >= TELLING]
        told += [rf'(?<=["@/:]){re.escape(each)}(?=["/:]|$)' for each in known if len(each) < TELLING]
        return re.compile("|".join(told) or r"(?!)")

    @cached_property
    def _in_words(self) -> re.Pattern[str]:
        known = {each for each in self.ids | self.handles | self.names if each}
        longest_first = sorted(known, key=len, reverse=True)
        # Of one or two letters or digits, everybody's text is full.
        told = "|".join(
            rf"@{'' if len(each) < LETTERS and each.isascii() else '?'}(?<!\w){re.escape(each)}(?!\w)"
            for each in longest_first
        )
        return re.compile(told or r"(?!)", re.IGNORECASE)


class Stands(Model):
    """One Slack message: where it stands, or by which attempt it would be found there. `thread` is the one above it."""

    channel: str
    ts: str = ""
    attempt: str = ""
    thread: str = ""

    @property
    def comes_until(self) -> datetime:
        """Until when a message that is not there yet may come to stand."""
        return began_at(self.attempt) + POSTING


class Seen(Model):
    """A message as Slack shows it: where, whether it is Hark's own, what its blocks belong to, what it says."""

    at: Stands
    own: bool
    scope: str = ""
    text: str = ""
    buttons: bool = False


def customer(network: str, who: str) -> Customer:
    """The customer as somebody typed them: an id, or a handle with or without @."""
    return Customer(network, frozenset({who}), _bare(who), frozenset({_bare(who)}))


def known_by(one: Customer, authors: Iterable[Author | None]) -> Customer:
    """The customer with all ids, handles and names that profiles of theirs have."""
    theirs = [each for each in authors if each is not None and one.is_author(each)]
    handles = {_bare(each.handle) for each in theirs} - {""}
    names = {each.name for each in theirs if each.name}
    ids = one.ids | {each.id for each in theirs}
    return replace(one, ids=ids, handles=one.handles | handles, names=one.names | names)


def authors_of(case: Case) -> list[Author | None]:
    """Every profile that a case keeps."""
    return [case.author, *(item.author for item in case.items)]


def is_own(case: Case, one: Customer) -> bool:
    """Whether the case is the customer's own: nothing of it stays."""
    return case.key.network == one.network and one.is_author(case.author)


def items_of(case: Case, one: Customer) -> list[Item]:
    """The customer's own items."""
    return [item for item in case.items if case.key.network == one.network and one.is_author(item.author)]


def without(case: Case, one: Customer, now: datetime) -> Decision:
    """Somebody else's case without this customer's words, name, links and attachments: tombstones keep their places.

    Nothing of ours names them any more either. Of what was to be sent to them only what stands on the network is kept.
    """
    theirs = items_of(case, one)
    if not theirs:
        return Refused(code="not_there", text="The case keeps nothing of that customer.")
    change = Change(case=case)
    for item in theirs:
        taken = deleted(change.case, item.id, now)
        change = taken if isinstance(taken, Change) else change
    new = {item.id: f"erased:{item.seq}" for item in theirs}
    case = change.case.model_copy(
        update={
            "items": tuple(_tombstone(item, new[item.id]) if item.id in new else item for item in change.case.items),
            "sends": tuple(
                _sent(each, new, one)
                for each in change.case.sends
                if each.state is SendState.SENT or each.to not in new
            ),
            "hidings": tuple(
                each.model_copy(update={"item": new.get(each.item, each.item), "note": one.scrubbed(each.note)})
                for each in change.case.hidings
            ),
            "snooze": case.snooze and case.snooze.model_copy(update={"note": one.scrubbed(case.snooze.note)}),
            "posts": tuple(
                each.model_copy(update={"text": one.scrubbed(each.text)})
                for each in change.case.posts
                if not is_line_about(each, theirs, one)
            ),
        }
    )
    return Change(case=case, log=(LogEntry(at=now, what="one customer's words were erased at their request"),))


def is_line_about(post: Post, theirs: Collection[Item], one: Customer) -> bool:
    """Whether a line that does not stand yet quotes the customer or says that they are back."""
    if post.kind is not PostKind.LINE:
        return False
    return post.id in {f"{SAID}{item.seq}" for item in theirs} or one.is_shown_in(post.text)


def scrubbed(entry: LogEntry, one: Customer) -> LogEntry:
    """A line of the audit log without the customer's name."""
    return entry.model_copy(update={"what": one.scrubbed(entry.what), "detail": one.scrubbed(entry.detail)})


def tells_of(seen: Seen, theirs: Collection[Item], one: Customer) -> bool:
    """Whether a line that stands in Slack names the customer or quotes them. A word or two are nobody's own."""
    words = [text for item in theirs for text in (item.text, *item.earlier)]
    quotes = any(text[:QUOTED] in seen.text for text in words if len(text) > 2 * TELLING)
    return seen.own and not seen.buttons and (quotes or one.is_shown_in(seen.text))


# --- what remains in Slack ------------------------------------------------------------------------------------


class Remains(Model):
    """What is to be deleted in Slack of a case that is erased already, the card last; `replies` is how many messages of
    people stand below the card."""

    case: str
    messages: tuple[Stands, ...] = ()
    card: Stands | None = None
    replies: int = 0


def remains(case: Case, found: Iterable[Stands] = (), replies: int = 0) -> Remains:
    """All that Hark knows of a case's messages, and what was `found` beside it."""
    card = case.card
    place = card.place if card else ""
    thread = card.ts if card else ""
    known = [Stands(channel=each.place, ts=each.ts) for each in case.posts if each.ts and each is not card]
    known += [Stands(channel=place, ts=ts) for ts in case.lines if place]
    known += [
        Stands(channel=each.channel, attempt=each.attempt, thread=thread if each.thread else "")
        for each in case.posts
        if each.attempt and not each.ts
    ]
    top = Stands(channel=place, ts=thread) if thread else None
    rest = dict.fromkeys(each for each in (*known, *found) if each != top)
    return Remains(case=case.id, messages=tuple(rest), card=top, replies=replies)


# --- what is counted ------------------------------------------------------------------------------------------


class Share(Model):
    """What there is of a customer, in numbers."""

    open: int = 0
    closed: int = 0
    messages: int = 0
    queued: int = 0
    answers: int = 0
    others_words: int = 0
    shared: int = 0
    items: int = 0

    def __add__(self, more: "Share") -> "Share":
        """Both together."""
        return Share(**{name: value + getattr(more, name) for name, value in self})


def share(case: Case, one: Customer) -> Share:
    """What of it is theirs: the case itself, or some items in it. `answers` are public ones of ours that may stand."""
    answers = sum(1 for each in case.sends if _may_stand(each))
    if not is_own(case, one):
        theirs = items_of(case, one)
        answers = sum(1 for each in case.sends if _may_stand(each) and each.to in {item.id for item in theirs})
        return Share(shared=1, items=len(theirs), answers=answers) if theirs else Share()
    known = remains(case)
    return Share(
        open=int(case.is_open),
        closed=int(not case.is_open),
        messages=sum(1 for each in known.messages if each.ts) + int(known.card is not None),
        queued=sum(1 for each in case.sends if each.state is SendState.QUEUED),
        answers=answers,
        others_words=sum(1 for item in case.items if item.author is not None and not one.is_author(item.author)),
    )


def _may_stand(send: Send) -> bool:
    return send.state in WENT_OUT and bool(send.text) and not send.private


def _tombstone(item: Item, name: str) -> Item:
    return Item(
        seq=item.seq,
        id=name,
        kind=item.kind,
        author=ERASED,
        text="",
        posted_at=item.posted_at,
        seen_at=item.seen_at,
        private=item.private,
        deleted=True,
        late=item.late,
        answerable=False,
    )


def _sent(send: Send, new: dict[str, str], one: Customer) -> Send:
    """A send that names nobody. What it answered is gone; what it says stands on its network, and is not looked for.

    What is still to go out to others is left as somebody wrote it.
    """
    if send.state is not SendState.SENT:
        return send
    bare = {"to": new[send.to], "ref": {}, "url": "", "read_back": True} if send.to in new else {}
    return send.model_copy(update={**bare, "text": one.scrubbed(send.text), "reason": one.scrubbed(send.reason)})


def words_of(case: Case, one: Customer) -> list[str]:
    """All wordings of theirs that a case keeps."""
    return [text for item in items_of(case, one) for text in (item.text, *item.earlier) if text]


def _bare(handle: str) -> str:
    return handle.strip().removeprefix("@").casefold()


def _read(body: bytes) -> str:
    """A delivery's text as its network meant it: an id may be written with escapes in JSON."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
