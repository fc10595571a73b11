"""Storms as the hot path sees them: what is noticed in memory and told to Redis once a second, what is held back.

While no storm holds and no problem is known in a channel, nothing here costs a round trip: one look into a dict for
each card, and a few numbers for each new case. Whoever is folded is in Redis before the draw counts as done.
"""

import asyncio
import secrets
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog

from bot.clock import within
from bot.domain.case import Case, Post, PostKind
from bot.domain.errors import HarkError, StoreUnavailable, Unreadable
from bot.domain.ports import Clock, DueQueue
from bot.domain.storm import (
    END_ALIKE,
    Measures,
    Problem,
    Weather,
    band,
    begins,
    folds_into,
    is_exempt,
    joined,
    pressing_at,
    retry_after,
    slot,
    wants_first_card,
)
from bot.domain.storm_ports import STORM, Fold, Jot, StormStore
from bot.domain.text.similar import count_alike, normal, print_of, telling_words
from bot.services.casework import Casework
from bot.telemetry import Metrics

TICK_S: Final = 1.0
TEXTS_A_FLUSH: Final = 4
FLUSH_FROM: Final = 20
FLUSH_AFTER: Final = timedelta(seconds=5)
GRACE: Final = timedelta(seconds=3)
"""How long after its appointed time a card that was sent away still counts as waiting."""
FRESH: Final = timedelta(seconds=2)
"""What was learnt before that, by who slept or could not ask, may be over and forgotten: it is asked for anew before a
case is folded."""
REVIVE: Final = timedelta(seconds=30)
WORDS_A_CASE: Final = 12
PEOPLE_TOLD_APART: Final = 200
CLEAR: Final = Weather()


@dataclass(slots=True)
class Pad:
    """What this process noticed in one channel and has not told yet."""

    since: datetime
    came: Counter[int] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    asked: dict[str, datetime] = field(default_factory=dict)
    carded: dict[str, str] = field(default_factory=dict)

    def is_ripe(self, now: datetime, *, storming: bool) -> bool:
        """Whether it is worth a round trip. In a storm each card that was posted makes room for the next one."""
        return (
            bool(self.asked)
            or (storming and bool(self.carded))
            or self.came.total() >= FLUSH_FROM
            or now - self.since >= FLUSH_AFTER
        )


class Storms:
    """What intake and drawing ask and tell; and the second's tick that shares it with the other processes."""

    def __init__(
        self, store: StormStore, queue: DueQueue, casework: Casework, clock: Clock, metrics: Metrics, *, on: bool = True
    ) -> None:
        self._store = store
        self._queue = queue
        self._casework = casework
        self._clock = clock
        self._metrics = metrics
        self._on = on
        self._weathers: dict[str, Weather] = {}
        self._learnt = clock.now()
        self._pads: dict[str, Pad] = {}
        self._sampled: dict[str, deque[str]] = {}
        self._revived: datetime | None = None
        self._log = structlog.get_logger("hark.storms")

    # --- what the hot path calls ---------------------------------------------------------------------------------

    def note(self, case: Case) -> None:
        """A new case came in: counted, and sometimes looked at more closely."""
        if not self._on or case.card is None:
            return
        now = case.cycle.seen_at
        pad = self._pad(case.card.channel)
        pad.came[slot(now)] += 1
        who, lately = person(case), self._sampled.setdefault(case.card.channel, deque(maxlen=PEOPLE_TOLD_APART))
        if len(pad.texts) < TEXTS_A_FLUSH and not case.latest.private and (not who or who not in lately):
            lately.append(who)  # somebody who writes the same a dozen times is no crowd
            pad.texts.append(case.latest.text)

    async def hold(self, case: Case, post: Post, now: datetime) -> Case | None:
        """The case as it stands when its card is held back; None when the card may be posted."""
        if post.channel not in self._weathers or not self._on or post.kind is not PostKind.CARD:
            return None
        if abs(now - self._learnt) > FRESH:
            await self._learn(now)
        weather = self._weathers.get(post.channel, CLEAR)
        target = folds_into(weather, case)
        if weather.storm is not None and case.known is None and (case.claim is not None or not case.is_open):
            became = "shown" if target is None else "settled"
            await self._store.drop(post.channel, STORM, [case.id], became)  # it may have been folded before
        if target is None:
            return None
        if not case.is_open:
            return case  # settled before anybody saw a card of it
        if isinstance(target, Problem):
            return await self._join(case, post.channel, target, now)
        answer = await self._store.fold(post.channel, STORM, folding(case), now)
        if answer == "own":
            return None
        self._metrics.folded.labels("storm").inc()
        return case

    def asked(self, case: Case, post: Post, wait_s: float, now: datetime) -> float:
        """Slack's budget has no room for a first card yet; in how many seconds to ask again."""
        if not self._on or post.kind is not PostKind.CARD or not wants_first_card(case):
            return wait_s
        weather = self._weathers.get(post.channel)
        wait_s = retry_after(case, wait_s, now, storming=weather is not None and weather.storming)
        self._pad(post.channel).asked[case.id] = now + timedelta(seconds=wait_s) + GRACE
        return wait_s

    def carded(self, case: Case, post: Post) -> None:
        """A first card stands."""
        if self._on and post.kind is PostKind.CARD:
            pad = self._pad(post.channel)
            pad.asked.pop(case.id, None)
            pad.carded[case.id] = person(case)

    def is_clear(self, channel: str) -> bool:
        """Whether no storm holds and no problem is known in that channel, as far as this process knows."""
        return channel not in self._weathers

    def is_held(self, case: Case) -> bool:
        """Whether the case's card is held back just now, as far as this process knows."""
        weather = self._weathers.get(case.card.channel) if case.card else None
        return weather is not None and folds_into(weather, case) is not None and not is_exempt(case)

    # --- the second's tick ------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Share what was noticed, once a second, until told to stop."""
        while not stop.is_set():
            try:
                await self.tick()
            except StoreUnavailable as error:
                self._metrics.failures.labels("storms").inc()
                self._log.warning("could not share what was noticed", error=str(error))
            except HarkError as error:
                self._log.warning("storms failed, come again", error=str(error))
            await within(stop, TICK_S)

    async def tick(self) -> None:
        """Tell what was noticed, begin a storm where there is one, learn what the others know."""
        now = self._clock.now()
        ripe = [
            channel
            for channel, pad in self._pads.items()
            if pad.is_ripe(now, storming=self._weathers.get(channel, CLEAR).storming)
        ]
        for channel in ripe:
            await self._tell(channel, self._pads.pop(channel), now)
        await self._learn(now)
        self._metrics.storms.set(sum(weather.storming for weather in self._weathers.values()))
        if self._weathers and (self._revived is None or now - self._revived >= REVIVE or self._revived > now):
            # Whoever was to carry a storm on may have died between beginning it and making it due.
            self._revived = now
            for channel in self._weathers:
                await self._queue.put(channel, now)

    async def _learn(self, now: datetime) -> None:
        self._weathers = await self._store.weathers()
        self._learnt = now

    async def _tell(self, channel: str, pad: Pad, now: datetime) -> None:
        known = self._weathers.get(channel, CLEAR)
        texts = [text for text in map(normal, pad.texts) if text]
        noted = await self._store.note(channel, Jot(pad.came, texts, pad.asked, pad.carded, known.storming), now)
        window = [print_of(text) for text in noted.window]
        most = max((count_alike(print_of(text), window) for text in texts), default=0)
        if most >= END_ALIKE:
            await self._store.note_alike(channel, most, now)
        if not known.storming:
            await self._begin(channel, Measures(waiting=noted.waiting, alike=most), now)

    async def _begin(self, channel: str, seen: Measures, now: datetime) -> None:
        if begins(CLEAR, seen, now, "") is None:
            return
        try:
            before = await self._store.weather(channel)
        except Unreadable:
            return  # a newer version's storm
        after = begins(before, seen, now, secrets.token_hex(4))
        if after is None or after.storm is None or not await self._store.swap(channel, before, after):
            return
        await self._store.fresh(channel, resumed=before.storm is not None and before.storm.id == after.storm.id)
        await self._queue.put(channel, now)
        self._log.warning("a storm begins", channel=channel, because=after.storm.because, waiting=seen.waiting)

    async def _join(self, case: Case, channel: str, problem: Problem, now: datetime) -> Case | None:
        """Fold a case into a known problem: first where it is found again, then in the case itself."""
        if await self._store.fold(channel, problem.id, folding(case), now) == "own":
            return None
        self._metrics.folded.labels("problem").inc()
        outcome = await self._casework.apply(case.id, lambda each: joined(each, problem, now), known=case)
        return outcome.case or case

    def _pad(self, channel: str) -> Pad:
        pad = self._pads.get(channel)
        if pad is None:
            pad = self._pads[channel] = Pad(self._clock.now())
        return pad


def folding(case: Case) -> Fold:
    """What a folded case adds to what is counted. Private words stay out of it."""
    words = () if case.latest.private else telling_words(normal(case.latest.text), WORDS_A_CASE)
    return Fold(
        case=case.id,
        band=band(case),
        at=pressing_at(case),
        author=person(case),
        mood=_mood(case),
        words=words,
        complaint=case.reading.intent == "complaint",
    )


def person(case: Case) -> str:
    """The customer, the same in every case of theirs on that network; empty when the network does not say."""
    return f"{case.key.network}:{case.author.id}" if case.author else ""


def _mood(case: Case) -> Literal["angry", "neutral", "happy"]:
    if case.reading.sentiment == "negative" or case.reading.intent == "complaint":
        return "angry"
    return "happy" if case.reading.sentiment == "positive" or case.reading.intent == "praise" else "neutral"
