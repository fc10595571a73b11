"""/hark: what waits, what is mine, help."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.commands import help_reply, mine_reply, queue_reply
from bot.cards.lists import listed
from bot.domain.ports import Rendered
from handlers.deps import Deps

SHOWN = 200


def register(app: AsyncApp, deps: Deps) -> None:
    """The one slash command."""

    @app.command("/hark")
    async def hark(ack: AsyncAck, command: dict[str, Any]) -> None:
        reply = await _reply(deps, str(command["user_id"]), str(command.get("text") or "").strip().lower())
        await ack(response_type="ephemeral", text=reply.text, blocks=reply.blocks)


async def _reply(deps: Deps, user: str, word: str) -> Rendered:
    if word == "queue":
        waiting = await deps.cases.waiting(SHOWN)
        return queue_reply(listed(waiting, deps.view_of), await deps.cases.count_waiting())
    if word == "mine":
        mine = await deps.cases.claimed_by(user, SHOWN)
        return mine_reply(listed(mine, deps.view_of), await deps.cases.count_claimed_by(user))
    return help_reply("" if word in ("", "help") else word)
