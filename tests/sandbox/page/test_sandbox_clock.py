"""The sandbox's clock."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from sandbox.clock import SandboxClock
from tests.support.waiting import wait_until


class StoppedClock(SystemClock):
    """A machine whose clock stands still until it is set."""

    def __init__(self) -> None:
        """Start at a fixed moment."""
        self.moment = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    def monotonic(self) -> float:
        """A fixed count."""
        return 100.0


def test_a_skip_moves_the_time_of_day_only() -> None:
    """The count of seconds never jumps: watchdogs and rate limits go by it."""
    clock = SandboxClock(system=StoppedClock())
    before, count = clock.now(), clock.monotonic()
    clock.skip(900)
    assert clock.now() - before == timedelta(minutes=15)
    assert clock.monotonic() == count
    assert clock.offset == timedelta(minutes=15)


@pytest.mark.parametrize("seconds", [0, -1, 7 * 86_400 + 1, float("nan"), float("inf")])
def test_time_never_goes_back_nor_too_far(seconds: float) -> None:
    """A skip of nothing, backwards, beyond a week or of no number is refused and changes nothing."""
    clock = SandboxClock(system=StoppedClock())
    with pytest.raises(ValueError, match="skip between"):
        clock.skip(seconds)
    assert clock.offset == timedelta(0)


def test_a_whole_week_is_allowed() -> None:
    """The limit itself is allowed."""
    clock = SandboxClock(system=StoppedClock())
    clock.skip(7 * 86_400)
    assert clock.offset == timedelta(days=7)


def test_a_restart_keeps_the_time(tmp_path: Path) -> None:
    """A new clock on the same file goes on where the old one was."""
    file = tmp_path / "deep" / "clock.json"
    machine = StoppedClock()
    SandboxClock(file, system=machine).skip(7200)
    machine.moment += timedelta(minutes=1)
    assert SandboxClock(file, system=machine).now() == machine.moment + timedelta(hours=2)


def test_a_machine_set_back_does_not_turn_time_back(tmp_path: Path) -> None:
    """When the machine's clock was set back between two runs, the sandbox's does not follow."""
    file = tmp_path / "clock.json"
    machine = StoppedClock()
    first = SandboxClock(file, system=machine)
    first.skip(60)
    seen = first.now()
    machine.moment -= timedelta(hours=5)
    assert SandboxClock(file, system=machine).now() >= seen


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"offset_s": "x", "at": "2026-01-01T00:00:00+00:00"}', "\x00"])
def test_a_broken_file_counts_as_nothing_skipped(tmp_path: Path, text: str) -> None:
    """A damaged state file does not keep the sandbox from starting."""
    file = tmp_path / "clock.json"
    file.write_text(text, encoding="utf-8")
    assert SandboxClock(file, system=StoppedClock()).offset == timedelta(0)


def test_the_file_is_plain(tmp_path: Path) -> None:
    """The file holds the skipped seconds and the moment, and nothing half-written stays beside it."""
    file = tmp_path / "clock.json"
    SandboxClock(file, system=StoppedClock()).skip(300)
    assert json.loads(file.read_text(encoding="utf-8"))["offset_s"] == 300
    assert [path.name for path in tmp_path.iterdir()] == ["clock.json"]


async def test_a_skip_wakes_who_sleeps_long_enough() -> None:
    """A sleeper wakes when a skip passes its time; one with more to wait sleeps on."""
    clock = SandboxClock()
    async with asyncio.TaskGroup() as group:
        short = group.create_task(clock.sleep(3600))
        long = group.create_task(clock.sleep(7300))
        await asyncio.sleep(0)
        clock.skip(3700)
        await wait_until(short.done, "the short sleeper is awake")
        assert not long.done()
        clock.skip(3700)


async def test_sleep_ends_by_itself() -> None:
    """Without a skip, real time counts; no time at all returns at once."""
    clock = SandboxClock()
    before = clock.monotonic()
    await clock.sleep(0.02)
    assert clock.monotonic() - before >= 0.02
    await clock.sleep(0)
