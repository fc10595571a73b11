"""`python -m bot speed`: how fast customers are answered, for people or for programs."""

import json
from collections.abc import Mapping
from typing import Any

from bot.cards.speed import plain_lines
from bot.commands.opening import opened
from bot.commands.terminal import WRONG, Say
from bot.domain.speed import PERCENTS, Figures, Pace, Speed
from bot.services.speed import MOST_DAYS, Speeds


async def speed(env: Mapping[str, str], say: Say, days: int, *, as_json: bool) -> int:
    """Say how fast customers were answered in so many days and today."""
    if not 1 <= days <= MOST_DAYS:
        say(f"--days may be 1 to {MOST_DAYS}")
        return WRONG
    async with opened(env) as service:
        speeds = Speeds(service.store.speed, service.connectors, service.settings.policy.calendar, service.clock)
        told, titles = await speeds.of(days), service.surroundings.titles
    if as_json:
        say(json.dumps(as_data(told), indent=2))
        return 0
    for line in plain_lines(told, titles):
        say(line)
    return 0


def as_data(told: Speed) -> dict[str, Any]:
    """The figures for JSON, times in seconds. `at_most_s` is null where that depends on who still waits."""
    return {
        "since": told.since.isoformat(),
        "waiting": told.waiting,
        "oldest": told.oldest.isoformat() if told.oldest else None,
        "total": _figures(told.total),
        "networks": {name: _figures(each) for name, each in told.networks.items()},
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "answered": figures.answered,
        "waiting": figures.waiting,
        "promises": {"kept": figures.kept, "of": figures.promised},
        "closed_without_answer": figures.left,
        "first_word": _pace(figures.word),
        "first_answer": _pace(figures.answer),
    }


def _pace(pace: Pace) -> dict[str, Any]:
    clocks = {"desk": pace.desk, "customer": pace.customer}
    return {
        "customers": pace.customers,
        **{
            clock: {
                f"p{percent}": {"at_least_s": each.low_s, "at_most_s": each.high_s} if each else None
                for percent, each in zip(PERCENTS, bounds, strict=True)
            }
            for clock, bounds in clocks.items()
        },
    }
