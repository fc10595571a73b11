"""What of the local Slack is kept over restarts; sandbox/keeping.py writes it.

Kept: conversations with their messages, threads and read marks, the Home views, and the counters behind ids. Not kept:
ephemeral messages, open modals, notifications, errors on a screen, and the rights of an interaction that is over.
"""

from dataclasses import replace
from typing import Final, Literal, Self

from pydantic import BaseModel, model_validator

from sandbox.slack.base import Json
from sandbox.slack.model import Conversation
from sandbox.slack.triggers import Grants
from sandbox.slack.view_store import Views
from sandbox.slack.workspace import Workspace

# More ids than a run hands out between its last save and a kill: the app drops an event whose id it has seen before.
SERIAL_GAP: Final = 10_000


class Saved(BaseModel):
    """What the file holds: all but the people, who come with the program."""

    version: Literal[1] = 1
    conversations: list[Conversation]
    homes: dict[str, Json]
    last_micros: int
    serial: int
    grant_serial: int

    @model_validator(mode="after")
    def _threads_are_whole(self) -> Self:
        for channel in self.conversations:
            for message in channel.messages.values():
                if any(ts not in channel.messages for ts in message.replies):
                    raise ValueError(f"the thread of {message.ts} in {channel.id} has lost a reply")
        return self


def saved(workspace: Workspace, views: Views, grants: Grants) -> Saved:
    """The state as the file holds it."""
    return Saved.model_construct(
        conversations=[replace(channel, ephemerals={}) for channel in workspace.conversations.values()],
        homes=views.homes,
        last_micros=workspace.last_micros,
        serial=workspace.serial,
        grant_serial=grants.serial,
    )


def restore(kept: Saved, workspace: Workspace, views: Views, grants: Grants) -> None:
    """Put what was kept into a fresh workspace; conversations with people who are no longer there stay away."""
    known = workspace.users.keys()
    workspace.restore(channel for channel in kept.conversations if channel.members <= known)
    views.homes.update({user: view for user, view in kept.homes.items() if user in known})
    workspace.last_micros = max(workspace.last_micros, kept.last_micros)
    workspace.serial = kept.serial + SERIAL_GAP
    grants.serial = kept.grant_serial + SERIAL_GAP
