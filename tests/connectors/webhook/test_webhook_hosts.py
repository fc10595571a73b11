"""One door with the reply addresses of several systems: what one does to its answers is nothing to the others."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from bot.domain.case import Send, SendState
from bot.domain.circuit import FAILURES, FIRST_PAUSE
from bot.domain.errors import Transient
from bot.domain.network import Titles
from bot.domain.ports import Commit, Due
from bot.services import health
from bot.services.casework import Casework
from bot.services.gate import HOSTS_TOLD, Gate, silent_hosts, trouble
from bot.services.sending import Sending
from bot.telemetry import Metrics
from connectors.webhook.connector import WebhookConnector
from tests.support.cases import ANA, NOON, a_case, a_key, a_send
from tests.support.policies import a_policy
from tests.support.stores import TestClock
from tests.support.webhook_rig import Receiver, Rig, a_receiver

UTC = ZoneInfo("UTC")


@dataclass
class Door:
    """A worker's sends through one door to two systems; `ill` says what the second one answers."""

    rig: Rig
    clock: TestClock
    connector: WebhookConnector
    gate: Gate
    sending: Sending
    well: Receiver
    sick: Receiver
    ill: tuple[int, dict[str, str]] = (500, {})
    cases: list[str] = field(default_factory=list)

    async def sick_answers(self, _request: web.Request) -> web.Response:
        """What the test says."""
        status, headers = self.ill
        return web.Response(status=status, headers=headers)

    async def reply(self, to: Receiver) -> str:
        """Somebody answers a customer of that system, and the worker takes the case in hand once; the case."""
        ref = {"id": "c-1", "conversation": "post-7|u-1", "reply_url": f"{to.url}/reply"}
        n = len(self.cases)
        key = a_key(f"post-{n}", network="webhook", account="main")
        case = a_case(key=key, sends=(a_send(id=f"send-{n}", ref=ref, by=ANA),))
        assert await self.rig.store.cases.commit(Commit(None, case, NOON)) == "committed"
        self.cases.append(case.id)
        await self.act(case.id)
        return case.id

    async def act(self, case_id: str) -> None:
        """The worker takes the case in hand."""
        await self.sending.act(Due(case_id, 0, "token", 0))

    async def send(self, case_id: str) -> Send:
        """The reply as it stands now."""
        case = await self.rig.store.cases.load(case_id)
        assert case is not None
        return case.sends[0]

    async def said(self) -> str:
        """What App Home and `check` say of the hosts; the door itself is well all the time."""
        notes, cases = self.rig.store.notes, self.rig.store.cases
        assert await trouble(notes, cases, self.connector, "Webhook", UTC) is None
        assert (await health.read(notes, self.connector)).ok
        accounts = {("webhook", "main"): self.connector}
        silent = await silent_hosts(notes, cases, accounts, Titles(webhook="Webhook"), UTC)
        said = "".join(each.summary for each in silent)
        return said.removeprefix(f"Webhook {self.connector.title}: ")

    @property
    def sick_host(self) -> str:
        """The second system, as people are told of it."""
        return urlsplit(self.sick.url).netloc


@pytest.fixture
async def door(rig: Rig) -> AsyncIterator[Door]:
    """Both systems run; the second one fails."""
    clock = rig.clock
    assert isinstance(clock, TestClock)
    connector = rig.connector(reply_hosts="127.0.0.1")
    store, connectors = rig.store, {("webhook", "main"): connector}
    gate = Gate(store.notes, store.budgets, clock, UTC, Titles(webhook="Webhook"))
    sending = Sending(Casework(store.cases, clock), store.notes, connectors, a_policy(), clock, Metrics(), gate)
    async with a_receiver() as well, a_receiver() as sick:
        opened = Door(rig, clock, connector, gate, sending, well, sick)
        sick.handler = opened.sick_answers
        yield opened


async def test_a_silent_system_stops_nobody_elses_answers(door: Door) -> None:
    """Its own wait, and say whom they wait for; the other system's go out meanwhile, and so do they once it is back."""
    waiting = [await door.reply(door.sick) for _ in range(4)]
    assert len(door.sick.got) == 3, "the fourth waits for the pause"
    assert (await door.send(waiting[3])).reason == f"{door.sick_host} does not answer since 12:00"
    assert (await door.send(await door.reply(door.well))).state is SendState.SENT
    assert await door.said() == f"{door.sick_host} does not answer since 12:00; 4 replies wait"
    door.ill = (200, {})
    door.clock.advance(FIRST_PAUSE)
    for case_id in waiting:
        await door.act(case_id)
        assert (await door.send(case_id)).state is SendState.SENT
    assert await door.said() == ""


async def test_a_pause_that_one_system_asks_for_is_its_own(door: Door) -> None:
    """503 with Retry-After: nobody else waits, and it says nothing of the door."""
    door.ill = (503, {"Retry-After": "600"})
    for _ in range(2):
        assert (await door.send(await door.reply(door.sick))).state is SendState.QUEUED
    assert len(door.sick.got) == 1
    assert await door.said() == ""
    assert (await door.send(await door.reply(door.well))).state is SendState.SENT
    assert await door.gate.poll(door.connector) is None


async def test_a_signature_that_one_system_refuses_is_tried_again_after_a_check(door: Door) -> None:
    """Its answers wait, none fails; the door's own check lets them go, as it does for an account."""
    door.ill = (401, {})
    first, second = await door.reply(door.sick), await door.reply(door.sick)
    assert len(door.sick.got) == 1
    assert (await door.send(await door.reply(door.well))).state is SendState.SENT
    assert (await door.said()).startswith(f"{door.sick_host} does not accept the account's sign-in since 12:00")
    door.ill = (200, {})
    await door.gate.mend({("webhook", "main"): door.connector})
    assert await door.said() == ""
    for case_id in (first, second):
        door.clock.advance(timedelta(minutes=1))
        await door.act(case_id)
        assert (await door.send(case_id)).state is SendState.SENT


async def test_a_dead_system_for_which_nothing_waits_is_not_told_of(door: Door) -> None:
    """It may never be answered again: App Home keeps its word for how the door itself does."""
    for _ in range(FAILURES):
        await door.gate.tell(door.connector, Transient("could not connect"), door.sick_host)
    assert await door.said() == ""
    await door.reply(door.sick)
    assert await door.said() == f"{door.sick_host} does not answer since 12:00; 1 reply waits"


@pytest.mark.parametrize(("more", "end"), [(0, "1 reply waits"), (2, " · and 2 more hosts")])
async def test_of_many_dead_systems_a_few_are_named(door: Door, more: int, end: str) -> None:
    """App Home has room for some; the others are counted."""
    for n in range(HOSTS_TOLD + more):
        for _ in range(FAILURES):
            await door.gate.tell(door.connector, Transient("could not connect"), f"h{n}.example")
        await door.reply(Receiver(url=f"https://h{n}.example"))
    said = await door.said()
    assert said.count("does not answer since 12:00; 1 reply waits") == HOSTS_TOLD
    assert said.endswith(end)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Crm.Example.com:443/reply", "crm.example.com"),
        ("http://10.0.0.5:8001/a", "10.0.0.5:8001"),
        ("https://crm.example.com:99999/", ""),
        ("", ""),
    ],
)
def test_whom_an_answer_goes_to(connector: WebhookConnector, url: str, host: str) -> None:
    """The host with its port, where that is not the usual one; none where the address is none."""
    assert connector.host(a_send(ref={"reply_url": url} if url else {})) == host
