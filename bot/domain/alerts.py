"""Whether an alert still has something to tell the person whom it called."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bot.domain.agenda import lapsing
from bot.domain.case import UNFINISHED, Case, HideState, Post
from bot.domain.fallback import COPY

CONFIRM: Final = "confirm:"
FAILED: Final = "failed:"
HIDE: Final = "hide:"
ASSIGN: Final = "assign:"
HELP: Final = "help:"
SNOOZED: Final = "snoozed:"
WORDED: Final = (ASSIGN, HELP, SNOOZED)
"""Begin the ids of alerts with words of a colleague's, which the card below a newer headline would not tell."""
ALWAYS: Final = (FAILED, HIDE, *WORDED)
"""Begin the ids of alerts that ring whatever else does, because the list of what waits would not tell of them:
somebody's own words did not reach the customer; a comment is to be hidden, or what became of that; a colleague gave
them a case, or asks for their help; a snooze is over."""


def is_settled(case: Case, post: Post) -> bool:
    """Whether nothing is left of what an alert tells. Most tell of a customer who waits; and none tells of a customer's
    return after the case was closed."""
    kind = post.id.partition(":")[0] + ":"
    return _is_past(case, post) or (_SETTLED[kind](case, post) if kind in _SETTLED else case.wait is None)


def has_words(case: Case, post: Post) -> bool:
    """Whether an alert has words that would be lost with it: a colleague's, and something is left of what they say."""
    return post.id.startswith(WORDED) and not is_settled(case, post)


def _is_past(case: Case, post: Post) -> bool:
    """Whether an alert is of an earlier cycle: the ids of many have its number, such as `help:2:...`."""
    parts = post.id.split(":")
    return len(parts) > 2 and parts[1].isdecimal() and int(parts[1]) < case.cycle.n


def _never(_case: Case, _post: Post) -> bool:
    """The case of a card that its channel refuses is to be seen somewhere."""
    return False


def _is_decided(case: Case, post: Post) -> bool:
    """Whether nobody has to approve any more. What became of a request is told, and nothing settles that."""
    asking = (f"{HIDE}{each.id}:{post.channel}" for each in case.hidings if each.state is not HideState.ASKED)
    return post.id in asking


def _is_sent(case: Case, _post: Post) -> bool:
    return case.wait is None and all(send.state not in UNFINISHED for send in case.sends)


def _is_confirmed(case: Case, post: Post) -> bool:
    """Or given back, given away, lapsed, and answered."""
    held = lapsing(case)
    return held is None or held.by.id != post.channel


def _is_anothers(case: Case, post: Post) -> bool:
    return case.claim is None or case.claim.by.id != post.channel


def _is_closed(case: Case, _post: Post) -> bool:
    return not case.is_open


def _is_put_off(case: Case, _post: Post) -> bool:
    return not case.is_open or case.snooze is not None


_SETTLED: Mapping[str, Callable[[Case, Post], bool]] = MappingProxyType(
    {
        COPY: _never,
        HIDE: _is_decided,
        CONFIRM: _is_confirmed,
        FAILED: _is_sent,
        ASSIGN: _is_anothers,
        HELP: _is_closed,
        SNOOZED: _is_put_off,
    }
)
