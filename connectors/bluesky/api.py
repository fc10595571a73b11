"""The calls that Hark makes, each typed. Reads are retried here; so are writes that cannot double."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.ports import Clock
from connectors import clean
from connectors.bluesky import wire
from connectors.bluesky.session import Session, Sessions
from connectors.bluesky.xrpc import RENEWABLE, Call, Params, Xrpc
from connectors.lenient import table
from connectors.retry import retrying

M = TypeVar("M", bound=wire.Wire)

MAX_URIS: Final = 25
"""How many posts getPosts takes."""


class Api:
    """One account's calls. All raise Transient or Permanent; writes raise Unknown too."""

    def __init__(self, sessions: Sessions, xrpc: Xrpc, clock: Clock) -> None:
        self._sessions = sessions
        self._xrpc = xrpc
        self._clock = clock

    # --- reading ---

    async def whoami(self) -> None:
        """Ask the server whether it still knows us."""
        await self._get(wire.Wire, "com.atproto.server.getSession")

    async def notifications(self, reasons: Iterable[str], cursor: str | None, limit: int) -> wire.Paged:
        """A page of notifications, newest first; no reasons means all."""
        # Without priority=false, the account's own preference may hide everybody whom it does not follow.
        params = {"priority": "false"} | _page(cursor, limit) | ({"reasons": list(reasons)} if reasons else {})
        return await self._listed("app.bsky.notification.listNotifications", "notifications", params)

    async def search(self, query: str, cursor: str | None, limit: int) -> wire.Paged:
        """A page of posts that match, newest first."""
        params = {"q": query, "sort": "latest"} | _page(cursor, limit)
        return await self._listed("app.bsky.feed.searchPosts", "posts", params)

    async def posts(self, uris: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Posts by their address, as raw JSON; those that are gone (or hidden from us) are missing."""
        wanted = list(dict.fromkeys(uris))
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), MAX_URIS):
            params = {"uris": wanted[start : start + MAX_URIS]}
            page = await self._listed("app.bsky.feed.getPosts", "posts", params)
            found |= {post["uri"]: post for post in page.posts if isinstance(post.get("uri"), str)}
        return found

    async def record(self, collection: str, rkey: str) -> wire.RecordAnswer | None:
        """A record of our own, straight from our repository; None when it is certain that there is none."""
        session = await self._sessions.current()
        params = {"repo": session.did, "collection": collection, "rkey": rkey}
        try:
            return await self._get(wire.RecordAnswer, "com.atproto.repo.getRecord", params)
        except Permanent as error:
            if error.reason == "gone":
                return None
            raise

    async def resolve(self, handles: Iterable[str]) -> dict[str, str]:
        """The DIDs of handles; those that do not resolve are left out."""
        found = await asyncio.gather(*(self._resolve_one(handle) for handle in handles))
        return {handle: did for handle, did in found if did}

    async def _resolve_one(self, handle: str) -> tuple[str, str]:
        try:
            answer = await self._get(wire.Did, "com.atproto.identity.resolveHandle", {"handle": handle}, tries=2)
        except Permanent:
            return handle, ""
        return handle, answer.did

    # --- writing ---

    async def put(self, collection: str, rkey: str, record: Mapping[str, Any]) -> wire.RecordAnswer:
        """Write a record under a key of our choice: the same call again changes nothing, so it may be retried."""
        session = await self._sessions.current()
        body = {"repo": session.did, "collection": collection, "rkey": rkey, "record": dict(record)}
        call = Call("com.atproto.repo.putRecord", verb="POST", body=body, writes=True)
        answer = await retrying(lambda: self._signed(call), self._clock, repeatable=True)
        return _read_written(wire.RecordAnswer, answer)

    # --- direct messages ---

    async def chat_log(self, cursor: str | None) -> wire.Paged:
        """What happened in the conversations after `cursor`."""
        return await self._listed("chat.bsky.convo.getLog", "logs", {"cursor": cursor} if cursor else {}, chat=True)

    async def chat_works(self) -> None:
        """Ask for one conversation, to see whether direct messages are open to us."""
        await self._get(wire.Wire, "chat.bsky.convo.listConvos", {"limit": 1}, chat=True)

    async def chat_availability(self, did: str) -> wire.ConvoAnswer:
        """Whether that person takes messages from us, and the conversation if there is one."""
        return await self._get(wire.ConvoAnswer, "chat.bsky.convo.getConvoAvailability", {"members": [did]}, chat=True)

    async def chat_with(self, did: str) -> str:
        """The id of the conversation with that person; the server opens one if needed."""
        answer = await self._get(wire.ConvoAnswer, "chat.bsky.convo.getConvoForMembers", {"members": [did]}, chat=True)
        if answer.convo is None:
            msg = "the server named no conversation"
            raise Transient(msg)
        return answer.convo.id

    async def chat_messages(self, convo: str, cursor: str | None) -> wire.Paged:
        """A page of one conversation's messages, newest first."""
        params = {"convoId": convo} | _page(cursor, 100)
        return await self._listed("chat.bsky.convo.getMessages", "messages", params, chat=True)

    async def chat_send(self, convo: str, message: Mapping[str, Any]) -> wire.Message:
        """Send one message, once: this cannot be repeated safely."""
        body = {"convoId": convo, "message": dict(message)}
        call = Call("chat.bsky.convo.sendMessage", verb="POST", body=body, chat=True, writes=True)
        return _read_written(wire.Message, await self._signed(call))

    # --- how ---

    async def _listed(self, name: str, what: str, params: Params, *, chat: bool = False) -> wire.Paged:
        """A page of a list. An answer without the list is no empty page: what it leaves out would seem to be gone."""
        return await self._get(wire.Paged, name, params, chat=chat, holds=what)

    async def _get(
        self,
        model: type[M],
        name: str,
        params: Params | None = None,
        *,
        chat: bool = False,
        tries: int = 3,
        holds: str = "",
    ) -> M:
        call = Call(name, params=params or {}, chat=chat)
        answer = await retrying(lambda: self._signed(call), self._clock, tries=tries)
        try:
            value = clean.loads(answer)
            if not holds or isinstance(table(value).get(holds), list):
                return clean.take(model, value)
        except ValueError as error:
            msg = f"the answer of {name} could not be read"
            raise Transient(msg) from error
        msg = f"the answer of {name} holds no {holds}"
        raise Transient(msg)

    async def _signed(self, call: Call) -> bytes:
        """Make a call with our token; one that was refused is renewed once."""
        session = await self._sessions.current()
        try:
            return await self._xrpc(session.server, call, session.access)
        except Permanent as error:
            if error.reason not in RENEWABLE:
                raise
        session = await self._sessions.renewed(session)
        return await self._xrpc(session.server, call, session.access)

    async def session(self) -> Session:
        """Who we are; signs in if need be."""
        return await self._sessions.current()


def _page(cursor: str | None, limit: int) -> dict[str, str | int | list[str]]:
    return {"limit": limit, "cursor": cursor} if cursor else {"limit": limit}


def _read_written(model: type[M], answer: bytes) -> M:
    try:
        return clean.read(model, answer)
    except ValueError as error:
        msg = "the server took the write but its answer could not be read"
        raise Unknown(msg) from error
