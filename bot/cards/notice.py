"""A notice to the people who run Hark: what is wrong, since when, how often, an example, what to do."""

from datetime import timedelta

from bot.cards import build
from bot.cards.escape import date_token, line, plain
from bot.cards.view import Rendered, rendered
from bot.cards.words import count
from bot.domain.notices import Line

HEADLINE = 300
EXAMPLE = 500
MEND = 400


def notice_message(notice: Line) -> Rendered:
    """The message. The example is foreign and stands in rich text, where nothing in it can call anybody."""
    words = notice.words
    sign, title = ("✅", "") if notice.over else ("⚠️", "Hark: ")
    headline = f"{sign} {title}{line(words.headline, HEADLINE)}"
    parts: build.Parts = [("headline", build.section(f"*{headline}*"))]
    example, mend = plain(words.example, EXAMPLE), line(words.mend, MEND)
    if example and not notice.over:
        parts.append(("example", build.rich(build.rich_quote(example))))
    if mend:
        parts.append(("mend", build.section(f"🛠️ {mend}")))
    if not notice.over:
        parts.append(("facts", build.context(_facts(notice))))
    return rendered(f"{headline} · {mend}" if mend else headline, build.with_ids("notice", parts))


def caught_up(cards: int, away: timedelta) -> Rendered:
    """The line after an outage of Slack."""
    minutes = max(1, round(away / timedelta(minutes=1)))
    span = count(minutes, "minute") if minutes < 120 else count(round(minutes / 60), "hour")
    text = f"✅ Caught up: {count(cards, 'card')} after {span} without Slack"
    return rendered(text, build.with_ids("caught-up", [("line", build.section(text))]))


def told(text: str) -> Rendered:
    """A line to one person, about what they pressed."""
    words = line(text, HEADLINE)
    return rendered(words, build.with_ids("told", [("line", build.section(words))]))


def _facts(notice: Line) -> str:
    times = f"{count(notice.count, 'time')} since {date_token(notice.since)}" if notice.count > 1 else ""
    facts = [
        times or f"At {date_token(notice.since)}",
        f"{notice.total:,} in all" if notice.total > notice.count else "",
        f"Counted from now on, told again in {notice.words.every.total_seconds() / 3600:g} hours at the earliest",
    ]
    return " · ".join(fact for fact in facts if fact)
