"""The quiet-channel canary: learns how often something comes in through one door, and says when it went silent.

A stream is one door of one account (its webhook, its mentions, one search). What counts is the minute in which
something came, so that a burst is one sign of life. For each hour of the week a rate is learned, and a fifth of it is
forgotten each week.
A silence is measured in arrivals that were to be expected during it: in a Poisson stream, a silence of `n` has the
probability e^-n, whatever the rhythm of day and night is. It is told when it is so long that a stream like this one
would have such a silence by chance once in four years, and longer than any silence seen lately.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import fmean

from pydantic import AwareDatetime

from bot.domain.calendar import Calendar
from bot.domain.models import Model

SLOTS = 168
WEEKEND = 120
"""The first hour of Saturday, counted from Monday."""
FORGET = 0.8
"""What is left of a week's weight a week later: about five weeks count."""
BORROWED_H = 2.0
"""With how many hours' weight an hour of the week believes the same hour of similar days."""
LEARN = timedelta(days=7)
LEARN_ARRIVALS = 50
RARE_PER_WEEK = 21.0
"""Streams with less than this are naturally rare: their silence says nothing."""
MARGIN = 4.0
TAIL = 1.25
LONGEST_TAIL = 4.0
SHORTEST = timedelta(minutes=15)
GAPS_KEPT = 200
PACE_GAPS = 30
USUAL = math.log(10)
"""Nine of ten silences of a Poisson stream are shorter than this many expected arrivals."""
ASLEEP = timedelta(minutes=20)
"""After a longer time without a look Hark itself was away, and a silence proves nothing."""
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Arrival(Model):
    """A minute in which something came, and how much; `swept` if only a sweep found it."""

    at: AwareDatetime
    count: int = 1
    swept: bool = False


class Stream(Model):
    """What is known of one stream. `counts` and `hours` are minutes with arrivals, and hours watched, by hour of week.

    `silence` is how many arrivals were to be expected since `quiet_from`; `gaps` are the latest silences,
    so measured. `rung` is when its silence was told; `back` counts what came since, `back_at` when the first of it did.
    `missed` is what sweeps found since the last arrival.
    """

    since: AwareDatetime
    watched: AwareDatetime
    quiet_from: AwareDatetime
    last: AwareDatetime | None = None
    arrivals: int = 0
    counts: tuple[float, ...] = (0.0,) * SLOTS
    hours: tuple[float, ...] = (0.0,) * SLOTS
    silence: float = 0.0
    gaps: tuple[float, ...] = ()
    rung: AwareDatetime | None = None
    back: int = 0
    back_at: AwareDatetime | None = None
    missed: int = 0


def first_heard(at: datetime) -> Stream:
    """A stream that nothing is known of yet."""
    return Stream(since=at, watched=at, quiet_from=at)


def watch(stream: Stream, now: datetime, calendar: Calendar) -> Stream:
    """Time passed under watch: the hours count as watched. If nobody watched, the silence begins anew."""
    if now <= stream.watched:
        return stream
    if now - stream.watched > ASLEEP:
        return stream.model_copy(update={"watched": now, "quiet_from": max(now, stream.quiet_from), "silence": 0.0})
    counts, hours, silence = list(stream.counts), list(stream.hours), stream.silence
    for start, end in _hours(stream.watched, now):
        slot = _slot(start, calendar)
        if start == _hour(start):
            counts[slot] *= FORGET
            hours[slot] *= FORGET
        hours[slot] += (end - start) / HOUR
        silence += _rate(counts, hours, slot) * ((end - start) / HOUR)
    update = {"watched": now, "counts": tuple(counts), "hours": tuple(hours), "silence": silence}
    return stream.model_copy(update=update)


def hear(stream: Stream, arrivals: Sequence[Arrival], calendar: Calendar) -> Stream:
    """Things came in. The same minute told twice counts once."""
    swept = sum(each.count for each in arrivals if each.swept)
    news = sorted((each for each in arrivals if not each.swept), key=lambda each: each.at)
    fresh = [each for each in news if stream.last is None or each.at > stream.last]
    if not fresh:
        return stream.model_copy(update={"missed": stream.missed + swept}) if swept else stream
    counts, gaps, silence, last = list(stream.counts), list(stream.gaps), stream.silence, stream.last
    for arrival in fresh:
        slot = _slot(arrival.at, calendar)
        counts[slot] += 1
        since_then = expected(stream, arrival.at, stream.watched, calendar)
        if stream.rung is None and last is not None and arrival.at >= stream.quiet_from:
            gaps.append(round(max(0.0, silence - since_then), 2))
        silence, last = since_then, arrival.at
    update: dict[str, object] = {
        "last": last,
        "quiet_from": max(fresh[-1].at, stream.quiet_from),
        "arrivals": stream.arrivals + len(fresh),
        "counts": tuple(counts),
        "silence": silence,
        "gaps": tuple(gaps[-GAPS_KEPT:]),
        "missed": swept,
    }
    if stream.rung is not None:
        back = stream.back + sum(each.count for each in fresh)
        update |= {"back": back, "back_at": stream.back_at or fresh[0].at}
    return stream.model_copy(update=update)


def rings(stream: Stream, now: datetime, calendar: Calendar) -> bool:
    """Whether the silence is to be told now: it means something, nobody was told yet, and the desk is open."""
    if stream.rung is not None or not is_learned(stream, now) or not calendar.is_open(now):
        return False
    silence = stream.silence / _pace(stream)
    if silence < math.log(RARE_PER_WEEK) + MARGIN or now - stream.quiet_from < SHORTEST:
        return False
    weekly = sum(rates(stream))
    if weekly < RARE_PER_WEEK:
        return False
    needed = math.log(weekly * 52 / 12) + MARGIN
    tail = min(max(stream.gaps, default=0.0) * TAIL / _pace(stream), needed * LONGEST_TAIL)
    return silence >= max(needed, tail)


def is_learned(stream: Stream, now: datetime) -> bool:
    """Whether enough was heard to say what is usual."""
    return now - stream.since >= LEARN and stream.arrivals >= LEARN_ARRIVALS


def usual_gap(stream: Stream, calendar: Calendar) -> timedelta:
    """Nine of ten silences that begin at this time of the week are shorter; in whole minutes, at most a week."""
    gaps = sorted(stream.gaps)
    usual = gaps[len(gaps) * 9 // 10] if len(gaps) >= PACE_GAPS else USUAL
    known, at, left = rates(stream), stream.quiet_from, max(usual, 0.01)
    for _ in range(SLOTS):
        end = _hour(at) + HOUR
        here = known[_slot(at, calendar)] * ((end - at) / HOUR)
        if here >= left:
            at += (end - at) * (left / here)
            break
        left, at = left - here, end
    return max(MINUTE, MINUTE * math.ceil((at - stream.quiet_from) / MINUTE))


def rates(stream: Stream) -> list[float]:
    """Expected arrivals for each hour of the week; what was seen once leans on the same hour of similar days."""
    return [_rate(stream.counts, stream.hours, slot) for slot in range(SLOTS)]


def _rate(counts: Sequence[float], hours: Sequence[float], slot: int) -> float:
    similar = slice(slot % 24, WEEKEND, 24) if slot < WEEKEND else slice(WEEKEND + slot % 24, SLOTS, 24)
    watched = sum(hours[similar])
    prior = sum(counts[similar]) / watched if watched else 0.0
    return (counts[slot] + BORROWED_H * prior) / (hours[slot] + BORROWED_H)


def expected(stream: Stream, start: datetime, end: datetime, calendar: Calendar) -> float:
    """How many arrivals were to be expected between two instants."""
    return sum(
        _rate(stream.counts, stream.hours, _slot(left, calendar)) * ((right - left) / HOUR)
        for left, right in _hours(start, end)
    )


def _pace(stream: Stream) -> float:
    """By how much the latest silences are longer than learned: a stream that became slower rings later."""
    latest = stream.gaps[-PACE_GAPS:]
    return max(1.0, fmean(latest)) if latest else 1.0


def _hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time between two instants, cut at each full hour."""
    start = start.astimezone(UTC)
    while start < end:
        stop = min(end, _hour(start) + HOUR)
        yield start, stop
        start = stop


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _slot(at: datetime, calendar: Calendar) -> int:
    local = calendar.local(at)
    return local.weekday() * 24 + local.hour
