"""Slack's limits for messages: who gets a token, and what a process remembers of being told to wait."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.domain.errors import StoreUnavailable
from bot.services.slack_budget import (
    POST_BURST,
    POSTS,
    POSTS_PER_S,
    UPDATE_BURST,
    UPDATES,
    UPDATES_PER_S,
    SlackBudget,
)
from bot.store.budgets import RedisBudgets
from bot.store.connect import Link
from bot.store.store import Store
from tests.support.stores import TestClock, a_store

CARE, OTHER = "C0CARE", "C0OTHER"
TOKEN = timedelta(seconds=1 / POSTS_PER_S)


@dataclass
class Two:
    """Two processes with one set of buckets."""

    store: Store
    clock: TestClock
    ours: SlackBudget
    theirs: SlackBudget


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[Two]:
    """Nobody has posted anything yet."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        yield Two(store, clock, SlackBudget(store.budgets, clock), SlackBudget(store.budgets, clock))


async def test_the_last_token_is_for_those_who_wait(two: Two) -> None:
    """Somebody urgent was told to come back in a second: who comes past the line does not take that second's token."""
    assert [await two.ours.to_post(CARE) for _ in range(POST_BURST)] == [0] * POST_BURST
    assert await two.ours.to_post(CARE) == TOKEN.total_seconds()
    two.clock.advance(TOKEN)
    assert not await two.theirs.to_post_at_once(CARE).has_room()
    assert await two.ours.to_post(CARE) == 0


async def test_who_was_told_to_wait_remembers_it_for_as_long_as_a_token_takes(two: Two) -> None:
    """Of that channel, and in that process: others find out by themselves."""
    told = [await two.ours.to_post_at_once(CARE).has_room() for _ in range(POST_BURST)]
    assert told == [True] * (POST_BURST - 1) + [False]
    assert (two.ours.is_full(CARE), two.ours.is_full(OTHER), two.theirs.is_full(CARE)) == (True, False, False)
    two.clock.advance(TOKEN * 0.9)
    assert two.ours.is_full(CARE)
    two.clock.advance(TOKEN * 0.1)
    assert not two.ours.is_full(CARE)


async def questions(store: Store) -> int:
    """How many scripts the server was asked to run."""
    says = await store.link.do("INFO", "commandstats")
    return int(says["cmdstat_evalsha"]["calls"])


async def test_a_crowd_shares_one_question_and_the_first_ones_have_room(two: Two) -> None:
    """Each in the order in which they came; a token that was left over is one more."""
    await two.theirs.to_post(OTHER)
    before = await questions(two.store)
    two.ours.leave(CARE)
    places = [two.ours.to_post_at_once(CARE) for _ in range(POST_BURST + 2)]
    assert [await place.has_room() for place in places] == [True] * POST_BURST + [False] * 2
    assert await questions(two.store) == before + 1
    assert two.ours.is_full(CARE)


async def test_who_goes_away_takes_nobodys_answer_along(two: Two) -> None:
    """One of a crowd was cancelled while the question was under way."""
    places = [two.ours.to_post_at_once(CARE) for _ in range(2)]
    waiting = [asyncio.ensure_future(place.has_room()) for place in places]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert await waiting[1]


async def test_a_pause_is_remembered_to_its_end_and_holds_for_everybody(two: Two) -> None:
    """Slack answered one process with a 429."""
    await two.ours.pause(POSTS, CARE, two.clock.now() + timedelta(seconds=30))
    assert two.ours.is_full(CARE)
    assert await two.theirs.to_post(CARE) == 30
    two.clock.advance(timedelta(seconds=29.9))
    assert two.ours.is_full(CARE)
    two.clock.advance(timedelta(seconds=0.1))
    assert not two.ours.is_full(CARE)
    assert await two.theirs.to_post(CARE) == 0


async def test_a_token_that_was_not_used_is_for_the_next_of_the_process(two: Two) -> None:
    """One more, in that channel; the others wait as long as ever."""
    assert [await two.ours.to_post(CARE) for _ in range(POST_BURST)] == [0] * POST_BURST
    two.ours.leave(CARE)
    assert await two.theirs.to_post(CARE) > 0
    assert await two.ours.to_post(CARE) == 0
    assert await two.ours.to_post(CARE) > 0


async def test_a_token_that_was_not_used_does_not_outlive_a_pause(two: Two) -> None:
    """Slack wants nothing in that channel now, whoever had been promised room."""
    assert await two.ours.to_post_at_once(CARE).has_room()
    two.ours.leave(CARE)
    await two.ours.pause(POSTS, CARE, two.clock.now() + timedelta(seconds=30))
    assert await two.ours.to_post(CARE) == 30


async def test_a_pause_of_updates_leaves_posts_alone(two: Two) -> None:
    """They are limits of their own."""
    assert await two.ours.to_update() == 0
    await two.ours.pause(UPDATES, CARE, two.clock.now() + timedelta(seconds=7))
    assert await two.theirs.to_update() == 7
    assert await two.theirs.to_post(CARE) == 0
    two.clock.advance(timedelta(minutes=1))
    waits = [await two.theirs.to_update() for _ in range(UPDATE_BURST + 1)]
    assert waits[:-1] == [0] * UPDATE_BURST
    assert waits[-1] > 0


async def test_a_faster_pace_allows_so_many_times_more(two: Two) -> None:
    """Burst and rate alike, of posts and of updates; against a server that is not Slack."""
    fast = SlackBudget(two.store.budgets, two.clock, pace=3)
    assert [await fast.to_post(CARE) for _ in range(3 * POST_BURST)] == [0] * 3 * POST_BURST
    assert 0.33 < await fast.to_post(CARE) < 0.34
    assert [await fast.to_update() for _ in range(3 * UPDATE_BURST)] == [0] * 3 * UPDATE_BURST
    assert 0 < await fast.to_update() < 1 / UPDATES_PER_S / 2


async def test_a_faster_pace_keeps_a_pause(two: Two) -> None:
    """What a 429 asks for holds at any pace."""
    fast = SlackBudget(two.store.budgets, two.clock, pace=1000)
    await fast.pause(POSTS, CARE, two.clock.now() + timedelta(seconds=7))
    assert await fast.to_post(CARE) == 7


async def test_while_the_buckets_are_away_nobody_goes_past_the_line(two: Two) -> None:
    """Whoever waits in line is told why; who would go past it is simply told no."""
    ours = two.store.budgets
    nowhere = Link(Redis.from_url("redis://127.0.0.1:1/0"), cluster=False)
    away = SlackBudget(RedisBudgets(nowhere, ours.keys, ours.scripts, two.clock), two.clock)
    assert not await away.to_post_at_once(CARE).has_room()
    with pytest.raises(StoreUnavailable):
        await away.to_post(CARE)
    await nowhere.close()
