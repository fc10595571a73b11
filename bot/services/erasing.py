"""Erases a customer who asks for it: their cases as a whole, their words in others' cases, what Slack shows of both.

The order makes it safe to begin again after a crash at any point. What leads to the customer goes last: first what
others' cases and other keys hold of them, then their own cases, one script each. What remains of a case in Slack is
noted by that script, so that the next run deletes it, whoever it was about.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import structlog

from bot.domain.case import Case, LogEntry, Post
from bot.domain.decisions import Decision
from bot.domain.erasing import (
    Customer,
    Remains,
    Seen,
    Share,
    Stands,
    authors_of,
    customer,
    is_line_about,
    is_own,
    items_of,
    known_by,
    remains,
    scrubbed,
    share,
    tells_of,
    without,
    words_of,
)
from bot.domain.errors import SlackError, StoreUnavailable, Unreadable
from bot.domain.models import Raw
from bot.domain.ports import Clock, DueQueue
from bot.domain.receiving import Read, reread
from bot.domain.storm import Weather, changed_problem
from bot.domain.storm_ports import StormStore
from bot.domain.text.similar import normal
from bot.services.casework import ROUNDS, Casework
from bot.services.erasing_slack import SlackErasing
from bot.services.hourly import HOURLY, Hourly

PIECE: Final = 200
TOLD_EVERY: Final = 20_000
HOURLY_SCOPE: Final = "hourly"
Found = Mapping[str, Sequence[str]]


class ErasingStore(Protocol):
    """What this takes out of the store. Every method raises StoreUnavailable, and may be called again after a crash."""

    async def look(self) -> Found:
        """Every key that may have to do with a person, by its kind."""
        ...

    async def read(self, keys: Sequence[str], fits: Callable[[str], bool]) -> tuple[list[Case], int]:
        """Those of these cases whose document fits, and how many that fit only a newer version can read."""
        ...

    async def forget(self, case: Case, remains: Remains, found: Found) -> bool:
        """Erase a case as it was read, and the drafts for it that were found; note what remains of it in Slack. False
        when it is another by now."""
        ...

    async def remains(self, keys: Sequence[str]) -> list[Remains]: ...
    async def settled(self, remains: Remains) -> None: ...
    async def reword(self, case_id: str, word: Callable[[LogEntry], LogEntry]) -> None: ...
    async def letters(self, fits: Callable[[Raw], bool]) -> list[tuple[int, str]]: ...
    async def drop_letters(self, letters: Sequence[tuple[int, str]]) -> None: ...
    async def deliveries(self, fits: Callable[[Raw], bool]) -> int: ...
    async def beside(self, found: Found, one: Customer) -> int:
        """How many likes, names and wordings of the customer's are kept beside the cases."""
        ...

    async def trim(self, found: Found, one: Customer, cases: Sequence[str], words: Collection[str] = ()) -> None:
        """Take the customer, and these cases and normal texts of theirs, out of all that is kept beside the cases."""
        ...


@dataclass(frozen=True, slots=True)
class Traces:
    """What there is of a customer. `leading` are the cases that what was typed leads to by itself. `beside` counts
    likes, names and wordings that are kept beside the cases. `begun` are cases that an earlier run erased and Slack
    still shows. `unread` is how many cases only a newer version can read. `words` are theirs as known problems compare
    them."""

    one: Customer
    share: Share
    own: tuple[str, ...]
    shared: tuple[str, ...]
    leading: frozenset[str]
    letters: tuple[tuple[int, str], ...]
    deliveries: int
    beside: int
    begun: int
    unread: int
    keys: Found
    words: frozenset[str]

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to erase."""
        return not (
            self.own or self.shared or self.letters or self.deliveries or self.beside or self.begun or self.unread
        )


@dataclass(slots=True)
class Report:
    """What was done, and what is left: `trouble` says why another run is wanted."""

    traces: Traces
    deleted: int = 0
    refused: Sequence[str] = ()
    answered: Sequence[str] = ()
    unseen: Collection[str] = ()
    trouble: str = ""


@dataclass(slots=True)
class Shown:
    """What Slack shows: of each case of the customer's own the messages, and how many of people stand in its thread;
    elsewhere the `lines` to delete, and all that was `looked` at. `kept` are messages that are drawn anew instead."""

    messages: dict[str, list[Stands]] = field(default_factory=dict)
    replies: dict[str, int] = field(default_factory=dict)
    lines: list[Stands] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    looked: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Erasing:
    """Looks for a customer, and erases what it finds. `read` reads words anew; `places` are the channels and people who
    hear of every case; `say` tells a person how far it is."""

    store: ErasingStore
    casework: Casework
    hourly: Hourly
    timers: DueQueue
    storms: StormStore
    slack: SlackErasing
    read: Read
    clock: Clock
    places: Sequence[str]
    say: Callable[[str], None]

    async def look(self, network: str, who: str) -> Traces:
        """Everything that names them. Twice through the cases: one may know only the id that another one leads to."""
        keys = await self.store.look()
        one, unread = customer(network, who), 0
        typed = one
        async for cases, _ in self._cases(keys, typed):
            one = known_by(one, (author for case in cases for author in authors_of(case) if _is_of(case, typed)))
        total, own, shared, leading, words = Share(), [], [], set[str](), set[str]()
        async for cases, failed in self._cases(keys, one):
            unread += failed
            for case in cases:
                theirs = share(case, one)
                total += theirs
                words.update(map(normal, words_of(case, one)))
                if is_own(case, one):
                    own.append(case.id)
                elif theirs.shared:
                    shared.append(case.id)
                if any(typed.is_author(author) for author in authors_of(case)):
                    leading.add(case.id)
        return Traces(
            one=one,
            share=total,
            own=tuple(own),
            shared=tuple(shared),
            leading=frozenset(leading),
            letters=tuple(await self.store.letters(one.sent)),
            deliveries=await self.store.deliveries(one.sent),
            beside=await self.store.beside(keys, one),
            begun=len(keys.get("erasing", ())),
            unread=unread,
            keys=keys,
            words=frozenset(words),
        )

    async def erase(self, traces: Traces) -> Report:
        """Erase it. What was done before a failure of Slack or Redis stays done, and the next run finishes the rest."""
        report = Report(traces)
        try:
            await self.slack.slack.connect()
            await self._erase(traces)
        except (SlackError, StoreUnavailable, Unreadable) as error:
            report.trouble = str(error)
        report.deleted, report.unseen = self.slack.deleted, sorted(self.slack.unseen)
        report.refused, report.answered = self.slack.refused, self.slack.answered
        structlog.get_logger("hark.erasing").info(
            "a customer was erased" if not report.trouble else "erasing a customer stopped in the middle",
            network=traces.one.network,
            cases=len(traces.own),
            others=len(traces.shared),
            letters=len(traces.letters),
            messages=report.deleted,
            left=len(report.refused),
            error=report.trouble,
        )
        return report

    async def _erase(self, traces: Traces) -> None:
        one = traces.one
        self.say("… looking through what Slack shows")
        shown = await self._look_through_slack(traces)
        for line in shown.lines:
            await self.slack.take_away(line)
        await self.store.drop_letters(traces.letters)
        await self.store.trim(traces.keys, one, (), traces.words)
        await self._forget_samples(traces.words)
        for last in (False, True):  # what was typed leads another run to these, and through them to the others
            for case_id in traces.shared:
                if (case_id in traces.leading) is last:
                    await self._take_out_of(case_id, one, shown)
            for case_id in traces.own:
                if (case_id in traces.leading) is last:
                    await self._forget(case_id, shown, traces)
        keys = await self.store.look()
        left = await self.store.remains(keys.get("erasing", ()))
        await self.store.trim(keys, one, [each.case for each in left], traces.words)
        await self._redraw_the_hour()
        for each in left:
            await self.slack.clear(each)
            await self.store.settled(each)

    async def _cases(self, keys: Found, one: Customer) -> AsyncIterator[tuple[list[Case], int]]:
        """The cases whose documents name them, piece by piece."""
        cases = keys.get("case", ())
        for first in range(0, len(cases), PIECE):
            yield await self.store.read(cases[first : first + PIECE], one.may_be_in)
            if first and first % TOLD_EVERY == 0:
                self.say(f"… {first:,} of {len(cases):,} cases looked through")

    # --- their own cases ------------------------------------------------------------------------------------------

    async def _forget(self, case_id: str, shown: Shown, traces: Traces) -> None:
        """Erase one case. What it kept does not come in again: not by a sweep, a replay or a late delivery."""
        for _ in range(ROUNDS):
            case = await self.casework.cases.load(case_id)
            if case is None or not is_own(case, traces.one):
                return
            for item in case.items:
                await self.casework.cases.take_back(case.key.counts_as(item.id))
            left = remains(case, shown.messages.get(case_id, ()), shown.replies.get(case_id, 0))
            if await self.store.forget(case, left, traces.keys):
                return
        raise StoreUnavailable(f"case {case_id} changed under {ROUNDS} attempts in a row")

    # --- cases of others ------------------------------------------------------------------------------------------

    async def _take_out_of(self, case_id: str, one: Customer, shown: Shown) -> None:
        """Take their items out of somebody else's case, and what was posted about them meanwhile or was to be."""
        case = await self.casework.cases.load(case_id)
        if case is None:
            return
        for item in items_of(case, one):
            await self.casework.cases.take_back(case.key.counts_as(item.id))
        before = case

        def decide(newest: Case) -> Decision:
            nonlocal before
            before = newest
            return reread(newest, without(newest, one, self.clock.now()), self.read)

        await self.casework.apply(case_id, decide, known=case)
        await self.store.reword(case_id, lambda entry: scrubbed(entry, one))
        for line in (*_being_posted(before, one), *await self._posted_meanwhile(before, shown, one)):
            await self.slack.take_away(line)

    async def _posted_meanwhile(self, case: Case, shown: Shown, one: Customer) -> Sequence[Stands]:
        """Lines about them in a thread that was looked through already: minutes ago, it may be."""
        if case.card is None or shown.looked.issuperset(case.lines):
            return ()
        again = Shown()
        await self._look_at_thread(case, case.card, _began(case, ()), again, one)
        return again.lines

    async def _forget_samples(self, words: Collection[str]) -> None:
        """Known problems tell their cases by words of some customers: not by theirs any more."""
        for channel in await self.storms.weathers():
            for _ in range(ROUNDS):
                before = await self.storms.weather(channel)
                after = _without_samples(before, words)
                if after == before or await self.storms.swap(channel, before, after):
                    break
            else:
                raise StoreUnavailable(f"the known problems of {channel} changed under {ROUNDS} attempts in a row")

    # --- Slack ----------------------------------------------------------------------------------------------------

    async def _look_through_slack(self, traces: Traces) -> Shown:
        """Find what Slack shows of them, also what no case remembers: the lines and alerts of long ago."""
        shown = Shown()
        oldest: dict[str, datetime] = {}
        for case_id in (*traces.own, *traces.shared):
            case = await self.casework.cases.load(case_id)
            if case is None:
                continue
            log = await self.casework.cases.history(case.id)
            since = _began(case, log)
            staff = {entry.by for entry in log if entry.by}  # who may have had an alert that the case does not keep
            for place in {*self.places, *staff, *(post.place for post in case.posts if post.ts)}:
                oldest[place] = min(since, oldest.get(place, since))
            if case.card and case.card.ts:
                await self._look_at_thread(case, case.card, since, shown, traces.one)
            if case_id in traces.shared:
                shown.kept |= {post.ts for post in case.posts if post.ts}
        hour = await self.hourly.standing(self.clock.now())
        shown.kept |= {hour.ts} if hour else set()
        for place, since in sorted(oldest.items()):
            async for seen in self.slack.look(place, since):
                _sort(seen, shown, traces)
        return shown

    async def _look_at_thread(self, case: Case, card: Post, since: datetime, shown: Shown, one: Customer) -> None:
        own, theirs = is_own(case, one), items_of(case, one)
        async for seen in self.slack.look(card.place, since, card.ts):
            shown.looked.add(seen.at.ts)
            if seen.at.ts == card.ts:
                continue
            if own and seen.own:
                shown.messages.setdefault(case.id, []).append(_bare(seen))
            elif own:
                shown.replies[case.id] = shown.replies.get(case.id, 0) + 1
            elif tells_of(seen, theirs, one):
                shown.lines.append(_bare(seen))

    async def _redraw_the_hour(self) -> None:
        """Today's hourly message lists who waits: it is drawn anew at once."""
        now = self.clock.now()
        if await self.hourly.standing(now) is not None:
            await self.timers.put(HOURLY, now)


def _sort(seen: Seen, shown: Shown, traces: Traces) -> None:
    """What a message of a channel is to them. Lists that live are drawn anew by whoever keeps them."""
    if seen.own and seen.scope in traces.own:
        shown.messages.setdefault(seen.scope, []).append(_bare(seen))
    elif (
        seen.scope in (*traces.shared, HOURLY_SCOPE) and seen.at.ts not in shown.kept and tells_of(seen, (), traces.one)
    ):
        shown.lines.append(_bare(seen))


def _being_posted(case: Case, one: Customer) -> list[Stands]:
    """Lines about them that may come to stand yet: their posting has begun."""
    theirs, thread = items_of(case, one), case.card.ts if case.card else ""
    return [
        Stands(channel=post.channel, attempt=post.attempt, thread=thread if post.thread else "")
        for post in case.posts
        if post.attempt and not post.ts and is_line_about(post, theirs, one)
    ]


def _without_samples(weather: Weather, words: Collection[str]) -> Weather:
    for each in weather.problems:
        samples = tuple(text for text in each.samples if text not in words)
        weather = changed_problem(weather, each.id, samples=samples)
    return weather


def _began(case: Case, log: Sequence[LogEntry]) -> datetime:
    """When the case began, as far as it knows: older items are not kept, the log may be."""
    return min([case.cycle.seen_at, *(item.seen_at for item in case.items), *(entry.at for entry in log[:1])])


def _is_of(case: Case, one: Customer) -> bool:
    return case.key.network == one.network


def _bare(seen: Seen) -> Stands:
    return Stands(channel=seen.at.channel, ts=seen.at.ts)
