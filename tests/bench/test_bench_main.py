"""What the command line makes of rows: output, and exit codes."""

import json

import pytest

from bench import __main__ as command
from bench.options import Options, Scenario
from bench.report import Row


def a_scenario(name: str, *, ok: bool | None) -> Scenario:
    """A scenario that has measured already."""

    async def run(options: Options) -> list[Row]:
        return [Row(name, 2.0, "s", 1.0, 2.0, "ratio <= 1", ok, f"{options.rounds} rounds")]

    return Scenario(name, "a title", run)


async def _broken(_options: Options) -> list[Row]:
    msg = "the fake Slack is gone"
    raise RuntimeError(msg)


@pytest.mark.parametrize(
    ("arguments", "ok", "code"),
    [([], False, 0), (["--strict"], False, 1), (["--strict"], True, 0), (["--strict"], None, 0)],
)
def test_a_missed_goal_fails_only_when_strict(
    arguments: list[str], ok: bool | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures of a busy machine are no error; who wants them to be says so. What cannot be judged is not missed."""
    monkeypatch.setattr(command, "SCENARIOS", (a_scenario("one", ok=ok),))
    assert command.main(arguments) == code


def test_json_lines_stand_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each row and nothing else on the output; three rounds unless told otherwise."""
    monkeypatch.setattr(command, "SCENARIOS", (a_scenario("one", ok=True), a_scenario("two", ok=False)))
    assert command.main(["--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["scenario"], each["ok"], each["note"]) for each in lines] == [
        ("one", True, "3 rounds"),
        ("two", False, "3 rounds"),
    ]


def test_only_what_was_named_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a readable table with its goal and its note."""
    monkeypatch.setattr(command, "SCENARIOS", (a_scenario("one", ok=True), a_scenario("two", ok=False)))
    assert command.main(["two", "--rounds", "5"]) == 0
    said = capsys.readouterr().out
    assert "two" in said
    assert "5 rounds" in said
    assert "ratio <= 1" in said
    assert "NO" in said
    assert "one " not in said


def test_a_scenario_that_cannot_be_carried_out_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others still run, and the reason is told."""
    broken = Scenario("broken", "a title", _broken)
    monkeypatch.setattr(command, "SCENARIOS", (broken, a_scenario("two", ok=True)))
    assert command.main(["--json"]) == 1
    said = capsys.readouterr()
    assert "the fake Slack is gone" in said.err
    assert json.loads(said.out)["scenario"] == "two"
