"""Turn text and addresses into something Slack shows and never obeys.

Rules: Slack's "Formatting message text" (escape `&`, `<` and `>`, in that order, and nothing else). The domain has
tidied and masked what it stores; here nothing is trusted to have been.
"""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from bot.cards.limits import units
from bot.domain.text.clean import ELLIPSIS, cut, tidy

URL_LENGTH: Final = 500
LABEL: Final = 80
HOST: Final = 40
DAY_AND_TIME: Final = "{date_short_pretty} {time}"
TIME: Final = "{time}"
TIME_AND_SECONDS: Final = "{time_secs}"
_INVISIBLE: Final = 200  # signs that tidying may take away before the first one that is shown
_UNITS_PER_GRAPHEME: Final = 4
_UNSAFE_IN_URL: Final = re.compile(r"[\s<>|\"\\^`{}]")
_USER_ID: Final = re.compile(r"[UW][A-Z0-9]{1,30}")
_CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{1,30}")


def plain(text: str, graphemes: int, most: int | None = None) -> str:
    """Foreign text as harmless data, at most `graphemes` long and `most` UTF-16 units (else four per grapheme).

    Only as much is read as could be shown, so that a hundred thousand characters cost no more than a thousand.
    """
    most = graphemes * _UNITS_PER_GRAPHEME if most is None else most
    if len(text) <= min(graphemes, most) and text.isascii() and text.isprintable():
        return text.strip()
    text = tidy(text[: 2 * most + _INVISIBLE]).strip()
    if len(text) <= graphemes and _fits(text, most):
        return text
    shown, limit = cut(text, graphemes), graphemes
    while not _fits(shown, most) and limit > 1:
        limit = max(1, min(limit - 1, limit * most // units(shown)))
        shown = cut(text, limit)
    return shown if _fits(shown, most) else shown[: most // 2 - 1] + ELLIPSIS


def _fits(text: str, most: int) -> bool:
    """Whether it has at most so many UTF-16 units: one or two a character, so short text need not be counted."""
    return 2 * len(text) <= most or units(text) <= most


def one_line(text: str, graphemes: int, most: int | None = None) -> str:
    """Like `plain`, with every run of white space as one space."""
    read = graphemes * _UNITS_PER_GRAPHEME * 2 + _INVISIBLE
    return plain(" ".join(text[:read].split()), graphemes, most)


def escape(text: str) -> str:
    """Text for a mrkdwn object or a message's `text`: nothing in it can become a mention, a link or a date."""
    return _entities(tidy(text))


def line(text: str, graphemes: int) -> str:
    """Foreign text on one line, cut first and escaped then, so that no entity is ever cut in two."""
    return _entities(one_line(text, graphemes))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def safe_url(url: str) -> str:
    """The address if a person may be sent there (http or https, a host, no tricks), else the empty string."""
    if not url or len(url) > URL_LENGTH or _UNSAFE_IN_URL.search(url) or tidy(url) != url:
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:  # brackets that do not close, or a port that there cannot be
        return ""
    return url if usable else ""


def shown_host(url: str) -> str:
    """The host of a safe address as it may be shown: in ASCII, where no letter looks like another; a long one by its
    end, which says whose it is."""
    labels = (urlsplit(url).hostname or "").split(".")
    name = ".".join(each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels)
    return name if len(name) <= HOST else f"{ELLIPSIS}{name[-HOST:]}"


def link(url: str, label: str) -> str:
    """A mrkdwn link with our own or foreign words as its label; the label alone where the address is not safe."""
    label = line(label, LABEL)
    escaped = escape(safe_url(url))
    return f"<{escaped}|{label.replace('|', '¦')}>" if 0 < len(escaped) <= URL_LENGTH else label


def date_token(at: datetime, form: str = DAY_AND_TIME) -> str:
    """An instant that Slack shows in each reader's own time zone."""
    return f"<!date^{stamp(at)}^{form}|{fallback_time(at, form)}>"


def due_token(at: datetime, now: datetime) -> str:
    """An instant to come, as short as it can be said without doubt: within twelve hours the clock alone."""
    return date_token(at, TIME if 0 <= (at - now).total_seconds() < 12 * 3600 else DAY_AND_TIME)


def stamp(at: datetime) -> int:
    """Seconds since 1970, never negative: Slack takes no earlier dates."""
    return max(0, int(at.timestamp()))


def fallback_time(at: datetime, form: str) -> str:
    """What readers without the date feature see."""
    at = at.astimezone(UTC)
    clock = f"{at.hour:02}:{at.minute:02}"
    if form == TIME:
        return f"{clock} UTC"
    return f"{clock}:{at.second:02} UTC" if form == TIME_AND_SECONDS else f"{at.date()} {clock} UTC"


def user_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `ids` that have the shape of a Slack user id."""
    return tuple(id_ for id_ in dict.fromkeys(ids) if _USER_ID.fullmatch(id_))


def mention(user: str) -> str:
    """A mrkdwn mention. Only for users whom Hark itself decided to call; raises ValueError for anything else."""
    if not _USER_ID.fullmatch(user):
        raise ValueError("not a Slack user id")
    return f"<@{user}>"


def is_channel(channel: str) -> bool:
    """Whether this has the shape of a channel's id (a direct message's is not one)."""
    return _CHANNEL_ID.fullmatch(channel) is not None
