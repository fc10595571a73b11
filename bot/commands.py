"""What each command of the command line does (see `bot/__main__.py`)."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping

from bot import accounts, letters
from bot.app import open_service, set_up_logging
from bot.checking import check
from bot.docs import capabilities_page, settings_page
from bot.domain.errors import HarkError
from bot.roles import Role, serve

ROLES = {"run": Role.ALL, "web": Role.WEB, "worker": Role.WORKER}


def run(arguments: argparse.Namespace) -> int:
    """Run one command; 0 on success, 1 when something is wrong."""
    try:
        return asyncio.run(_run(arguments, os.environ))
    except HarkError as error:
        sys.stderr.write(f"hark: {error}\n")
        return 1


async def _run(arguments: argparse.Namespace, env: Mapping[str, str]) -> int:
    match arguments.command:
        case "check":
            return await check(env, _say)
        case "settings":
            _say(settings_page().rstrip())
            return 0
        case "capabilities":
            _say(capabilities_page().rstrip())
            return 0
        case "dead":
            return await letters.dead(env, _say, arguments.id)
        case "replay":
            return await letters.replay(env, _say, arguments.ids)
        case name:
            return await _serve(ROLES[name], env)


async def _serve(role: Role, env: Mapping[str, str]) -> int:
    settings, found = accounts.settings_of(env)
    set_up_logging(settings, found)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with open_service(settings, found, env) as service:
        await serve(service, role, stop)
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
