"""Whose turn it is to be looked at again: the newest every time, all the others one part after the other."""

from dataclasses import dataclass

from bot.domain.case import Case
from bot.domain.network import ConnectorPort
from bot.domain.ports import Cases
from bot.domain.receiving import ITEMS_KEPT

CASES = 50
"""So many open cases are read from one place on; each of them may have many interactions, or none that counts."""

Refs = dict[tuple[str, str], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one round looks at, and the place (see `Cases.open_after`) from which the next one goes on."""

    refs: list[dict[str, str]]
    place: str


async def next_turn(cases: Cases, connector: ConnectorPort, place: str) -> Turn:
    """The newest interactions of an account's open cases, and those whose turn it is from a place on: never more than
    the connector looks at in one round. From the end the turns begin again with the newest case."""
    here, room = (connector.network, connector.account), connector.rechecks
    newest = await cases.open_after(*here, "", CASES)
    rest = await cases.open_after(*here, place, CASES) if place else newest
    wanted = _first(newest, room - max(room // 2, ITEMS_KEPT))
    begun = place
    for at, case in rest:
        more = wanted | _refs(case)
        if len(more) > room and place != begun:
            return Turn(list(wanted.values()), place)
        wanted, place = more, at
    return Turn(list(wanted.values()), place if len(rest) == CASES else "")


def _first(cases: list[tuple[str, Case | None]], most: int) -> Refs:
    """The newest interactions of the newest cases."""
    found: Refs = {}
    for _, case in cases:
        found |= _refs(case)
    return dict(list(found.items())[: max(most, 0)])


def _refs(case: Case | None) -> Refs:
    """What can be looked at of a case, the newest first; private words are not looked at on any network."""
    items = [item for item in reversed(case.items) if not item.deleted and not item.private] if case else []
    return {(case.id, item.id): {**item.ref, "id": item.id, "version": item.version} for item in items if case}
