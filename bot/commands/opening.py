"""The service, opened for a command that asks it something."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from bot import accounts
from bot.app import Service, open_service
from bot.secrecy import set_up_logging


@asynccontextmanager
async def opened(env: Mapping[str, str]) -> AsyncIterator[Service]:
    """The service as the environment sets it up. Raises SetupError and StoreUnavailable."""
    settings, found = accounts.settings_of(env)
    set_up_logging(settings, found)
    async with open_service(settings, found, env) as service:
        yield service
