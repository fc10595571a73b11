"""Hark in one role with what a benchmark changes, and nothing else: `python -m bench.serve web|worker|run [--pace N]`.

The same as `python -m bot <role>`, but for the Tempo that is passed to `open_service`: how many times Slack's budgets
are allowed, and how long a dead process's work is left to it.
"""

import argparse
import asyncio
import cProfile
import os
import signal
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from bot import accounts
from bot.__main__ import leave_in_peace
from bot.app import open_service
from bot.roles import Role, serve
from bot.secrecy import set_up_logging
from bot.services.tempo import USUAL, Tempo

ROLES = {"run": Role.ALL, "web": Role.WEB, "worker": Role.WORKER}


async def main(role: Role, tempo: Tempo) -> None:
    """Serve until told to stop."""
    settings, found = accounts.settings_of(os.environ)
    set_up_logging(settings, found)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with open_service(settings, found, os.environ, tempo=tempo) as service:
        leave_in_peace()
        await serve(service, role, stop)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.serve")
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--pace", type=int, default=USUAL.slack_pace)
    parser.add_argument("--lease", type=float, default=USUAL.lease.total_seconds())
    parser.add_argument("--takeover", type=float, default=USUAL.takeover.total_seconds())
    parser.add_argument("--profile", default="", help="write what the profiler saw into this file at the end")
    return parser.parse_args()


def profiled(work: Coroutine[Any, Any, None], file: str) -> None:
    """Run under the profiler; what it saw goes into the file at the end (`python -m pstats FILE`)."""
    profile = cProfile.Profile()
    try:
        profile.runcall(asyncio.run, work)
    finally:
        profile.dump_stats(file)


def command() -> None:
    """The command line."""
    given = arguments()
    lease, takeover = timedelta(seconds=given.lease), timedelta(seconds=given.takeover)
    work = main(ROLES[given.role], Tempo(lease=lease, takeover=takeover, slack_pace=given.pace))
    if given.profile:
        profiled(work, given.profile)
    else:
        asyncio.run(work)


if __name__ == "__main__":
    command()
