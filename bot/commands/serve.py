"""`python -m bot run`, `web` and `worker`: take a role until told to stop."""

import asyncio
import signal
from collections.abc import Mapping

import structlog

from bot import accounts
from bot.app import open_service, reach_server
from bot.clock import SystemClock, within
from bot.domain.errors import StoreUnavailable
from bot.roles import Role, serve
from bot.secrecy import set_up_logging
from bot.settings import Settings

START_WAIT_S, START_PAUSE_S = 30.0, 1.0
ROLES = {"run": Role.ALL, "web": Role.WEB, "worker": Role.WORKER}


async def take_role(env: Mapping[str, str], name: str) -> int:
    """Serve as the command says, until SIGTERM or SIGINT; 0 once what was under way is finished."""
    settings, found = accounts.settings_of(env)
    set_up_logging(settings, found)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await await_server(settings, stop)
    if stop.is_set():
        return 0
    async with open_service(settings, found, env) as service:
        await serve(service, ROLES[name], stop)
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
