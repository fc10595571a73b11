"""Looking after the webhook: X switches one off when its checks fail, and delivers nothing until it is switched on.

Every quarter of an hour Hark asks whether it is on, switches it on if it is not (X then checks our address), and has
the missed time delivered again. A replay may end half an hour ago at the latest, and begin a day ago at the earliest.
After docs.x.com, "Webhooks" and "Recovery and replay". Whether every app may ask for a replay is not said: a refusal
is noted, and the polls find mentions and messages without it.
"""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bot.domain.errors import Permanent, Transient
from bot.domain.network import Page
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.x import wire
from connectors.x.api import Api
from connectors.x.doors import VALID, hook_note

WATCH_SECONDS: Final = 900.0
UNWATCHED: Final = timedelta(hours=1)
"""After so long without a look at it, deliveries may have been missed because Hark itself was away."""
MARGIN: Final = timedelta(minutes=15)
NEWEST: Final = timedelta(minutes=32)
OLDEST: Final = timedelta(hours=24)
NOTE_KEPT: Final = timedelta(days=7)

NONE: Final = "none"
OFF: Final = "off"
MEND: Final = (
    "See that the address of the webhook can be reached from outside with a valid certificate, and that the first "
    "value of X_CONSUMER_SECRET is the app's. Hark tries again every 15 minutes; mentions and messages are polled."
)


class Watch(BaseModel):
    """What the watcher's cursor holds. `gap_from` to `gap_to` is what a replay must bring; open while it is off."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    seen_at: AwareDatetime | None = None
    gap_from: AwareDatetime | None = None
    gap_to: AwareDatetime | None = None


def pick(hooks: list[wire.Hook], account: str) -> wire.Hook | None:
    """Our webhook among the app's: by its path, or another account's in the app, or the only one there is."""
    wanted = (f"/webhooks/x/{account}/", *(("/webhooks/x/",) if account == "main" else ()))
    found = [(f"{urlsplit(hook.url).path.rstrip('/')}/", hook) for hook in hooks]
    ours = [hook for path, hook in found if path.endswith(wanted)]
    beside = [hook for path, hook in found if "/webhooks/x/" in path]
    return next(iter(ours or beside or hooks[: len(hooks) == 1]), None)


def observed(watch: Watch, now: datetime, *, valid: bool) -> Watch:
    """The state after a look that found the webhook on, or just switched on (not `valid`)."""
    last = watch.seen_at
    missed = not valid or (last is not None and now - last > UNWATCHED)
    if not missed:
        return watch.model_copy(update={"seen_at": now})
    begin = min(each for each in (watch.gap_from, last, now - MARGIN) if each is not None)
    return Watch(seen_at=now, gap_from=begin, gap_to=now)


class HookWatch:
    """The watcher of one account's webhook."""

    def __init__(self, deps: ConnectorDeps, api: Api) -> None:
        self._account = deps.account
        self._api = api
        self._notes = deps.notes
        self._clock = deps.clock

    async def poll(self, cursor: str | None) -> Page:
        """Look once; raises Transient while the webhook is off and cannot be switched on."""
        watch = clean.kept(Watch, cursor) or Watch()
        hook = pick(await self._api.hooks(), self._account)
        if hook is None:
            await self._note(NONE)
            return Page(items=(), cursor=cursor, wait_s=WATCH_SECONDS)
        if not hook.valid:
            await self._note(OFF)
            await self._switch_on(hook)
        await self._note(VALID)
        after = await self._replayed(hook, observed(watch, self._clock.now(), valid=hook.valid))
        return Page(items=(), cursor=after.model_dump_json(exclude_defaults=True), wait_s=WATCH_SECONDS)

    async def _switch_on(self, hook: wire.Hook) -> None:
        try:
            await self._api.check_hook(hook.id)
        except (Permanent, Transient) as error:
            text = f"X has switched the webhook off and cannot switch it on again ({error}). {MEND}"
            raise Transient(text, retry_after=WATCH_SECONDS, shared=False) from error
        found = pick(await self._api.hooks(), self._account)
        if found is None or not found.valid:
            text = f"X has switched the webhook off and its check of {hook.url} failed. {MEND}"
            raise Transient(text, retry_after=WATCH_SECONDS, shared=False)

    async def _replayed(self, hook: wire.Hook, watch: Watch) -> Watch:
        """Ask for what was missed once X allows it; the state afterwards."""
        now = self._clock.now()
        if watch.gap_from is None or watch.gap_to is None or now < watch.gap_to + NEWEST:
            return watch
        begin = max(watch.gap_from, now - OLDEST + MARGIN)
        try:
            await self._api.replay(hook.id, begin, watch.gap_to + timedelta(minutes=1))
        except Transient:
            return watch
        except Permanent as error:
            await self._notes.set(replay_note(self._account), error.text, NOTE_KEPT)
        return Watch(seen_at=watch.seen_at)

    async def _note(self, state: str) -> None:
        await self._notes.set(hook_note(self._account), state, NOTE_KEPT)


def replay_note(account: str) -> str:
    """The note that says why X refused the last replay."""
    return f"replay:x:{account}"
