"""Hark in one role with what a benchmark changes, and nothing else: `python -m bench.serve web|worker|run [--pace N]`.

The same as `python -m bot <role>`, but for the Tempo that is passed to `open_service`: how many times Slack's budgets
are allowed, and how long a dead process's work is left to it.
"""

import argparse
import asyncio
import os
import signal
import sys
from datetime import timedelta

from bot import accounts
from bot.app import open_service, set_up_logging
from bot.roles import Role, serve
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
        await serve(service, role, stop)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.serve")
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--pace", type=int, default=USUAL.slack_pace)
    parser.add_argument("--lease", type=float, default=USUAL.lease.total_seconds())
    parser.add_argument("--takeover", type=float, default=USUAL.takeover.total_seconds())
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    asyncio.run(
        main(
            ROLES[given.role],
            Tempo(
                lease=timedelta(seconds=given.lease),
                takeover=timedelta(seconds=given.takeover),
                slack_pace=given.pace,
            ),
        )
    )
    sys.exit(0)
