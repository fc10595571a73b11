"""Looking at what became of a call: how often, how patiently, and who may keep what was found."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain.attempts import new_attempt
from bot.domain.errors import LeaseLost, StoreUnavailable
from bot.services.once import LOOKS_S, STALE, TRIES, Once, Standing, look_after, patiently
from bot.services.tempo import Tempo
from tests.support.cases import NOON
from tests.support.stores import TestClock
from tests.support.storm_lab import CHANNEL, NotingSlack


class QuickClock(TestClock):
    """A clock on which no wait takes any time; it notes for how long somebody would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Note it."""
        self.waits.append(seconds)


class Look:
    """A look to which the store answers only after it was away `away` times."""

    def __init__(self, away: int = 0) -> None:
        self.away, self.times = away, 0

    async def __call__(self) -> None:
        """Look."""
        self.times += 1
        if self.times <= self.away:
            raise StoreUnavailable("gone")


def test_whoever_takes_too_long_to_note_an_attempt_has_its_lease_still() -> None:
    """Nobody else has taken the message over by then: what is refused is refused in good time."""
    assert Tempo().lease > STALE


@pytest.mark.parametrize(("slept", "waits"), [(timedelta(0), [LOOKS_S[0]]), (STALE * 2, [*LOOKS_S])])
async def test_who_did_not_sleep_looks_once(slept: timedelta, waits: list[float]) -> None:
    """Nobody can have taken over so soon: a step does not last longer for it."""
    clock, look = QuickClock(), Look()
    attempt = new_attempt(clock.now())
    clock.advance(slept)
    await look_after(attempt, look, clock)
    assert (look.times, clock.waits) == (len(waits), waits)


async def test_a_store_that_comes_back_is_asked_again() -> None:
    """A second later, and not at once: it may be starting."""
    clock, look = QuickClock(), Look(away=2)
    await look_after(new_attempt(clock.now()), look, clock)
    assert look.times == 3
    assert sum(clock.waits) >= 2


async def test_a_look_that_is_given_up_is_told_of() -> None:
    """Whoever reads the log can find the message, if it stands."""
    clock, look = QuickClock(), Look(away=TRIES + 1)
    with capture_logs() as logs:
        await patiently(look, clock)
    assert look.times == TRIES
    assert [(each["event"], each["error"]) for each in logs] == [("could not look at what became of a call", "gone")]


async def test_what_was_found_is_left_to_whoever_has_begun_anew_since() -> None:
    """Another worker looked in vain and noted an attempt of its own before this one could note what it found."""
    slack, begun = NotingSlack(TestClock()), new_attempt(NOON)
    await slack.post(CHANNEL, "told", [], attempt=begun)

    async def note(_attempt: str, _stands: Standing | None) -> str:
        return new_attempt(NOON)

    with pytest.raises(LeaseLost):
        await Once(slack, slack.clock).find(CHANNEL, begun, note)
