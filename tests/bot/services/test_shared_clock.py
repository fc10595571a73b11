"""The clock that follows the Redis server's."""

from datetime import datetime, timedelta

import pytest

from bot.services.shared_clock import MOST, SharedClock
from tests.support.cases import NOON
from tests.support.stores import TestClock, a_store

SECOND = timedelta(seconds=1)


class Slow(TestClock):
    """A clock whose seconds the test counts."""

    seconds = 0.0

    def monotonic(self) -> float:
        """What the test says."""
        return self.seconds


async def ask(clock: SharedClock, own: Slow, server: datetime, takes_s: float = 0.0) -> str:
    """Ask a server that answers after a while, with its time in the middle of that; what is said of it."""

    async def answer() -> datetime:
        own.seconds += takes_s
        return server + timedelta(seconds=takes_s) / 2

    return (await clock.ask(answer)).summary


@pytest.mark.parametrize(("apart", "words"), [(61, "61 s behind"), (-61, "61 s ahead of"), (149, "149 s behind")])
async def test_it_follows_the_server(apart: int, words: str) -> None:
    """A minute either way is corrected, at whatever the round trip takes, and said."""
    own = Slow()
    clock = SharedClock(own)
    said = await ask(clock, own, NOON + apart * SECOND, takes_s=3.0)
    assert clock.now() == NOON + apart * SECOND
    assert words in said
    assert "followed" in said


async def test_too_far_apart_is_not_followed_but_said() -> None:
    """Nobody knows which is right: the own clock stands and `check` says BAD; nearer ones are followed again."""
    own = Slow()
    clock = SharedClock(own)

    async def far() -> datetime:
        return NOON + MOST + SECOND

    health = await clock.ask(far)
    assert (health.ok, health.mend) == (False, "let both machines set their clocks by NTP")
    assert clock.now() == NOON
    await ask(clock, own, NOON + MOST)
    assert clock.now() == NOON + MOST


async def test_a_slow_answer_moves_nothing() -> None:
    """An answer within half its round trip of what is known says nothing new."""
    own = Slow()
    clock = SharedClock(own)
    await ask(clock, own, NOON + 10 * SECOND)
    await ask(clock, own, NOON + 12 * SECOND, takes_s=4.0)
    assert clock.now() == NOON + 10 * SECOND
    await ask(clock, own, NOON + 13 * SECOND, takes_s=4.0)
    assert clock.now() == NOON + 13 * SECOND
    assert await ask(clock, own, NOON) == "clock: agrees with the server's"
    assert clock.now() == NOON


async def test_the_stores_time_is_the_servers(redis_url: str) -> None:
    """One clock for all, read from the server itself."""
    async with a_store(redis_url, shards=3) as store:
        seconds, _ = await store.link.do("TIME")
        assert abs((await store.notes.time()).timestamp() - float(seconds)) < 2
