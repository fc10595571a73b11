"""How fast customers were answered, in words: to who asks, in Home, on the command line.

"Half" and "9 of 10" are the 50th and the 90th percentile, as people say it on a phone.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import ceil, floor
from typing import Final

from bot.cards import build
from bot.cards.escape import date_token, line
from bot.cards.view import Rendered, rendered
from bot.cards.words import count
from bot.domain.percentiles import Bounds
from bot.domain.speed import Figures, Speed

NETWORKS_SHOWN: Final = 8
ALIKE: Final = 1.11
"""Bounds that are no further apart than two buckets are one figure."""
MINUTE, HOUR, DAY = 60, 3600, 86_400
STEPS: Final = ((DAY, HOUR), (6 * HOUR, 10 * MINUTE), (HOUR, 5 * MINUTE), (0, MINUTE))
"""From how many seconds on a time is told in which steps."""
NOTE: Final = (
    "Desk clock: business hours since Hark saw the words. Customer clock: all hours since they were posted. Who still "
    "waits counts with the time by now; where it depends on them, it says “at least” or a span. Likes, what is not for "
    "us and automatic words do not count."
)

When = Callable[[datetime], str]


def speed_reply(speed: Speed, titles: Mapping[str, str]) -> Rendered:
    """The answer to who asked."""
    text = "\n".join(_lines(speed, titles, date_token))
    return rendered(text, build.with_ids("speed", [("figures", build.section(text)), ("note", build.context(NOTE))]))


def home_line(speed: Speed) -> str:
    """One line of mrkdwn for Home; empty where there is nothing to tell yet."""
    total = speed.total
    if not total.answer.customers:
        return ""
    kept = f" · {_promises(total)}" if total.promised else ""
    first = f"⏱️ First answer since {date_token(speed.since)}, customer clock · {_percentiles(total.answer.customer)}"
    return f"{first}{kept} · `/hark speed` tells more"


def plain_lines(speed: Speed, titles: Mapping[str, str]) -> list[str]:
    """The same as on the command line."""
    return [each.replace("*", "") for each in _lines(speed, titles, lambda at: f"{at:%Y-%m-%d %H:%M} UTC")]


def _lines(speed: Speed, titles: Mapping[str, str], when: When) -> Iterator[str]:
    total = speed.total
    yield f"*How fast we were since {when(speed.since)}*"
    yield _customers(speed, when)
    for name, pace in (("First human word", total.word), ("First answer", total.answer)):
        if pace.customers:
            yield f"*{name}* · {count(pace.customers, 'customer')}"
            yield f"• desk clock · {_percentiles(pace.desk)}"
            yield f"• customer clock · {_percentiles(pace.customer)}"
    if total.promised:
        yield f"*{_promises(total).capitalize()}*"
    if total.left:
        yield f"{count(total.left, 'case')} closed on purpose without an answer from Hark, and left out of the times"
    if len(speed.networks) > 1:
        yield from _networks(speed, titles)


def _customers(speed: Speed, when: When) -> str:
    answered = f"{count(speed.total.answered, 'customer')} had a first answer"
    if not speed.waiting:
        return f"{answered}, nobody waits"
    oldest = f", the oldest since {when(speed.oldest)}" if speed.oldest else ""
    again = speed.waiting - speed.total.waiting
    more = f" ({again:,} of them for another answer)" if again else ""
    return f"{answered}, {count(speed.waiting, 'waits', 'wait')} now{more}{oldest}"


def _networks(speed: Speed, titles: Mapping[str, str]) -> Iterator[str]:
    yield "*First answer by network*"
    for name, figures in list(speed.networks.items())[:NETWORKS_SHOWN]:
        facts = [
            count(figures.answer.customers, "customer"),
            *([_percentiles(figures.answer.customer)] if figures.answer.customers else []),
            *([_promises(figures)] if figures.promised else []),
            *([count(figures.waiting, "waits", "wait")] if figures.waiting else []),
        ]
        yield f"• {line(titles[name], 30)}: {' · '.join(facts)}"
    rest = len(speed.networks) - NETWORKS_SHOWN
    if rest > 0:
        yield f"… and {count(rest, 'network')} more"


def _promises(figures: Figures) -> str:
    """How many promises were kept; never 100 % while one was not."""
    percent = figures.kept * 100 // figures.promised
    return f"promises kept: {figures.kept:,} of {figures.promised:,} ({percent} %)"


def _percentiles(bounds: tuple[Bounds | None, ...]) -> str:
    half, most = bounds
    if half is None or most is None:
        return "half: nobody · 9 of 10: nobody"
    return f"half: {span_words(half)} · 9 of 10: {_longer(most, half)}"


def _longer(bounds: Bounds, half: Bounds) -> str:
    """A percentile beside that of half: rounded down, its "at least" might say less than the figure before it."""
    low, high = bounds
    no_less = high is None and low >= MINUTE and _is_one(half) and low <= (half.high_s or 0)
    return f"at least {span_words(half)}" if no_less else span_words(bounds)


def span_words(bounds: Bounds) -> str:
    """A percentile: one time where it is known, else all that is certain."""
    low, high = bounds
    if high is None:
        return f"at least {duration_words(low, floor)}" if low >= MINUTE else "still open"
    if _is_one(bounds):
        return duration_words((low * high) ** 0.5, round)
    return f"{duration_words(low, floor)} to {duration_words(high, ceil)}"


def _is_one(bounds: Bounds) -> bool:
    """Whether both ends are one figure."""
    low, high = bounds
    return high is not None and (high <= low * ALIKE or high <= MINUTE)


def duration_words(seconds: float, whole: Callable[[float], int]) -> str:
    """A time about as exact as it is known, to 5 %: under 1 min, 42 min, 3 h 10 min, 2 d 5 h.

    `whole` rounds: down what is "at least", up what is "at most".
    """
    step = next(step for least, step in STEPS if seconds >= least)
    seconds = whole(seconds / step) * step
    if seconds < MINUTE:
        return "under 1 min"
    large, small = ((DAY, "d"), (HOUR, "h")) if seconds >= DAY else ((HOUR, "h"), (MINUTE, "min"))
    parts = (seconds // large[0], large[1]), (seconds % large[0] // small[0], small[1])
    return " ".join(f"{int(number)} {unit}" for number, unit in parts if number)
