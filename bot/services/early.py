"""Words that somebody hid, or showed again, before they were told: a network's deliveries come in any order."""

from collections.abc import Sequence

from bot.domain.dead import REMEMBERED
from bot.domain.models import Hidden, Interaction
from bot.domain.ports import Notes


async def remember(notes: Notes, event: Hidden) -> None:
    """Keep it for as long as its words may still come."""
    await notes.set(_name(event, hidden=event.hidden), event.model_dump_json(), REMEMBERED)


async def told_before(notes: Notes, event: Interaction) -> Sequence[Hidden]:
    """What was told of these words before them, as of the conversation in which they stand."""
    if not event.hideable:
        return ()
    texts = await notes.get_many([_name(event, hidden=hidden) for hidden in (True, False)])
    return [Hidden.model_validate_json(text).model_copy(update={"key": event.key}) for text in texts if text]


def _name(event: Hidden | Interaction, *, hidden: bool) -> str:
    """One note for each of both, so that none of them overwrites a later other one."""
    return f"{'hidden' if hidden else 'shown'}:{event.key.counts_as(event.id)}"
