"""What each command of the command line does (see `bot/__main__.py`)."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping

import structlog

from bot import accounts, figures, forgetting, letters
from bot.app import open_service, reach_server
from bot.checking import SERVER_MEND, check
from bot.clock import SystemClock, within
from bot.docs import capabilities_page, settings_page
from bot.domain.errors import HarkError, StoreUnavailable
from bot.domain.text.clean import tidy
from bot.roles import Role, serve
from bot.secrecy import set_up_logging
from bot.settings import Settings

START_WAIT_S, START_PAUSE_S = 30.0, 1.0
UNREAD = 128 + signal.SIGPIPE
"""As a shell tells of any tool whose reader has gone."""
ROLES = {"run": Role.ALL, "web": Role.WEB, "worker": Role.WORKER}


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
            code = await letters.dead(env, _say, arguments.id)
        case "replay":
            code = await letters.replay(env, _say, arguments.ids)
        case "forget":
            code = await forgetting.forget(env, _say, arguments.network, arguments.who, yes=arguments.yes)
        case "speed":
            code = await figures.speed(env, _say, arguments.days, as_json=arguments.json)
        case name:
            code = await _serve(ROLES[name], env)
    return code


async def _serve(role: Role, env: Mapping[str, str]) -> int:
    settings, found = accounts.settings_of(env)
    set_up_logging(settings, found)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await await_server(settings, stop)
    if stop.is_set():
        return 0
    async with open_service(settings, found, env) as service:
        await serve(service, role, stop)
    return 0


async def await_server(settings: Settings, stop: asyncio.Event, within_s: float = START_WAIT_S) -> None:
    """Wait until the server answers, or until told to stop: it may be restarting or failing over while we start.

    Raises StoreUnavailable with the last reason once `within_s` is over.
    """
    clock = SystemClock()
    deadline = clock.monotonic() + within_s
    while not stop.is_set():
        try:
            await reach_server(settings)
        except StoreUnavailable as error:
            if clock.monotonic() >= deadline:
                raise
            structlog.get_logger("hark").warning("the Redis server does not answer yet", error=str(error))
        else:
            return
        await within(stop, START_PAUSE_S)


def _say(text: str) -> None:
    """Tell whoever called; what a network or a customer said of themselves may be in it, and steers no terminal."""
    sys.stdout.write(f"{tidy(text)}\n")
    sys.stdout.flush()  # here, and not at the exit, it is found out that nobody reads
