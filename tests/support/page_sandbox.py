"""The whole page over the real local Slack and the real square, with a small Bolt app behind the Slack side."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from sandbox import server
from sandbox.clock import SandboxClock
from sandbox.slack import app as slack_app
from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import ANA
from sandbox.square.square import SquareSandbox
from tests.support.page_bot import PageBot
from tests.support.slack_sandbox import UNLIMITED, bolt_app, connected


@dataclass(frozen=True)
class PageSandbox:
    """A running sandbox; `url` is the page's address without a slash at its end."""

    url: str
    clock: SandboxClock
    changes: server.Changes
    slack: SlackSandbox
    square: SquareSandbox
    bot: PageBot


@asynccontextmanager
async def page_sandbox(port: int = 0) -> AsyncIterator[PageSandbox]:
    """Serve everything on one loopback port, with the Bolt app connected over Socket Mode."""
    clock = SandboxClock()
    changes = server.Changes()
    slack = SlackSandbox(UNLIMITED, clock)
    square = SquareSandbox(clock)
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
        await web.TCPSite(runner, "127.0.0.1", port).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        slack.hub.base_url = url
        slack.url = f"{url}/api/"
        async with bolt_app(slack) as bolt:
            bot = PageBot(bolt)
            async with connected(bolt, slack):
                yield PageSandbox(url, clock, changes, slack, square, bot)
    finally:
        await runner.cleanup()
        square.close()
