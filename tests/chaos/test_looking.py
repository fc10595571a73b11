"""What is left behind after a run must be found: work, leases, keys, and defects in a log."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bot.domain.agenda import QUICK_CHECKS
from bot.domain.case import SendState
from tests.chaos.crew import Bot
from tests.chaos.looking import keys_left, leftovers, looked_for, said_wrong, waiting
from tests.chaos.rooms import PAGE, astray
from tests.support.cases import a_card, a_case, a_key, a_send
from tests.support.rig import CARE


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client on an empty server."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as found:
        yield found
        found.flushall()


QUEUE = "hark:{0}:due:"


def test_an_empty_server_and_polls_that_go_on_leave_nothing_to_say(client: redis.Redis) -> None:
    """Sources are polled for ever; a lease of one ends by itself."""
    client.zadd(f"{QUEUE}polls", {"square/main/search": 1.0})
    client.hset(f"{QUEUE}polls:held", "square/main/search", "token")
    client.hset(f"{QUEUE}polls:again", "square/main/search", "1")
    assert list(leftovers(client, [])) == []


@pytest.mark.parametrize("queue", ["cards", "sends"])
def test_an_entry_that_nobody_works_off_is_found(client: redis.Redis, queue: str) -> None:
    """A card to draw, a send to make."""
    client.zadd(f"{QUEUE}{queue}", {"abc": 1.0})
    assert "".join(leftovers(client, [])).startswith(f"orphan: in {queue} are left {{'abc'}}")


def test_a_send_of_unknown_fate_is_looked_for_long_and_is_no_orphan(client: redis.Redis) -> None:
    """Its entry stays while its case says that nobody knows; another state is stuck."""
    case = a_case(wait=None, sends=(a_send(state=SendState.UNKNOWN),))
    client.zadd(f"{QUEUE}sends", {case.id: 1.0})
    assert list(leftovers(client, [case])) == []
    stuck = a_case(wait=None, sends=(a_send(state=SendState.SENDING),))
    found = "\n".join(leftovers(client, [stuck]))
    assert "orphan: in sends are left" in found
    assert f"stuck: case {stuck.id} has a send" in found


def test_leases_of_nothing_and_waiting_marks_without_a_lease_are_found(client: redis.Redis) -> None:
    """Neither would ever be taken again."""
    client.hset(f"{QUEUE}timers:held", "abc", "token")
    client.hset(f"{QUEUE}polls:again", "def", "1")
    found = "\n".join(leftovers(client, []))
    assert "orphan: leases of nothing in timers: {'abc'}" in found
    assert "orphan: {'def'} wait in polls" in found


def test_a_delivery_in_the_inbox_and_a_key_that_stays_are_found(client: redis.Redis) -> None:
    """One that no worker took, and one that would stay for ever."""
    client.xadd("hark:{0}:inbox", {"body": "x"})
    assert list(waiting(client)) == ["1 deliveries are left in the inbox"]
    client.set("hark:{0}:note:forgotten", "x")
    assert list(keys_left(client)) == ["leaked: the key hark:{0}:note:forgotten has no TTL"]


def test_a_traceback_in_a_log_is_found(tmp_path: Path) -> None:
    """Also a task whose failure nobody looked at; what was noted before stays."""
    bot = Bot("web", {}, tmp_path / "web.log", wrong=["web ended by itself"])
    lines = [
        '{"event": "step failed", "exception": "Traceback (most recent call last): x"}',
        "Task exception was never retrieved",
        '{"event": "ready"}',
    ]
    bot.log.write_text("\n".join(lines))
    found = list(said_wrong(bot))
    assert found[0] == "web ended by itself"
    assert "step failed" in found[1]
    assert "never retrieved" in found[2]
    assert len(found) == 3


def test_a_run_is_not_over_while_a_send_is_looked_for() -> None:
    """Until the looks become seldom: then nobody knows, and the card says so."""
    unknown = [a_case(sends=(a_send(state=SendState.UNKNOWN, attempt=n),)) for n in (QUICK_CHECKS, QUICK_CHECKS + 1)]
    sent = a_case(sends=(a_send(state=SendState.SENT),))
    assert list(looked_for([*unknown, sent])) == [f"case {unknown[0].id} has a send that is being looked for"]


def test_a_card_in_the_wrong_channel_is_found() -> None:
    """The Page's cards stand in its channel where there is one, all others in the team's."""
    key = a_key(network="facebook")
    here, there = (a_case(key=key, posts=(a_card(place=room, ts="1.2"),)) for room in (CARE, PAGE))
    other = a_case(posts=(a_card(place=PAGE, ts="1.2"),))
    assert len(list(astray([here, there, other], [CARE, PAGE]))) == 2
    assert len(list(astray([here, there], [CARE]))) == 1
    assert not list(astray([there, a_case(posts=(a_card(place=CARE),))], [CARE, PAGE]))
