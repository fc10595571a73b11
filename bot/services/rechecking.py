"""Whose turn it is to be looked at again: the newest every time, all the others one part after the other."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.case import Case
from bot.domain.network import ConnectorPort
from bot.domain.ports import Cases
from bot.domain.receiving import ITEMS_KEPT

CASES = 50
"""So many open cases are read at once; each of them may have many interactions, or none that counts."""
READS = 4
"""So often at most is read on where few of them have any."""

Refs = dict[tuple[str, str], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one round looks at, and the place (see `Cases.open_after`) from which the next one goes on."""

    refs: list[dict[str, str]]
    place: str


async def next_turn(cases: Cases, connector: ConnectorPort, place: str, now: datetime) -> Turn:
    """The newest interactions of an account's open cases, and those whose turn it is from a place on: never more than
    the connector looks at in one round. From the end the turns begin again with the newest case."""
    here, room, since = (connector.network, connector.account), connector.rechecks, now - connector.rechecks_for
    newest = await cases.open_after(*here, "", CASES)
    wanted = _first(newest, room - max(room // 2, ITEMS_KEPT), since)
    begun = place
    for _ in range(READS):
        rest = await cases.open_after(*here, place, CASES) if place else newest
        for at, case in rest:
            more = wanted | _refs(case, since)
            if len(more) > room and place != begun:
                return Turn(list(wanted.values()), place)
            wanted, place = more, at
        if len(rest) < CASES:
            return Turn(list(wanted.values()), "")
    return Turn(list(wanted.values()), place)


def _first(cases: list[tuple[str, Case | None]], most: int, since: datetime) -> Refs:
    """The newest interactions of the newest cases."""
    found: Refs = {}
    for _, case in cases:
        found |= _refs(case, since)
    return dict(list(found.items())[: max(most, 0)])


def _refs(case: Case | None, since: datetime) -> Refs:
    """What can be looked at of a case, the newest first; private words are not looked at on any network."""
    if case is None:
        return {}
    items = [each for each in reversed(case.items) if each.posted_at >= since and not each.deleted and not each.private]
    return {(case.id, item.id): {**item.ref, "id": item.id, "version": item.version} for item in items}
