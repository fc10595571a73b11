"""`python -m bot run`, `web` and `worker`: take a role until told to stop."""

import asyncio
import faulthandler
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import structlog

from bot import accounts
from bot.accounts import Account
from bot.app import Service, open_service
from bot.clock import SystemClock, within
from bot.domain.errors import StoreUnavailable
from bot.roles import Role, look_at_server, serve
from bot.secrecy import set_up_logging
from bot.settings import Settings

START_WAIT_S, START_PAUSE_S = 30.0, 1.0
HUNG_S = 60.0
ROLES = {"run": Role.ALL, "web": Role.WEB, "worker": Role.WORKER}


async def take_role(env: Mapping[str, str], name: str) -> int:
    """Serve as the command says, until SIGTERM or SIGINT; 0 once what was under way is finished."""
    settings, found = accounts.settings_of(env)
    set_up_logging(settings, found)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    _end_if_hung(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        opened = partial(_opened, settings, found, env)
        service = await begin_when_there(lambda: stack.enter_async_context(opened()), stop)
        if service is not None:
            await serve(service, ROLES[name], stop)
    return 0


def _end_if_hung(loop: asyncio.AbstractEventLoop) -> None:
    """Have this process ended if its loop stands still for `HUNG_S`, and say in which line it stood; a loop that turns
    puts that off.

    Alive, it would do nothing and look well; whoever runs services starts it again. What it was at counts as a taking
    without an end (docs/decisions/019).
    """
    faulthandler.dump_traceback_later(HUNG_S, exit=True)
    loop.call_later(HUNG_S / 4, _end_if_hung, loop)


@asynccontextmanager
async def _opened(settings: Settings, found: list[Account], env: Mapping[str, str]) -> AsyncIterator[Service]:
    """The service on a server that may be used: from here on whoever needs the server waits for it."""
    async with open_service(settings, found, env) as service:
        await look_at_server(service)
        yield service


async def begin_when_there(
    begin: Callable[[], Awaitable[Service]], stop: asyncio.Event, within_s: float = START_WAIT_S
) -> Service | None:
    """Begin, again and again until the server answers: it may be restarting or failing over at any moment of a start.

    None when told to stop meanwhile. Raises StoreUnavailable with the last reason once `within_s` is over, and
    SetupError.
    """
    clock = SystemClock()
    deadline = clock.monotonic() + within_s
    while not stop.is_set():
        try:
            return await begin()
        except StoreUnavailable as error:
            if clock.monotonic() >= deadline:
                raise
            structlog.get_logger("hark").warning("the Redis server does not answer yet", error=str(error))
        await within(stop, START_PAUSE_S)
    return None
