"""A few runs of the real processes under faults, with fixed seeds; `make chaos SEEDS=100` runs many more."""

import pytest

from tests.chaos.run import run
from tests.chaos.schedule import plan

SEEDS = (1, 2, 3, 4, 5)
LIMIT_S = 240


@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_doubled_or_left_behind_under_faults(seed: int) -> None:
    """Killed, paused, stopped, cut off, refused and misled: every event and reply is accounted for exactly once."""
    report = await run(plan(seed))
    assert not report.wrong, report.text()
