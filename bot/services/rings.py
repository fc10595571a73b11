"""Nobody's phone rings more than once in five minutes: the first alert rings, the others become one message.

A new direct message and a mention in a channel ring a phone; an edit does not. The right to ring somebody is taken in
Redis, so that all processes share it. Whoever may not ring is gathered for that person; one message tells of all that
is gathered, posted when the five minutes are over and edited in place from then on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.domain.alerts import ALWAYS, has_words, is_settled
from bot.domain.case import Case, Post, PostKind
from bot.domain.passing import ESCALATED
from bot.domain.ports import Clock, Due, DueQueue, Notes
from bot.domain.posting import quieted, spared
from bot.domain.storm import Face
from bot.domain.storm_ports import Drawings, RingData, RingStore
from bot.services.casework import Casework
from bot.services.once import Slip
from bot.services.posters import Posters
from bot.telemetry import Metrics

EVERY: Final = timedelta(minutes=5)
PACE: Final = timedelta(seconds=10)
AFTER_REFUSAL: Final = timedelta(hours=1)
"""Each try to tell somebody of what was gathered takes the place of a ring."""
LOOK_AGAIN: Final = timedelta(seconds=30)
SOON: Final = timedelta(seconds=2)
LOOKED_AT: Final = 200
STATE_KEPT: Final = timedelta(days=1)
RING: Final = "ring:"
"""Begins a person's id in the queue that people share with channels, and the name of the note on their message."""


@dataclass(frozen=True, slots=True)
class Rings:
    """Decides who is rung, and keeps the message of what was gathered true."""

    store: RingStore
    queue: DueQueue
    casework: Casework
    notes: Notes
    posters: Posters
    drawings: Drawings
    is_held: Callable[[Case], bool]
    clock: Clock
    metrics: Metrics

    async def hold(self, case: Case, post: Post, now: datetime) -> Case | None:
        """The case as it stands when this message is not posted (now); None when it may be."""
        match post.kind:
            case PostKind.RETIRED if not has_words(case, post):
                return await self._spare(case, post)  # never posted, and out of date: it would ring for nothing
            case PostKind.ALERT if not await self._may_alert(case, post, now):
                return await self._spare(case, post)
            case PostKind.LINE if not post.thread:
                return await self._line(case, post, now)
        return None

    async def act(self, due: Due) -> datetime | None:
        """Tell somebody of what was gathered; when to come again, None when all of it is settled."""
        user, now = due.id.removeprefix(RING), self.clock.now()
        data, slip = await self._data(user), await self._slip(user)
        face = _face(slip.text)
        if not data.total and not (face.ts or face.attempt):
            return None
        if face.rests(now):
            return face.retry_at
        if data.total and not face.ts:
            wait = await self.store.ring(user, _token(face), now, EVERY)
            if wait:
                return now + wait
            self.metrics.rings.labels("rung").inc()

        async def save(new: Face) -> Face:
            return _face(await slip.write(new.model_dump_json()))

        again = await self.posters.show(user, face, self.drawings.ring(data), save, PACE, anew=data.total > 0)
        if again is not None:
            return again
        if not data.total:
            await save(Face(drawn_at=now))
            return None
        return now + LOOK_AGAIN

    async def _slip(self, user: str) -> Slip:
        """How that person's message stands, kept as long as something waits."""
        noted = await self.notes.agree(f"{RING}{user}", "", STATE_KEPT)
        return Slip(self.notes, f"{RING}{user}", noted, STATE_KEPT)

    async def _data(self, user: str) -> RingData:
        """What still waits of all that was gathered; the rest is forgotten."""
        gathered = await self.store.gathered(user)
        loaded = await self.casework.look([*gathered][-LOOKED_AT:])
        waiting = [case for case in loaded.values() if case is not None and case.wait is not None]
        standing = {case.id for case in waiting}
        await self.store.drop(user, {each: gathered[each] for each in loaded if each not in standing})
        waiting.sort(key=lambda case: case.wait.due if case.wait else case.cycle.seen_at)
        total = len(waiting) + len(gathered) - len(loaded)  # what was not looked at, or cannot be read, may wait
        return RingData(waiting, total, sum(1 for case in waiting if case.wait and case.wait.breached))

    async def _may_alert(self, case: Case, post: Post, now: datetime) -> bool:
        """Whether an alert is posted. It comes too late where Slack was away until there was nothing left to tell."""
        if is_settled(case, post):
            return False
        return post.id.startswith(ALWAYS) or await self._may_ring(case, post, post.channel, now)

    async def _may_ring(self, case: Case, post: Post, user: str, now: datetime) -> bool:
        if not await self.store.ring(user, f"{case.id}:{post.id}", now, EVERY):
            self.metrics.rings.labels("rung").inc()
            return True
        await self._gather(case, user, now)
        return False

    async def _may_say(self, case: Case, post: Post, now: datetime) -> bool:
        return not await self.store.ring(post.channel, f"{case.id}:{post.id}", now, EVERY)

    async def _gather(self, case: Case, user: str, now: datetime) -> None:
        self.metrics.rings.labels("gathered").inc()
        await self.store.gather(user, case.id, now)
        await self.queue.put(f"{RING}{user}", now + SOON)

    async def _line(self, case: Case, post: Post, now: datetime) -> Case | None:
        """A line in the channel calls only whom it may. Of a case that a storm holds back it says nothing there, and
        of missing answers it tells as seldom as somebody is rung: the hourly message counts them all."""
        if self.is_held(case) or (post.id.startswith(ESCALATED) and not await self._may_say(case, post, now)):
            for user in post.mentions:
                await self._gather(case, user, now)
            return await self._spare(case, post)
        called = tuple([user for user in post.mentions if await self._may_ring(case, post, user, now)])
        if called == post.mentions:
            return None
        return (await self.casework.apply(case.id, lambda each: quieted(each, post.id, called), known=case)).case

    async def _spare(self, case: Case, post: Post) -> Case:
        outcome = await self.casework.apply(case.id, lambda each: spared(each, post.id), known=case)
        return outcome.case or case


def _token(face: Face) -> str:
    """By what name a message rings: the same for every try to post it, another one once the message before is settled.

    Whoever was told of settled cases just now is not rung again by the right that this message took.
    """
    return f"gathered:{face.drawn_at.isoformat()}" if face.drawn_at else "gathered"


def _face(noted: str) -> Face:
    return Face.model_validate_json(noted) if noted else Face()
