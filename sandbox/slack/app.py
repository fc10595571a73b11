"""The local Slack as routes of an aiohttp application, and as a server of its own for tests."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Self

from aiohttp import web

from sandbox.clock import Time
from sandbox.slack import interactivity, page_api, responses, web_api
from sandbox.slack.base import Json
from sandbox.slack.config import SandboxConfig
from sandbox.slack.hub import Call, Hub
from sandbox.slack.interactivity import Outcome, Press
from sandbox.slack.model import Message
from sandbox.slack.state_values import elements
from sandbox.slack.workspace import Workspace


def routes(hub: Hub) -> list[web.RouteDef]:
    """Everything under /api/ (Slack's own) and /sandbox/slack/ (sockets, response URLs, the page)."""
    return [
        web.get("/api/{method}", partial(web_api.handle, hub)),
        web.post("/api/{method}", partial(web_api.handle, hub)),
        web.get("/sandbox/slack/socket", hub.sockets.serve),
        web.post("/sandbox/slack/response/{key}", partial(responses.handle, hub)),
        web.get("/sandbox/slack/state", partial(page_api.handle_state, hub)),
        web.post("/sandbox/slack/{act}", partial(page_api.handle_act, hub)),
    ]


def mount(app: web.Application, hub: Hub) -> None:
    """Add the local Slack to an application that may serve other things too."""
    app.add_routes(routes(hub))

    async def running(_app: web.Application) -> AsyncIterator[None]:
        await hub.start()
        yield
        await hub.stop()

    async def closing(_app: web.Application) -> None:
        await hub.sockets.drop()

    app.cleanup_ctx.append(running)
    app.on_shutdown.append(closing)


class SlackSandbox:
    """A local Slack on a free loopback port, with handles for tests.

    `url` is what a bot takes as its base URL. The helpers do what a person does and wait for the app's ack.
    """

    def __init__(
        self, config: SandboxConfig | None = None, time: Time | None = None, wall: Time | None = None, port: int = 0
    ) -> None:
        """Prepare; `start` opens the port (0: a free one)."""
        self.config = config or SandboxConfig()
        self.hub = Hub(self.config, time, wall)
        self.set_fault = self.hub.faults.plan
        self.url = ""
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def workspace(self) -> Workspace:
        """People, conversations, messages, pushes, notices."""
        return self.hub.workspace

    @property
    def calls(self) -> list[Call]:
        """The Web API calls so far, oldest first."""
        return list(self.hub.calls)

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.hub.calls if call.method == method]

    async def start(self) -> None:
        """Listen on 127.0.0.1."""
        app = web.Application()
        mount(app, self.hub)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self.hub.base_url = f"http://{host}:{port}"
        self.url = f"{self.hub.base_url}/api/"

    async def stop(self) -> None:
        """Close the port, the sockets and all background work."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop."""
        await self.stop()

    async def press(self, user: str, block_id: str, action_id: str, **where: Any) -> Outcome:
        """Press an element; `where` takes the other fields of `Press`."""
        return await interactivity.press(self.hub, Press(user, block_id, action_id, **where))

    async def press_in(self, user: str, conversation: str, ts: str, action_id: str, **more: Any) -> Outcome:
        """Press the element with this action_id in a message, wherever its block is."""
        message = self.message(conversation, ts)
        block_id = block_of(message.blocks, action_id)
        return await self.press(user, block_id, action_id, conversation=conversation, message_ts=ts, **more)

    async def submit(self, user: str, view_id: str, state: Json) -> Outcome:
        """Submit a modal with `state` as {block_id: {action_id: {...}}}."""
        return await interactivity.submit(self.hub, user, view_id, state)

    async def close(self, user: str, view_id: str, *, clear: bool = False) -> Outcome:
        """Cancel the top modal, or close the whole stack with `clear`."""
        return await interactivity.close(self.hub, user, view_id, clear=clear)

    async def command(self, user: str, conversation: str, text: str) -> Outcome:
        """Type a slash command."""
        return await interactivity.command(self.hub, user, conversation, text)

    async def say(self, user: str, conversation: str, text: str, thread_ts: str | None = None) -> Message:
        """Type a message."""
        return interactivity.say(self.hub, user, conversation, text, thread_ts)

    async def open_home(self, user: str) -> Outcome:
        """Open the app's Home tab."""
        return interactivity.open_home(self.hub, user)

    def message(self, conversation: str, ts: str) -> Message:
        """A message, also an ephemeral one. Raises KeyError."""
        channel = self.workspace.conversations[conversation]
        return channel.messages.get(ts) or channel.ephemerals[ts]

    def messages(self, conversation: str) -> list[Message]:
        """All messages of a conversation that are not ephemeral, oldest first."""
        return list(self.workspace.conversations[conversation].messages.values())

    def direct(self, user: str) -> str:
        """The id of the bot's direct conversation with a person."""
        return self.workspace.direct(self.config.bot_user_id, user).id

    def views(self, user: str) -> list[Json]:
        """A person's open modals, top last."""
        return list(self.hub.views.stacks.get(user, []))

    def notices(self, user: str) -> list[str]:
        """The errors on a person's screen."""
        return [notice.text for notice in self.workspace.notices if notice.user == user]


def block_of(blocks: list[Json], action_id: str) -> str:
    """The block_id that holds an action_id. Raises LookupError."""
    for block, element in elements(blocks):
        if element["action_id"] == action_id:
            return str(block["block_id"])
    raise LookupError(action_id)
