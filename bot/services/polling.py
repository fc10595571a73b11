"""Asks networks that do not call us: each source of each account when it is due, by whichever worker holds it.

The raw items and the cursor are stored in one step, so a crash reads again but never skips. Edits and deletions that
no event announces are found by looking at the open cases' interactions again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import NetworkError, Transient
from bot.domain.models import Health, Raw
from bot.domain.ports import Cases, Clock, ConnectorPort, Due, DueQueue, Inbox, Notes, Page
from bot.services.gate import Gate
from bot.telemetry import Metrics

RECHECK = "recheck"
RECHECK_CASES = 50
RECHECK_POLLS = 6
AFTER_FAILURE = timedelta(seconds=30)
AFTER_PERMANENT = timedelta(minutes=5)
HEALTH_KEPT = timedelta(days=7)


class Polling:
    """Polls one source at a time."""

    def __init__(
        self,
        inbox: Inbox,
        cases: Cases,
        notes: Notes,
        connectors: Mapping[tuple[str, str], ConnectorPort],
        clock: Clock,
        metrics: Metrics,
        poll_seconds: float,
        gate: Gate,
    ) -> None:
        self._inbox = inbox
        self._cases = cases
        self._notes = notes
        self._connectors = connectors
        self._clock = clock
        self._metrics = metrics
        self._gate = gate
        self._recheck_s = poll_seconds * RECHECK_POLLS
        self._log = structlog.get_logger("hark.polling")

    async def schedule(self, polls: DueQueue) -> None:
        """Make every source of every account due now; those that are due already stay as they are."""
        now = self._clock.now()
        for (network, account), connector in self._connectors.items():
            for source in self._sources(connector):
                await polls.put(f"{network}/{account}/{source}", now)

    async def act(self, due: Due) -> datetime | None:
        """Poll one source; when to come again. An account that is not set up any more is not polled again."""
        network, account, source = due.id.split("/", 2)
        connector = self._connectors.get((network, account))
        every = self._sources(connector).get(source) if connector else None
        if connector is None or every is None:
            return None
        not_yet = await self._gate.poll(connector)
        if not_yet is not None:
            return not_yet
        try:
            page = await self._page(connector, source)
            new = await self._inbox.put_page(page.items, due.id, page.cursor, due)
        except NetworkError as error:
            return await self._failed(connector, due.id, error)
        self._metrics.polls.labels(network, "new" if new else "quiet").inc()
        await self._note(
            connector, Health(ok=True, summary=f"last asked for {source.partition(':')[0]} without trouble")
        )
        wait = 0.0 if page.more else (page.wait_s if page.wait_s is not None else every)
        return self._clock.now() + timedelta(seconds=wait)

    def _sources(self, connector: ConnectorPort) -> dict[str, float]:
        sources = dict(connector.sources())
        return {**sources, RECHECK: self._recheck_s} if sources else {}

    async def _page(self, connector: ConnectorPort, source: str) -> Page:
        if source == RECHECK:
            return Page(items=tuple(await self._recheck(connector)), cursor=None)
        cursor = await self._inbox.cursor(f"{connector.network}/{connector.account}/{source}")
        return await connector.poll(source, cursor)

    async def _recheck(self, connector: ConnectorPort) -> list[tuple[str, Raw]]:
        cases = await self._cases.open_in(connector.network, connector.account, RECHECK_CASES)
        refs = [
            {**item.ref, "id": item.id, "version": item.version}
            for case in cases
            for item in case.items
            if not item.deleted
        ]
        return list(await connector.recheck(refs)) if refs else []

    async def _failed(self, connector: ConnectorPort, source: str, error: NetworkError) -> datetime:
        self._metrics.polls.labels(connector.network, "failed").inc()
        self._log.warning("poll failed, comes again", source=source, error=str(error))
        await self._note(connector, Health(ok=False, summary=str(error), mend="run `python -m bot check`"))
        if isinstance(error, Transient):
            if error.retry_after is not None and error.shared:
                await self._gate.pause(connector, error.retry_after)
            wait = timedelta(seconds=error.retry_after) if error.retry_after is not None else AFTER_FAILURE
        else:
            wait = AFTER_PERMANENT
        return self._clock.now() + wait

    async def _note(self, connector: ConnectorPort, health: Health) -> None:
        name = f"health:{connector.network}/{connector.account}"
        await self._notes.set(name, health.model_dump_json(), HEALTH_KEPT)
