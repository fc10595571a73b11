"""Sending: public replies that cannot double, private messages that are sent once, and finding both again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.domain.case import Purpose, Send
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import LengthRule, Sent
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.bluesky import wire
from connectors.bluesky.api import Api
from connectors.bluesky.mapping import chat_conversation, chat_id
from connectors.bluesky.names import NETWORK, post_url, record_key, timestamp
from connectors.bluesky.richtext import facets, handles
from connectors.bluesky.settings import BlueskySettings
from connectors.bluesky.xrpc import ERRORS
from connectors.looking_back import TOO_MUCH, Whose
from connectors.times import CLOCK_TOLERANCE, EARLIEST, spelled

PUBLIC_LENGTH: Final = LengthRule(limit=300, unit="graphemes", max_bytes=3000)
PRIVATE_LENGTH: Final = LengthRule(limit=1000, unit="graphemes", max_bytes=10000)

LOOK_BACK_PAGES: Final = 5


class Sender:
    """The outbound acts of one account."""

    def __init__(self, settings: BlueskySettings, deps: ConnectorDeps, api: Api) -> None:
        self._web_url = settings.web_url
        self._api = api
        self._whose = Whose(NETWORK, deps)

    async def send(self, send: Send) -> Sent:
        """Carry out one send; raises Transient, Permanent or Unknown."""
        if send.purpose is Purpose.LIKE:
            return await self._like(send)
        return await (self._message(send) if send.private else self._reply(send))

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send; None when it is certain that it does not stand. Raises Transient or Permanent."""
        if send.purpose is Purpose.LIKE:
            return await self._find_public(wire.LIKE, send)
        return await (self._find_message(send) if send.private else self._find_public(wire.POST, send))

    # --- public ---

    async def _reply(self, send: Send) -> Sent:
        reply = await self._reply_refs(send.ref)
        written = await self._api.put(
            wire.POST,
            record_key(send.id, send.created_at),
            {
                "$type": wire.POST,
                "text": send.text,
                "createdAt": timestamp(send.created_at),
                "reply": reply,
                **await self._marked(send.text),
            },
        )
        return await self._sent(written.uri)

    async def _reply_refs(self, ref: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Where the reply hangs, in the versions that stand now: the customer may have edited or deleted meanwhile."""
        uri = ref.get("uri", "")
        if not uri:
            raise Permanent("no_public_reply", "There is nothing public here that could be answered.")
        found = (await self._api.posts([uri])).get(uri)
        if found is None:
            raise Permanent("gone", "The post is not there any more, or its author has blocked the account.")
        try:
            post = clean.take(wire.PostView, found)
        except ValueError as error:
            raise Transient("the server's answer about the post could not be read") from error
        if post.viewer is not None and post.viewer.reply_disabled:
            raise Permanent("replies_off", "The author has limited who may reply to this post.")
        parent = {"uri": post.uri, "cid": post.cid}
        root = post.record.reply.root if post.record.reply else None
        return {"root": {"uri": root.uri, "cid": root.cid} if root and root.uri else parent, "parent": parent}

    async def _marked(self, text: str) -> dict[str, Any]:
        found = facets(text, await self._api.resolve(handles(text)))
        return {"facets": found} if found else {}

    async def _like(self, send: Send) -> Sent:
        """Like the customer's post in the version that stands now."""
        subject = (await self._reply_refs(send.ref))["parent"]
        value = {"$type": wire.LIKE, "subject": subject, "createdAt": timestamp(send.created_at)}
        return await self._sent((await self._api.put(wire.LIKE, record_key(send.id, send.created_at), value)).uri)

    async def _find_public(self, collection: str, send: Send) -> Sent | None:
        record = await self._api.record(collection, record_key(send.id, send.created_at))
        return await self._sent(record.uri) if record is not None else None

    async def _sent(self, uri: str) -> Sent:
        return Sent(id=uri, url=post_url(self._web_url, uri, (await self._api.session()).handle))

    # --- private ---

    async def _message(self, send: Send) -> Sent:
        convo = send.ref.get("convo") or await self._open_convo(send.ref)
        message = await self._api.chat_send(convo, {"text": send.text, **await self._marked(send.text)})
        await self._whose.note(chat_id(convo, message.id), send)
        return self._message_sent(send, convo, message)

    async def _open_convo(self, ref: Mapping[str, str]) -> str:
        did = ref.get("did", "")
        if not did:
            raise Permanent("no_private_reply", "There is nobody here to write to in private.")
        available = await self._api.chat_availability(did)
        if not available.can_chat:
            raise Permanent(*ERRORS["NotFollowedBySender"])
        return available.convo.id if available.convo else await self._api.chat_with(did)

    async def _find_message(self, send: Send) -> Sent | None:
        """Look through the newest messages for our own words, sent since the send was made."""
        convo = send.ref.get("convo") or await self._api.chat_with(send.ref.get("did", ""))
        ours = (await self._api.session()).did
        since = send.created_at - CLOCK_TOLERANCE
        cursor: str | None = None
        for _ in range(LOOK_BACK_PAGES):
            page = await self._api.chat_messages(convo, cursor)
            messages = clean.readable(wire.Message, page.messages)
            for message in messages:
                found = message.sender.did == ours and message.text == send.text and _sent_at(message) >= since
                if found and await self._whose.is_of(chat_id(convo, message.id), send):
                    return self._message_sent(send, convo, message)
            cursor = page.cursor
            if cursor is None or not page.messages or (messages and _sent_at(messages[-1]) < since):
                return None
        raise Unknown(TOO_MUCH)

    def _message_sent(self, send: Send, convo: str, message: wire.Message) -> Sent:
        did = send.ref.get("did", "")
        return Sent(
            id=chat_id(convo, message.id),
            url=f"{self._web_url}/messages/{convo}",
            conversation=chat_conversation(did) if did else "",
        )


def _sent_at(message: wire.Message) -> datetime:
    """When the server took the message; the beginning of time if it does not say."""
    return spelled(message.sent_at) or EARLIEST
