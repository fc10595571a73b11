"""Erasing a customer in a test: on a clock that need not be waited for, with others who act meanwhile."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.cards.view import Rendered
from bot.domain.case import Case
from bot.domain.decisions import Change, Decide
from bot.domain.erasing import Remains
from bot.domain.posting import with_line
from bot.domain.reading import Reading
from bot.services.casework import Casework
from bot.services.erasing import Erasing, Report
from bot.services.erasing_slack import SlackErasing
from bot.services.hourly import Hourly
from bot.services.once import Once
from bot.services.speed import Speeds
from bot.store.erasing import Found, RedisErasing
from bot.store.storms import RedisStorms
from sandbox.slack.workspace import BEN, CARE
from tests.support.boards import Board
from tests.support.cases import CARLA
from tests.support.policies import a_policy
from tests.support.stores import TestClock

DORA = CARLA.model_copy(update={"id": "did:plc:dora", "handle": "dora.example", "name": "Dora"})
Act = Callable[[], Awaitable[object]]


@dataclass
class Passing(TestClock):
    """A clock on which sleeping takes no time, and during whose sleeps others act."""

    clock: TestClock
    meanwhile: list[Act] = field(default_factory=list)
    slept: float = 0.0

    def now(self) -> Any:
        """The board's time."""
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept += seconds
        self.clock.advance(timedelta(seconds=seconds))
        if self.meanwhile:
            await self.meanwhile.pop(0)()


def _read(_text: str) -> Reading:
    """Nothing is read here."""
    return Reading()


def _never(_hour: object) -> Rendered:
    """The hourly message is not drawn here."""
    raise AssertionError


async def erase(
    board: Board,
    who: str = "carla.example",
    *meanwhile: Act,
    erasing_store: RedisErasing | None = None,
    storms: RedisStorms | None = None,
) -> tuple[Report, float]:
    """Look and erase; the report, and for how many seconds was waited."""
    store, clock = board.store, Passing(board.clock, list(meanwhile))
    casework, slack = Casework(store.cases, clock), SlackErasing(board.gateway, clock)
    policy = a_policy(channel=CARE)
    speeds = Speeds(store.speed, [], policy.calendar, clock)
    hourly = Hourly(store.cases, speeds, store.notes, Once(board.gateway, clock), _never, policy, clock)
    erasing = Erasing(
        erasing_store or store.erasing,
        casework,
        hourly,
        store.timers,
        storms or store.storms,
        slack,
        _read,
        clock,
        (CARE, BEN),
        lambda _text: None,
    )
    return await erasing.erase(await erasing.look("square", who)), clock.slept


def saying(number: int, words: str) -> Decide:
    """A line is wanted in the thread."""
    return lambda case: Change(case=with_line(case, f"item:{number}", words))


@dataclass(frozen=True, slots=True)
class Meanwhile(RedisErasing):
    """A store with which others act: once Slack was looked through and nothing is taken out of any case yet, and once a
    case was read and is to be erased as it was."""

    looked: list[Act] = field(default_factory=list)
    read_it: list[Act] = field(default_factory=list)

    async def drop_letters(self, letters: Sequence[tuple[int, str]]) -> None:
        """Let them act."""
        await RedisErasing.drop_letters(self, letters)
        while self.looked:
            await self.looked.pop()()

    async def forget(self, case: Case, remains: Remains, found: Found) -> bool:
        """Let them act, then erase."""
        while self.read_it:
            await self.read_it.pop()()
        return await RedisErasing.forget(self, case, remains, found)


def meanwhile(board: Board, *, looked: Sequence[Act] = (), read_it: Sequence[Act] = ()) -> Meanwhile:
    """The store of the board, with which others act."""
    ours = board.store.erasing
    return Meanwhile(ours.link, ours.keys, ours.scripts, list(looked), list(read_it))
