"""What became of it all, read where it stands: the server's keys, the channels, the networks, the logs."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from bot.cards.action_ids import Press
from bot.domain.agenda import QUICK_CHECKS, next_send, next_timer
from bot.domain.case import Case, SendState
from bot.domain.models import Kind
from bot.services.canary import CANARY
from bot.services.dead_watch import DEAD as DEAD_LETTERS
from bot.services.hourly import HOURLY
from bot.services.misplaced import MISPLACED
from bot.services.notices import NOTICE
from bot.services.outage import OUTAGE
from bot.store.keys import score
from sandbox.demo import Sandbox
from sandbox.slack.model import Message
from tests.chaos import rooms
from tests.chaos.crew import Bot, Memory
from tests.chaos.customers import Receiver
from tests.chaos.ledger import CaseSeen, Seen, Sent
from tests.support.facebook_server import FacebookServer
from tests.support.redis_server import allowed_patterns, keys_without_ttl
from tests.support.rig import Scene

EVENT = re.compile(r"evt[a-z]{4}q")
DEAD = re.compile(r"evt[a-z]{4}qx")
REPLY = re.compile(r"rep[a-z]{4}q")
SHOWN_AS = {SendState.SENT: "✓", SendState.FAILED: "❌", SendState.UNKNOWN: "❔"}
DEFECTS = ("Traceback", "never retrieved", "never awaited")
CHORES = {HOURLY, NOTICE, DEAD_LETTERS, CANARY, OUTAGE, MISPLACED}
QUEUES = ("cards", "sends", "timers", "polls")


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look."""

    memory: Memory
    sandbox: Sandbox
    page: FacebookServer
    receiver: Receiver
    bots: tuple[Bot, ...]


def look(places: Places, *, final: bool) -> Seen:
    """Read everything; `final` also what must be so only after all processes have ended. Raises redis.RedisError."""
    with places.memory.server.client() as client:
        cases = read_cases(client)
        digest = [
            name.rpartition(":")[2] for key in client.scan_iter("hark:{0}:digest:*") for name in client.hkeys(key)
        ]
        letters = [str(fields.get("body", "")) for _, fields in client.xrange("hark:{0}:dead")]
        rest = keys_left(client) if final else (*waiting(client), *looked_for(cases))
        troubles = [*leftovers(client, cases), *rooms.astray(cases, rooms.rooms(places.sandbox)), *rest]
    if final:
        troubles += [trouble for bot in places.bots for trouble in said_wrong(bot)]
        troubles += places.memory.wrong
    cards = rooms.cards(places.sandbox)
    texts = {each: str(card.blocks) for card in cards for each in [case_of(card)]}
    return Seen(
        cases=tuple(_case(case, texts.get(case.id, "")) for case in cases),
        digest=tuple(digest),
        dead=tuple(word for letter in letters for word in dict.fromkeys(DEAD.findall(letter)) or EVENT.findall(letter)),
        cards=tuple(case_of(card) for card in cards),
        lines=tuple(
            token
            for message in rooms.messages(places.sandbox)
            if message.is_reply
            for token in dict.fromkeys(EVENT.findall(message.text))
        ),
        replies=tuple(token for text in on_networks(places) for token in REPLY.findall(text)),
        troubles=tuple(troubles),
    )


def read_cases(client: redis.Redis) -> list[Case]:
    """Every stored case."""
    keys = sorted(client.scan_iter("hark:{0}:case:*", count=1000))
    return [Case.model_validate_json(client.hget(key, "doc") or b"") for key in keys]


def leftovers(client: redis.Redis, cases: list[Case]) -> Iterator[str]:
    """Work that nobody will do, or that is done and still stands there."""
    for queue in QUEUES:
        base = f"hark:{{0}}:due:{queue}"
        ids = set(client.zrange(base, 0, -1))
        leases, marks = client.hgetall(f"{base}:held"), client.hgetall(f"{base}:again")
        undone = ids - (uncertain(cases) if queue == "sends" else set())
        if queue in ("cards", "sends") and (undone or leases):
            yield f"orphan: in {queue} are left {undone}, held are {leases}"
        # A lease whose holder never heard that it had it ends by itself, as long as its entry is there.
        if lost := leases.keys() - ids:
            yield f"orphan: leases of nothing in {queue}: {lost}"
        if lost := marks.keys() - leases.keys():
            yield f"orphan: {lost} wait in {queue} for the end of no lease"
    due: list[Any] = client.zrange("hark:{0}:due:timers", 0, -1, withscores=True)
    yield from timers({str(id_): float(at) for id_, at in due}, cases)


def waiting(client: redis.Redis) -> Iterator[str]:
    """What waits in the inbox. Networks are asked to the last moment, so after the end there may be something again."""
    if left := client.xlen("hark:{0}:inbox"):
        yield f"{left} deliveries are left in the inbox"


def looked_for(cases: list[Case]) -> Iterator[str]:
    """Sends whose fate is still being asked for at short intervals: one that never arrived is sent again."""
    for case in cases:
        if any(send.state is SendState.UNKNOWN and send.attempt <= QUICK_CHECKS for send in case.sends):
            yield f"case {case.id} has a send that is being looked for"


def uncertain(cases: list[Case]) -> set[str]:
    """The cases with a send of which nobody knows whether it arrived: it is looked for again and again."""
    return {case.id for case in cases if any(send.state is SendState.UNKNOWN for send in case.sends)}


def timers(due: dict[str, float], cases: list[Case]) -> Iterator[str]:
    """Timers must be those that the cases ask for, and no others."""
    wanted: dict[str, datetime] = {case.id: at for case in cases if (at := next_timer(case)) is not None}
    for id_ in sorted(due.keys() - wanted.keys()):
        if id_.partition("/")[0] in CHORES:
            continue
        yield f"orphan: the timer of {id_}, which waits for nothing"
    for id_, at in sorted(wanted.items()):
        if due.get(id_) != score(0, at):
            yield f"lost: the timer of case {id_} should be at {score(0, at)}, and is at {due.get(id_)}"
    for case in cases:
        if (at := next_send(case)) is not None and case.id not in uncertain(cases):
            yield f"stuck: case {case.id} has a send that is due at {at:%H:%M:%S}"


def keys_left(client: redis.Redis) -> Iterator[str]:
    """Keys that would stay for ever."""
    for key in keys_without_ttl(client, allowed_patterns()):
        yield f"leaked: the key {key} has no TTL"


def said_wrong(bot: Bot) -> Iterator[str]:
    """How a process ended that should not have, and the defects in its log."""
    yield from bot.wrong
    for line in bot.said.splitlines():
        if any(words in line for words in DEFECTS):
            yield f"{bot.name} has a traceback in its log: {_short(line)}"


def case_of(card: Message) -> str:
    """The case that a card shows."""
    values = (each.get("value") for block in card.blocks for each in block.get("elements", []))
    presses = (Press.decode(value) for value in values)
    return next((press.case for press in presses if press is not None), "")


def on_networks(places: Places) -> list[str]:
    """What the company has said, on all networks."""
    return [*Scene(places.sandbox).brand_posts(), *places.page.replies(), *places.receiver.acts.values()]


def diary(places: Places) -> str:
    """When each message came to stand in its channel, by which attempt, and each reply on the Page: for whoever looks
    into one that stands twice."""
    slack = [
        (float(each.ts), f"slack {(each.metadata or {}).get('event_payload', {}).get('attempt', '')} {each.text}")
        for each in rooms.messages(places.sandbox)
    ]
    page = [(each.at.timestamp(), f"facebook {each.message}") for each in places.page.said()]
    return "\n".join(f"{datetime.fromtimestamp(at, UTC).isoformat()} {what:.120}" for at, what in sorted(slack + page))


def _case(case: Case, card: str) -> CaseSeen:
    return CaseSeen(
        id=case.id,
        items=tuple(token for item in case.items if item.kind is not Kind.MATCH for token in EVENT.findall(item.text)),
        likes=case.likes,
        sends=tuple(
            Sent(token, send.state, shown=SHOWN_AS.get(send.state, "?") in card)
            for send in case.sends
            for token in REPLY.findall(send.text)
        ),
        claimed_by=case.claim.by.name.split()[0] if case.claim and case.claim.by.name else "",
    )


def _short(line: str) -> str:
    """The last words of a log line's traceback."""
    try:
        said = json.loads(line)
    except ValueError:
        return line[:200]
    return f"{said.get('event')}: {str(said.get('exception', ''))[-300:]}"
