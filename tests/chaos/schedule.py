"""What happens in one run, as data: a pure function of the seed.

`events` are what customers do, `deeds` what staff do, `faults` what goes wrong; each with the second at
which it begins. The same seed gives the same plan on every machine, so a failure is run again by its
number.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase

NETWORKS = ("webhook", "facebook", "square")
BOTS = ("web", "worker1", "worker2")
PROCESSES = (*BOTS, "server")
FARS = ("server", "slack", "square", "facebook")
LINES = (*(f"{bot}-{far}" for bot in BOTS for far in FARS), "hooks", "answers")
"""Connections that can be cut: each bot's to the server, Slack and two networks, that of webhooks, that of answers."""
ANSWERERS = ("slack", "square", "facebook", "answers")
STAFF = ("ana", "ben", "chloe")
STEPS = ("posting", "posted", "sending", "replied", "written", "done")
MOMENTS = {"web": ("queued",), "worker1": STEPS, "worker2": STEPS}
"""Moments at which each bot may be struck: a reply was queued; a card is about to be posted, or was just asked for; a
reply is about to be sent, or was just asked for (on the Page, on the square); a delivery is done."""
BUSY_S = 10.0
"""How long events come and faults happen; then things may settle."""
LONGEST_TALK = 4


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a customer does. `token` is a word that nothing else holds.

    `late` seconds pass before the network tells of it, so that events overtake each other; each number in `again` is a
    second delivery, so many seconds after the first.
    """

    at: float
    token: str
    network: str
    talk: int
    what: str
    late: float = 0.0
    again: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a member of staff does with the card of a conversation; `token` is the word in a reply."""

    at: float
    who: str
    what: str
    talk: int
    token: str = ""
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: what, to whom, for how many seconds, how many times (answers only).

    `when` is a moment to wait for: right after a bot has said this to the server, to Slack or to a network.
    """

    at: float
    what: str
    whom: str
    lasts: float
    times: int = 1
    when: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    seed: int
    events: tuple[Event, ...]
    deeds: tuple[Deed, ...]
    faults: tuple[Fault, ...]

    def lines(self) -> list[str]:
        """The faults for a person to read."""
        return [
            f"{fault.at:6.2f} s  {fault.what:<6} {fault.whom:<15} {fault.lasts:5.2f} s  {fault.when}".rstrip()
            for fault in self.faults
        ]


def plan(seed: int, events: int = 60, replies: int = 20, claims: int = 8, faults: int = 24) -> Plan:
    """The run of this seed."""
    rng = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    happenings = _events(rng, events)
    return Plan(seed, happenings, _deeds(rng, happenings, replies, claims), _faults(rng, faults))


def struck(made: Plan, moment: str) -> Plan:
    """The same run in which nothing goes wrong but this: each bot that knows the moment is killed at it three times."""
    bots = [bot for bot in BOTS if moment in MOMENTS[bot]]
    strikes = tuple(Fault(at, "kill", bot, 0.5, when=moment) for at in (1.0, 5.5, 9.5) for bot in bots)
    return replace(made, faults=strikes)


def token(kind: str, number: int) -> str:
    """A word of letters alone, since digits may be masked: "evt" and the number in letters."""
    letters = ""
    for _ in range(4):
        number, rest = divmod(number, len(ascii_lowercase))
        letters = ascii_lowercase[rest] + letters
    return f"{kind}{letters}q"


def _events(rng: random.Random, count: int) -> tuple[Event, ...]:
    found: list[Event] = []
    talks: list[tuple[str, int]] = []
    for n in range(count):
        network = rng.choice(NETWORKS)
        what = rng.choices(("words", "like", "broken"), (20, 2, 1))[0] if network == "webhook" else "words"
        known = [each for each, (where, size) in enumerate(talks) if where == network and size < LONGEST_TALK]
        if known and (what == "like" or rng.random() < 0.3):
            talk = rng.choice(known)
        else:
            talk, what = len(talks), "words" if what == "like" else what
            talks.append((network, 0 if what != "broken" else LONGEST_TALK))
        talks[talk] = (network, talks[talk][1] + 1)
        again = tuple(round(rng.uniform(0.0, 3.0), 2) for _ in range(rng.choices((0, 1, 2), (8, 3, 1))[0]))
        late = round(rng.choices((0.0, rng.uniform(0.1, 2.0)), (3, 1))[0], 2)
        at = round(rng.uniform(0.0, BUSY_S), 2)
        found.append(Event(at, token("evt", n), network, talk, what, late, again))
    return _in_order(found)


def _in_order(events: Sequence[Event]) -> tuple[Event, ...]:
    """By time, but what opens a conversation comes first in it: nobody answers a post that is not there."""
    times = sorted(event.at for event in events)
    return tuple(
        Event(at, each.token, each.network, each.talk, each.what, each.late, each.again)
        for at, each in zip(times, events, strict=True)
    )


def _deeds(rng: random.Random, events: Sequence[Event], replies: int, claims: int) -> tuple[Deed, ...]:
    begun = {event.talk: event.at for event in reversed(events) if event.what == "words"}
    found: list[Deed] = []
    for n, talk in enumerate(rng.sample(sorted(begun), min(replies, len(begun)))):
        at = round(begun[talk] + rng.uniform(0.2, 3.0), 2)
        found.append(Deed(at, rng.choice(STAFF), "reply", talk, token("rep", n), twice=rng.random() < 0.3))
    for talk in rng.sample(sorted(begun), min(claims, len(begun))):
        at = round(begun[talk] + rng.uniform(0.2, 3.0), 2)
        rivals = rng.sample(STAFF, rng.choice((1, 2)))
        found += [Deed(at, who, "claim", talk) for who in rivals]
    return tuple(sorted(found, key=lambda deed: (deed.at, deed.who, deed.token)))


def _faults(rng: random.Random, count: int) -> tuple[Fault, ...]:
    found: list[Fault] = []
    for _ in range(count):
        at = round(rng.uniform(0.3, BUSY_S), 2)
        kind = rng.choices(("moment", "process", "line", "answer"), (4, 4, 4, 3))[0]
        if kind == "moment":
            whom, what = rng.choice(BOTS), rng.choice(("kill", "pause"))
            longest = 12.0 if what == "pause" else 3.0
            fault = Fault(at, what, whom, round(rng.uniform(0.5, longest), 2), when=rng.choice(MOMENTS[whom]))
        elif kind == "process":
            what = rng.choices(("kill", "pause", "stop"), (4, 3, 2))[0]
            longest = 15.0 if what == "pause" and rng.random() < 0.3 else 4.0
            fault = Fault(at, what, rng.choice(PROCESSES), round(rng.uniform(0.5, longest), 2))
        elif kind == "line":
            what = rng.choice(("cut", "delay", "mute"))
            fault = Fault(at, what, rng.choice(LINES), round(rng.uniform(0.1, 2.5), 2))
        else:
            what = rng.choice(("429", "500", "lost"))
            fault = Fault(at, what, rng.choice(ANSWERERS), float(rng.randint(1, 2)), rng.randint(1, 3))
        if not any(each.whom == fault.whom and _overlap(each, fault) for each in found):
            found.append(fault)
    return tuple(sorted(found, key=lambda fault: (fault.at, fault.whom)))


def _overlap(one: Fault, other: Fault) -> bool:
    """Whether two faults of the same thing would meet; after a fault it has a second to itself."""
    first, second = sorted((one, other), key=lambda fault: fault.at)
    return second.at < first.at + first.lasts + 1.0
