"""The gate before every send: the account's circuit, the network's pace, and its Retry-After, shared by all processes.

A network that asks for a pause gets it from everybody: sends and polls of that account wait, and polls wait a little
longer, so that staff go first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import structlog

from bot.domain import circuit as circuits
from bot.domain.case import SendState
from bot.domain.circuit import SIGN_IN, WELL, Circuit
from bot.domain.errors import NetworkError, Permanent, Transient
from bot.domain.models import Health
from bot.domain.network import ConnectorPort, Titles
from bot.domain.ports import Budgets, Cases, Clock, Notes

KEPT = timedelta(days=1)
PROBE_S = 60.0
"""How long one send may take to show how things stand; then another one may try."""
AFTER_PROBE = timedelta(seconds=2)
LOOK_AGAIN = timedelta(seconds=30)
"""How often what waits looks whether the pause has ended early."""
STAFF_FIRST = timedelta(seconds=5)
COUNTED = 200
MEND_EVERY = timedelta(minutes=5)
WORTH_SAYING_S = 10.0
POLLS_PER_S, POLL_BURST = 10.0, 20
"""More than any account polls: this bucket is there for its pauses."""


@dataclass(frozen=True, slots=True)
class Held:
    """Not now: when to come again, and what staff are told (nothing, where it is only a matter of seconds)."""

    until: datetime
    why: str = ""


class Gate:
    """Lets sends through, and learns from what became of them. `titles`: the networks as people write them."""

    def __init__(self, notes: Notes, budgets: Budgets, clock: Clock, zone: tzinfo, titles: Titles) -> None:
        self._notes = notes
        self._budgets = budgets
        self._clock = clock
        self._zone = zone
        self._titles = titles
        self._log = structlog.get_logger("hark.gate")

    async def ask(self, connector: ConnectorPort) -> Held | None:
        """None when a send of this account may go now. Whoever is let through must `tell` what came of it."""
        now, circuit = self._clock.now(), await self._circuit(connector)
        if circuit.until is not None:
            why = circuits.words(circuit, self._titles[connector.network], self._zone)
            if now < circuit.until:
                return Held(min(circuit.until, now + LOOK_AGAIN), why)
            probe = f"probe:{_name(connector)}:{circuit.until.isoformat()}"
            if not await self._notes.first_time(probe, timedelta(seconds=PROBE_S)):
                return Held(now + AFTER_PROBE, why)
        can = connector.capabilities
        wait = await self._budgets.take(_sends(connector), can.sends_per_minute / 60, can.send_burst, now)
        if wait <= 0:
            return None
        slow = f"{self._titles[connector.network]} asks to slow down" if wait > WORTH_SAYING_S else ""
        return Held(now + timedelta(seconds=wait), slow)

    async def tell(self, connector: ConnectorPort, error: NetworkError | None) -> Circuit:
        """What became of a call: None stands for success. Returns the circuit as it is now."""
        now, before = self._clock.now(), await self._circuit(connector)
        after = WELL
        if isinstance(error, Permanent):
            if error.reason in SIGN_IN:
                after = circuits.shut_out(before, error.text, now)
        elif isinstance(error, Transient) and error.retry_after is not None:
            if error.shared:
                await self.pause(connector, error.retry_after)
        elif error is not None:
            after = circuits.unanswered(before, str(error), now)
        if after != before:
            await self._notes.set(_circuit(connector), after.model_dump_json(), KEPT)
            if (after.until is None) != (before.until is None):
                word = "sends of an account go out again" if after.until is None else "sends of an account pause"
                self._log.warning(word, account=_name(connector), why=after.why or before.why)
        return after

    async def pause(self, connector: ConnectorPort, seconds: float) -> None:
        """The network asked for a pause: everything of this account waits, polls a little longer than staff."""
        until = self._clock.now() + timedelta(seconds=max(seconds, 0.0))
        await self._budgets.pause(_sends(connector), until)
        await self._budgets.pause(_polls(connector), until + STAFF_FIRST)

    async def poll(self, connector: ConnectorPort) -> datetime | None:
        """When a poll may go, if not now."""
        now = self._clock.now()
        wait = await self._budgets.take(_polls(connector), POLLS_PER_S, POLL_BURST, now)
        return now + timedelta(seconds=wait) if wait > 0 else None

    async def mend(self, connectors: Mapping[tuple[str, str], ConnectorPort]) -> None:
        """Look whether accounts whose sign-in was refused are well again: then what waits goes out."""
        for connector in connectors.values():
            circuit = await self._circuit(connector)
            if not circuit.sign_in or not await self._notes.first_time(f"mend:{_name(connector)}", MEND_EVERY):
                continue
            try:
                health = await connector.check()
            except NetworkError as error:
                self._log.info("still not well", account=_name(connector), error=str(error))
                continue
            if health.ok:
                await self.tell(connector, None)

    async def _circuit(self, connector: ConnectorPort) -> Circuit:
        return await circuit_of(self._notes, connector)


async def circuit_of(notes: Notes, connector: ConnectorPort) -> Circuit:
    """How an account's sends stand."""
    noted = await notes.get(_circuit(connector))
    return Circuit.model_validate_json(noted) if noted else WELL


async def trouble(notes: Notes, cases: Cases, connector: ConnectorPort, title: str, zone: tzinfo) -> Health | None:
    """What App Home says while an account's sends pause, with how many replies wait (of very many: how many at least);
    None while all is well. `title` is the network's name as people write it."""
    circuit = await circuit_of(notes, connector)
    if circuit.until is None:
        return None
    found, here = await cases.sending(COUNTED), (connector.network, connector.account)
    sends = (send for case in found if (case.key.network, case.key.account) == here for send in case.sends)
    waiting = sum(send.state is SendState.QUEUED for send in sends)
    replies = "1 reply waits" if waiting == 1 else f"{waiting} replies wait"
    if len(found) == COUNTED:
        replies = f"at least {replies}"
    said = circuits.words(circuit, title, zone)
    mend = "run `python -m bot check`" if circuit.sign_in else "nothing to do: what waits goes out by itself"
    return Health(ok=False, summary=f"{said}; {replies}", mend=mend)


def _name(connector: ConnectorPort) -> str:
    return f"{connector.network}/{connector.account}"


def _circuit(connector: ConnectorPort) -> str:
    return f"circuit:{_name(connector)}"


def _sends(connector: ConnectorPort) -> str:
    return f"sends:{_name(connector)}"


def _polls(connector: ConnectorPort) -> str:
    return f"polls:{_name(connector)}"
