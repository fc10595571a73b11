"""Who may press: people of the company, nobody from outside.

A channel can be shared with another company (Slack Connect). Its people see the cards, and Slack delivers what they
press like anybody's press: each would speak in the company's name. `user.team_id` of the payload is the workspace of
whoever pressed, `team.id` that of the app (https://github.com/slackapi/java-slack-sdk/issues/1041). In an organisation
with several workspaces the two may differ for a colleague: there Slack is asked whose the person is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.domain.errors import SlackError, SlackRefused
from bot.slack.gateway import Member
from handlers.deps import Deps
from handlers.pressing import tell

LOOK_S: Final = 2.0
"""A form is to be answered within three seconds, or Slack says that it failed while its case goes to somebody."""
NOT_YOURS = "Only people of the company whose card this is can act on it. Nothing was done."


def register(app: AsyncApp, deps: Deps) -> None:
    """Before all listeners: what an outsider pressed is answered, and not done."""
    log = structlog.get_logger("hark.slack")

    @app.middleware
    async def members_only(body: dict[str, Any], next_: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse | None:
        if not await _is_outside(deps, body):
            return await next_()
        log.warning("press from outside refused", user=body["user"]["id"], team=body["user"]["team_id"])
        await tell(deps, body, NOT_YOURS)
        return BoltResponse(status=200, body="")


async def unfit(deps: Deps, user: str, body: dict[str, Any]) -> str:
    """Why a case cannot be given to whom somebody chose, in words; empty when it can. Then both names are known."""
    try:
        async with asyncio.timeout(LOOK_S):
            why = _why_unfit(await deps.slack.member(user), body)
            if not why:
                await asyncio.gather(deps.people.who(user), deps.people.who(str(body["user"]["id"])))
    except SlackRefused:
        return "Slack does not know this person. Choose somebody else."
    except (SlackError, TimeoutError):
        return "Slack does not say who this is just now. Try again in a moment."
    return why


def _why_unfit(member: Member, body: dict[str, Any]) -> str:
    organisation = _team(body, "enterprise", "id")
    ours = member.team == _team(body, "team", "id") or (organisation and member.organisation == organisation)
    if not ours:
        return "They are not of this company. Choose somebody of your own team."
    return "" if member.is_person else "Nobody would read that there: choose a person who works here."


async def _is_outside(deps: Deps, body: dict[str, Any]) -> bool:
    """Whether a press or a form comes from somebody of another company. Raises SlackError."""
    home, ours = _team(body, "user", "team_id"), _team(body, "team", "id")
    if not home or home == ours:
        return False
    organisation = _team(body, "enterprise", "id")
    return not organisation or await deps.slack.organisation_of(body["user"]["id"]) != organisation


def _team(body: dict[str, Any], part: str, name: str) -> str:
    """An id in a part of a payload; empty where there is no such part (in an event, in a command)."""
    found = body.get(part)
    return str(found.get(name) or "") if isinstance(found, dict) else ""
