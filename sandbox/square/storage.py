"""What of the square is kept over restarts; sandbox/keeping.py writes it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from sandbox.square.ids import TidClock
from sandbox.square.model import Convo, LogEvent, Record, RefreshToken
from sandbox.square.world import World


class Saved(BaseModel):
    """What the file holds: all but the people, who come with the program."""

    version: Literal[1] = 1
    records: list[Record]
    deleted: list[Record]
    convos: list[Convo]
    log: list[LogEvent]
    seen: dict[str, datetime]
    priority_only: list[str]
    refresh_tokens: list[RefreshToken]
    last_tid: int
    rev: int
    token_round: int
    signing_key: str


def saved(world: World) -> Saved:
    """The state as the file holds it."""
    return Saved(
        records=list(world.records.values()),
        deleted=list(world.deleted.values()),
        convos=list(world.convos.values()),
        log=world.log,
        seen=world.seen,
        priority_only=sorted(world.priority_only),
        refresh_tokens=list(world.refresh_tokens.values()),
        last_tid=world.tids.last,
        rev=world.rev,
        token_round=world.token_round,
        signing_key=world.signing_key,
    )


def restore(world: World, kept: Saved) -> None:
    """Fill an empty world with what was kept."""
    for record in _of_known(kept.records, world):
        world.restore(record)
    world.deleted.update({record.uri: record for record in _of_known(kept.deleted, world)})
    world.convos.update({convo.id: convo for convo in kept.convos})
    world.log.extend(kept.log)
    world.seen.update(kept.seen)
    world.priority_only.update(kept.priority_only)
    world.refresh_tokens.update({token.id: token for token in kept.refresh_tokens})
    world.tids = TidClock(kept.last_tid)
    world.rev, world.token_round, world.signing_key = kept.rev, kept.token_round, kept.signing_key


def _of_known(records: Iterable[Record], world: World) -> Iterable[Record]:
    return (record for record in records if record.did in world.people)
