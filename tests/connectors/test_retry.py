"""Retrying: few tries, the network's own pauses, and never what could double."""

from datetime import timedelta

import pytest

from bot.domain.errors import NetworkError, Permanent, Transient, Unknown
from connectors.retry import LONGEST_WAIT_S, TRIES, retrying
from tests.support.stores import TestClock


class PatientClock(TestClock):
    """Time that passes by itself: sleeping moves it on and is written down."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self.advance(timedelta(seconds=seconds))


class Server:
    """Answers each call with the next of its errors, then with a word."""

    def __init__(self, *errors: NetworkError) -> None:
        self._errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        """One call."""
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


async def test_a_transient_error_is_tried_again() -> None:
    """A short trouble is not noticed, and the pause before the next try is short."""
    clock, server = PatientClock(), Server(Transient("away"))
    assert await retrying(server, clock) == "done"
    assert server.calls == 2
    assert all(0 <= pause <= LONGEST_WAIT_S for pause in clock.slept)


async def test_the_networks_pause_is_kept() -> None:
    """When the network names a pause we wait at least that long."""
    clock, server = PatientClock(), Server(Transient("slow down", retry_after=3.0))
    assert await retrying(server, clock) == "done"
    assert 3.0 <= clock.slept[0] <= 3.5


async def test_a_long_pause_is_left_to_the_schedule() -> None:
    """Nobody sleeps for minutes in a worker: the error goes up with its pause."""
    clock, server = PatientClock(), Server(Transient("slow down", retry_after=LONGEST_WAIT_S + 1))
    with pytest.raises(Transient) as caught:
        await retrying(server, clock)
    assert (server.calls, clock.slept) == (1, [])
    assert caught.value.retry_after == LONGEST_WAIT_S + 1


async def test_it_gives_up_with_the_last_error() -> None:
    """After the last try the network's own error comes through, not one of the library's."""
    server = Server(*(Transient(f"away {n}") for n in range(9)))
    with pytest.raises(Transient, match=f"away {TRIES - 1}"):
        await retrying(server, PatientClock())
    assert server.calls == TRIES


@pytest.mark.parametrize("error", [Permanent("no", "No."), Unknown("lost")])
async def test_final_and_unknown_answers_are_not_repeated(error: NetworkError) -> None:
    """A refusal is final, and what may have happened is not done again."""
    server = Server(error)
    with pytest.raises(type(error)):
        await retrying(server, PatientClock())
    assert server.calls == 1


async def test_a_repeatable_write_is_repeated_when_its_answer_is_lost() -> None:
    """A write under a key of our own cannot double, so a lost answer is asked for again."""
    server = Server(Unknown("lost"), Unknown("lost"))
    assert await retrying(server, PatientClock(), repeatable=True) == "done"
    assert server.calls == 3
