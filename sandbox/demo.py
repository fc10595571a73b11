"""The demo: the real bot against the local Slack and the square, in one process, on loopback only.

Only the clock is the sandbox's own, so that anyone can skip ahead and watch promises warn and break.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from bot import accounts
from bot.app import open_service
from bot.commands.terminal import Say
from bot.roles import Role, serve
from bot.secrecy import set_up_logging
from sandbox import scenarios, server
from sandbox.clock import SandboxClock
from sandbox.lock import only_demo
from sandbox.ports import HOST, free_or_any, listen
from sandbox.slack import app as slack_app
from sandbox.slack.app import SlackSandbox
from sandbox.slack.config import SandboxConfig
from sandbox.slack.workspace import ANA, CARE
from sandbox.square.config import SquareConfig
from sandbox.square.seed import BRAND_CHAT_LOGIN, DOMAIN
from sandbox.square.square import SquareSandbox

PATIENCE_S = 2.5
AGAIN_S = 1.0
WEBHOOK_SECRET = "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gtMTIz"  # noqa: S105 - for this machine's demo only


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The two local services and the page, listening at `url`, which ends with `port`."""

    url: str
    port: int
    clock: SandboxClock
    slack: SlackSandbox
    square: SquareSandbox
    config: SandboxConfig
    webhooks: server.Webhooks


@asynccontextmanager
async def open_sandbox(
    folder: Path | None, port: int, say: Say, config: SandboxConfig | None = None
) -> AsyncIterator[Sandbox]:
    """Serve page, Slack and square on one port; `folder` keeps their state over restarts."""
    clock = SandboxClock(folder / "clock.json" if folder else None)
    changes = server.Changes()
    config = replace(config or SandboxConfig(), data_file=folder / "slack.json" if folder else None)
    slack = SlackSandbox(config, clock)
    square = SquareSandbox(clock, config=SquareConfig(data_file=folder / "square.json" if folder else None))
    slack.hub.on_change(changes.slack)
    square.on_change(changes.square)
    square.open()
    webhooks = server.Webhooks(secret=WEBHOOK_SECRET)
    app = server.build(
        slack=lambda application: slack_app.mount(application, slack.hub),
        square=square.mount,
        clock=clock,
        changes=changes,
        first_staff=ANA,
        webhooks=webhooks,
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    try:
        await runner.setup()
        bound = await listen(runner, port, say)
        url = slack.hub.base_url = f"http://{HOST}:{bound}"
        yield Sandbox(url, bound, clock, slack, square, config, webhooks)
    finally:
        await runner.cleanup()
        square.close()


async def run_demo(folder: Path, port: int, stop: asyncio.Event, say: Say, *, verbose: bool = False) -> None:
    """Run everything until told to stop: a start is broken off, work under way gets `PATIENCE_S` seconds to finish.

    Raises SetupError when the demo cannot start, and any HarkError that ends it.
    """
    is_up = asyncio.Event()
    demo = asyncio.ensure_future(_demo(folder, port, stop, say, is_up, verbose=verbose))
    told = asyncio.ensure_future(stop.wait())
    await asyncio.wait({demo, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    await asyncio.wait({demo}, timeout=PATIENCE_S if is_up.is_set() else 0)
    while not demo.done():
        demo.cancel()
        await asyncio.wait({demo}, timeout=AGAIN_S)
    if not demo.cancelled():
        demo.result()


async def _demo(folder: Path, port: int, stop: asyncio.Event, say: Say, is_up: asyncio.Event, *, verbose: bool) -> None:
    async with AsyncExitStack() as stack:
        tell_others = stack.enter_context(only_demo(folder))
        sandbox = await stack.enter_async_context(open_sandbox(folder, port, say))
        tell_others(sandbox.url)
        env = environment(sandbox, folder) | {"PORT": str(free_or_any(sandbox.port + 1))}
        settings, found = accounts.settings_of(env)
        set_up_logging(settings, found)
        service = await stack.enter_async_context(open_service(settings, found, env, sandbox.clock))
        await stack.enter_async_context(_beside(_first_visit(sandbox, is_up)))

        async def ready(bot_port: int) -> None:
            sandbox.webhooks.url = f"http://{HOST}:{bot_port}/webhooks/webhook"
            await sandbox.slack.hub.sockets.greeted.wait()  # a button pressed before this would get no answer
            say(f"\n  Hark is up: {sandbox.url}\n")
            if verbose:
                say(f"  webhooks: {sandbox.webhooks.url} (secret {WEBHOOK_SECRET})\n")
            say("  Post as a customer on the left, answer from Slack on the right. Ctrl-C ends it.\n")
            is_up.set()

        await serve(service, Role.ALL, stop, ready)


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


async def _first_visit(sandbox: Sandbox, is_up: asyncio.Event) -> None:
    await is_up.wait()
    if scenarios.is_quiet(sandbox.square):
        await scenarios.play(scenarios.FIRST_VISIT, sandbox.square, sandbox.clock)


@asynccontextmanager
async def _beside(work: Awaitable[None]) -> AsyncIterator[None]:
    """Run something beside the block and end it with the block; its failure is raised then."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()
