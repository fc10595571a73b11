"""The channels in which cards stand: those of the Page have one of their own, where both versions know of routes."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from bot.domain.case import Case
from sandbox.demo import Sandbox
from sandbox.slack.model import Message
from tests.support.rig import CARE, Scene

PAGE: Final = "C0PAGE0001"
ROUTES: Final = f"facebook={PAGE}"


def open_second(sandbox: Sandbox) -> None:
    """Make the Page's channel, with everybody in it."""
    workspace = sandbox.slack.workspace
    workspace.add_channel(PAGE, "page", workspace.conversations[CARE].members)


def rooms(sandbox: Sandbox) -> list[str]:
    """All channels with cards."""
    return [each for each in (CARE, PAGE) if each in sandbox.slack.workspace.conversations]


def messages(sandbox: Sandbox) -> list[Message]:
    """What stands in any of them."""
    return [message for room in rooms(sandbox) for message in sandbox.slack.messages(room)]


def cards(sandbox: Sandbox) -> list[Message]:
    """The cards in all of them."""
    return [card for room in rooms(sandbox) for card in Scene(sandbox).cards(room)]


def room_of(sandbox: Sandbox, ts: str) -> str:
    """Where a message stands. Raises LookupError for one that is gone."""
    conversations = sandbox.slack.workspace.conversations
    for room in rooms(sandbox):
        if ts in conversations[room].messages:
            return room
    raise LookupError(ts)


def astray(cases: Iterable[Case], there: Collection[str]) -> Iterator[str]:
    """Cards that stand in another channel than their own, of those that are there."""
    for case in cases:
        own = PAGE if case.key.network == "facebook" and PAGE in there else CARE
        if case.card and case.card.ts and case.card.place != own:
            yield f"astray: the card of case {case.id} of {case.key.network} stands in {case.card.place}"
