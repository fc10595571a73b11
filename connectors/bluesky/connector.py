"""The Bluesky connector: one account on one server of the AT Protocol."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bot.domain.case import Send
from bot.domain.errors import Permanent, Transient
from bot.domain.models import Author, Capabilities, Event, Health, Raw, Sent
from bot.domain.network import Page
from connectors.base import Connector, ConnectorDeps
from connectors.bluesky import mapping
from connectors.bluesky.api import MAX_URIS, Api
from connectors.bluesky.doors import Doors, intervals, item_key
from connectors.bluesky.mapping import DID_HEADER
from connectors.bluesky.names import NETWORK
from connectors.bluesky.sending import PRIVATE_LENGTH, PUBLIC_LENGTH, Sender
from connectors.bluesky.session import Sessions
from connectors.bluesky.settings import BlueskySettings
from connectors.bluesky.xrpc import Xrpc

DM_MEND = "To read and answer direct messages, make an app password with access to them and set BLUESKY_APP_PASSWORD."
AWAY = "Check BLUESKY_SERVICE_URL and the way to it. If the server is only ill, Hark goes on by itself."
PAGE = "See docs/connectors/bluesky.md."
MENDS: Mapping[str, str] = {
    "wrong_password": "Check BLUESKY_IDENTIFIER, and set BLUESKY_APP_PASSWORD to a new app password of that account.",
    "second_factor": "Set BLUESKY_APP_PASSWORD to an app password of the account.",
    "account_suspended": "Sign in on the network's own site and see what it says about the account.",
    "no_such_method": "Check BLUESKY_SERVICE_URL: it must be a server of the AT Protocol.",
}


class BlueskyConnector(Connector):
    """Polls notifications, searches and the chat; replies, and writes in private where that is allowed."""

    network: ClassVar[str] = NETWORK
    capabilities: ClassVar[Capabilities] = Capabilities(
        public_reply=PUBLIC_LENGTH,
        private_message=PRIVATE_LENGTH,
        like=True,
        read_back=True,
        edit_events=True,
        sends_per_minute=22.0,
        send_burst=300,
    )
    rechecks: ClassVar[int] = 4 * MAX_URIS

    def __init__(self, settings: BlueskySettings, deps: ConnectorDeps) -> None:
        super().__init__(deps)
        self._settings = settings
        xrpc = Xrpc(deps.http, deps.clock)
        self._sessions = Sessions(settings, deps, xrpc)
        self._api = Api(self._sessions, xrpc, deps.clock)
        self._doors = Doors(settings, deps, self._api)
        self._sender = Sender(settings, deps, self._api)

    @property
    def title(self) -> str:
        """The account's handle."""
        session = self._sessions.known
        return f"@{session.handle if session and session.handle else self._settings.identifier}"

    def is_author(self, author: Author) -> bool:
        """By its handle, which is set, or by its DID once the account has signed in."""
        session = self._sessions.known
        known = session is not None and author.id == session.did
        return known or author.handle.lower() == self._settings.identifier.lower()

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Read one stored delivery. Pure, and never raises."""
        return mapping.parse(raw, self._settings.web_url)

    def sources(self) -> Mapping[str, float]:
        """Every door; the chat's stays shut for an hour at a time where direct messages are not allowed."""
        return intervals(self._settings.queries, self.deps.poll_seconds)

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read one page of a source; raises Transient or Permanent."""
        return await self._doors.poll(source, cursor)

    async def recheck(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]]:
        """Look at known posts again; answers those that were edited (another cid) or are gone.

        A ref may carry `version`, the newest that is known; without it the one that the ref was made from counts.
        """
        by_uri = {ref["uri"]: ref for ref in refs if ref.get("uri")}
        if not by_uri:
            return []
        found = await self._api.posts(by_uri)
        headers = {DID_HEADER: (await self._api.session()).did}
        changed: list[tuple[str, dict[str, Any]]] = []
        for uri, ref in by_uri.items():
            post = found.get(uri)
            if post is None:
                changed.append((f"{uri}#deleted", {"ref": dict(ref), "post": None}))
            elif post.get("cid") != (ref.get("version") or ref.get("cid")):
                changed.append((item_key(post), {"ref": dict(ref), "post": post}))
        return [(key, self._doors.raw("recheck", item, headers)) for key, item in changed]

    async def send(self, send: Send) -> Sent:
        """Carry out one send; raises Transient, Permanent or Unknown. A public one may be repeated safely."""
        return await self._sender.send(send)

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send by its record key, or a private one by its words; raises Transient or Permanent."""
        return await self._sender.read_back(send)

    async def check(self) -> Health:
        """Sign in, then try each search and the chat. Never raises a NetworkError: what is wrong is in the answer."""
        try:
            await self._api.whoami()
            bad = [query for query in self._settings.queries if not await self._search_works(query)]
            chat, mend = await self._chat_state()
        except Permanent as error:
            return Health(ok=False, summary=f"{error.text}", mend=MENDS.get(error.reason, PAGE))
        except Transient as error:
            return Health(ok=False, summary=f"{error}", mend=AWAY)
        if bad:
            summary = f"signed in, but the server does not take the search {bad[0]!r}"
            return Health(ok=False, summary=summary, mend="Correct BLUESKY_SEARCH.")
        return Health(ok=True, summary=f"signed in, direct messages {chat}", mend=mend)

    async def _search_works(self, query: str) -> bool:
        try:
            await self._api.search(query, None, 1)
        except Permanent as error:
            if error.reason in {"bad_query", "refused"}:
                return False
            raise
        return True

    async def _chat_state(self) -> tuple[str, str]:
        """How direct messages stand, and the mend. They are an extra: without them the account is still in order."""
        not_allowed = ("not allowed", DM_MEND)
        if not (await self._api.session()).chat_allowed:
            return not_allowed
        try:
            await self._api.chat_works()
        except Permanent as error:
            return not_allowed if error.reason == "dm_not_allowed" else (f"off ({error.text})", "")
        except Transient as error:
            return f"out of reach ({error})", ""
        return "allowed", ""
