"""What the verbs of the desk are given in one process, on a real store and with a Slack that only knows names."""

from bot.services.casework import Casework
from bot.services.desk_context import DeskContext
from bot.services.people import People
from bot.store.store import Store
from tests.support.policies import a_policy
from tests.support.stores import TestClock


class Names:
    """Knows everybody by one name."""

    async def name_of(self, user: str) -> str:
        """That name."""
        return f"Name of {user}"


def a_context(store: Store, clock: TestClock | None = None) -> DeskContext:
    """What one process has."""
    clock = clock or TestClock()
    people = People(store.notes, Names())
    return DeskContext(Casework(store.cases, clock), people, store.notes, {}, a_policy(), clock)
