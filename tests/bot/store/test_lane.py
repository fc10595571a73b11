"""Round trips on kept connections, against a real server."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as NoAnswer

from bot.domain.errors import StoreUnavailable
from bot.store.lane import Lane, Lanes
from tests.chaos.proxy import Line, a_line
from tests.support.real_servers import RealServer, a_server
from tests.support.stores import a_store
from tests.support.waiting import wait_until

NAME = "hark:{0}:note:lane"
LONG = "x" * 2**20


async def test_a_late_answer_is_nobody_elses(redis_url: str) -> None:
    """After a time-out the connection is given up: the next caller is not told what the one before had asked."""
    client, admin = Redis.from_url(redis_url), redis.Redis.from_url(redis_url)
    lane = Lane(client, 0.2)
    assert await lane.pipelined([("ECHO", "a")]) == [b"a"]
    admin.client_pause(400, all=True)
    with pytest.raises(NoAnswer, match=r"no answer within 0\.2 s"):
        await lane.pipelined([("ECHO", "late")])
    patient = Lane(client, 5)
    await patient.pipelined([("PING",)])  # answers once the pause is over
    assert await lane.pipelined([("ECHO", "b")]) == [b"b"]
    for each in (lane, patient):
        await each.close()
    await client.aclose()
    admin.close()


async def test_who_is_stopped_in_the_middle_leaves_no_answer_behind(redis_url: str) -> None:
    """A caller that is cancelled while it waits takes its connection along; the lane works on with another one."""
    client = Redis.from_url(redis_url)
    lanes = Lanes(client, 5)
    waiting = asyncio.ensure_future(lanes.pipelined([("BLPOP", NAME, 5)]))
    await lanes.pipelined([("PING",)])
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    answers = await asyncio.gather(*(lanes.pipelined([("ECHO", n)]) for n in range(5)))
    assert answers == [[b"%d" % n] for n in range(5)]
    await lanes.close()
    await client.aclose()


async def test_who_still_waits_when_the_lanes_are_closed_is_told(redis_url: str) -> None:
    """A reader that waits at the server: its connection goes with the others, and its round trip has failed."""
    client, admin = Redis.from_url(redis_url, client_name="lanes"), redis.Redis.from_url(redis_url)
    lanes = Lanes(client, 5)
    waiting = asyncio.ensure_future(lanes.pipelined([("BLPOP", NAME, 5)]))
    await lanes.pipelined([("PING",)])
    await lanes.close()
    with pytest.raises(NoConnection):
        await waiting
    await wait_until(lambda: not [each for each in admin.client_list() if each["name"] == "lanes"], "all are closed")
    await client.aclose()
    admin.close()


async def test_a_connection_that_the_server_closed_is_opened_anew(redis_url: str) -> None:
    """Hosts drop idle connections without a word: the next round trip does not fail for it."""
    client, admin = Redis.from_url(redis_url), redis.Redis.from_url(redis_url)
    lane = Lane(client, 5)
    (first,) = await lane.pipelined([("CLIENT", "ID")])
    admin.client_kill_filter(_id=first)
    for _ in range(3):  # the news of the closing is read
        await asyncio.sleep(0)
    (second,) = await lane.pipelined([("CLIENT", "ID")])
    assert second != first
    await lane.close()
    await client.aclose()
    admin.close()


async def test_a_connection_that_broke_off_is_opened_anew(redis_url: str) -> None:
    """A proxy or a host may break an idle connection with a reset instead of an end."""
    async with a_line(urlsplit(redis_url).path) as way:
        client = Redis.from_url(f"redis://127.0.0.1:{way.port}")
        lane = Lane(client, 5)
        (first,) = await lane.pipelined([("CLIENT", "ID")])
        way.fail("cut")
        way.mend()
        await asyncio.sleep(0.05)  # the news of it is read
        (second,) = await lane.pipelined([("CLIENT", "ID")])
        assert second != first
        await lane.close()
        await client.aclose()


async def test_whatever_goes_wrong_in_the_middle_leaves_no_answer_behind(redis_url: str) -> None:
    """An answer that cannot be put into its form, before others that are still to come."""
    client = Redis.from_url(redis_url)
    lane = Lane(client, 5)
    form: Any = int
    client.set_response_callback("PING", form)
    with pytest.raises(ValueError, match="invalid literal"):
        await lane.pipelined([("PING",), ("BLPOP", NAME, 0.05)])
    assert await lane.pipelined([("ECHO", "mine")]) == [b"mine"]
    await lane.close()
    await client.aclose()


def hand_over(line: Line, old: RealServer, new: RealServer) -> None:
    """The address leads to another server from now on; the old one answers whoever stays with it, and is read-only."""
    line.to = f"{new.folder}/s"
    with old.client() as admin:
        admin.execute_command("REPLICAOF", "127.0.0.1", 1)


async def test_a_server_that_became_a_replica_is_left_by_all_lanes() -> None:
    """Once: one refused write is enough. Who is under way meanwhile gets its answer."""
    with a_server() as old, a_server() as new:
        async with a_line(f"{old.folder}/s") as line:
            client = Redis.from_url(f"redis://127.0.0.1:{line.port}")
            lanes = Lanes(client, 5)
            await asyncio.gather(*(lanes.pipelined([("PING",)]) for _ in range(3)))
            waiting = asyncio.ensure_future(lanes.pipelined([("BLPOP", NAME, 0.2)]))
            await asyncio.sleep(0.05)
            hand_over(line, old, new)
            slower = (lanes.pipelined([("ECHO", LONG)]) for _ in range(2))
            (echoed, refused), *_ = await asyncio.gather(lanes.pipelined([("ECHO", "a"), ("SET", NAME, 1)]), *slower)
            assert echoed == b"a"
            assert isinstance(refused, ReadOnlyError)
            answers = await asyncio.gather(*(lanes.pipelined([("SET", NAME, n)]) for n in range(3)))
            assert answers == [[True]] * 3
            await waiting
            assert await lanes.pipelined([("SET", NAME, "last")]) == [True]
            with new.client() as admin:
                assert admin.get(NAME) == "last"
            kept, still_kept = [await lanes.pipelined([("CLIENT", "ID")]) for _ in range(2)]
            assert kept == still_kept
            await lanes.close()
            await client.aclose()


async def test_work_goes_on_with_the_server_that_takes_over_behind_the_address() -> None:
    """The write that met it fails, a script's too; the next one is carried out."""
    with a_server() as old, a_server() as new:
        async with a_line(f"{old.folder}/s") as line, a_store(f"redis://127.0.0.1:{line.port}") as store:
            await store.notes.beat("worker", "w")
            hand_over(line, old, new)
            with pytest.raises(StoreUnavailable, match="read only replica"):
                await store.notes.beat("worker", "w")
            await store.notes.beat("worker", "w")
            assert await store.notes.alive("worker") == 1


async def test_errors_and_answers_come_in_order(redis_url: str) -> None:
    """What the server refuses stands in its place; answers have the form that redis-py gives them."""
    client = Redis.from_url(redis_url)
    lane = Lane(client, 5)
    info, refused, none = await lane.pipelined([("INFO",), ("INCR", NAME, "extra"), ("GET", NAME)])
    assert info["redis_version"]
    assert isinstance(refused, ResponseError)
    assert none is None
    await lane.close()
    await client.aclose()


async def test_nobody_there_is_an_error_of_the_connection() -> None:
    """A lane to nowhere fails at once, and again."""
    client = Redis.from_url("redis://127.0.0.1:1/0")
    lane = Lane(client, 5)
    for _ in range(2):
        with pytest.raises(NoConnection):
            await lane.pipelined([("PING",)])
    await lane.close()
    await client.aclose()
