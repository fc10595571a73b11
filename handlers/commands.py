"""/hark: what waits, what is mine, how fast we were, what customers write about, a known problem, help."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import StormPress
from bot.cards.commands import SHOWN, help_reply, mine_reply, queue_reply, refusal_reply
from bot.cards.lists import listed
from bot.cards.speed import speed_reply
from bot.cards.topics import topics_reply
from bot.domain.ports import Rendered
from bot.domain.storm_ports import STORM
from bot.services.speed import MOST_DAYS, USUAL_DAYS
from handlers.deps import Deps
from handlers.storm import show_problem_form

CHOICES = {"": USUAL_DAYS} | {str(days): days for days in range(1, MOST_DAYS + 1)}
"""What may follow /hark speed and /hark topics."""


def register(app: AsyncApp, deps: Deps) -> None:
    """The one slash command."""

    @app.command("/hark")
    async def hark(ack: AsyncAck, command: dict[str, Any]) -> None:
        word = str(command.get("text") or "").strip().lower()
        if word == "problem":
            await ack()
            await _open_problem_form(deps, str(command["trigger_id"]), str(command["channel_id"]))
            return
        reply = await _reply(deps, str(command["user_id"]), word)
        await ack(response_type="ephemeral", text=reply.text, blocks=reply.blocks)


async def _reply(deps: Deps, user: str, word: str) -> Rendered:
    if word == "queue":
        waiting = await deps.cases.waiting(SHOWN)
        return queue_reply(listed(waiting, deps.view_of), await deps.cases.count_waiting())
    if word == "mine":
        mine = await deps.cases.claimed_by(user, SHOWN)
        return mine_reply(listed(mine, deps.view_of), await deps.cases.count_claimed_by(user))
    verb, _, days = word.partition(" ")
    if verb in ("speed", "topics"):
        return await _figures(deps, verb, days.strip())
    return help_reply("" if word in ("", "help") else word)


async def _open_problem_form(deps: Deps, trigger_id: str, here: str) -> None:
    """The form that a storm card opens, at any time: for the cases of the channel where it is asked for, or of the
    team's own if it is asked for elsewhere."""
    channels = deps.policy.channels
    press = StormPress(channel=here if here in channels else channels[0], group=STORM)
    await show_problem_form(deps, trigger_id, press, await deps.storms.suggested(press.channel))


async def _figures(deps: Deps, verb: str, days: str) -> Rendered:
    """How fast customers were answered, or what they wrote about, in so many days."""
    wanted = CHOICES.get(days)
    if wanted is None:
        return refusal_reply(f"I can tell of 1 to {MOST_DAYS} days, such as: /hark {verb} {MOST_DAYS - 1}")
    if verb == "topics":
        return topics_reply(await deps.speeds.topics(wanted))
    return speed_reply(await deps.speeds.of(wanted), deps.titles)
