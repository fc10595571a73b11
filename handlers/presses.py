"""The verbs that take one press and no modal: claim, release, still on it, reopen, undo, retry, check."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import ActionId
from bot.services.casework import Outcome
from handlers.deps import Deps
from handlers.pressing import OLD_CARD, Pressed, read, show, whisper

Verb = Callable[[Deps, Pressed], Awaitable[Outcome]]

VERBS: dict[ActionId, Verb] = {
    ActionId.CLAIM: lambda deps, by: deps.desk.claim(by.press.case, by.user),
    ActionId.RELEASE: lambda deps, by: deps.desk.release(by.press.case, by.user),
    ActionId.CONFIRM_CLAIM: lambda deps, by: deps.desk.confirm(by.press.case, by.user),
    ActionId.REOPEN: lambda deps, by: deps.desk.reopen(by.press.case, by.user),
    ActionId.UNDO: lambda deps, by: deps.desk.undo(by.press.case, by.press.send, by.user),
    ActionId.RETRY: lambda deps, by: deps.desk.retry(by.press.case, by.press.send, by.user),
    ActionId.CHECK_SEND: lambda deps, by: deps.desk.retry(by.press.case, by.press.send, by.user),
}


def register(app: AsyncApp, deps: Deps) -> None:
    """One listener for each verb."""
    for action_id, verb in VERBS.items():
        app.action(action_id.value)(listener(deps, verb))


def listener(deps: Deps, verb: Verb) -> Callable[..., Awaitable[None]]:
    """What runs when a button of that verb is pressed: act, redraw, whisper a refusal."""

    async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        pressed = read(body)
        if pressed is None:
            await whisper(deps, str(body.get("response_url", "")), OLD_CARD)
            return
        await show(deps, pressed, await verb(deps, pressed))

    return listen
