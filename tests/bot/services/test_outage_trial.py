"""While nobody knows whether Slack is back, one card at a time tries it, and only a hand that is free takes one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain.errors import SlackUnavailable
from bot.services.outage import (
    FAILURES,
    FATAL_PROBE,
    FIRST_PROBE,
    LAST_PROBE,
    PROBE,
    TRIAL,
    Outage,
    PausableQueue,
    State,
)
from bot.store.store import Store
from tests.support.stores import TestClock, a_store

LEASE = timedelta(seconds=30)
CARDS = 3


@dataclass
class Post:
    """A worker's queue of cards, and what Slack knows of it whenever it is asked whether it is there."""

    store: Store
    clock: TestClock
    held: list[int]
    back: list[bool]
    outage: Outage
    queue: PausableQueue

    async def takes(self, limit: int = 10) -> int:
        """How many cards a worker with so many free hands gets now."""
        return len(await self.queue.exchange((), self.clock.now(), limit, LEASE))

    def breaks(self) -> None:
        """Three calls without an answer, the last of them now."""
        for _ in range(FAILURES):
            self.outage.answered("chat.postMessage", "unreachable", "")


@pytest.fixture
async def post(redis_url: str) -> AsyncIterator[Post]:
    """Three cards are due; Slack answers the probe."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        held, back = list[int](), list[bool]()

        async def probe() -> None:
            held.append(CARDS - await store.cards.waiting(clock.now()))
            if not all(back):
                raise SlackUnavailable("away")
            outage.answered(PROBE, "ok", "")

        outage = Outage(store.notes, store.timers, probe, clock)
        for n in range(CARDS):
            await store.cards.put(f"case-{n}", clock.now())
        yield Post(store, clock, held, back, outage, PausableQueue(store.cards, outage))


async def test_one_card_at_a_time_is_on_trial(post: Post) -> None:
    """One that is not heard of for 15 s holds up no other."""
    post.breaks()
    post.clock.advance(FIRST_PROBE)
    assert [await post.takes() for _ in range(3)] == [1, 0, 0]
    post.clock.advance(TRIAL)
    assert [await post.takes() for _ in range(2)] == [1, 0]


async def test_the_next_card_is_tried_once_the_first_is_given_back(post: Post) -> None:
    """It called nobody, since a budget was used up: nothing is known yet, and no time is lost."""
    post.breaks()
    post.clock.advance(FIRST_PROBE)
    now = post.clock.now()
    (first,) = await post.queue.exchange((), now, 10, LEASE)
    assert len(await post.queue.exchange([(first, now + TRIAL)], now, 10, LEASE)) == 1


async def test_a_worker_without_a_free_hand_takes_no_card_on_trial(post: Post) -> None:
    """And that it takes none does not mean that Slack is back."""
    post.breaks()
    post.clock.advance(FIRST_PROBE)
    assert await post.takes(0) == 0
    assert post.outage.state is State.TRIAL


async def test_what_is_over_goes_back_before_slack_is_asked(post: Post) -> None:
    """The probe may take longer than a lease lasts."""
    (first,) = await post.queue.exchange((), post.clock.now(), 1, LEASE)
    post.breaks()
    post.clock.advance(FIRST_PROBE)
    await post.queue.exchange([(first, post.clock.now())], post.clock.now(), 10, LEASE)
    assert post.held == [0]


async def test_calls_that_fail_meanwhile_do_not_put_the_probe_off(post: Post) -> None:
    """People go on pressing buttons: with each press it would be asked later whether Slack is back."""
    post.breaks()
    post.clock.advance(FIRST_PROBE / 2)
    post.outage.answered("users.info", "unreachable", "")
    post.clock.advance(FIRST_PROBE / 2)
    assert await post.takes() == 1


async def test_each_outage_begins_with_short_pauses(post: Post) -> None:
    """Those of a long one do not hold up the next."""
    post.back.append(False)
    post.breaks()
    for _ in range(5):
        post.clock.advance(LAST_PROBE)
        assert await post.takes() == 0
    post.outage.answered("chat.postMessage", "ok", "")
    post.back.clear()
    post.breaks()
    post.clock.advance(FIRST_PROBE)
    assert await post.takes() == 1


async def test_failures_between_messages_that_are_taken_are_no_outage(post: Post) -> None:
    """Every second call of a bad line is lost: nothing waits."""
    for _ in range(FAILURES):
        post.outage.answered("chat.postMessage", "ok", "")
        post.outage.answered("chat.postMessage", "unreachable", "")
    assert await post.takes() == CARDS


async def test_slack_counts_as_back_when_no_card_is_there_to_try_it(post: Post) -> None:
    """Nobody writes at night: the outage is over, and its end is told, before the first card of the morning."""
    for due in await post.queue.exchange((), post.clock.now(), CARDS, LEASE):
        await post.store.cards.done(due)
    post.breaks()
    post.clock.advance(FIRST_PROBE)
    assert await post.takes() == 0
    assert post.outage.state is State.CLOSED


async def test_one_card_that_nobody_answers_ends_the_trial(post: Post) -> None:
    """A new token is good, and then the line breaks: no burst of cards, each of which would be looked for later."""
    post.outage.answered("chat.postMessage", "refused", "token_revoked")
    post.clock.advance(FATAL_PROBE)
    now = post.clock.now()
    (card,) = await post.queue.exchange((), now, 10, LEASE)
    post.outage.answered("chat.postMessage", "unreachable", "")
    assert await post.queue.exchange([(card, now)], now, 10, LEASE) == []
