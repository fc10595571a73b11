"""A storm in a laboratory: real Redis, the real services, a Slack that only notes, and time that the test turns."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.cards.build import Sheet
from bot.cards.storm import problem_card, ring_message, storm_card
from bot.cards.view import Rendered, rendered
from bot.domain.case import Case, Post
from bot.domain.errors import SlackRateLimited, SlackRefused, SlackUnknown
from bot.domain.models import Author
from bot.domain.ports import Blocks, Commit, Posted
from bot.domain.reading import Reading
from bot.domain.storm_ports import STORM, ProblemData, RingData, StormData
from bot.services.calm import Calm, keep_calm
from bot.services.casework import Casework
from bot.services.drawing import GONE, Drawing
from bot.services.people import People
from bot.services.slack_budget import SlackBudget
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.cases import ANA, NOON, a_card, a_case, a_key, a_wait, an_item
from tests.support.stores import TestClock, a_store

CHANNEL, MAIN = "C0CARE0001", "C0MAIN0001"
LEASE = timedelta(seconds=30)
RETRY_AFTER_S = 120.0


@dataclass
class NotingSlack:
    """What was posted and edited, and when. `losing` posts stand although no answer comes; `refusing` names a code,
    for texts with the words `only`, and `refused` says when; `meanwhile` happens once, before a post is carried out or
    while a channel is looked through. In the channels `archived` nothing can be posted or edited."""

    clock: TestClock
    posts: list[tuple[datetime, str, str, str]] = field(default_factory=list)
    edits: list[tuple[datetime, str, str]] = field(default_factory=list)
    losing: int = 0
    refusing: str = ""
    only: str = ""
    refused: list[datetime] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[object]] | None = None
    archived: set[str] = field(default_factory=set)

    async def post(
        self, channel: str, text: str, blocks: Blocks, *, attempt: str, thread_ts: str | None = None
    ) -> Posted:
        """Note a post."""
        del blocks, thread_ts
        if self.refusing not in GONE:  # which no post is told
            self._refuse(text, "chat.postMessage")
        if channel in self.archived:
            self.refused.append(self.clock.now())
            raise SlackRefused("is_archived")
        await self._let_others()
        self.posts.append((self.clock.now(), channel, text, attempt))
        if self.losing:
            self.losing -= 1
            raise SlackUnknown("no answer")
        return Posted(channel, f"{len(self.posts)}.0")

    async def find_attempt(self, channel: str, attempt: str, thread_ts: str | None = None) -> Posted | None:
        """Look among the posts."""
        del thread_ts
        await self._let_others()
        found = [n for n, each in enumerate(self.posts, start=1) if each[1] == channel and each[3] == attempt]
        return Posted(channel, f"{found[0]}.0") if found else None

    async def update(self, posted: Posted, text: str, blocks: Blocks) -> None:
        """Note an edit."""
        del blocks
        self._refuse(text, "chat.update")
        if posted.channel in self.archived:
            self.refused.append(self.clock.now())
            raise SlackRefused("is_inactive")
        self.edits.append((self.clock.now(), posted.ts, text))

    async def _let_others(self) -> None:
        if self.meanwhile:
            others, self.meanwhile = self.meanwhile, None
            await others()

    def _refuse(self, text: str, method: str) -> None:
        if self.refusing and self.only in text:
            self.refused.append(self.clock.now())
            if self.refusing == "ratelimited":
                raise SlackRateLimited(method, RETRY_AFTER_S)
            raise SlackRefused(self.refusing)

    async def delete(self, posted: Posted) -> None:
        """Note that a message was taken away, as an edit to nothing."""
        self.edits.append((self.clock.now(), posted.ts, ""))

    async def check(self) -> list[Any]:
        """Nothing to say."""
        return []

    async def name_of(self, user: str) -> str:
        """Everybody is called by their id."""
        return user

    def of(self, words: str) -> list[datetime]:
        """When messages were posted whose text has these words."""
        return [at for at, _, text, _ in self.posts if words in text]


async def known(_case: Case) -> None:
    """The account of every case is set up here."""


class Drawings:
    """The real drawings of messages that stand for many cases."""

    def storm(self, data: StormData, *, elsewhere: bool = False) -> Rendered:
        """A storm card."""
        return storm_card(data, elsewhere=elsewhere)

    def problem(self, data: ProblemData, *, elsewhere: bool = False) -> Rendered:
        """A known problem's card."""
        return problem_card(data, elsewhere=elsewhere)

    def ring(self, data: RingData) -> Rendered:
        """What was gathered, without its list."""
        return ring_message(data, ())


def sketch(case: Case, post: Post) -> Rendered:
    """A case's message in one line: its id, its newest words, and whether its known problem is solved."""
    known = f" · {'solved' if case.known.solved else 'known'}" if case.known else ""
    return rendered(f"{post.kind} {case.id} {case.latest.text}{known}", Sheet([], b"[]"))


@dataclass
class Worker:
    """One process."""

    store: Store
    calm: Calm
    drawing: Drawing
    clock: TestClock

    async def take_in(self, case: Case) -> None:
        """Store a new case, as intake does."""
        await self.store.cases.commit(Commit(before=None, after=case, at=self.clock.now(), draw=case.priority))
        self.calm.storms.note(case)

    async def work(self) -> int:
        """Draw what is due now, then take the next steps of storms; how many draws that were."""
        drawn = 0
        while due := await self.store.cards.take(self.clock.now(), 64, LEASE):
            for each in due:
                again = await self.drawing.act(each)
                await (self.store.cards.done(each) if again is None else self.store.cards.later(each, again))
            drawn += len(due)
        await self.calm.storms.tick()
        for each in await self.store.upkeep.take(self.clock.now(), 64, LEASE):
            again = await self.calm.act(each)
            await (self.store.upkeep.done(each) if again is None else self.store.upkeep.later(each, again))
        return drawn


@dataclass
class Lab:
    """One Slack, one clock, one server; any number of workers."""

    url: str
    clock: TestClock
    slack: NotingSlack
    metrics: Metrics = field(default_factory=Metrics)

    @asynccontextmanager
    async def worker(self, name: str = "worker-1", *, on: bool = True) -> AsyncIterator[Worker]:
        """A process of its own."""
        async with a_store(self.url, clock=self.clock, instance=name) as store:
            casework = Casework(store.cases, self.clock)
            people = People(store.notes, self.slack)
            budget = SlackBudget(store.budgets, self.clock)
            parts = (casework, self.slack, people, Drawings(), self.clock, self.metrics)
            calm = keep_calm(store, budget, *parts, ((MAIN,), (ANA.id,)), on=on)
            drawing = Drawing(casework, self.slack, budget, sketch, sketch, self.clock, self.metrics, (), calm, known)
            yield Worker(store, calm, drawing, self.clock)


def a_lab(url: str) -> Lab:
    """It is noon."""
    clock = TestClock(NOON)
    return Lab(url, clock, NotingSlack(clock))


def a_customer(n: int, words: str, clock: TestClock, *, intent: str = "question", **changes: Any) -> Case:
    """A new case of the customer number `n`, who writes now."""
    now = clock.now()
    author = Author(id=f"u{n}", name=f"Customer {n}")
    fields: dict[str, Any] = {
        "key": a_key(f"post-{n}"),
        "author": author,
        "items": (an_item(words, author=author, posted_at=now, seen_at=now),),
        "reading": Reading.model_validate({"intent": intent, "language": "en"}),
        "wait": a_wait(now),
        "posts": (a_card(channel=CHANNEL),),
        "cycle": a_case().cycle.model_copy(update={"posted_at": now, "seen_at": now}),
    }
    return a_case(**(fields | changes))


async def pass_time(lab: Lab, *workers: Worker, seconds: float, step: float = 1.0) -> None:
    """Let time pass in steps, every worker working in each."""
    for _ in range(round(seconds / step)):
        lab.clock.advance(timedelta(seconds=step))
        for worker in workers:
            await worker.work()


def cards(lab: Lab) -> int:
    """How many cases have cards of their own."""
    return sum(1 for _, _, text, _ in lab.slack.posts if text.startswith("card "))


async def folded(worker: Worker, group: str = STORM) -> int:
    """How many cases are held back."""
    return (await worker.store.storms.tally(CHANNEL, group, worker.clock.now())).folded
