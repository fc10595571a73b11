"""What nothing else listens to: buttons of older releases, events of an app that was removed, errors."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.cards.dialogs import notice_modal
from bot.cards.home import home_trouble_view
from bot.domain.errors import HarkError, SlackError
from handlers.deps import Deps
from handlers.pressing import OLD_CARD, tell

EVENT_KEPT = timedelta(hours=26)


def register_first(app: AsyncApp, deps: Deps) -> None:
    """Before all listeners: an event that Slack delivers again is answered and not acted on twice."""
    log = structlog.get_logger("hark.slack")

    @app.middleware
    async def once(
        req: AsyncBoltRequest, body: dict[str, Any], next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        del req
        event_id = body.get("event_id")
        if event_id and not await deps.notes.first_time(f"slack:{event_id}", EVENT_KEPT):
            return BoltResponse(status=200, body="")
        return await next_()

    @app.error
    async def failed(error: Exception, body: dict[str, Any]) -> None:
        kind = body.get("type") or body.get("command") or "?"
        if isinstance(error, HarkError):
            log.warning("press failed", kind=kind, error=str(error))
        else:
            log.error("press failed", kind=kind, exc_info=error)
        if body.get("event", {}).get("type") == "app_home_opened":
            with suppress(SlackError):  # who is away does not show it either
                await deps.slack.publish_home(str(body["event"]["user"]), home_trouble_view())
        else:
            await tell(deps, body, "Hark could not do that just now. Nothing was sent; please try again.")


def register_last(app: AsyncApp, deps: Deps) -> None:
    """After all listeners: whatever is left is answered politely."""
    log = structlog.get_logger("hark.slack")

    @app.action(re.compile(".*"))
    async def old_button(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await tell(deps, body, OLD_CARD)

    @app.view(re.compile(".*"))
    async def old_form(ack: AsyncAck) -> None:
        text = "This form belongs to an older version of Hark. Please open it again from the card."
        await ack(response_action="update", view=notice_modal("This form is old", text))

    @app.view_closed(re.compile(".*"))
    async def closed(ack: AsyncAck) -> None:
        await ack()

    @app.event(re.compile("app_uninstalled|tokens_revoked"))
    async def removed(event: dict[str, Any]) -> None:
        log.error("Slack removed this app or its token", event=event.get("type"))
