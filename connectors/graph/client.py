"""The Graph API of Meta: one client for Facebook, Instagram, Threads and WhatsApp.

One call, one answer, one table of errors, and one pace. Reads are tried again here; writes never, because none of
them can be repeated safely: their fate is read back instead.
"""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import structlog

from bot.domain.errors import NetworkError, Transient, Unknown
from bot.domain.ports import Clock
from connectors.exchange import exchange
from connectors.graph import errors
from connectors.graph.errors import Fate
from connectors.graph.pace import Pace
from connectors.graph.values import text
from connectors.lenient import objects, table
from connectors.looking_back import TOO_MUCH
from connectors.retry import retrying

MOST_PAGES: Final = 50
TRIES: Final = 3
PAGING: Final = frozenset({"after", "until", "offset", "__paging_token"})

Json = dict[str, Any]
Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Access:
    """How one account calls: the server, the version, the token.

    `secret` is the app secret that proves the token is ours (`appsecret_proof`); without one no proof is sent.
    """

    url: str
    version: str
    token: str = field(repr=False)
    secret: bytes = field(default=b"", repr=False)

    @property
    def proof(self) -> str:
        """HMAC-SHA256 of the token under the app secret, in hexadecimal ("Securing Requests")."""
        return hmac.new(self.secret, self.token.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `path` has neither version nor leading slash; `body` goes as JSON; `staff` means a person waits."""

    path: str
    verb: Literal["GET", "POST", "DELETE"] = "GET"
    params: Params = field(default_factory=dict)
    body: Json | None = None
    staff: bool = False

    @property
    def writes(self) -> bool:
        """Whether a lost answer leaves something in doubt."""
        return self.verb != "GET"


class Graph:
    """Calls the Graph API for one account. `words` are the product's own sentences for staff, by fate."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        clock: Clock,
        access: Access,
        words: Mapping[Fate, str] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.pace = pace or Pace()
        self._http = http
        self._clock = clock
        self.access = access
        self._words = words or {}
        self._log = structlog.get_logger("hark.graph")

    async def get(self, path: str, params: Params | None = None, *, staff: bool = False, tries: int = TRIES) -> Json:
        """Read; raises Transient or Permanent."""
        call = Call(path, params=params or {}, staff=staff)
        return await retrying(lambda: self(call), self._clock, tries=tries)

    async def listed(self, path: str, params: Params | None = None, *, staff: bool = False) -> list[Json]:
        """The first page of an edge; raises Transient or Permanent."""
        return await anext(self.pages(path, params, most=1, staff=staff))

    async def post(self, path: str, params: Params | None = None, body: Json | None = None) -> Json:
        """Write once, for a member of staff; raises Transient (nothing was done), Permanent or Unknown."""
        return await self(Call(path, "POST", params or {}, body, staff=True))

    async def delete(self, path: str, params: Params | None = None) -> Json:
        """Take something of ours away, for a member of staff; raises Transient, Permanent or Unknown."""
        return await self(Call(path, "DELETE", params or {}, staff=True))

    async def pages(
        self,
        path: str,
        params: Params | None = None,
        *,
        most: int = MOST_PAGES,
        staff: bool = False,
        whole: bool = False,
    ) -> AsyncIterator[list[Json]]:
        """The pages of an edge, in order: the end is where `next` is missing, for an empty page may still have one.
        An answer without a list is no empty page: nobody knows what it leaves out. With `whole` nor does anybody know
        what stands behind the last page that is read, so going on from there raises Unknown.

        The cursor is taken out of the answer and the address in `next` is never called, because it carries the token.
        """
        given: dict[str, str | int] = dict(params or {})
        for _ in range(most):
            answer = await self.get(path, given, staff=staff)
            if not isinstance(answer.get("data"), list):
                msg = "the network answered without the list that it was asked for"
                raise Transient(msg)
            yield rows(answer)
            further = following(answer)
            if not further or further.items() <= given.items():
                return
            given |= further
        if whole:
            raise Unknown(TOO_MUCH)

    async def __call__(self, call: Call) -> Json:
        """Make one call once; raises Transient, Permanent or, for a write, Unknown."""
        wait = 0.0 if call.staff else self.pace.wait(self._clock.now())
        if wait > 0:
            msg = "the network's limit is nearly used up, so only answers of staff go out"
            raise Transient(msg, retry_after=wait, shared=False)
        status, headers, body = await self._exchange(call)
        return self._answer(call, status, headers, body)

    def _answer(self, call: Call, status: int, headers: Mapping[str, str], body: bytes) -> Json:
        value = _object(body)
        if status < 300 and value is not None and not isinstance(value.get("error"), dict):
            self.pace.note(headers, self._clock.now())
            return value
        if status < 300 and value is None:
            msg = "the network's answer could not be read"
            raise Unknown(msg) if call.writes else Transient(msg)
        raise self._refused(call, status, headers, body)

    def _refused(self, call: Call, status: int, headers: Mapping[str, str], body: bytes) -> NetworkError:
        fault, now = errors.read(status, body), self._clock.now()
        pause = None
        if errors.row(fault).fate is Fate.THROTTLED:
            pause = self.pace.throttled(headers, now)
        else:
            self.pace.note(headers, now)
        self._log.info(
            "refused", verb=call.verb, status=status, code=fault.code, subcode=fault.subcode, trace=fault.trace
        )
        return errors.classify(fault, writing=call.writes, pause_s=pause, words=self._words)

    async def _exchange(self, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        params = {name: str(value) for name, value in call.params.items()}
        if self.access.secret:
            params["appsecret_proof"] = self.access.proof
        url = f"{self.access.url}/{self.access.version}/{call.path}"
        return await exchange(
            self._http,
            call.verb,
            url,
            params=params,
            token=self.access.token,
            json=call.body,
            writes=call.writes,
        )


def rows(answer: Json) -> list[Json]:
    """The objects of one page."""
    return objects(answer.get("data"))


def following(answer: Json) -> dict[str, str]:
    """The parameters of the next page; empty at the end. A feed pages by time and has no cursor but in `next`."""
    paging = table(answer.get("paging"))
    address, cursor = text(paging.get("next")), text(table(paging.get("cursors")).get("after"))
    if not address:
        return {}
    if cursor:
        return {"after": cursor}
    try:
        return {name: value for name, value in parse_qsl(urlsplit(address).query) if name in PAGING}
    except ValueError:
        return {}


def _object(body: bytes) -> Json | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if value is True:  # old edges answer so
        return {"success": True}
    return value if isinstance(value, dict) else None
