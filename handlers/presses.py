"""The verbs that take one press and no form: those of claims, of sends, of what is asked to be hidden, and waking.

Where a verb makes a send, its id follows from the press, so that a delivery that Slack repeats cannot act twice.
"""

from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncApp

from bot.cards.action_ids import ActionId
from bot.services.casework import Outcome
from handlers.deps import Deps
from handlers.pressing import Act, Pressed, on_press, show, whisper

LOOKING = "Hark is looking for it now. The message above says so once it is found."

Decide = Callable[[Deps, Pressed], Awaitable[Outcome]]

VERBS: dict[ActionId, Decide] = {
    ActionId.CLAIM: lambda deps, by: deps.desk.claim(by.press.case, by.user),
    ActionId.RELEASE: lambda deps, by: deps.desk.release(by.press.case, by.user),
    ActionId.CONFIRM_CLAIM: lambda deps, by: deps.desk.confirm(by.press.case, by.user),
    ActionId.REOPEN: lambda deps, by: deps.desk.reopen(by.press.case, by.user),
    ActionId.UNDO: lambda deps, by: deps.desk.undo(by.press.case, by.press.send, by.user),
    ActionId.RETRY: lambda deps, by: deps.desk.retry(by.press.case, by.press.send, by.user),
    ActionId.HIDE_APPROVE: lambda deps, by: deps.hiding.approve(by.press.case, by.press.send, by.user),
    ActionId.HIDE_DECLINE: lambda deps, by: deps.hiding.decline(by.press.case, by.press.send, by.user),
    ActionId.UNHIDE: lambda deps, by: deps.hiding.unhide(
        by.press.case, by.press.send, by.user, f"unhide-{by.trigger_id}"
    ),
    ActionId.WAKE: lambda deps, by: deps.snoozing.wake(by.press.case, by.user),
}


def register(app: AsyncApp, deps: Deps) -> None:
    """One listener for each verb."""
    for action_id, decide in VERBS.items():
        on_press(app, action_id, deps, _shown(decide))
    on_press(app, ActionId.CHECK_SEND, deps, _check)


async def _check(deps: Deps, pressed: Pressed) -> None:
    """Look for a send at once. As long as it is not found the card stays as it is, so whoever pressed is told."""
    outcome = await deps.desk.look(pressed.press.case, pressed.press.send, pressed.user)
    await show(deps, pressed, outcome)
    if outcome.done:
        await whisper(deps, pressed.response_url, LOOKING)


def _shown(decide: Decide) -> Act:
    """Decide, redraw, whisper a refusal."""

    async def act(deps: Deps, pressed: Pressed) -> None:
        await show(deps, pressed, await decide(deps, pressed))

    return act
