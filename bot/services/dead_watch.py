"""Watches the dead letters: each new kind of failure is told once, what goes unused is counted.

Nothing is told by whoever buries a letter: the letters themselves are read from where the last look ended, so that no
crash in between can keep one quiet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import Field

from bot.domain.dead import DeadCount, dead_words, error_class, gone_words
from bot.domain.models import Health, Model
from bot.domain.network import Titles
from bot.domain.notices import Words, kind_of
from bot.domain.ports import Buried, Clock, Notes
from bot.domain.text.skeleton import skeleton
from bot.services.notices import Notices

DEAD = "dead"
EVERY = timedelta(minutes=1)
PAGE = 20
"""Letters read at once: each may have some megabytes."""
PAGES = 100
KINDS = 50
"""How many kinds of failure are told apart; more than these are one kind of their own."""
STATE = "dead-watch"
STATE_KEPT = timedelta(days=60)


class Letters(Protocol):
    """The dead letters, to be read."""

    async def newer(self, seen: Mapping[int, str], limit: int) -> list[Buried]: ...
    async def count(self) -> DeadCount: ...
    async def expire(self, now: datetime) -> None: ...


class Looked(Model):
    """Where the last look ended in each shard, and which kinds were told since nothing waited. `gone`: of how many
    letters it was told that they went unused; None where that was not kept yet."""

    seen: dict[int, str] = Field(default_factory=dict)
    kinds: dict[str, str] = Field(default_factory=dict)
    gone: int | None = None


@dataclass(frozen=True, slots=True)
class DeadWatch:
    """Looks at the dead letters every minute, by whichever worker holds the chore."""

    letters: Letters
    notes: Notes
    notices: Notices
    titles: Titles
    clock: Clock

    async def act(self, _timer: str) -> datetime | None:
        """Tell what is new; when to look again."""
        now = self.clock.now()
        looked = await self._looked()
        for _page in range(PAGES):
            letters = await self.letters.newer(looked.seen, PAGE)
            if not letters:
                break
            looked = await self._tell(looked, letters)
            # Kept after the telling: a crash in between tells (and counts) again rather than never.
            await self._keep(looked)
        looked = await self._expire(looked, now)
        if looked.kinds and not (await self.letters.count()).waiting:
            for kind, title in looked.kinds.items():
                await self.notices.over(kind, Words(headline=f"No dead letter of {title} waits any more"))
            await self._keep(looked.model_copy(update={"kinds": {}}))
        return now + EVERY

    async def health(self) -> list[Health]:
        """How many wait, for `check` and App Home; nothing to say when none does."""
        count = await self.letters.count()
        if not count.waiting:
            return []
        until = f", the oldest until {count.expires:%Y-%m-%d}" if count.expires else ""
        letters = "1 delivery" if count.waiting == 1 else f"{count.waiting:,} deliveries"
        mend = "`python -m bot dead` lists them, `python -m bot replay` takes them in once the reason is mended"
        return [Health(ok=False, summary=f"dead letters: {letters} could not be used (kept{until})", mend=mend)]

    async def _expire(self, looked: Looked, now: datetime) -> Looked:
        """Let go what is too old, and tell how many went unused: those, and those that newer ones took the room of.

        The count that the store keeps is told as far as it was not, so that a crash in between keeps nothing quiet.
        """
        if looked.gone is None:
            looked = looked.model_copy(update={"gone": (await self.letters.count()).gone})
            await self._keep(looked)
        await self.letters.expire(now)
        total = (await self.letters.count()).gone
        if new := max(0, total - (looked.gone or 0)):
            await self.notices.tell("dead/gone", gone_words(new), count=new)
        if total != looked.gone:  # below it where the server was set back to an older state
            looked = looked.model_copy(update={"gone": total})
            await self._keep(looked)
        return looked

    async def _tell(self, looked: Looked, letters: Sequence[Buried]) -> Looked:
        """Tell each kind among these letters once, with how many there are and the first one's shape."""
        kinds = dict(looked.kinds)
        groups: dict[str, list[Buried]] = {}
        for each in letters:
            kind = kind_of(DEAD, each.raw.network, error_class(each.error))
            if kind not in kinds and len(kinds) >= KINDS:
                kind = kind_of(DEAD, each.raw.network, "other")
            kinds.setdefault(kind, self.titles[each.raw.network])
            groups.setdefault(kind, []).append(each)
        for kind, group in groups.items():
            words = dead_words(kinds[kind], group[0].error, skeleton(group[0].raw.body))
            await self.notices.tell(kind, words, count=len(group), at=group[0].at)
        seen = looked.seen | {int(shard): entry for shard, _, entry in (each.id.partition(".") for each in letters)}
        return looked.model_copy(update={"seen": seen, "kinds": kinds})

    async def _looked(self) -> Looked:
        text = await self.notes.get(STATE)
        return Looked.model_validate_json(text) if text else Looked()

    async def _keep(self, looked: Looked) -> None:
        await self.notes.set(STATE, looked.model_dump_json(), STATE_KEPT)
