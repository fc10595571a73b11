"""The demo: the real bot against the local Slack and the square, in one process, on loopback only.

Only the clock is the sandbox's own, so that anyone can skip ahead and watch promises warn and break.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot import accounts
from bot.app import open_service, set_up_logging
from bot.domain.errors import SetupError
from bot.roles import Role, serve
from sandbox import server
from sandbox.clock import SandboxClock
from sandbox.slack import app as slack_app
from sandbox.slack.app import SlackSandbox
from sandbox.slack.config import SandboxConfig
from sandbox.slack.workspace import ANA, CARE
from sandbox.square.seed import BRAND_CHAT_LOGIN, DOMAIN
from sandbox.square.square import SquareConfig, SquareSandbox

PORTS_TRIED = 20
HOST = "127.0.0.1"
WEBHOOK_SECRET = "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gtMTIz"  # noqa: S105 - for this machine's demo only
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The two local services and the page, listening at `url`."""

    url: str
    clock: SandboxClock
    slack: SlackSandbox
    square: SquareSandbox
    config: SandboxConfig


@asynccontextmanager
async def open_sandbox(
    folder: Path | None, port: int, say: Say, config: SandboxConfig | None = None
) -> AsyncIterator[Sandbox]:
    """Serve page, Slack and square on one port; `folder` keeps their state over restarts."""
    clock = SandboxClock(folder / "clock.json" if folder else None)
    changes = server.Changes()
    config = config or SandboxConfig()
    slack = SlackSandbox(config, clock)
    square = SquareSandbox(clock, config=SquareConfig(data_file=folder / "square.json" if folder else None))
    slack.hub.on_change(changes.slack)
    square.on_change(changes.square)
    square.open()
    app = server.build(
        slack=lambda application: slack_app.mount(application, slack.hub),
        square=square.mount,
        clock=clock,
        changes=changes,
        first_staff=ANA,
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        bound = await _bind(runner, port, say)
        slack.hub.base_url = f"http://{HOST}:{bound}"
        yield Sandbox(f"http://{HOST}:{bound}", clock, slack, square, config)
    finally:
        await runner.cleanup()
        square.close()


async def run_demo(folder: Path, port: int, stop: asyncio.Event, say: Say) -> None:
    """Run everything until told to stop."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(open_sandbox(folder, port, say))
        env = environment(sandbox, folder)
        settings, found = accounts.settings_of(env)
        set_up_logging(settings, found)
        service = await stack.enter_async_context(open_service(settings, found, env, sandbox.clock))
        await serve(service, Role.ALL, stop, ready=_announce(sandbox.url, say))


def environment(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """The environment of a bot that lives in this sandbox."""
    return {
        "PORT": "0",
        "SLACK_BOT_TOKEN": sandbox.config.bot_token,
        "SLACK_APP_TOKEN": sandbox.config.app_token,
        "SLACK_API_URL": f"{sandbox.url}/api/",
        "SLACK_CHANNEL": CARE,
        "SLACK_ALERT_USERS": ANA,
        "HARK_DATA_DIR": str(folder),
        "HARK_POLL_SECONDS": "1",
        "HARK_LOG_LEVEL": "warning",
        "HARK_LOG_FORMAT": "console",
        "HARK_CONTACT": "care@acme.example",
        "HARK_OWN_CONTACTS": "acme.example",
        "BLUESKY_SERVICE_URL": sandbox.url,
        "BLUESKY_WEB_URL": sandbox.url,
        "BLUESKY_IDENTIFIER": f"acme.{DOMAIN}",
        "BLUESKY_APP_PASSWORD": BRAND_CHAT_LOGIN,
        "BLUESKY_SEARCH": "acme",
        "WEBHOOK_SECRET": WEBHOOK_SECRET,
    }


def _announce(url: str, say: Say) -> Callable[[int], Awaitable[None]]:
    async def ready(_port: int) -> None:
        say(
            f"\n  Hark is up: {url}\n\n  Post as a customer on the left, answer from Slack on the right. Ctrl-C ends it.\n"
        )

    return ready


async def _bind(runner: web.AppRunner, port: int, say: Say) -> int:
    """Listen on `port`, or on the next free one, and say so."""
    for candidate in [*range(port, port + PORTS_TRIED), 0] if port else [0]:
        try:
            await web.TCPSite(runner, HOST, candidate).start()
        except OSError:
            say(f"Port {candidate} is taken, trying the next one.")
            continue
        return int(runner.addresses[0][1])
    raise SetupError(f"no free port from {port} on", "name one: python3 scripts/dev.py demo --port 9000")
