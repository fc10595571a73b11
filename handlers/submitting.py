"""What every form has in common: what comes back in it, and how it is answered."""

from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.cards.action_ids import InputId, ModalState
from bot.cards.dialogs import notice_modal
from bot.cards.modal import Submitted, submitted
from bot.domain.decisions import Refused


@dataclass(frozen=True, slots=True)
class Form:
    """A form that somebody submitted: what it remembers, and what was typed and chosen in it."""

    user: str
    state: ModalState
    typed: Submitted


def form_of(body: dict[str, Any]) -> Form:
    """The form in a view_submission payload."""
    return Form(str(body["user"]["id"]), state_of(body), typed_in(body))


def state_of(body: dict[str, Any]) -> ModalState:
    """What a form remembers: nothing, and so no case, where another version opened it."""
    return ModalState.decode(body["view"].get("private_metadata")) or ModalState()


def typed_in(body: dict[str, Any]) -> Submitted:
    """What was typed and chosen in a form."""
    return submitted(body["view"]["state"]["values"])


async def wrong(ack: AsyncAck, field: InputId, text: str) -> None:
    """Say so below a field: all that was typed stays there."""
    await ack(response_action="errors", errors={field.value: text})


async def finish(ack: AsyncAck, refused: Refused | None, title: str, *, below: InputId | None = None) -> None:
    """Close the form, for what it asked is done. A refusal stands `below` the field in which something was typed, so
    that it is not lost; in the form's place where nothing was."""
    if refused is None:
        await ack()
    elif below is not None:
        await wrong(ack, below, f"{title}: {refused.text}")
    else:
        await instead(ack, title, refused.text)


async def instead(ack: AsyncAck, title: str, text: str) -> None:
    """Show a notice in the place of the form, and of all that was typed."""
    await ack(response_action="update", view=notice_modal(title, text))
