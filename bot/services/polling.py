"""Asks networks that do not call us: each source of each account when it is due, by whichever worker holds it.

The raw items and the cursor are stored in one step, so a crash reads again but never skips. Edits and deletions that
no event announces are found by looking at the open cases' interactions again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import NetworkError, Permanent, Transient
from bot.domain.models import Health
from bot.domain.network import ConnectorPort, Connectors, Page, Titles
from bot.domain.ports import Cases, Clock, Due, DueQueue, Inbox, Notes
from bot.services import health
from bot.services.gate import Gate
from bot.services.health import CHECK, RECHECK
from bot.services.lookups import PREFIX, Lookups
from bot.services.rechecking import next_turn
from bot.telemetry import Metrics

RECHECK_POLLS = 6
AFTER_FAILURE = timedelta(seconds=30)
AFTER_PERMANENT = timedelta(minutes=5)
FAILURE_KEPT = timedelta(minutes=10)
"""So long it is known that a second look failed: it is tried again well before that."""
CHECK_EVERY_S = 1800.0
AFTER_BAD_CHECK_S = 300.0
MEND = "run `python -m bot check`"
_log = structlog.get_logger("hark.polling")

Tell = Callable[[str, str], Awaitable[None]]
"""Says something once to the whole team: its name, the words."""


@dataclass(slots=True)
class Polling:
    """Polls one source at a time."""

    inbox: Inbox
    cases: Cases
    notes: Notes
    connectors: Connectors
    clock: Clock
    metrics: Metrics
    poll_seconds: float
    gate: Gate
    tell: Tell
    lookups: Lookups
    titles: Titles
    _scheduled: bool = field(default=False, init=False)

    async def schedule(self, polls: DueQueue) -> None:
        """Have every source of every account polled, by whichever worker.

        A process that has just started asks for all of them at once: what they wait for may have been mended in the
        settings. Later only what the queue does not know is due; what waits, or is held, stays as it is.
        """
        now, put = self.clock.now(), polls.begin if self._scheduled else polls.put
        for (network, account), connector in self.connectors.items():
            for source in self._sources(connector):
                await put(f"{network}/{account}/{source}", now)
        self._scheduled = True

    async def act(self, due: Due) -> datetime | None:
        """Poll one source; when to come again. What is not set up here is not polled again: who knows it asks anew."""
        network, account, source = due.id.split("/", 2)
        connector = self.connectors.get((network, account))
        if source.startswith(PREFIX):
            return await self._look_up(network, account, source.removeprefix(PREFIX))
        every = self._sources(connector).get(source) if connector else None
        if connector is None or every is None:
            return None
        not_yet = await self.gate.poll(connector)
        if not_yet is not None:
            return not_yet
        again = await (self._check(connector) if source == CHECK else self._poll(connector, source, every, due))
        await self._remark(connector)
        return again

    async def _poll(self, connector: ConnectorPort, source: str, every: float, due: Due) -> datetime:
        try:
            page = await self._page(connector, source, due)
            new = await self.inbox.put_page(page.items, due.id, page.cursor, due)
        except NetworkError as error:
            _log.warning("poll failed, comes again", source=due.id, error=str(error))
            return await self._failed(connector, source, error)
        self.metrics.polls.labels(connector.network, "new" if new else "quiet").inc()
        good = Health(ok=True, summary=f"last asked for {source.partition(':')[0]} without trouble", mend=page.said)
        await self._note(connector, source, good)
        wait = 0.0 if page.more else (page.wait_s if page.wait_s is not None else every)
        return self.clock.now() + timedelta(seconds=wait)

    def _sources(self, connector: ConnectorPort) -> dict[str, float]:
        sources = dict(connector.sources())
        return {
            **sources,
            CHECK: CHECK_EVERY_S,
            **({RECHECK: self.poll_seconds * RECHECK_POLLS} if connector.rechecks else {}),
        }

    async def _look_up(self, network: str, account: str, what: str) -> datetime | None:
        """Ask for what a delivery left out, or leave that to whoever knows the account; when to try again."""
        if connector := self.connectors.get((network, account)):
            not_yet = await self.gate.poll(connector)
            if not_yet is not None:
                return not_yet
            wait = await self.lookups.ask(connector, what)
            self.metrics.polls.labels(network, "new" if wait is None else "failed").inc()
        else:
            wait = await self.lookups.leave(network, account, what)
        return None if wait is None else self.clock.now() + timedelta(seconds=wait)

    async def _check(self, connector: ConnectorPort) -> datetime:
        """Ask the network how the account is doing: nothing else tells of a token that ends, or of a lost webhook."""
        try:
            found = await connector.check()
        except NetworkError as error:
            found = Health(ok=False, summary=str(error), mend=MEND)
        await self._note(connector, CHECK, found)
        wait = CHECK_EVERY_S if found.ok else AFTER_BAD_CHECK_S
        return self.clock.now() + timedelta(seconds=wait)

    async def _remark(self, connector: ConnectorPort) -> None:
        """Tell the team what an account has to say to all of them."""
        for remark in await connector.remarks():
            if remark.once:
                name = f"{connector.network}/{connector.account}/{remark.once}"
                title = self.titles[connector.network]
                await self.tell(name, f"{title} {connector.title}: {remark.text}")

    async def _page(self, connector: ConnectorPort, source: str, due: Due) -> Page:
        cursor = await self.inbox.cursor(due.id)
        if source == RECHECK:
            return await self._recheck(connector, cursor or "", due)
        return await connector.poll(source, cursor)

    async def _recheck(self, connector: ConnectorPort, place: str, due: Due) -> Page:
        """Look again at what is known. What the network refuses to look at must not keep the others from their turn,
        nor must that for which it has no answer twice in a row."""
        turn = await next_turn(self.cases, connector, place, self.clock.now())
        try:
            found = await connector.recheck(turn.refs) if turn.refs else []
        except NetworkError as error:
            failed = f"recheck:{due.id}:{place}"
            if isinstance(error, Permanent) or not await self.notes.first_time(failed, FAILURE_KEPT):
                await self.inbox.put_page((), due.id, turn.place, due)
            raise
        return Page(items=tuple(found or ()), cursor=None if found is None else turn.place)

    async def _failed(self, connector: ConnectorPort, source: str, error: NetworkError) -> datetime:
        self.metrics.polls.labels(connector.network, "failed").inc()
        await self._note(connector, source, Health(ok=False, summary=str(error), mend=MEND))
        if not isinstance(error, Transient):
            return self.clock.now() + AFTER_PERMANENT
        if error.retry_after is None:
            return self.clock.now() + AFTER_FAILURE
        if error.shared:
            await self.gate.pause(connector, error.retry_after)
        return self.clock.now() + timedelta(seconds=error.retry_after)

    async def _note(self, connector: ConnectorPort, source: str, found: Health) -> None:
        await health.note(self.notes, connector, source, found, self.clock.now())
