"""`python -m tests.chaos`: runs by the number of their seed, and a table of how they went."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.clock import SystemClock
from tests.chaos.run import Report, run
from tests.chaos.schedule import STEPS, Plan, plan, struck
from tests.support import network_guard


def main() -> int:
    """Run the seeds; 0 when all passed."""
    arguments = _parser().parse_args()
    network_guard.install()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C: the processes of a run end with it
    first = arguments.seed if arguments.seed is not None else arguments.first
    count = 1 if arguments.seed is not None else arguments.seeds
    plans = [plan(seed) for seed in range(first, first + count)]
    if arguments.moment:
        plans = [struck(each, arguments.moment) for each in plans]
    reports = [_one(each, arguments) for each in plans]
    _say("\n" + "\n".join(table(reports)))
    return 0 if all(not report.wrong for report in reports) else 1


def table(reports: Sequence[Report]) -> list[str]:
    """One row of docs/reliability.md for these runs, then one line for each seed that failed."""
    failed = [report for report in reports if report.wrong]
    day = f"{SystemClock().now():%Y-%m-%d}"
    seeds = f"{reports[0].plan.seed} to {reports[-1].plan.seed}"
    events = sum(len(report.plan.events) for report in reports)
    replies = sum(report.replies for report in reports)
    faults = sum(len(report.plan.faults) for report in reports)
    minutes = sum(report.seconds for report in reports) / 60
    found = ", ".join(str(report.plan.seed) for report in failed) or "none"
    row = [day, seeds, str(len(reports)), str(events), str(replies), str(faults), f"{minutes:.0f} min", found]
    head = ["date", "seeds", "runs", "events", "replies", "faults", "time", "seeds that failed"]
    rows = [f"| {' | '.join(each)} |" for each in (head, ["---"] * len(head), row)]
    return [*rows, *(f"seed {report.plan.seed}: {each}" for report in failed for each in report.wrong)]


def _one(made: Plan, arguments: argparse.Namespace) -> Report:
    logs: Path | None = arguments.logs
    report, seed = asyncio.run(run(made, arguments.beside)), made.seed
    verdict = "FAILED" if report.wrong else "passed"
    _say(f"seed {seed:>5}  {verdict}  {report.seconds:5.1f} s  {report.cases} cards  {report.replies} replies  "
         f"{report.lives} starts, last: {'; '.join(report.last)[:120]}")  # fmt: skip
    if report.wrong:
        _say(report.text())
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
            (logs / f"seed-{seed}.log").write_text(f"{report.text()}\n{report.logs}")
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Hark under faults, by seed.")
    parser.add_argument("--seed", type=int, help="run this one seed")
    parser.add_argument("--first", type=int, default=1, help="the first of several seeds (default 1)")
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds to run (default 10)")
    moments = ("queued", *STEPS)
    parser.add_argument("--moment", choices=moments, help="instead of all faults, kill bots at this moment")
    parser.add_argument("--beside", type=Path, help="a working copy of another version, for one of the two workers")
    parser.add_argument("--logs", type=Path, help="a folder for the logs of runs that fail")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
