"""Looking at known posts again: no event tells of a customer's deletion, nor, for most posts, of an edit.

Each look costs money, so it is rare: once an hour, at posts of the last two days, and not at all when most of the
budget is used up.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from bot.domain.models import Raw
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.x import prices, wire
from connectors.x.api import MAX_IDS, Api
from connectors.x.doors import Doors
from connectors.x.mapping import id_time
from connectors.x.sending import gone
from connectors.x.spending import Ledger

EVERY: Final = timedelta(hours=1)
YOUNGER: Final = timedelta(hours=48)
SLOW: Final = 4.0
"""From so many times slower than usual on nothing is looked at again."""

Refs = Mapping[str, Mapping[str, str]]


class SecondLook:
    """The second looks of one account."""

    def __init__(self, deps: ConnectorDeps, api: Api, ledger: Ledger, doors: Doors) -> None:
        self._name = f"recheck:x:{deps.account}"
        self._api = api
        self._ledger = ledger
        self._notes = deps.notes
        self._clock = deps.clock
        self._doors = doors

    async def __call__(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]] | None:
        """What was edited or deleted among known posts; None: not now. Raises Transient or Permanent."""
        if await self._ledger.is_used_up():
            raise await self._ledger.stopped()
        wanted = self._wanted(refs)
        if not wanted:
            return []
        if (await self._ledger.plan()).factor >= SLOW or not await self._is_time():
            return None
        found, missing = await self._posts(wanted)
        newer = {post.newest: wanted[id_] for id_, post in found.items() if id_ in wanted and post.newest != id_}
        if newer:
            more, _ = await self._posts(newer)
            found |= more
        changed = [(id_, ref) for id_, ref in (wanted | newer).items() if id_ in found and _is_news(id_, ref)]
        gone_ = [(f"gone:{id_}", {"ref": _kept(wanted[id_]), "post": None}) for id_ in missing]
        edits = [(f"post:{id_}", {"ref": _kept(ref), "post": found[id_].model_dump()}) for id_, ref in changed]
        return [(key, self._doors.raw("recheck", item)) for key, item in (*gone_, *edits)]

    async def _is_time(self) -> bool:
        """Whether the last look is long enough ago; this one is noted. Polls of one source never overlap."""
        now, last = self._clock.now().timestamp(), await self._notes.get(self._name)
        if last is not None and now - float(last) < EVERY.total_seconds():
            return False
        await self._notes.set(self._name, str(now), EVERY)
        return True

    def _wanted(self, refs: Sequence[Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
        """The newest known id of each post that is young enough, the youngest first, as many as fit one call."""
        since = self._clock.now() - YOUNGER
        ids = {ref.get("version") or ref["post"]: ref for ref in refs if ref.get("post")}
        young = [id_ for id_ in ids if (at := id_time(id_)) is not None and at >= since]
        return {id_: ids[id_] for id_ in sorted(young, key=int, reverse=True)[:MAX_IDS]}

    async def _posts(self, wanted: Refs) -> tuple[dict[str, wire.Post], list[str]]:
        """The posts of those ids, and the ids that are gone for certain."""
        async with self._ledger.reading("recheck", len(wanted) * prices.POST) as receipt:
            page = await self._api.posts(wanted)
            receipt.add("p", (wire.as_text(item.get("id")) for item in page.data), prices.POST)
        posts = clean.readable(wire.Post, page.data)
        return {post.id: post for post in posts}, [id_ for id_ in wanted if gone(page, id_)]


def _is_news(id_: str, ref: Mapping[str, str]) -> bool:
    return id_ not in (ref.get("version"), ref.get("post"))


def _kept(ref: Mapping[str, str]) -> dict[str, str]:
    return {name: ref.get(name, "") for name in ("post", "first", "conversation")}
