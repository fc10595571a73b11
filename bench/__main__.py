"""The command line: `python -m bench [scenario ...]`."""

import argparse
import asyncio
import os
import platform
import signal
import sys
import time
from pathlib import Path

from bench.catalogue import SCENARIOS
from bench.options import Options, Scenario
from bench.report import Row, as_json, heading, readable
from bot.domain.errors import HarkError


def main(argv: list[str] | None = None) -> int:
    """Run scenarios; 1 when one of them failed, or, with --strict, missed its goal."""
    given = _parser().parse_args(argv)
    if given.list:
        for each in SCENARIOS:
            print(f"{each.name:<14} {each.title}")
        return 0
    chosen = [each for each in SCENARIOS if not given.scenario or each.name in given.scenario]
    options = Options(given.quick, given.rounds or (1 if given.quick else 3), given.profile)
    if not given.json:
        print(f"{os.cpu_count()} cores, Python {platform.python_version()} ({platform.python_compiler()})")
        print(f"baselines measured in the same run, medians of {options.rounds} rounds\n")
        print(heading(), flush=True)
    rows: list[Row] = []
    failed = False
    for scenario in chosen:
        found = _run(scenario, options)
        failed = failed or found is None
        for row in found or []:
            print(as_json(row) if given.json else readable(row), flush=True)
            rows.append(row)
    missed = any(row.ok is False for row in rows)
    return 1 if failed or (given.strict and missed) else 0


def _run(scenario: Scenario, options: Options) -> list[Row] | None:
    """One scenario; None when it could not be carried out, which is said on the error output."""
    started = time.monotonic()
    try:
        rows = asyncio.run(_until_told(scenario, options))
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None
    except (RuntimeError, OSError, HarkError) as error:
        print(f"{scenario.name}: {error}", file=sys.stderr, flush=True)
        return None
    print(f"{scenario.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


async def _until_told(scenario: Scenario, options: Options) -> list[Row]:
    """Run it; SIGTERM ends it as Ctrl-C does, so that no process is left behind."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await scenario.run(options)


def _folder(text: str) -> Path:
    """A folder that exists now."""
    folder = Path(text).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Hark (bench/README.md explains how).")
    names = [each.name for each in SCENARIOS]
    parser.add_argument(
        "scenario", nargs="*", help="which ones; all without a name", metavar="SCENARIO", choices=[*names, []]
    )
    parser.add_argument("--json", action="store_true", help="one JSON line for each row")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument("--quick", action="store_true", help="small and short: shows that they work, not how fast")
    parser.add_argument("--rounds", type=int, help="how often each is measured, in turn with its baseline (3)")
    parser.add_argument(
        "--profile", type=_folder, help="a folder for cProfile files of web and worker (intake, flow, press)"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 when a goal is missed")
    parser.epilog = f"scenarios: {', '.join(names)}"
    return parser


if __name__ == "__main__":
    sys.exit(main())
