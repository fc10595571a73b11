"""The gate before every send: the account's circuit, the network's pace, and its Retry-After, shared by all processes.

A network that asks for a pause gets it from everybody: sends and polls of that account wait, and polls wait a little
longer, so that staff go first. Where the sends of one account go to several hosts, each host has all this for itself.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import structlog

from bot.domain import circuit as circuits
from bot.domain.case import SendState
from bot.domain.circuit import SIGN_IN, WELL, Circuit
from bot.domain.errors import NetworkError, Permanent, Transient
from bot.domain.models import Health
from bot.domain.network import ConnectorPort, Connectors, Titles
from bot.domain.ports import Budgets, Cases, Clock, Notes

KEPT = timedelta(days=1)
PROBE_S = 60.0
"""How long one send may take to show how things stand; then another one may try."""
AFTER_PROBE = timedelta(seconds=2)
LOOK_AGAIN = timedelta(seconds=30)
"""How often what waits looks whether the pause has ended early."""
STAFF_FIRST = timedelta(seconds=5)
COUNTED = 200
HOSTS_TOLD = 5
MEND_EVERY = timedelta(minutes=5)
WORTH_SAYING_S = 10.0
GO_OUT = "nothing to do: what waits goes out by itself"
MEND_THERE = "mend it on that host; within five minutes what waits goes out by itself"
POLLS_PER_S, POLL_BURST = 10.0, 20
"""More than any account polls: this bucket is there for its pauses."""
_log = structlog.get_logger("hark.gate")


@dataclass(frozen=True, slots=True)
class Held:
    """Not now: when to come again, and what staff are told (nothing, where it is only a matter of seconds)."""

    until: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets sends through, and learns from what became of them. `titles`: the networks as people write them."""

    notes: Notes
    budgets: Budgets
    clock: Clock
    zone: tzinfo
    titles: Titles

    async def ask(self, connector: ConnectorPort, host: str = "") -> Held | None:
        """None when a send of this account may go now to that host (its network's own without a name).

        Whoever is let through must `tell` what came of it.
        """
        now, circuit = self.clock.now(), await circuit_of(self.notes, connector, host)
        whose = host or self.titles[connector.network]
        if circuit.until is not None:
            why = circuits.words(circuit, whose, self.zone)
            if now < circuit.until:
                return Held(min(circuit.until, now + LOOK_AGAIN), why)
            probe = f"probe:{_name(connector, host)}:{circuit.until.isoformat()}"
            if not await self.notes.first_time(probe, timedelta(seconds=PROBE_S)):
                return Held(now + AFTER_PROBE, why)
        can = connector.capabilities
        wait = await self.budgets.take(_sends(connector, host), can.sends_per_minute / 60, can.send_burst, now)
        if wait <= 0:
            return None
        slow = f"{whose} asks to slow down" if wait > WORTH_SAYING_S else ""
        return Held(now + timedelta(seconds=wait), slow)

    async def tell(self, connector: ConnectorPort, error: NetworkError | None, host: str = "") -> Circuit:
        """What became of a call: None stands for success. Returns the circuit as it is now."""
        now, before = self.clock.now(), await circuit_of(self.notes, connector, host)
        after = WELL
        if isinstance(error, Permanent):
            if error.reason in SIGN_IN:
                after = circuits.shut_out(before, error.text, now)
        elif isinstance(error, Transient) and error.retry_after is not None:
            if error.shared:
                await self.pause(connector, error.retry_after, host)
        elif error is not None:
            after = circuits.unanswered(before, str(error), now)
        if after != before:
            if (after.until is None) != (before.until is None):
                await self._turned(connector, host, after, after.why or before.why)
            await self.notes.set(_circuit(connector, host), after.model_dump_json(), KEPT)
        return after

    async def _turned(self, connector: ConnectorPort, host: str, after: Circuit, why: str) -> None:
        """Say that a pause begins or is over; which hosts had one is known to who looks at the whole account, and
        before the pause itself: who is stopped in between has begun none that nobody finds."""
        word = "sends of an account go out again" if after.until is None else "sends of an account pause"
        _log.warning(word, account=_name(connector, host), why=why)
        if host and after.until is not None:
            await self.notes.note_recent(_hosts(connector), host)

    async def pause(self, connector: ConnectorPort, seconds: float, host: str = "") -> None:
        """The network asked for a pause: everything of this account waits, polls a little longer than staff.

        What goes to a host of its own asks for itself alone.
        """
        until = self.clock.now() + timedelta(seconds=max(seconds, 0.0))
        await self.budgets.pause(_sends(connector, host), until)
        if not host:
            await self.budgets.pause(_polls(connector), until + STAFF_FIRST)

    async def poll(self, connector: ConnectorPort) -> datetime | None:
        """When a poll may go, if not now."""
        now = self.clock.now()
        wait = await self.budgets.take(_polls(connector), POLLS_PER_S, POLL_BURST, now)
        return now + timedelta(seconds=wait) if wait > 0 else None

    async def mend(self, connectors: Connectors) -> None:
        """Look whether accounts whose sign-in was refused are well again: then what waits goes out."""
        for connector in connectors.values():
            refused = [host for host, circuit in await _paused(self.notes, connector) if circuit.sign_in]
            if not refused or not await self.notes.first_time(f"mend:{_name(connector)}", MEND_EVERY):
                continue
            try:
                health = await connector.check()
            except NetworkError as error:
                _log.info("still not well", account=_name(connector), error=str(error))
                continue
            for host in refused if health.ok else ():
                await self.tell(connector, None, host)


async def circuit_of(notes: Notes, connector: ConnectorPort, host: str = "") -> Circuit:
    """How an account's sends to one host stand."""
    return _read(await notes.get(_circuit(connector, host)))


async def _paused(notes: Notes, connector: ConnectorPort) -> list[tuple[str, Circuit]]:
    """What pauses of an account: hosts (nameless where it is the network itself) and their circuits."""
    hosts = ["", *await notes.recent(_hosts(connector))]
    noted = await notes.get_many([_circuit(connector, host) for host in hosts])
    found = [(host, _read(each)) for host, each in zip(hosts, noted, strict=True)]
    return [(host, circuit) for host, circuit in found if circuit.until is not None]


def _read(noted: str | None) -> Circuit:
    return Circuit.model_validate_json(noted) if noted else WELL


async def trouble(notes: Notes, cases: Cases, connector: ConnectorPort, title: str, zone: tzinfo) -> Health | None:
    """What App Home says while an account's sends pause, with how many replies wait (of very many: how many at least);
    None while all is well. `title` is the network's name as people write it."""
    circuit = await circuit_of(notes, connector)
    if circuit.until is None:
        return None
    waiting, least = await _waiting(cases, connector)
    mend = "run `python -m bot check`" if circuit.sign_in else GO_OUT
    return Health(
        ok=False, summary=f"{circuits.words(circuit, title, zone)}; {least}{_replies(waiting[''])}", mend=mend
    )


async def silent_hosts(
    notes: Notes, cases: Cases, connectors: Connectors, titles: Titles, zone: tzinfo
) -> list[Health]:
    """Looks for hosts that take no answers: one of them is not the account's trouble, and not that of the others."""
    found = [await _silent(notes, cases, connector, titles, zone) for connector in connectors.values()]
    return [health for health in found if health]


async def _silent(notes: Notes, cases: Cases, connector: ConnectorPort, titles: Titles, zone: tzinfo) -> Health | None:
    """The hosts of one account that take no answers, and how many replies wait for each."""
    paused = [(host, circuit) for host, circuit in await _paused(notes, connector) if host]
    if not paused:
        return None
    waiting, least = await _waiting(cases, connector)
    # A host for which nothing waits may never be written to again; then nothing would end its pause.
    told = [(host, circuit) for host, circuit in paused if waiting[host] or least]
    if not told:
        return None
    said = [f"{circuits.words(circuit, host, zone)}; {least}{_replies(waiting[host])}" for host, circuit in told]
    more = [f"and {len(said) - HOSTS_TOLD} more hosts"] if len(said) > HOSTS_TOLD else []
    summary = f"{titles[connector.network]} {connector.title}: {' · '.join([*said[:HOSTS_TOLD], *more])}"
    return Health(ok=False, summary=summary, mend=MEND_THERE if any(each.sign_in for _, each in told) else GO_OUT)


async def _waiting(cases: Cases, connector: ConnectorPort) -> tuple[Counter[str], str]:
    """How many replies of an account wait, by the host that is to take them; "at least" where there may be more."""
    found, here = await cases.sending(COUNTED), (connector.network, connector.account)
    sends = (send for case in found if (case.key.network, case.key.account) == here for send in case.sends)
    waiting = Counter(connector.host(send) for send in sends if send.state is SendState.QUEUED)
    return waiting, "at least " if len(found) == COUNTED else ""


def _replies(count: int) -> str:
    return "1 reply waits" if count == 1 else f"{count} replies wait"


def _name(connector: ConnectorPort, host: str = "") -> str:
    return "/".join(filter(None, (connector.network, connector.account, host)))


def _circuit(connector: ConnectorPort, host: str) -> str:
    return f"circuit:{_name(connector, host)}"


def _hosts(connector: ConnectorPort) -> str:
    return f"hosts:{_name(connector)}"


def _sends(connector: ConnectorPort, host: str) -> str:
    return f"sends:{_name(connector, host)}"


def _polls(connector: ConnectorPort) -> str:
    return f"polls:{_name(connector)}"
