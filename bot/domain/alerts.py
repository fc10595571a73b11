"""Whether an alert still has something to tell the person whom it called."""

from typing import Final

from bot.domain.case import UNFINISHED, Case, Post
from bot.domain.fallback import COPY

FAILED: Final = "failed:"
HIDE: Final = "hide:"
ASSIGN: Final = "assign:"
HELP: Final = "help:"
ALWAYS: Final = (FAILED, HIDE, ASSIGN, HELP)
"""Begin the ids of alerts that ring whatever else does, because the list of what waits would not tell of them:
somebody's own words did not reach the customer; a comment is to be hidden, or what became of that; a colleague gave
them a case, or asks for their help."""


def is_settled(case: Case, post: Post) -> bool:
    """Whether nothing is left of what an alert tells: no customer waits, so no claim lapses either. A copy of a card
    that its channel refuses is no such alert: the case is to be seen somewhere. What became of a request to hide is
    told and not settled. What a colleague gave somebody is, once it is closed or another's; help, once it is closed."""
    if post.id.startswith((COPY, HIDE)):
        return False
    if post.id.startswith(ASSIGN):
        return case.claim is None or case.claim.by.id != post.channel
    if post.id.startswith(HELP):
        return not case.is_open
    if post.id.startswith(FAILED) and any(send.state in UNFINISHED for send in case.sends):
        return False
    return case.wait is None
