"""Carries sends out: one conversation at a time, in order, each exactly once or shown as unknown.

The case says `sending` before the network is called. A send found in that state later (a crash, a lost answer) is
looked for on the network before anything is tried again.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.domain.agenda import next_send
from bot.domain.case import MODERATION, Case, Item, Send, SendState
from bot.domain.decisions import Decide
from bot.domain.errors import LeaseLost, NetworkError, Permanent, Transient, Unknown
from bot.domain.hiding import stopped
from bot.domain.models import Capabilities, Health, Sent
from bot.domain.network import UNKNOWN_FOR, ConnectorPort, Connectors
from bot.domain.offers import window_open
from bot.domain.policy import Policy
from bot.domain.ports import Clock, Due, Notes
from bot.domain.sending import (
    CALL_LEASE,
    OVERTAKEN,
    begin,
    confirmed,
    due_send,
    failed,
    held,
    is_as_seen,
    is_late,
    missing,
    orphan,
    out_of_date,
    postponed,
    sent,
    taken,
    unknown,
    unseen,
)
from bot.domain.templates import is_template
from bot.services import health
from bot.services.casework import AT_ONCE, Casework, Outcome
from bot.services.gate import Gate
from bot.services.joining import ALIAS_KEPT, alias
from bot.services.once import patiently, to_the_end
from bot.telemetry import Metrics

SENDS_A_TURN = 10
AFTER_TURN = timedelta(seconds=1)
CALL_S = 45.0
"""How long a call may take: less than CALL_LEASE, after which the next holder may take it for over and try again."""
WRITTEN_S = 5.0
"""How long after its call was given up something may still be sent: no body waits longer (bot/http.py)."""
LOOK_AGAIN = timedelta(seconds=5)
SOON_OVER = timedelta(seconds=2)
"""A call to a network rarely takes longer: only one that does is shown as being sent."""
READ_BACK_SOON = timedelta(milliseconds=1500)
"""Sent and read back are one change of the card where the second follows at once."""
TROUBLES = frozenset({"token", "token_lost", "signed_out", "permission", "restricted", "missing_scope", "usage_capped"})
"""Reasons of a refusal that are the account's trouble, not that of one send."""
READ_BACK_WITHIN = timedelta(hours=1)
"""How long after it went out a send is still worth reading back."""
_log = structlog.get_logger("hark.sending")


@dataclass(frozen=True, slots=True)
class Sending:
    """Works off the sends of one case at a time."""

    casework: Casework
    notes: Notes
    connectors: Connectors
    policy: Policy
    clock: Clock
    metrics: Metrics
    gate: Gate

    async def act(self, due: Due) -> datetime | None:
        """Send what is due in this case; when its next send is due."""
        for _turn in range(SENDS_A_TURN):
            case = await self.casework.cases.load(due.id)
            if case is None:
                return None
            connector = self.connectors.get((case.key.network, case.key.account))
            send = due_send(case, self.clock.now()) or orphan(case)
            if send is None:
                if connector is not None and connector.capabilities.read_back:
                    await self._confirm(case, connector)
                return next_send(case)
            again = await self._step(case, send, connector)
            if again is not None:
                return again
        return self.clock.now() + AFTER_TURN

    async def _step(self, case: Case, send: Send, connector: ConnectorPort | None) -> datetime | None:
        """Take one step with a send; when to come again, if there is nothing more to do now."""
        if connector is None:
            return await self._gone(case, send)
        if send.state is SendState.QUEUED:
            return await self._go(case, send, connector)
        return await self._look(case, send, connector)

    async def _gone(self, case: Case, send: Send) -> datetime | None:
        """The account is not set up here: a newer process may know it. What was tried may stand, until somebody can
        look."""
        now = self.clock.now()
        if send.state is not SendState.QUEUED:
            await self._unless_changed(case, send, lambda each: unknown(each, send.id, now))
        elif now < send.due_at + UNKNOWN_FOR:
            return now + LOOK_AGAIN
        else:
            await self._fail(case, send, "this account is not set up any more")
        return None

    async def _go(self, case: Case, send: Send, connector: ConnectorPort) -> datetime | None:
        """Send it, if its window, its account and its network allow that now."""
        now = self.clock.now()
        late, closed = is_late(send, now), out_of_date(send, now) or _closed(case, send, connector.capabilities, now)
        if closed:
            stood = late and await self._untried_and_stands(case, send, connector)
            if not stood:
                await self._fail(case, send, closed, unsure=stood is None)
            return None
        wait = await self.gate.ask(connector, connector.host(send))
        if wait is not None:
            if wait.why:
                await self._unless_changed(case, send, lambda each: held(each, send.id, wait.why, self.clock.now()))
            return wait.until
        if send.attempt and await self._tried_and_stands(case, send, connector):
            return None
        if late and await self._untried_and_stands(case, send, connector):
            return None
        await self._call(case, send, connector)
        return None

    async def _tried_and_stands(self, case: Case, send: Send, connector: ConnectorPort) -> bool:
        """Before a second try: whether the first one was carried out after all, or that cannot be found out now."""
        can = connector.capabilities
        if can.idempotent_send or not can.read_back:
            return False
        try:
            return await self._is_found(case, send, connector)
        except NetworkError as error:
            await self._unseen(case, send, connector, error)
            return True

    async def _untried_and_stands(self, case: Case, send: Send, connector: ConnectorPort) -> bool | None:
        """Whether a send that nobody has tried, as far as the store knows, stands on the network nevertheless.

        None where that cannot be found out now. It does not hold the send up: as a rule Hark was just switched off.
        """
        try:
            return connector.capabilities.read_back and await self._is_found(case, send, connector)
        except NetworkError as error:
            _log.info("not looked for", case=case.id, send=send.id, error=str(error))
            return None

    async def _is_found(self, case: Case, send: Send, connector: ConnectorPort) -> bool:
        """Look for it before it is tried; what stands is noted, and shows that the account is well. Raises
        NetworkError."""
        found = await connector.read_back(send)
        if found is not None:
            await self.gate.tell(connector, None, connector.host(send))
            await self._found(case, send, found)
        return found is not None

    async def _unseen(self, case: Case, send: Send, connector: ConnectorPort, error: NetworkError) -> None:
        """It could not be looked for: it waits for the account, is looked for again, or is left to a person."""
        circuit = await self.gate.tell(connector, error, connector.host(send))
        text, after = str(error), getattr(error, "retry_after", None)
        final = not isinstance(error, Transient) and not circuit.sign_in
        if circuit.until is not None and not final:
            await self._unless_changed(case, send, lambda each: held(each, send.id, text, self.clock.now()))
        else:
            now = self.clock.now()
            await self._unless_changed(case, send, lambda each: unseen(each, send.id, text, after, now, final=final))

    async def _call(self, case: Case, send: Send, connector: ConnectorPort) -> None:
        began = self.clock.monotonic()
        begun = await self._unless_changed(case, send, lambda each: begin(each, send.id, self.clock.now()), SOON_OVER)
        tried = begun.case.send(send.id) if begun.case else None
        if tried is None or tried.state is not SendState.SENDING:
            return
        if self.clock.monotonic() - began > CALL_LEASE.total_seconds() - CALL_S - WRITTEN_S:
            raise LeaseLost("paused before the network was called")  # whoever has the lease now looks for it
        try:
            async with asyncio.timeout(CALL_S):
                proof = await connector.send(tried)
        except TimeoutError:
            await self._uncertain(case, tried, connector, Unknown(f"no answer within {CALL_S:g} s"))
        except Transient as error:
            await self._not_now(case, tried, connector, error)
        except Permanent as error:
            await self._refused(case, tried, connector, error)
        except Unknown as error:
            await self._uncertain(case, tried, connector, error)
        else:
            # The proof first, and although the store is away or the step is stopped: not every network tells it again.
            await to_the_end(patiently(lambda: self._stands(case, send, connector, proof), self.clock))
            await self.gate.tell(connector, None, connector.host(send))
            await self._note(connector, send, Health(ok=True, summary="the last answer went out"))

    async def _note(self, connector: ConnectorPort, send: Send, found: Health) -> None:
        """Keep what was learnt of the account; what is wrong with one of several hosts is not its trouble."""
        if not found.ok and connector.host(send):
            return
        await health.note(self.notes, connector, health.SENDS, found, self.clock.now())

    async def _not_now(self, case: Case, tried: Send, connector: ConnectorPort, error: Transient) -> None:
        """Tried again later; while the whole account pauses, that is no try of this send."""
        self.metrics.sends.labels(case.key.network, "postponed").inc()
        circuit = await self.gate.tell(connector, error, connector.host(tried))
        text, after = str(error), error.retry_after
        await self._note(connector, tried, Health(ok=False, summary=text, mend="nothing: Hark tries again by itself"))
        if circuit.until is not None:
            await self._unless_changed(case, tried, lambda each: held(each, tried.id, text, self.clock.now()))
        else:
            await self._unless_changed(
                case, tried, lambda each: postponed(each, tried.id, text, after, self.clock.now())
            )

    async def _refused(self, case: Case, tried: Send, connector: ConnectorPort, error: Permanent) -> None:
        """A final no to this send, or to the account: then it waits with the others."""
        circuit = await self.gate.tell(connector, error, connector.host(tried))
        if error.reason in TROUBLES:
            mend = "see the account's page in docs/connectors; the case keeps the text, Retry sends it again"
            await self._note(connector, tried, Health(ok=False, summary=error.text, mend=mend))
        self.metrics.sends.labels(case.key.network, "postponed" if circuit.sign_in else "failed").inc()
        end = held if circuit.sign_in else failed
        await self._unless_changed(
            case, tried, lambda each: end(each, tried.id, error.text, self.clock.now(), refused=True)
        )

    async def _uncertain(self, case: Case, tried: Send, connector: ConnectorPort, error: Unknown) -> None:
        _log.warning("fate of a send unknown", case=case.id, send=tried.id, error=str(error))
        self.metrics.sends.labels(case.key.network, "unknown").inc()
        await self.gate.tell(connector, error, connector.host(tried))
        await self._unless_changed(case, tried, lambda each: unknown(each, tried.id, self.clock.now()))

    async def _stands(self, case: Case, send: Send, connector: ConnectorPort, proof: Sent) -> None:
        """The network took the send. Doing it twice changes nothing."""
        await self._join(case, proof)
        after = READ_BACK_SOON if connector.capabilities.read_back else AT_ONCE
        await self._apply(case.id, lambda each: taken(each, send.id, proof, self.clock.now(), self.policy), after)
        self.metrics.sends.labels(case.key.network, "sent").inc()

    async def _confirm(self, case: Case, connector: ConnectorPort) -> None:
        """Read back what stands, and say so. A crash before this leaves it to the next."""
        since = self.clock.now() - READ_BACK_WITHIN
        for send in case.sends:
            if send.state is SendState.SENT and not send.read_back and send.sent_at and send.sent_at >= since:
                await self._read_back(case.id, send, connector)

    async def _read_back(self, case_id: str, send: Send, connector: ConnectorPort) -> None:
        try:
            found = await connector.read_back(send)
        except NetworkError as error:
            _log.info("not read back", case=case_id, send=send.id, error=str(error))
            return
        await self._apply(case_id, lambda each: confirmed(each, send.id, found))

    async def _look(self, case: Case, send: Send, connector: ConnectorPort) -> datetime | None:
        """A send whose fate is unknown: find it, or learn for certain that it is not there; when to look again."""
        can = connector.capabilities
        if not can.read_back:
            again = missing if can.idempotent_send else unknown
            await self._unless_changed(case, send, lambda each: again(each, send.id, self.clock.now()))
            return None
        try:
            found = await connector.read_back(send)
        except NetworkError as error:
            _log.info("still unknown", case=case.id, send=send.id, error=str(error))
            await self._unless_changed(case, send, lambda each: unknown(each, send.id, self.clock.now()))
            return None
        if found is not None:
            await self._found(case, send, found)
        elif send.state is SendState.SENDING and self.clock.now() < send.due_at and not can.idempotent_send:
            return min(send.due_at, self.clock.now() + LOOK_AGAIN)  # its call may still be on its way there
        else:
            await self._unless_changed(case, send, lambda each: missing(each, send.id, self.clock.now()))
        return None

    async def _found(self, case: Case, send: Send, found: Sent) -> None:
        """It stands on the network, though nobody was told so."""
        self.metrics.sends.labels(case.key.network, "sent").inc()
        await self._join(case, found)
        await self._apply(case.id, lambda each: sent(each, send.id, found, self.clock.now(), self.policy))
        await self._apply(case.id, lambda each: confirmed(each, send.id, found))

    async def _join(self, case: Case, proof: Sent) -> None:
        """What the customer answers in the private conversation belongs to this case from now on."""
        if proof.conversation:
            key = case.key.model_copy(update={"conversation": proof.conversation})
            await self.notes.set(alias(key), case.id, ALIAS_KEPT)

    async def _fail(self, case: Case, send: Send, reason: str, *, unsure: bool = False) -> None:
        self.metrics.sends.labels(case.key.network, "failed").inc()
        await self._unless_changed(
            case, send, lambda each: failed(each, send.id, reason, self.clock.now(), unsure=unsure)
        )

    async def _unless_changed(self, case: Case, seen: Send, decide: Decide, draw_after: timedelta = AT_ONCE) -> Outcome:
        """What follows from how a send was seen, as long as it is still so: this worker may have slept since.

        Raises LeaseLost when the send is on another worker's try by now. That it stands needs no such care.
        """
        outcome = await self._apply(
            case.id, lambda each: decide(each) if is_as_seen(each, seen) else OVERTAKEN, draw_after
        )
        send = outcome.case.send(seen.id) if outcome.case else None
        if outcome.refused is OVERTAKEN and send is not None and send.state is SendState.SENDING:
            raise LeaseLost("another worker is on the next try by now")
        return outcome

    async def _apply(self, case_id: str, decide: Decide, draw_after: timedelta = AT_ONCE) -> Outcome:
        return await self.casework.apply(case_id, decide, draw_after=draw_after)


def _closed(case: Case, send: Send, capabilities: Capabilities, now: datetime) -> str:
    """Windows are checked again at the last moment: minutes may have passed since the modal. Templates need none."""
    if send.purpose in MODERATION:
        return stopped(case, send, capabilities)
    item = case.item(send.to)
    if item is None or is_template(send.ref) or any(window_open(each, now) for each in _beside(case, item)):
        return ""
    return "the network's reply window closed before it could go out"


def _beside(case: Case, item: Item) -> Iterator[Item]:
    """The words that are answered, and what else stands in private beside private ones: each opens the window anew."""
    yield item
    yield from (each for each in case.items if item.private and each.private and not each.deleted)
