"""The bot as a real process of its own that kills itself (SIGKILL) at a named point, and is started again.

The process is composed as `python -m bot run` does it. Production code has no hook for this: the launcher wraps methods
of the ports (store, Slack, connector) in the process that is to die. Python's fork server imports the bot once, so
that each start takes a moment only.
"""

import asyncio
import functools
import inspect
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from bot import accounts
from bot.app import open_service
from bot.clock import SystemClock
from bot.domain.case import Case, SendState
from bot.domain.ports import Commit
from bot.roles import Role, serve
from bot.secrecy import set_up_logging
from bot.services.tempo import Tempo
from bot.slack.gateway import USER_ID, SlackGateway
from bot.store.cases import RedisCases
from bot.store.due import RedisDueQueue
from bot.store.inbox import RedisInbox
from bot.store.keys import CARDS, SENDS
from bot.store.notes import RedisNotes
from connectors.bluesky.connector import BlueskyConnector
from sandbox.demo import Sandbox

CONTEXT = multiprocessing.get_context("forkserver")
TEMPO = Tempo(lease=timedelta(seconds=2), takeover=timedelta(seconds=1))
PAST_LEASES_S = 61
"""Longer than the time that a call to a network may take."""
STOP_S = 15.0

Said = Mapping[str, Any]
"""The arguments of a call, by name."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place to die: right after this method of this port answered, if what was said and answered fits."""

    owner: type
    method: str
    fits: Callable[[Said, Any], bool]
    always: bool = False
    """Each time anew, not once in all its lives."""


def committed(fits: Callable[[Case | None, Case], bool]) -> Point:
    """Right after a commit that changed a case in this way."""

    def done(said: Said, answer: Any) -> bool:
        commit: Commit = said["commit"]
        return answer == "committed" and fits(commit.before, commit.after)

    return Point(RedisCases, "commit", done)


def reached(state: SendState, *, private: bool = False) -> Point:
    """Right after the commit that says that a send is in this state."""

    def fits(before: Case | None, after: Case) -> bool:
        old = {send.id: send.state for send in before.sends} if before else {}
        return any(
            send.state is state and send.private is private and old.get(send.id) is not state for send in after.sends
        )

    return committed(fits)


def posted(fits: Callable[[Said], bool]) -> Point:
    """Right after Slack took a message."""
    return Point(SlackGateway, "post", lambda said, _answer: fits(said))


def cares(said: Said) -> bool:
    """Whether a message goes to a channel, at its top level."""
    return not said.get("thread_ts") and not USER_ID.fullmatch(said["channel"])


def warned(case: Case | None) -> bool:
    """Whether a warning of the running promise has been given."""
    return bool(case and case.wait and case.wait.warned)


DEADLY: Final = "this kills"
"""Words of a customer of which every process dies that is notified of them; a search may find them, too."""
DEADLY_CARD: Final = "this card kills"
"""Words of a customer of which every process dies that updates their card."""
POISON = Point(
    BlueskyConnector,
    "received",
    lambda said, _answer: said["raw"].source == "notifications" and DEADLY.encode() in said["raw"].body,
    always=True,
)
POISONED_CARD = Point(SlackGateway, "update", lambda said, _answer: DEADLY_CARD in str(said["blocks"]), always=True)
POINTS: Mapping[str, Point] = {
    "page stored, poll not given back": Point(
        RedisInbox, "put_page", lambda said, _new: any(b"bag is lost" in raw.body for _, raw in said["items"])
    ),
    "delivery taken, nothing committed": Point(RedisInbox, "take", lambda _said, taken: bool(taken)),
    "case committed, delivery not done": committed(lambda before, _after: before is None),
    "attempt noted, card not posted": committed(
        lambda before, after: (
            bool(after.card and after.card.attempt) and not (before and before.card and before.card.attempt)
        )
    ),
    "card posted, not recorded": posted(lambda said: cares(said) and "lost" in str(said["blocks"])),
    "card recorded, draw not done": committed(
        lambda before, after: bool(after.card and after.card.ts) and not (before and before.card and before.card.ts)
    ),
    "claim committed, card not redrawn": committed(
        lambda before, after: after.claim is not None and (before is None or before.claim is None)
    ),
    "modal opened, nobody writing yet": Point(SlackGateway, "open_view", lambda _said, _answer: True),
    "reply queued, modal not answered": reached(SendState.QUEUED),
    "draft forgotten, modal not answered": Point(RedisNotes, "forget_drafts", lambda _said, _answer: True),
    "send taken, nothing begun": Point(
        RedisDueQueue, "exchange", lambda said, taken: bool(taken) and said["self"].name == SENDS
    ),
    "sending noted, network not called": reached(SendState.SENDING),
    "reply stands, not recorded": Point(BlueskyConnector, "send", lambda said, _sent: not said["send"].private),
    "sent recorded, not read back": reached(SendState.SENT),
    "read back, not recorded": Point(BlueskyConnector, "read_back", lambda _said, found: found is not None),
    "card updated, not recorded": Point(SlackGateway, "update", lambda _said, _answer: True),
    "follow-up committed, delivery not done": committed(
        lambda before, after: before is not None and after.item_count > before.item_count
    ),
    "line posted, not recorded": posted(lambda said: bool(said.get("thread_ts"))),
    "draw taken, nothing drawn": Point(
        RedisDueQueue, "exchange", lambda said, taken: bool(taken) and said["self"].name == CARDS
    ),
    "timer fired, not done": committed(lambda before, after: warned(after) and not warned(before)),
    "alert posted, not recorded": posted(lambda said: bool(USER_ID.fullmatch(said["channel"]))),
    "hourly message posted, not recorded": posted(lambda said: cares(said) and "lost" not in said["text"]),
    "private message noted, network not called": reached(SendState.SENDING, private=True),
    "private message stands, not recorded": Point(BlueskyConnector, "send", lambda said, _sent: said["send"].private),
    "private conversation joined, not recorded": Point(
        RedisNotes, "set", lambda said, _answer: said["name"].startswith("alias:")
    ),
    "closing word queued, case not closed": committed(
        lambda _before, after: any(send.closes_loop for send in after.sends) and after.is_open
    ),
    "case closed, form not answered": committed(lambda _before, after: not after.is_open),
}


class FileClock:
    """The sandbox's clock as another process reads it: real time plus what is skipped by the file's word."""

    def __init__(self, state_file: Path) -> None:
        self._system = SystemClock()
        self._state_file = state_file

    @property
    def _offset_s(self) -> float:
        return float(json.loads(self._state_file.read_text())["offset_s"])

    def now(self) -> datetime:
        """The present in the sandbox."""
        return self._system.now() + timedelta(seconds=self._offset_s)

    def monotonic(self) -> float:
        """Real seconds, which a skip does not touch."""
        return self._system.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait really: nobody tells another process of a skip."""
        await self._system.sleep(seconds)


def live(env: dict[str, str], folder: Path, point: str) -> None:
    """Be the bot: what the new process runs. With a `point` it dies there, once in all its lives; of poison always."""
    with (folder / "bot.log").open("ab", buffering=0) as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    for number, poison in enumerate((POISON, POISONED_CARD)):
        _arm(poison, folder / f"poisoned-{number}")
    if point:
        _arm(POINTS[point], folder / "fired")
    asyncio.run(_serve(env, FileClock(folder / "clock.json")))


async def _serve(env: dict[str, str], clock: FileClock) -> None:
    settings, found = accounts.settings_of(env)
    set_up_logging(settings, found)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_service(settings, found, env, clock, TEMPO) as service:
        await serve(service, Role.ALL, stop)


def _arm(point: Point, fired: Path) -> None:
    original = getattr(point.owner, point.method)
    signature = inspect.signature(original)

    def die() -> None:
        if point.always or not fired.exists():
            fired.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(original)
    async def deadly(*args: Any, **more: Any) -> Any:
        answer = await original(*args, **more)
        if point.fits(signature.bind(*args, **more).arguments, answer):
            die()
        return answer

    setattr(point.owner, point.method, deadly)


@dataclass
class Mortal:
    """The bot's process, kept alive: whoever dies by SIGKILL is started again, once the dead one's leases are over."""

    sandbox: Sandbox
    env: dict[str, str]
    folder: Path
    point: str = ""
    deaths: int = 0
    endings: list[int] = field(default_factory=list)
    _process: ForkServerProcess | None = None

    def start(self) -> None:
        """Start the next life."""
        loop = asyncio.get_running_loop()
        CONTEXT.set_forkserver_preload([__name__])
        self._process = process = CONTEXT.Process(target=live, args=(self.env, self.folder, self.point), daemon=True)
        process.start()
        loop.add_reader(process.sentinel, self._ended, process)

    def kill(self) -> None:
        """Kill it from outside, as `kill -9` does."""
        assert self._process is not None
        self._process.kill()

    def end(self) -> None:
        """Ask it to stop."""
        assert self._process is not None
        self._process.terminate()

    def _ended(self, process: ForkServerProcess) -> None:
        asyncio.get_running_loop().remove_reader(process.sentinel)
        process.join(STOP_S)
        code = process.exitcode
        process.close()
        self._process = None
        if code == -signal.SIGKILL:
            self.deaths += 1
            self.sandbox.clock.skip(PAST_LEASES_S)
            self.start()
        else:
            self.endings.append(code if code is not None else -1)

    @property
    def said(self) -> str:
        """What all its lives wrote into the log."""
        log = self.folder / "bot.log"
        return log.read_text(errors="replace") if log.exists() else ""

    @contextmanager
    def running(self) -> Iterator["Mortal"]:
        """Start it; whatever happens, nothing of it is left."""
        self.start()
        try:
            yield self
        finally:
            if self._process is not None:
                asyncio.get_running_loop().remove_reader(self._process.sentinel)
                self._process.kill()
                self._process.join(STOP_S)
                self._process.close()
