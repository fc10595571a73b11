"""Calls to addresses that somebody outside gave us: they must not lead into our own network.

A name is looked up once and the connection goes to exactly the addresses that were judged: the resolver that judges is
the one that the connection uses, nothing is cached, and each call has a connection of its own. So a name that answers
differently the second time gains nothing. Addresses written as numbers never reach a resolver and are judged before.
Redirects are not followed, no proxy is used, and of the answer only so much is read.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from socket import AddressFamily
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.domain.errors import Permanent, Transient, Unknown
from bot.http import USER_AGENT, Prompt

REASON: Final = "address_refused"
TOTAL_S: Final = 10.0
CONNECT_S: Final = 5.0
MAX_ANSWER: Final = 64 * 1024

_ALWAYS: Final = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
NAT64: Final = IPv6Network("64:ff9b::/96")
SPECIAL: Final = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them
    IPv6Network("3fff::/20"),  # documentation
)
"""What the standard library of some Python versions takes for ordinary addresses."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the open internet; one that wraps an IPv4 address is judged by that.

    After the special-purpose registries of RFC 6890: not private, loopback, link-local, shared, documentation,
    benchmarking, multicast, reserved or unspecified.
    """
    inner = _inside(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return is_public(inner)
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    special = any(address in network for network in SPECIAL)
    return address.is_global and not (address.is_multicast or address.is_reserved or special)


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a mapped, translated (NAT64) or 6to4 address leads to."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host spells in numbers; None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


class JudgingResolver(AbstractResolver):
    """Looks names up and refuses those that lead to any address outside the open internet."""

    def __init__(self, inner: AbstractResolver, allowed: frozenset[str]) -> None:
        self._inner = inner
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host; raises Permanent when one of them is not public and the host is not allowed."""
        found = await self._inner.resolve(host, port, family)
        if host.lower().rstrip(".") not in self._allowed:
            for one in found:
                address = literal(one["host"])
                if address is None or not is_public(address):
                    raise _refused(host)
        return found

    async def close(self) -> None:
        """Close the resolver that does the work."""
        await self._inner.close()


def _refused(host: str) -> Permanent:
    return Permanent(REASON, f"The address {host[:100]} is not on the open internet and not on the list of hosts.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is the first 64 KiB, empty when it could not be read to that point."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Guard:
    """Calls foreign addresses. With `allowed` hosts only those are called, http and private ones included."""

    allowed: frozenset[str] = frozenset()
    total_s: float = TOTAL_S
    resolver: Callable[[], AbstractResolver] = field(default=aiohttp.ThreadedResolver)

    def check(self, text: str) -> URL:
        """The address if it may be called as far as can be told without looking it up; else raises Permanent."""
        try:
            url = URL(text)
            host = (url.raw_host or "").lower().rstrip(".")
            host.encode("idna")  # as the resolver will: a name with an empty or too long part cannot be looked up
        except ValueError as error:
            raise Permanent(REASON, "The address cannot be read.") from error
        if url.scheme not in {"http", "https"} or not host:
            raise Permanent(REASON, "The address must start with https://.")
        if url.user is not None or url.password is not None:
            raise Permanent(REASON, "The address must not carry a user name or password.")
        if self.allowed:
            if host not in self.allowed:
                raise Permanent(REASON, f"The host {host[:100]} is not on the list of hosts.")
            return url
        if url.scheme != "https":
            raise Permanent(REASON, "The address must start with https://; for http, put its host on the list.")
        address = literal(host)
        if address is not None and not is_public(address):
            raise _refused(host)
        return url

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once. Raises Permanent (may not be called), Transient (nothing was sent) or Unknown (no answer)."""
        target = self.check(url)
        resolver = JudgingResolver(self.resolver(), self.allowed)
        connect_s = min(CONNECT_S, self.total_s / 2)
        prompt = Prompt(body, "application/octet-stream", connect_s)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True),
                    timeout=aiohttp.ClientTimeout(total=self.total_s, connect=connect_s),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,
                ) as session,
                session.post(target, data=prompt, headers=_ALWAYS | dict(headers), allow_redirects=False) as answer,
            ):
                return Answer(answer.status, answer.headers.copy(), await _start_of(answer))
        except aiohttp.InvalidURL as error:  # numbers that spell no address, such as 127.1
            raise _refused(target.raw_host or "") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            msg = f"the address could not be reached ({_why(error)})"
            raise Transient(msg) from error
        except (TimeoutError, aiohttp.ClientError) as error:
            msg = f"no answer came ({type(error).__name__})"
            raise Unknown(msg) from error
        finally:
            await resolver.close()


def _why(error: Exception) -> str:
    """What kept the connection from coming about, in two or three words; never the addresses behind a name."""
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "its certificate is not accepted"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    return "it took too long" if isinstance(error, TimeoutError) else "no connection"


async def _start_of(answer: aiohttp.ClientResponse) -> bytes:
    """The first part of the body; nothing when it breaks off, because the status says already how it went."""
    try:
        return await asyncio.wait_for(_read(answer.content), CONNECT_S)
    except (TimeoutError, aiohttp.ClientError):
        return b""


async def _read(content: aiohttp.StreamReader) -> bytes:
    found = bytearray()
    while len(found) < MAX_ANSWER:
        chunk = await content.read(MAX_ANSWER - len(found))
        if not chunk:
            break
        found += chunk
    return bytes(found)
