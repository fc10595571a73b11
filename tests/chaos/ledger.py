"""Two ledgers and their comparison: what was told to Hark, and what became of it. Pure; looking.py fills them in.

An event is named by its token, a word that stands nowhere else; so is a reply.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

FINE_ENDS = frozenset({"sent"})
SHOWN_ENDS = frozenset({"unknown", "failed"})


@dataclass(frozen=True, slots=True)
class Told:
    """What went in. `talks` names the conversation of each event with words, `likes` of each like, `dead` holds the
    parts that nobody can read, `replies` are what staff sent (by conversation), `claims` who was seen to have a case.
    """

    talks: Mapping[str, int] = field(default_factory=dict)
    likes: Mapping[str, int] = field(default_factory=dict)
    dead: frozenset[str] = frozenset()
    replies: Mapping[str, int] = field(default_factory=dict)
    claims: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """A send as its case has it; `shown` tells whether the card says so."""

    token: str
    state: str
    shown: bool = True


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """A case: its events, how many likes it counted, its sends, who has it."""

    id: str
    items: tuple[str, ...]
    likes: int = 0
    sends: tuple[Sent, ...] = ()
    claimed_by: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of it. `cards` is the case of each card in the channel, `lines` the tokens of each line in a thread,
    `digest` the likes told of in the digest, `replies` what stands on the networks; the rest are troubles in words."""

    cases: tuple[CaseSeen, ...] = ()
    digest: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()


def compare(told: Told, seen: Seen) -> list[str]:
    """Everything that does not add up, in words; empty when all is well."""
    return [*_events(told, seen), *_likes(told, seen), *_cards(told, seen), *_lines(seen), *_replies(told, seen),
            *_claims(told, seen), *seen.troubles]  # fmt: skip


def _events(told: Told, seen: Seen) -> Iterator[str]:
    """Every event with words stands in one case, once, with its conversation; what cannot be read in the dead letter.

    A delivery that comes twice and cannot be read has no name by which to know it, so its letter may stand twice.
    """
    found = Counter(token for case in seen.cases for token in case.items)
    yield from _once("event", told.talks, found, "in the cases")
    homes = {token: case.id for case in seen.cases for token in case.items}
    by_talk: dict[int, set[str]] = {}
    for token, talk in told.talks.items():
        if token in homes:
            by_talk.setdefault(talk, set()).add(homes[token])
    for talk, cases in by_talk.items():
        if len(cases) > 1:
            yield f"conversation {talk} is spread over {len(cases)} cases"
    for token in sorted(told.dead - set(seen.dead)):
        yield f"lost: {token} cannot be read, and is not in the dead letter"
    for token in sorted(set(seen.dead) - told.dead):
        yield f"{token} is in the dead letter, although it can be read"


def _likes(told: Told, seen: Seen) -> Iterator[str]:
    """Every like is counted once: on the card of its conversation, or in the digest."""
    told_of = Counter(seen.digest)
    for token in sorted(told_of.keys() - told.likes.keys()):
        yield f"the digest tells of {token}, which nobody did"
    homes = {told.talks[token]: case for case in seen.cases for token in case.items if token in told.talks}
    for talk in sorted(set(told.likes.values())):
        tokens = [token for token, where in told.likes.items() if where == talk]
        counted = homes[talk].likes if talk in homes else 0
        total = counted + sum(told_of[token] for token in tokens)
        if total != len(tokens):
            yield f"conversation {talk} has {len(tokens)} likes, and {total} are told of"


def _cards(told: Told, seen: Seen) -> Iterator[str]:
    del told
    yield from _once("card of case", [case.id for case in seen.cases], Counter(seen.cards), "in Slack")


def _lines(seen: Seen) -> Iterator[str]:
    """What came first of a conversation stands on the card; all the rest has one line each in the card's thread."""
    found = Counter(seen.lines)
    for case in seen.cases:
        silent = [token for token in case.items if found[token] == 0]
        if len(silent) > 1:
            yield f"lost: of {', '.join(sorted(silent))} one may be without a line in the thread, not {len(silent)}"
        if not silent and case.items:
            yield f"unasked: all of {', '.join(sorted(case.items))} have a line, also what the card was opened with"
    known = {token for case in seen.cases for token in case.items}
    yield from (f"doubled: line of {token} is {n} times in the threads" for token, n in sorted(found.items()) if n > 1)
    yield from (f"unasked: line of {token}, which is in no case" for token in sorted(found.keys() - known))


def _replies(told: Told, seen: Seen) -> Iterator[str]:
    """A reply stands on the network once; or not more than once, and its card says that nobody knows."""
    sends = {send.token: send for case in seen.cases for send in case.sends}
    made = Counter(send.token for case in seen.cases for send in case.sends)
    there = Counter(seen.replies)
    for token in sorted(there.keys() - told.replies.keys()):
        yield f"{token} stands on the network, and nobody sent it"
    for token in sorted(told.replies):
        send, count = sends.get(token), there[token]
        if made[token] > 1:
            yield f"doubled: reply {token} became {made[token]} sends"
        if count > 1:
            yield f"doubled: reply {token} stands {count} times on the network"
        if send is None:
            yield f"lost: reply {token} is in no case"
        elif send.state in FINE_ENDS and count == 0:
            yield f"lost: reply {token} is said to be {send.state}, and does not stand on the network"
        elif send.state == "failed" and count:
            yield f"reply {token} is said to have failed, and stands on the network"
        elif send.state not in FINE_ENDS | SHOWN_ENDS:
            yield f"stuck: reply {token} is {send.state}"
        elif not send.shown:
            yield f"hidden: reply {token} is {send.state}, and its card does not say so"


def _claims(told: Told, seen: Seen) -> Iterator[str]:
    homes = {told.talks[token]: case for case in seen.cases for token in case.items if token in told.talks}
    for talk, who in sorted(told.claims.items()):
        now = homes[talk].claimed_by if talk in homes else ""
        if now != who:
            yield f"claim lost: {who} had conversation {talk}, now {now or 'nobody'} has it"


def _once(what: str, wanted: Iterable[str], found: Counter[str], where: str) -> Iterator[str]:
    expected = set(wanted)
    for token in sorted(expected):
        if found[token] == 0:
            yield f"lost: {what} {token} is not {where}"
        elif found[token] > 1:
            yield f"doubled: {what} {token} is {found[token]} times {where}"
    for token in sorted(found.keys() - expected):
        yield f"unasked: {what} {token} is {where}"
