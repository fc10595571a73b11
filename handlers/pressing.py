"""What every press has in common: who pressed what where, and how the answer is shown.

The pressed message is redrawn at once through the press's own response_url, which costs nothing of the budget for
chat.update; a refusal is whispered to the person who pressed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from pydantic_core import from_json
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import ActionId, Press
from bot.cards.dialogs import case_modal, notice_modal
from bot.cards.escape import escape
from bot.cards.modal import ViewJson
from bot.cards.notice import told
from bot.domain.attempts import new_attempt
from bot.domain.case import Case, Post
from bot.domain.errors import SlackError
from bot.domain.ports import Rendered
from bot.services.casework import Outcome
from handlers.deps import Deps

OLD_CARD = "This button belongs to an older card. Please use the newest one."

log = structlog.get_logger("hark.handlers")


@dataclass(frozen=True, slots=True)
class Pressed:
    """One press: the member of staff, what the button carries, and where it stands: in a message, in a case's view that
    Home has opened, or in the More dialog."""

    user: str
    press: Press
    trigger_id: str
    response_url: str
    ts: str
    view: str = ""


Act = Callable[[Deps, Pressed], Awaitable[None]]


def on_press(app: AsyncApp, action: ActionId, deps: Deps, act: Act) -> None:
    """From now on a press of that button is acknowledged, read and acted on; that of an old card is told so."""

    @app.action(action.value)
    async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        pressed = read(body)
        if pressed is None:
            await tell(deps, body, OLD_CARD)
            return
        await act(deps, pressed)


def read(body: dict[str, Any]) -> Pressed | None:
    """The press in a block_actions payload; None when its value is not one of ours (an old or foreign card)."""
    action = body["actions"][0]
    value = action.get("selected_option", {}).get("value") if "selected_option" in action else action.get("value")
    press = Press.decode(value)
    if press is None:
        return None
    return Pressed(
        user=str(body["user"]["id"]),
        press=press,
        trigger_id=str(body.get("trigger_id", "")),
        response_url=str(body.get("response_url", "")),
        ts=str(body.get("container", {}).get("message_ts", "")),
        view=str(body.get("container", {}).get("view_id", "")),
    )


async def present(deps: Deps, pressed: Pressed, view: ViewJson) -> None:
    """Open a modal; one from which it was asked for makes room for it."""
    if pressed.view:
        await deps.slack.update_view(pressed.view, view)
    else:
        await deps.slack.open_view(pressed.trigger_id, view)


async def refuse(deps: Deps, pressed: Pressed, text: str) -> None:
    """Tell whoever pressed, and nobody else, why nothing was done."""
    if pressed.view:
        await deps.slack.update_view(pressed.view, notice_modal("Nothing was done", text))
    else:
        await whisper(deps, pressed.response_url, text)


async def show(deps: Deps, pressed: Pressed, outcome: Outcome) -> None:
    """Redraw what was pressed, and say why if nothing changed."""
    if pressed.view:
        await _show_in_view(deps, pressed.view, outcome)
        return
    if outcome.refused is not None:
        await whisper(deps, pressed.response_url, outcome.refused.text)
    if outcome.case is not None:
        await redraw(deps, pressed, outcome.case)


async def _show_in_view(deps: Deps, view_id: str, outcome: Outcome) -> None:
    said = outcome.refused.text if outcome.refused else ""
    case = outcome.case
    drawn = case_modal(case, deps.view_of(case), said) if case else notice_modal("Nothing was done", said)
    await deps.slack.update_view(view_id, drawn)


async def show_writing(deps: Deps, pressed: Pressed) -> None:
    """Tell colleagues on the card that somebody writes; where it says so already, that is not worth a word."""
    outcome = await deps.composing.writing(pressed.press.case, pressed.user)
    await show(deps, pressed, Outcome(outcome.case))


async def redraw(deps: Deps, pressed: Pressed, case: Case) -> None:
    """Draw the newest state into the pressed message, unless it shows it already."""
    post = _post(case, pressed)
    if post is None or not pressed.response_url:
        return
    rendered = deps.render(case, post)
    if rendered.digest == post.drawn:
        return
    if await replace(deps, pressed.response_url, rendered):
        await deps.drawing.remember(case, post.id, rendered.digest)
    else:
        await deps.drawing.doubt(case, post.id)


async def replace(deps: Deps, response_url: str, rendered: Rendered) -> bool:
    """Redraw the pressed message with another drawing; whether Slack took it."""
    return await _answer(
        deps,
        response_url,
        {"replace_original": True, "text": rendered.text, "blocks": rendered.blocks, "unfurl_links": False},
    )


async def whisper(deps: Deps, response_url: str, text: str) -> None:
    """Tell the person who pressed, and nobody else. Words of others may be in a refusal: they call and link nobody."""
    if response_url:
        said = {"replace_original": False, "response_type": "ephemeral", "text": escape(text)}
        await _answer(deps, response_url, said)


async def tell(deps: Deps, body: dict[str, Any], text: str) -> None:
    """Tell whoever pressed, and nobody else, what became of it: where they pressed; where that is no channel (App Home,
    a form), in a modal; where it is too late for one, in a direct message."""
    if body.get("response_url"):
        await whisper(deps, str(body["response_url"]), text)
    elif body.get("type") == "block_actions" and not _is_typing(body):
        in_form = body.get("view", {}).get("type") == "modal"
        present = deps.slack.push_view if in_form else deps.slack.open_view
        try:
            await present(str(body.get("trigger_id", "")), notice_modal("Nothing was done", text))
        except SlackError as error:
            log.warning("no modal could be opened", error=str(error))
            await _write(deps, str(body["user"]["id"]), text)


async def _write(deps: Deps, user: str, text: str) -> None:
    """A direct message in plain words."""
    message, attempt = told(text), new_attempt(deps.clock.now())
    try:
        await deps.slack.post(user, message.text, message.blocks, attempt=attempt)
    except SlackError as error:
        log.warning("a press could not be answered", user=user, text=text, error=str(error))


def _is_typing(body: dict[str, Any]) -> bool:
    """Whether a letter was typed, not a button pressed: nobody waits for an answer to that."""
    return any(action.get("action_id") == ActionId.DRAFT for action in body.get("actions", ()))


def _post(case: Case, pressed: Pressed) -> Post | None:
    """The message of the case that was pressed. A press on a copy that is not ours redraws nothing."""
    return next((post for post in case.posts if post.ts and post.ts == pressed.ts), None)


async def _answer(deps: Deps, url: str, payload: dict[str, Any]) -> bool:
    """Use a response_url (five times, for half an hour). A failure is logged: the queue draws the card soon anyway."""
    try:
        async with deps.http.post(url, json=payload) as response:
            answer = await response.read()
            if response.status == 200 and _is_yes(answer):
                return True
            log.warning("response_url refused", status=response.status, answer=str(answer[:200]))
    except (aiohttp.ClientError, TimeoutError) as error:
        log.warning("response_url out of reach", error=str(error))
    return False


def _is_yes(answer: bytes) -> bool:
    """Whether Slack did it: a no comes with HTTP 200 as well, and says so in its JSON. A yes may be the bare word."""
    try:
        body = from_json(answer)
    except ValueError:
        return answer.strip() == b"ok"
    return isinstance(body, dict) and body.get("ok") is True
