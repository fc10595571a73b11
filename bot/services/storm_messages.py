"""The messages of storms and known problems: what they say, where they stand, where their copies stand meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.domain.case import Case
from bot.domain.errors import SlackError, SlackRefused
from bot.domain.fallback import Places, has_another_place
from bot.domain.ports import Clock, Posted, Rendered
from bot.domain.storm import PACE, SLOW_PACE, Face, Problem, Storm, Weather, changed_problem, per_minute
from bot.domain.storm_ports import STORM, Drawings, ProblemData, StormData, StormStore
from bot.domain.text.similar import normal, unlike
from bot.services.casework import Casework
from bot.services.posters import Posters

STEP: Final = timedelta(seconds=1)
IDLE: Final = timedelta(seconds=5)
EXAMPLES: Final = 3
LOOKED_AT: Final = 24
ROUNDS: Final = 20
LOOK_AGAIN: Final = timedelta(hours=1)
HEARD_BY_ALL: Final = timedelta(seconds=10)
"""Who has not heard by then that it is over has folded its case, or has lost the lease under which it would."""
OWN: Final = ""
"""The place of a message that stands in the channel to which it belongs."""

Change = Callable[[Weather], Weather | None]
Draw = Callable[[Face, bool], Rendered]
"""Draws a message, given how its own one stands, and whether it is a copy elsewhere."""
_log = structlog.get_logger("hark.storms")


@dataclass(frozen=True, slots=True)
class StormMessages:
    """Brings the messages of one channel in line with its weather. `places` take what the channel does not."""

    store: StormStore
    casework: Casework
    posters: Posters
    drawings: Drawings
    clock: Clock
    places: Places

    async def change(self, channel: str, decide: Change) -> Weather | None:
        """Change a channel's weather; the new one, or None when there is nothing to change."""
        for _round in range(ROUNDS):
            before = await self.store.weather(channel)
            after = decide(before)
            if after is None:
                return None
            if await self.store.swap(channel, before, after):
                return after.model_copy(update={"version": before.version + 1})
        return None

    async def storm_data(self, channel: str) -> StormData | None:
        """What the storm card should say now."""
        weather = await self.store.weather(channel)
        if weather.storm is None:
            return None
        now = self.clock.now()
        tally = await self.store.tally(channel, STORM, now)
        cases = await self.casework.look(await self.store.top(channel, STORM, LOOKED_AT))
        public = [case for case in cases.values() if case is not None and _is_showable(case)]
        chosen = unlike([normal(case.latest.text) for case in public], EXAMPLES)
        return StormData(
            channel=channel,
            storm=weather.storm,
            tally=tally,
            per_minute=per_minute(tally.slots, now),
            examples=tuple(public[each] for each in chosen),
            problems=tuple(each for each in weather.problems if each.solved_at is None),
        )

    async def problem_data(self, channel: str, problem_id: str) -> ProblemData | None:
        """What a known problem's card should say now."""
        problem = (await self.store.weather(channel)).problem(problem_id)
        if problem is None:
            return None
        return ProblemData(channel, problem, await self.store.tally(channel, problem_id, self.clock.now()))

    async def show_storm(self, channel: str, storm: Storm, folded: int, now: datetime) -> datetime | None:
        """Bring the storm card in line; when to look again."""
        face = storm.face
        told = storm.ended_at is not None and face.drawn_at is not None and face.drawn_at >= storm.ended_at
        pace = SLOW_PACE if told and folded else PACE
        rest = min(_rest(face, pace, now), *(_rest(copy, SLOW_PACE, now) for copy in storm.copies.values()), now + IDLE)
        if rest > now:
            return rest
        data = await self.storm_data(channel)
        if data is None:
            return None

        def draw(face: Face, elsewhere: bool) -> Rendered:
            newest = replace(data, storm=data.storm.model_copy(update={"face": face}))
            return self.drawings.storm(newest, elsewhere=elsewhere)

        over = _is_past(storm.ended_at, now) and data.tally.folded == 0
        return await self._show(channel, data.storm, draw, pace, over=over)

    async def show_problem(self, channel: str, problem: Problem) -> datetime | None:
        """Bring a known problem's card in line; when to look again."""
        data = await self.problem_data(channel, problem.id)
        if data is None:
            return None

        def draw(face: Face, elsewhere: bool) -> Rendered:
            newest = replace(data, problem=data.problem.model_copy(update={"face": face}))
            return self.drawings.problem(newest, elsewhere=elsewhere)

        over = _is_past(problem.solved_at, self.clock.now()) and data.tally.folded == data.tally.standing == 0
        return await self._show(channel, data.problem, draw, PACE, over=over)

    async def _show(
        self, channel: str, told: Storm | Problem, draw: Draw, pace: timedelta, *, over: bool
    ) -> datetime | None:
        """Bring a message, and its copies, in line with what they should show; once they say that all is over, they
        are forgotten."""
        if over and _says_so(told, draw):
            await self.change(channel, lambda each: _without(each, told.id))
            return self.clock.now()
        face = _looked_after(told.face, self.clock.now())
        own, again = await self._show_at(channel, OWN, told.id, face, draw(told.face, False), pace)
        waits = [again]
        if has_another_place(own.error):
            waits += await self._show_copies(channel, told, draw(own, True))
        elif own.ts and not own.error:
            waits += [await self._take_back(channel, told, place) for place in told.copies]
        return min((each for each in waits if each is not None), default=None)

    async def _show_at(
        self, channel: str, place: str, id_: str, face: Face, rendered: Rendered, pace: timedelta
    ) -> tuple[Face, datetime | None]:
        """Show one message in its own channel or elsewhere; how it stands then, and when to come again."""
        known = face

        async def save(new: Face) -> Face:
            nonlocal known
            if await self.change(channel, lambda each: _with_face(each, id_, known, new, place)):
                known = new
                return new
            return _face_in(await self.store.weather(channel), id_, place)

        again = await self.posters.show(place or channel, face, rendered, save, pace)
        return known, again

    async def _show_copies(self, channel: str, told: Storm | Problem, rendered: Rendered) -> list[datetime | None]:
        """While its channel takes nothing it stands in the first group of other places of which any takes it."""
        waits: list[datetime | None] = []
        stands = False
        for group in self.places:
            places = [place for place in group if place != channel]
            if stands:
                waits += [await self._take_back(channel, told, place) for place in places if place in told.copies]
                continue
            for place in places:
                known = told.copies.get(place, Face())
                copy, again = await self._show_at(channel, place, told.id, known, rendered, SLOW_PACE)
                stands = stands or not copy.error
                waits.append(again)
        return waits

    async def _take_back(self, channel: str, told: Storm | Problem, place: str) -> datetime | None:
        """The message stands where it belongs, or nearer to it: a copy gives way."""
        copy = told.copies[place]
        try:
            posted = await self._posted(copy, place)
            if posted is not None:
                await self.posters.once.slack.delete(posted)
        except SlackRefused as error:
            _log.warning("a copy could not be taken away", place=place, ts=copy.ts, error=str(error))
        except SlackError:
            return self.clock.now() + STEP
        await self.change(channel, lambda each: _with_face(each, told.id, copy, None, place))
        return None

    async def _posted(self, copy: Face, place: str) -> Posted | None:
        """Where a copy stands; one that was being posted when a worker died or no answer came is looked for."""
        if copy.ts:
            return Posted(copy.place, copy.ts)
        return await self.posters.once.slack.find_attempt(place, copy.attempt) if copy.attempt else None


def _is_showable(case: Case) -> bool:
    item = case.latest
    return not item.private and not item.deleted and bool(item.text.strip()) and case.reading.abuse != "troll"


def _is_past(ended_at: datetime | None, now: datetime) -> bool:
    """Whether it is over, and was for so long that nobody folds a case into it any more."""
    return ended_at is not None and now - ended_at >= HEARD_BY_ALL


def _rest(face: Face, pace: timedelta, now: datetime) -> datetime:
    """Until when a message is left alone."""
    if face.retry_at is not None and face.rests(now):
        return face.retry_at
    fresh = face.ts and face.drawn_at is not None and face.drawn_at <= now < face.drawn_at + pace
    return face.drawn_at + pace if fresh and face.drawn_at is not None else now


def _looked_after(face: Face, now: datetime) -> Face:
    """A message that was refused, or left alone for an hour, is edited though it is equal: so a channel that was lost
    is noticed, and one that is back."""
    stale = face.error or (face.drawn_at is not None and now - face.drawn_at >= LOOK_AGAIN)
    return face.model_copy(update={"drawn": ""}) if stale else face


def _says_so(told: Storm | Problem, draw: Draw) -> bool:
    """Whether the message, or all copies that stand while its channel takes none, shows what it should."""
    if not has_another_place(told.face.error):
        return told.face.drawn == draw(told.face, False).digest and not told.copies
    if not any(face.ts or face.attempt for face in (told.face, *told.copies.values())):
        return True  # it never stood anywhere: what is over is told to nobody any more
    standing = [copy for copy in told.copies.values() if copy.ts and not copy.error]
    last = draw(told.face, True).digest
    return bool(standing) and all(copy.drawn == last for copy in standing)


def _told(weather: Weather, id_: str) -> Storm | Problem | None:
    storm = weather.storm
    return storm if storm is not None and storm.id == id_ else weather.problem(id_)


def _face_in(weather: Weather, id_: str, place: str) -> Face:
    """How a message stands in its channel, or as a copy in another place."""
    told = _told(weather, id_)
    if told is None:
        return Face()
    return told.face if place == OWN else told.copies.get(place, Face())


def _with_face(weather: Weather, id_: str, before: Face, face: Face | None, place: str) -> Weather | None:
    """The weather with where the message of its storm or of a known problem stands, in its channel or as a copy in
    another place (None: no more); None when that is gone, or when another worker has begun to post the message while
    this one, who saw it as it was `before`, slept."""
    told = _told(weather, id_)
    if told is None or not _face_in(weather, id_, place).is_same(before):
        return None
    others = {each: copy for each, copy in told.copies.items() if each != place}
    update: dict[str, object] = {"face": face} if place == OWN else {"copies": others | ({place: face} if face else {})}
    if isinstance(told, Problem):
        return changed_problem(weather, id_, **update)
    return weather.model_copy(update={"storm": told.model_copy(update=update)})


def _without(weather: Weather, id_: str) -> Weather | None:
    """The weather without its storm, if that is over still, or without a known problem; None when that is gone."""
    storm = weather.storm
    if storm is not None and storm.id == id_:
        return weather.model_copy(update={"storm": None}) if storm.ended_at is not None else None
    if weather.problem(id_) is None:
        return None
    return weather.model_copy(update={"problems": tuple(each for each in weather.problems if each.id != id_)})
