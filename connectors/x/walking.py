"""Reading newest-first lists by id without losing what came while nobody looked. Pure: time is passed in.

A walk goes from the newest post down to the newest one that is known (`since_id`, which X compares for us), page by
page; each page is stored with the walk's state. Only after the last page does the newest id count as known, so a crash
goes on where it stopped and skips nothing. Ids are compared as numbers.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from connectors.x.api import stamp
from connectors.x.mapping import id_time

FIRST_HISTORY: Final = timedelta(hours=24)
"""How much of what was there before the very first start becomes cards."""
SEARCH_DEPTH: Final = timedelta(days=6, hours=23)
"""X's recent search goes back seven days and refuses anything older."""
MAX_PAGES: Final = 500
"""Where a walk ends in any case. Pages may be as small as five posts while money is short, and X lists 800 mentions."""


Number = Annotated[str, Field(pattern=r"^[0-9]{0,19}$")]


class Walk(BaseModel):
    """Where a list stands: `since` is the newest known id, `start` a time instead; the rest is a walk under way."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    since: Number = ""
    start: str = ""
    top: Number = ""
    token: str = ""
    pages: int = 0


def begin(walk: Walk | None, now: datetime, depth: timedelta | None) -> Walk:
    """The walk to go on with: the first one reads a day back; one that X would call too old is cut to the depth."""
    if walk is None or not (walk.since or walk.start):
        return Walk(start=stamp(now - FIRST_HISTORY))
    if depth is None or walk.token:
        return walk
    oldest = stamp(now - depth)
    known = id_time(walk.since)
    reached = (stamp(known) if known else "") if walk.since else walk.start
    return Walk(start=oldest) if reached < oldest else walk


def params(walk: Walk, count: int, token_name: str) -> dict[str, str]:
    """The parameters of the next page."""
    found = {"max_results": str(count)}
    found |= {"since_id": walk.since} if walk.since else {"start_time": walk.start}
    return found | ({token_name: walk.token} if walk.token else {})


def advance(walk: Walk, ids: Iterable[str], next_token: str) -> Walk:
    """The walk after one page."""
    top = max((id_ for id_ in (walk.top, *ids) if id_.isdigit()), key=int, default="")
    if next_token and next_token != walk.token and walk.pages + 1 < MAX_PAGES:
        return walk.model_copy(update={"top": top, "token": next_token, "pages": walk.pages + 1})
    if not top:
        return walk.model_copy(update={"token": "", "pages": 0})
    newest = max((id_ for id_ in (top, walk.since) if id_), key=int)
    return Walk(since=newest)


def again(walk: Walk, now: datetime) -> Walk:
    """The walk after X refused to go on: from its beginning, or, if that was refused, from the time of its last id."""
    if walk.token:
        return walk.model_copy(update={"token": "", "pages": 0})
    return Walk(start=stamp(max(id_time(walk.since) or now - FIRST_HISTORY, now - SEARCH_DEPTH)))
