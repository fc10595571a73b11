"""Fixtures that every test may use; what they do lives in tests/support."""

from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest
import pytest_asyncio
import redis
import redis.asyncio
import structlog
from playwright.async_api import Browser, Page, async_playwright, expect

from scripts.dev import find_chromium, is_browser_required
from tests.support import browser as chromium
from tests.support import network_guard
from tests.support.redis_server import allowed_patterns, keys_without_ttl, running_server


def pytest_configure() -> None:
    """No example is timed: on a busy machine any may be slow once, and nothing would be wrong with it."""
    hypothesis.settings.register_profile("hark", deadline=None)
    hypothesis.settings.load_profile("hark")


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> None:
    """Let no test leave this machine."""
    network_guard.install()


@pytest.fixture(scope="session", autouse=True)
def _plain_tracebacks() -> None:
    """Log errors without frames and colours: drawing those takes seconds for each."""
    shown = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], shown])


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real server that this pytest process has for itself."""
    with running_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """The URL of an empty server; afterwards every key must expire or be allowed in docs/redis-keys.md."""
    with redis.Redis.from_url(redis_server, decode_responses=True) as client:
        client.flushall()
        yield redis_server
        leaked = keys_without_ttl(client, allowed_patterns())
        client.flushall()
    assert not leaked, f"keys without a TTL that docs/redis-keys.md does not allow: {leaked}"


@pytest.fixture(name="redis")
async def _redis(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A client on an empty server, with text instead of bytes."""
    client = redis.asyncio.Redis.from_url(redis_url, decode_responses=True)
    async with client:
        yield client


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium to test with; where none is found the test is left out, or fails if one is required."""
    path = find_chromium()
    if path:
        return path
    if is_browser_required():
        pytest.fail("a Chromium is required and none was found (apt install chromium, or set HARK_CHROMIUM)")
    pytest.skip("no Chromium was found (apt install chromium, or set HARK_CHROMIUM)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _chromium(chromium_path: str) -> AsyncIterator[Browser]:
    """One Chromium for all browser tests of this process: starting it takes longer than most of them."""
    expect.set_options(timeout=chromium.PATIENCE_MS)
    async with async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=chromium_path, args=chromium.launch_flags())
        try:
            yield running
        finally:
            await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(_chromium: Browser) -> AsyncIterator[Browser]:
    """The shared Chromium; what a test opened in it is closed after the test, so none sees another's storage."""
    try:
        yield _chromium
    finally:
        for context in _chromium.contexts:
            await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> Page:
    """A page as wide as a desk's screen."""
    return await browser.new_page(viewport={"width": 1440, "height": 900})


@pytest_asyncio.fixture(loop_scope="session")
async def phone_page(browser: Browser) -> Page:
    """A page as wide as a phone's screen."""
    return await browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
