"""Which command a word of the command line calls, and how a failure of it is told."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping

from bot.commands.check import SERVER_MEND, check
from bot.commands.forget import forget
from bot.commands.letters import dead, replay
from bot.commands.pages import capabilities_page, settings_page
from bot.commands.serve import take_role
from bot.commands.speed import speed
from bot.domain.errors import HarkError, StoreUnavailable
from bot.domain.text.clean import tidy

UNREAD = 128 + signal.SIGPIPE
"""As a shell tells of any tool whose reader has gone."""


def run(arguments: argparse.Namespace) -> int:
    """Run one command: 0 on success, 1 when something is wrong, 2 for a wrong command line, 141 when nobody reads what
    it says (`... | head`)."""
    try:
        return asyncio.run(_run(arguments, os.environ))
    except HarkError as error:
        mend = f"\n  Mend: {SERVER_MEND}" if isinstance(error, StoreUnavailable) else ""
        sys.stderr.write(f"hark: {error}{mend}\n")
        return 1
    except BrokenPipeError:
        # What is left in the buffer is written once more at the exit: there it must find a reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD


async def _run(arguments: argparse.Namespace, env: Mapping[str, str]) -> int:
    match arguments.command:
        case "check":
            code = await check(env, _say, release=arguments.release)
        case "settings" | "capabilities" as page:
            _say((settings_page() if page == "settings" else capabilities_page()).rstrip())
            code = 0
        case "dead":
            code = await dead(env, _say, arguments.id)
        case "replay":
            code = await replay(env, _say, arguments.ids)
        case "forget":
            code = await forget(env, _say, arguments.network, arguments.who, yes=arguments.yes)
        case "speed":
            code = await speed(env, _say, arguments.days, as_json=arguments.json)
        case role:
            code = await take_role(env, role)
    return code


def _say(text: str) -> None:
    """Tell whoever called; what a network or a customer said of themselves may be in it, and steers no terminal."""
    sys.stdout.write(f"{tidy(text)}\n")
    sys.stdout.flush()  # here, and not at the exit, it is found out that nobody reads
