"""The whole of Hark for a test: the real bot, a real Redis, the local Slack and the square, over real sockets.

Only the clock is the test's: it can skip ahead. `Team` presses what a member of staff sees.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import accounts
from bot.app import Service, open_service
from bot.cards.action_ids import Verb
from bot.roles import Role, serve
from bot.services.hourly import HOUR_NAME
from bot.services.quiet import SETTLING
from sandbox.demo import Sandbox, environment, open_sandbox
from sandbox.slack.config import SandboxConfig
from sandbox.slack.model import Message
from sandbox.slack.workspace import ANA, BEN, CARE, CHLOE
from sandbox.square.people import Acts
from sandbox.square.schemas import POST
from tests.support.waiting import wait_until

__all__ = ["ANA", "BEN", "CARE", "CHLOE", "COMPLAINT", "Rig", "a_rig"]

BRAND = "acme"
COMPLAINT = "@acme.square.test my bag is lost since yesterday and nobody answers the phone"
WITHIN_S = 40.0
MENU, MORE = "hark:more:v1", "hark:more-view:v1"
CHOSEN: Mapping[str, tuple[str, type]] = {
    "users_select": ("selected_user", str),
    "datetimepicker": ("selected_date_time", int),
}
"""Where the answer of an element stands that is no text and has no options, and what it is."""
FAST = {"HARK_UNDO_SECONDS": "0", "HARK_POLL_SECONDS": "0.2"}
CALM = SandboxConfig(rate_limits=False)
Json = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """What customers and staff see and do, whoever runs the bot."""

    sandbox: Sandbox

    @property
    def square(self) -> Acts:
        """The customers' side."""
        return self.sandbox.square

    def cards(self, conversation: str = CARE) -> list[Message]:
        """The cards of a channel: top-level messages with buttons."""
        return [each for each in self.sandbox.slack.messages(conversation) if not each.is_reply and has_actions(each)]

    def lines(self, conversation: str = CARE) -> list[str]:
        """Everything in a channel's threads and its plain lines, as text."""
        return [
            each.text for each in self.sandbox.slack.messages(conversation) if each.is_reply or not has_actions(each)
        ]

    async def card(self, containing: str, conversation: str = CARE) -> Message:
        """The card whose text has these words, once it stands."""

        def found() -> list[Message]:
            return [each for each in self.cards(conversation) if containing in str(each.blocks) + each.text]

        await wait_until(found, f"a card with {containing!r} stands", within_s=20)
        return found()[0]

    async def complains(self) -> Message:
        """Jamal misses his bag, and says so in public; his card, once it stands."""
        self.square.post("jamalreed", COMPLAINT)
        return await self.card("my bag is lost")

    async def shows(self, ts: str, words: str, conversation: str = CARE) -> None:
        """Wait until a message shows these words."""
        await wait_until(lambda: words in self.text_of(ts, conversation), f"the card shows {words!r}", within_s=20)

    async def while_time_flies(self, goal: Callable[[], object | Awaitable[object]], what: str) -> None:
        """Wait with a clock that runs about five times as fast, where Slack's pace or Hark's own is waited for."""
        deadline = asyncio.get_running_loop().time() + WITHIN_S
        while True:
            try:
                await wait_until(goal, what, within_s=0.2)
            except AssertionError:
                assert asyncio.get_running_loop().time() < deadline, what
                self.sandbox.clock.skip(1)
            else:
                return

    def text_of(self, ts: str, conversation: str = CARE) -> str:
        """All that a message says and offers."""
        return str(self.sandbox.slack.message(conversation, ts).blocks)

    async def press(self, user: str, ts: str, action_id: str, conversation: str = CARE, **more: Any) -> Any:
        """Press a button of a message as it is now."""
        return await self.sandbox.slack.press_in(user, conversation, ts, action_id, **more)

    async def choose(self, user: str, ts: str, verb: str, conversation: str = CARE) -> Any:
        """Choose an entry of a card's menu; one that has no place there, in the More dialog."""
        message = self.sandbox.slack.message(conversation, ts)
        menu = next(e for b in message.blocks for e in b.get("elements", []) if e.get("action_id") == MENU)
        named = {str(verb): each for each in menu["options"] for verb in Verb if f'"{verb}"' in each["value"]}
        if verb in named:
            return await self.press(user, ts, MENU, conversation, selected_option=named[verb])
        await self.press(user, ts, MENU, conversation, selected_option=named["more"])
        more = await self.modal(user)
        row = next(each for each in more["blocks"] if f'"{verb}"' in each["accessory"]["value"])
        done = await self.sandbox.slack.press(user, row["block_id"], "hark:act:v1", view_id=more["id"])
        shown = self.sandbox.slack.views
        await wait_until(lambda: shown(user)[-1]["callback_id"] != MORE, "what was chosen is shown")
        return done

    async def modal(self, user: str) -> Json:
        """The modal that is open on somebody's screen, once it is."""
        await wait_until(lambda: self.sandbox.slack.views(user), f"{user} sees a modal")
        return self.sandbox.slack.views(user)[-1]

    async def send(self, user: str, text: str | None = None, **fields: str) -> Any:
        """Submit the open modal with a text (None leaves the suggestion) and other fields by block id."""
        view = await self.modal(user)
        state = typed(view, {**({} if text is None else {"text": text}), **fields})
        return await self.sandbox.slack.submit(user, view["id"], state)

    async def answer(self, ts: str, text: str) -> None:
        """Ana answers from the card, in public where the conversation is."""
        await self.press(ANA, ts, "hark:reply:v1")
        outcome = await self.send(ANA, text, signature="^AK")
        assert outcome.ok, outcome

    def posts(self) -> list[str]:
        """What stands on the square, oldest first."""
        return [str(record.value["text"]) for record in self.square.world.of_kind(POST)]

    def brand_posts(self) -> list[str]:
        """What the company wrote, but for what stood there before the test."""
        brand = self.square.who(BRAND).did
        return [
            str(record.value["text"]) for record in self.square.world.of_kind(POST, brand) if "reply" in record.value
        ]

    def whispers(self) -> list[Message]:
        """What the bot told single people in the team's channel."""
        return list(self.sandbox.slack.workspace.conversations[CARE].ephemerals.values())

    def direct(self, user: str) -> list[Message]:
        """The bot's direct messages to somebody."""
        return self.sandbox.slack.messages(self.sandbox.slack.direct(user))


@dataclass(frozen=True)
class Rig(Scene):
    """A running Hark."""

    service: Service
    port: int

    async def idle(self) -> None:
        """Wait until the inbox is worked off."""

        async def empty() -> bool:
            return await self.service.store.inbox.depth() == 0

        await wait_until(empty, "the inbox is empty", within_s=20)

    async def digest(self) -> list[str]:
        """The quiet events noted for this hour, or for the next one if they came shortly before it."""
        now, notes = self.sandbox.clock.now(), self.service.store.notes
        hours = dict.fromkeys(at.strftime(HOUR_NAME) for at in (now, now + SETTLING))
        return [line for hour in hours for line in await notes.digest(hour)]


def has_actions(message: Message) -> bool:
    """Whether a message is a card."""
    return any(block["type"] == "actions" for block in message.blocks)


def typed(view: Json, fields: Mapping[str, str]) -> Json:
    """The state of a modal in which these fields, by block id, were filled in and the others left as they were."""
    state: Json = {}
    for block in view["blocks"]:
        if block["type"] == "input" and block["block_id"] in fields:
            element, value = block["element"], fields[block["block_id"]]
            named, form = CHOSEN.get(element["type"], ("value", str))
            answer: Json = {"type": element["type"], named: form(value) if value else None}
            if "options" in element:
                option = next(each for each in element["options"] if each["value"] == value)
                chosen = (
                    {"selected_options": [option]} if element["type"] == "checkboxes" else {"selected_option": option}
                )
                answer = {"type": element["type"], **chosen}
            state[block["block_id"]] = {element["action_id"]: answer}
    return state


@asynccontextmanager
async def a_rig(
    redis_url: str, settings: Mapping[str, str] | None = None, config: SandboxConfig = CALM
) -> AsyncIterator[Rig]:
    """Everything, started on free ports and stopped in order. `settings` may say {square} for the square's address."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = await stack.enter_async_context(open_sandbox(None, 0, lambda _: None, config))
        more = {name: value.replace("{square}", sandbox.url) for name, value in (settings or {}).items()}
        env = {**environment(sandbox, folder), "REDIS_URL": redis_url, **FAST, **more}
        read, found = accounts.settings_of(env)
        service = await stack.enter_async_context(open_service(read, found, env, sandbox.clock))
        stop, started = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def ready(port: int) -> None:
            started.set_result(port)

        async with asyncio.TaskGroup() as group:
            running = group.create_task(serve(service, Role.ALL, stop, ready))
            try:
                await asyncio.wait({started, running}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    running.result()
                await wait_until(lambda: bool(sandbox.slack.hub.sockets.open), "the socket is up", within_s=20)
                yield Rig(sandbox, service, started.result())
            finally:
                stop.set()
