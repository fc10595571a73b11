"""What happens on the square by itself, so that a newcomer sees cards at once. All of it is invented."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from sandbox.square.people import Acts
from sandbox.square.schemas import POST


class Line(NamedTuple):
    """A post of the customer `who`, `delay_s` seconds after the one before."""

    delay_s: float
    who: str
    text: str


FIRST_VISIT = (
    Line(
        0.5,
        "rosadiaz",
        "@acme my suitcase did not arrive in Lisbon and nobody at the desk could say where it is. "
        "Two kids, no clothes for tomorrow. What now?",
    ),
    Line(
        1.5,
        "anahorvat",
        "@acme can I take a folding bike on the evening flight to Split, and what would it cost?",
    ),
    Line(
        2.0,
        "jamalreed",
        "A big thank you to the crew of yesterday's @acme flight to Oslo: my headphones stayed on the seat "
        "and they ran after me with them. Lovely people!",
    ),
)


class Sleeper(Protocol):
    """The clock to wait by."""

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""


def is_quiet(square: Acts) -> bool:
    """Whether no customer has ever posted, a post that was deleted since included."""
    brands = {person.did for person in square.world.people.values() if person.brand}
    posts = [*square.world.of_kind(POST), *square.world.deleted.values()]
    return all(post.did in brands for post in posts)


async def play(lines: Iterable[Line], square: Acts, clock: Sleeper) -> None:
    """Post one line after the other, as if the people did it now."""
    for line in lines:
        await clock.sleep(line.delay_s)
        square.post(line.who, line.text)
