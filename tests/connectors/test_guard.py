"""The guard: what may be called, what may not, and that nobody can slip between the look-up and the call."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from socket import AF_INET, AddressFamily
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.domain.errors import Permanent, Transient, Unknown
from connectors.guard import MAX_ANSWER, REASON, Guard, is_public
from tests.support.webhook_rig import Receiver, a_receiver

LISTED = frozenset({"127.0.0.1"})


@dataclass
class Names(AbstractResolver):
    """A name server of our own: each look-up gives the next answer; the last one stays."""

    answers: list[list[str]]
    asked: int = 0
    closed: bool = field(default=False)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: AddressFamily = AF_INET,  # noqa: ARG002  (aiohttp's interface)
    ) -> list[ResolveResult]:
        """The next answer."""
        found = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if not found:
            raise OSError("no such name")
        return [ResolveResult(hostname=host, host=each, port=port, family=AF_INET, proto=0, flags=0) for each in found]

    async def close(self) -> None:
        """Remember it."""
        self.closed = True


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A real server on loopback."""
    async with a_receiver() as running:
        yield running


def port_of(receiver: Receiver) -> str:
    """The port on which it listens."""
    return receiver.url.rpartition(":")[2]


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "172.32.0.1"],
)
def test_the_open_internet(address: str) -> None:
    """Ordinary addresses, and ordinary ones wrapped."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104  (nothing is bound here)
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.10",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_everything_else(address: str) -> None:
    """Private, loopback, link-local, shared, documentation, multicast, reserved; wrapped in each way there is."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com/x",
        "ftp://crm.example.com/x",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "//crm.example.com",
        "crm.example.com",
        "",
        "https://user:secret@crm.example.com/",
        "https://user@crm.example.com/",
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1%25eth0]/",
        "https://１２７.０.０.１/",
        "https://x:99999/",
        "https://crm..example.com/",
        f"https://{'a' * 64}.example.com/",
        "https://[/",
        "\udcff",
    ],
)
def test_refused_without_a_look_up(url: str) -> None:
    """Wrong scheme, no host or none that could be looked up, a password, an address of our own network."""
    with pytest.raises(Permanent) as caught:
        Guard().check(url)
    assert caught.value.reason == REASON


@pytest.mark.parametrize("url", ["https://127.1/", "https://2130706433/", "https://0x7f.0.0.1/", "https://0177.0.0.1/"])
async def test_other_spellings_of_loopback_are_refused(url: str) -> None:
    """What only the system's resolver takes for an address is judged when it has been looked up, or is no host."""
    with pytest.raises(Permanent) as caught:
        await Guard(resolver=lambda: Names([["127.0.0.1"]])).post(url, b"", {})
    assert caught.value.reason == REASON


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["10.0.0.7"], ["::1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%lo"]]
)
async def test_a_name_that_leads_inside_is_refused(receiver: Receiver, found: list[str]) -> None:
    """One such address among good ones is enough; nothing is sent."""
    names = Names([found])
    with pytest.raises(Permanent) as caught:
        await Guard(resolver=lambda: names).post(f"https://rebind.example:{port_of(receiver)}/", b"x", {})
    assert caught.value.reason == REASON
    assert receiver.got == []
    assert names.closed


async def test_a_second_look_up_cannot_lead_elsewhere(receiver: Receiver) -> None:
    """A name that is public when judged and private when called: it is asked once, and that answer is used.

    The listed host stands for a public one here, since tests cannot leave the machine: its first answer leads to the
    server, its second one nowhere.
    """
    names = Names([["127.0.0.1"], []])
    guard = Guard(allowed=frozenset({"crm.example"}), resolver=lambda: names)
    answer = await guard.post(f"http://crm.example:{port_of(receiver)}/", b"x", {})
    assert (answer.status, names.asked) == (200, 1)


async def test_each_call_is_judged_anew(receiver: Receiver) -> None:
    """No judgement and no connection is kept: a name that turns inside between two calls is refused at the second."""
    names = Names([["127.0.0.1"]])
    url = f"http://crm.example:{port_of(receiver)}/"
    assert (await Guard(allowed=frozenset({"crm.example"}), resolver=lambda: names).post(url, b"", {})).status == 200
    with pytest.raises(Permanent):
        await Guard(resolver=lambda: names).post(url.replace("http:", "https:"), b"", {})
    assert names.asked == 2


async def test_listed_hosts_may_be_private_and_plain(receiver: Receiver) -> None:
    """That is what the list is for."""
    answer = await Guard(allowed=LISTED).post(receiver.url, b"hello", {"X-Test": "1"})
    assert (answer.status, answer.body) == (200, b'{"id": "their-1"}')
    ((headers, body),) = receiver.got
    assert (headers["x-test"], body) == ("1", b"hello")
    assert headers["user-agent"].startswith("Hark/")


@pytest.mark.parametrize("url", ["https://other.example/", "http://127.0.0.2/", "https://127.0.0.1.example/"])
def test_with_a_list_nothing_else_is_called(url: str) -> None:
    """A public host that is not listed is refused as well."""
    with pytest.raises(Permanent, match="not on the list"):
        Guard(allowed=LISTED).check(url)


def test_the_list_is_read_without_regard_to_case() -> None:
    """And with or without the dot at the end of a full name."""
    assert Guard(allowed=frozenset({"crm.example"})).check("http://CRM.example./x").path == "/x"


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    """The answer is the redirect itself."""

    async def elsewhere(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("/inside")

    receiver.handler = elsewhere
    assert (await Guard(allowed=LISTED).post(receiver.url, b"x", {})).status == 307
    assert len(receiver.got) == 1


async def test_a_long_answer_is_cut(receiver: Receiver) -> None:
    """64 KiB are read and the rest is left; packed data is not unpacked."""

    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        except ConnectionError:
            return response

    receiver.handler = flood
    assert (await Guard(allowed=LISTED).post(receiver.url, b"x", {})).body == b"x" * MAX_ANSWER


async def test_an_answer_that_breaks_off_keeps_its_status(receiver: Receiver) -> None:
    """The status says already how it went."""

    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"{")
        cut(request)
        return response

    receiver.handler = break_off
    answer = await Guard(allowed=LISTED).post(receiver.url, b"x", {})
    assert (answer.status, answer.body) == (200, b"")


def cut(request: web.Request) -> None:
    """Cut the line."""
    assert request.transport is not None
    request.transport.abort()


async def test_a_line_cut_before_the_answer_leaves_it_unknown(receiver: Receiver) -> None:
    """The other side may have acted."""

    async def drop(request: web.Request) -> web.Response:
        cut(request)
        return web.Response()

    receiver.handler = drop
    with pytest.raises(Unknown):
        await Guard(allowed=LISTED).post(receiver.url, b"x", {})
    assert len(receiver.got) == 1


async def test_no_answer_in_time_leaves_it_unknown(receiver: Receiver) -> None:
    """The wait ends after the time that the guard was given, in seconds."""
    done = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        await done.wait()
        return web.Response()

    receiver.handler = hang
    try:
        with pytest.raises(Unknown):
            await Guard(allowed=LISTED, total_s=0.2).post(receiver.url, b"x", {})
    finally:
        done.set()


async def test_a_closed_port_means_that_nothing_was_sent(unused_tcp_port: int) -> None:
    """It may be tried again."""
    with pytest.raises(Transient, match="no connection"):
        await Guard(allowed=LISTED).post(f"http://127.0.0.1:{unused_tcp_port}/", b"x", {})


async def test_an_unknown_name_means_that_nothing_was_sent() -> None:
    """Name servers have bad days."""
    with pytest.raises(Transient, match="name is not known"):
        await Guard(resolver=lambda: Names([[]])).post("https://crm.example/", b"x", {})


async def test_a_server_without_tls_means_that_nothing_was_sent(receiver: Receiver) -> None:
    """What was asked for by https never goes out in the clear."""
    with pytest.raises(Transient):
        await Guard(allowed=LISTED).post(receiver.url.replace("http:", "https:"), b"x", {})
    assert receiver.got == []


async def test_environment_proxies_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would make the call from somewhere else, past the judgement."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert (await Guard(allowed=LISTED).post(receiver.url, b"", {})).status == 200


def test_the_default_resolver_is_the_systems() -> None:
    """Which knows the hosts file and the search domains, as the operator expects."""
    default: Any = Guard().resolver
    assert default is aiohttp.ThreadedResolver
