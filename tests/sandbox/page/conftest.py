"""The sandbox that the page's tests look at."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Page

from tests.support.page_sandbox import PageSandbox, page_sandbox


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox() -> AsyncIterator[PageSandbox]:
    """A running sandbox with a small Bolt app behind its Slack."""
    async with page_sandbox() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def errors(page: Page) -> list[str]:
    """What the browser complains about: script errors, refused requests, a broken Content-Security-Policy."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda line: found.append(line.text) if line.type in {"error", "warning"} else None)
    return found
