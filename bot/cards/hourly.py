"""The hourly message: one message in the channel, edited each hour, with what waits and the quiet interactions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot.cards import build
from bot.cards.escape import date_token, one_line
from bot.cards.lists import Listed, fitting, left_out, list_parts, spoken
from bot.cards.view import Rendered, rendered
from bot.cards.words import count
from bot.domain.ports import LINK

TOP: Final = 5
QUIET_SHOWN: Final = 10
ADDRESS_LENGTH: Final = 200
"""Of who liked or followed; a longer one would take the place of those who wait."""


@dataclass(frozen=True, slots=True)
class HourlyData:
    """What the message says: `waiting` holds the first due, of `waiting_total`; `quiet` the lines that nobody was
    told of yet, which came since `quiet_since`."""

    at: datetime
    waiting_total: int = 0
    overdue: int = 0
    oldest_since: datetime | None = None
    waiting: Sequence[Listed] = field(default_factory=tuple)
    quiet: Sequence[str] = ()
    quiet_since: datetime | None = None


def hourly_message(data: HourlyData) -> Rendered:
    """The message of this hour."""
    return rendered(spoken(_text(data), data.waiting[:TOP]), fitting("hourly", partial(_parts, data), TOP))


def _parts(data: HourlyData, most: int) -> build.Parts:
    shown = data.waiting[:most]
    rest = left_out(data.waiting_total, len(shown)) if data.waiting_total else ""
    more: build.Parts = [("rest", build.context(f"{rest}; `/hark queue` lists them"))] if rest else []
    as_of = build.context(f"As of {date_token(data.at)}. This message is edited every hour.")
    return [
        ("title", _title(data)),
        *list_parts(shown),
        *more,
        *_quiet(data),
        ("at", as_of),
    ]


def _title(data: HourlyData) -> build.Block:
    """How many wait, always in rich text: what happened quietly is too, and Slack lets no message lose all of that."""
    if not data.waiting_total:
        return build.paragraph(build.text_part("✅ Nobody waits for an answer.", "bold"))
    parts = [build.text_part("⏳ "), build.text_part(_waiting(data.waiting_total), "bold")]
    if data.overdue:
        parts += [build.text_part(", 🔴 "), build.text_part(f"{data.overdue:,} overdue", "bold")]
    if data.oldest_since:
        parts += [build.text_part(", the oldest since "), build.date_part(data.oldest_since)]
    return build.paragraph(*parts)


def _waiting(total: int) -> str:
    return f"{count(total, 'customer waits', 'customers wait')} for an answer"


def _quiet(data: HourlyData) -> build.Parts:
    """The likes, follows and their kin: names in them are foreign, so they stand in rich_text."""
    if not data.quiet:
        return []
    shown = [_who(each) for each in data.quiet[:QUIET_SHOWN]]
    rest = left_out(len(data.quiet), len(shown))
    title = build.rich_line(build.text_part(f"{_came(data)} {_span(data)}", "bold"))
    items = [build.rich_line(each) for each in [*shown, *([build.text_part(rest)] if rest else [])]]
    return [("quiet", build.rich(title, {"type": "rich_text_list", "style": "bullet", "elements": items}))]


def _who(line: str) -> build.Block:
    """Who did what. It leads to them, so that somebody can thank them there."""
    words, _, url = line.partition(LINK)
    return build.link_part(url if len(url) <= ADDRESS_LENGTH else "", one_line(words, 80) or "(nothing)")


def _came(data: HourlyData) -> str:
    return count(len(data.quiet), "like, repost or follow", "likes, reposts and follows")


def _span(data: HourlyData) -> str:
    """Usually the last hour; all that came while no message could be written is told together."""
    hours = round((data.at - data.quiet_since) / timedelta(hours=1)) if data.quiet_since else 1
    return f"in the last {hours} hours" if hours > 1 else "in the last hour"


def _text(data: HourlyData) -> str:
    quiet = f" · {_came(data)}" if data.quiet else ""
    if not data.waiting_total:
        return f"Nobody waits for an answer{quiet}"
    overdue = f" · {data.overdue:,} overdue" if data.overdue else ""
    return f"{_waiting(data.waiting_total)}{overdue}{quiet}"
