"""Each scenario in its smallest form: real processes, a real server, the fake Slack. No timing is judged."""

import asyncio
import json
import re

import pytest

from bench.catalogue import SCENARIOS
from bench.options import Options, Scenario
from bench.report import as_json, heading, readable

pytestmark = pytest.mark.timeout(240)

FIELDS = {"scenario", "value", "unit", "baseline", "ratio", "goal", "ok", "note"}
WITH_BASELINE = {
    "intake-bare",
    "intake-xadd",
    "flow-max",
    "flow-p99",
    "press",
    "floor-max",
    "floor-p99",
    "floor-press",
    "claims",
    "timers",
    "scale",
    "two-workers",
    "soak",
}
COUNTED = {"kill-429"}
"""Scenarios whose value is a number of mistakes: zero is the good figure."""


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_a_scenario_measures_and_says_what_it_found(scenario: Scenario) -> None:
    """It answers one row of its own name with a figure, a goal, and a baseline where the table has one."""
    (row,) = asyncio.run(scenario.run(Options(quick=True, rounds=1)))
    assert row.scenario == scenario.name
    assert row.unit
    assert row.goal
    if scenario.name in COUNTED:
        assert row.value == 0, row
        assert row.ok is not False, row
        assert not re.search(r"\b0 acked", row.note), row
    else:
        assert row.value > 0
    if scenario.name in WITH_BASELINE:
        assert row.baseline is not None
        assert row.baseline > 0
        assert row.ratio == pytest.approx(row.value / row.baseline)
    else:
        assert (row.baseline, row.ratio) == (None, None)
    line = as_json(row)
    assert "\n" not in line
    assert set(json.loads(line)) == FIELDS
    assert row.scenario in readable(row)
    assert "scenario" in heading()
