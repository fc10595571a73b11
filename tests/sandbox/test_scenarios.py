"""What happens on the square by itself."""

from bot.domain.text.triage import Triage
from sandbox.scenarios import FIRST_VISIT, is_quiet, play
from sandbox.square.config import SquareConfig
from sandbox.square.square import SquareSandbox
from tests.support.square_sandbox import POST, SquareClock, running_square


class Impatient:
    """A clock that notes how long it was asked to wait."""

    def __init__(self) -> None:
        """No wait yet."""
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Note it."""
        self.waits.append(seconds)


async def test_the_first_visit_is_posted_line_by_line() -> None:
    """The customers post in order, each after its delay, with the brand's handle written out."""
    async with running_square(SquareConfig(seeded=False)) as (client, _):
        clock = Impatient()
        await play(FIRST_VISIT, client.square, clock)
        posts = list(client.square.world.of_kind(POST))
        assert [post.did for post in posts] == [client.square.who(line.who).did for line in FIRST_VISIT]
        assert all("@acme.square.test" in post.value["text"] for post in posts)
        assert clock.waits == [line.delay_s for line in FIRST_VISIT]
        assert sum(clock.waits) < 5


def test_the_first_visit_shows_three_kinds_of_card() -> None:
    """A complaint, a question and praise, as Hark itself reads them; only the complaint is urgent."""
    triage = Triage.load()
    read = [triage.read(line.text) for line in FIRST_VISIT]
    assert [each.intent for each in read] == ["complaint", "question", "praise"]
    assert [each.urgency for each in read][1:] == [0, 0]


async def test_a_square_where_a_customer_has_posted_is_not_quiet() -> None:
    """The brand's own posts do not count; a customer's does, also after it was deleted."""
    square = SquareSandbox(SquareClock())
    square.open()
    assert is_quiet(square)
    post = square.post("tombecker", "Hello")
    assert not is_quiet(square)
    square.delete(post.uri)
    assert not is_quiet(square)
    square.close()
