"""Messages that stand for many cases: posted once, edited at a calm pace, within Slack's budgets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import LeaseLost, SlackRateLimited, SlackRefused, SlackUnavailable, SlackUnknown
from bot.domain.fallback import FATAL, has_another_place
from bot.domain.ports import Posted, Rendered
from bot.domain.storm import Face
from bot.services.drawing import AFTER_FAILURE, AFTER_FATAL, GONE
from bot.services.once import Once, Standing
from bot.services.slack_budget import SlackBudget

AFTER_REFUSAL = timedelta(minutes=5)
"""Sooner than a case's own message: a storm is short, and the next drawing may be one that Slack takes."""
LONGEST_REST = timedelta(hours=1)
"""A place that refuses everything rests twice as long each time, up to that: it may never be there again."""
Save = Callable[[Face], Awaitable[Face]]
"""Stores how the message stands, unless another worker has posted it or begun to since; how it stands then (an empty
Face: nobody wants it any more)."""


@dataclass(frozen=True, slots=True)
class Posters:
    """Brings one such message in line with what it should show. One that Slack refuses rests for `after_refusal`."""

    once: Once
    budget: SlackBudget
    after_refusal: timedelta = AFTER_REFUSAL

    async def show(
        self, channel: str, face: Face, rendered: Rendered, save: Save, pace: timedelta, *, anew: bool = True
    ) -> datetime | None:
        """Post or edit; when to come again if it could not be done now. An equal drawing makes no call. What is not to
        be posted `anew` is only looked for if its posting was begun."""
        now = self.once.clock.now()
        if face.rests(now):
            return face.retry_at
        try:
            return await (
                self._edit(face, rendered, save, pace, now)
                if face.ts
                else self._post(channel, face, rendered, save, now, anew=anew)
            )
        except SlackRateLimited as error:
            until = now + timedelta(seconds=error.retry_after)
            await self.budget.pause(error.method, channel, until)
            await save(face.model_copy(update={"retry_at": until}))
            return until
        except LeaseLost:
            return now
        except (SlackUnknown, SlackUnavailable):
            return now + AFTER_FAILURE
        except SlackRefused as error:
            return await self._refused(face, error, save, now)

    async def _post(
        self, channel: str, face: Face, rendered: Rendered, save: Save, now: datetime, *, anew: bool
    ) -> datetime | None:
        async def note(attempt: str, stands: Standing | None) -> str:
            nonlocal face
            update: dict[str, object] = {"attempt": attempt, "error": "", "retry_at": None}
            if stands:
                update = {"place": stands.at.channel, "ts": stands.at.ts, "drawn": stands.shows}
                update |= {"drawn_at": now, "refused": 0} if stands.shows else {}
            face = face.model_copy(update=update)
            return (await save(face)).attempt

        if anew:
            # It is posted once and stands for a crowd: it does not queue behind the crowd. What the bucket does not
            # know of may cost the next card a 429, which is waited for like any other.
            await self.budget.to_post(channel)
        if await self.once.find(channel, face.attempt, note):
            return now
        if anew:
            await self.once.post(channel, rendered, note)
        return None

    async def _edit(
        self, face: Face, rendered: Rendered, save: Save, pace: timedelta, now: datetime
    ) -> datetime | None:
        if face.drawn == rendered.digest:
            return None
        if face.drawn_at is not None and face.drawn_at <= now < face.drawn_at + pace:
            return face.drawn_at + pace
        wait = await self.budget.to_update()
        if wait > 0:
            return now + timedelta(seconds=wait)
        await self.once.slack.update(Posted(face.place, face.ts), rendered.text, rendered.blocks)
        update = {"drawn": rendered.digest, "drawn_at": now, "error": "", "retry_at": None, "refused": 0}
        await save(face.model_copy(update=update))
        return None

    async def _refused(self, face: Face, error: SlackRefused, save: Save, now: datetime) -> datetime:
        """Slack's final no: a message that somebody deleted is posted anew; else the reason is kept, and it waits."""
        if face.ts and error.code in GONE:
            await save(Face())
            return now
        structlog.get_logger("hark.posters").error("Slack refused a message", error=str(error))
        again = now + (AFTER_FATAL if error.code in FATAL else self._rest(face, error.code))
        update = {
            "error": error.code,
            "attempt": face.attempt if face.ts else "",
            "retry_at": again,
            "refused": face.refused + 1 if has_another_place(error.code) else 0,
        }
        await save(face.model_copy(update=update))
        return again

    def _rest(self, face: Face, code: str) -> timedelta:
        """How long to leave it alone: the next drawing may be taken, but a place seldom changes."""
        longer = self.after_refusal * 2 ** min(face.refused, 10) if has_another_place(code) else self.after_refusal
        return min(longer, LONGEST_REST)
