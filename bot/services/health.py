"""How an account is doing: one fact for each of its sources, put together when somebody looks.

Every source is polled under a lease of its own, so each fact has one writer at a time and none hides another's trouble.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from pydantic import AwareDatetime, ValidationError

from bot.domain.models import Health, Model
from bot.domain.network import ConnectorPort
from bot.domain.ports import Notes

CHECK: Final = "check"
RECHECK: Final = "recheck"
SENDS: Final = "sends"
KEPT: Final = timedelta(days=7)
WEIGHTS: Final[Mapping[str, int]] = MappingProxyType({SENDS: 0, CHECK: 1})
"""Whose good word tells least; what is polled tells most."""
NOTHING_YET: Final = Health(ok=True, summary="nothing has come in yet")


class Fact(Model):
    """What was last learnt from one source."""

    source: str
    health: Health
    at: AwareDatetime


async def note(notes: Notes, connector: ConnectorPort, source: str, health: Health, now: datetime) -> None:
    """Keep what was learnt from a source; it takes the place of what was learnt from it before."""
    fact = Fact(source=source, health=health, at=now)
    await notes.set(_name(connector, source), fact.model_dump_json(), KEPT)


async def read(notes: Notes, connector: ConnectorPort) -> Health:
    """How the account is doing now."""
    names = (*connector.sources(), RECHECK, CHECK, SENDS)
    found = await notes.get_many([_name(connector, name) for name in names])
    return together([fact for text in found if text and (fact := _fact(text))])


def together(facts: Sequence[Fact]) -> Health:
    """What is wrong, each thing once, if anything is; else the newest good word. The earliest end is kept.

    A failed answer of ours counts only until a later check found all well: nobody may send anything for days.
    """
    if not facts:
        return NOTHING_YET
    checked = max((fact.at for fact in facts if fact.source == CHECK and fact.health.ok), default=None)
    wrong = [fact for fact in facts if not fact.health.ok and not _is_over(fact, checked)]
    good = [fact for fact in facts if fact.health.ok]
    return Health(
        ok=not wrong,
        summary=_joined(fact.health.summary for fact in wrong or [max(good, key=_weight)]),
        mend=_joined(fact.health.mend for fact in wrong or good),
        expires_at=min((fact.health.expires_at for fact in facts if fact.health.expires_at), default=None),
    )


def _is_over(fact: Fact, checked: datetime | None) -> bool:
    return fact.source == SENDS and checked is not None and checked > fact.at


def _weight(fact: Fact) -> tuple[int, datetime]:
    """What is shown of the good words: the newest of a poll, or of the check where nothing is polled."""
    return WEIGHTS.get(fact.source, 2), fact.at


def _joined(texts: Iterable[str]) -> str:
    return " · ".join(dict.fromkeys(text for text in texts if text))


def _name(connector: ConnectorPort, source: str) -> str:
    return f"health:{connector.network}/{connector.account}/{source}"


def _fact(text: str) -> Fact | None:
    try:
        return Fact.model_validate_json(text)
    except ValidationError:
        return None
