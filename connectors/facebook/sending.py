"""Sending: public replies, likes, private messages, hiding; each once, and looked for when its fate is unknown.

No write of the Graph API can be repeated safely. What was lost is found by our own words, in the thread or in the
private conversation; the network itself refuses a second private reply to the same comment.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from bot.domain.case import MODERATION, Purpose, Send
from bot.domain.errors import Permanent, Unknown
from bot.domain.models import LengthRule, Sent
from connectors.base import ConnectorDeps
from connectors.facebook import names
from connectors.facebook.api import NEWEST_MESSAGES, Api, newer
from connectors.facebook.wire import ReadComment, ReadConversation, ReadMessage
from connectors.graph.client import Json
from connectors.graph.errors import Fate
from connectors.graph.sending import found_hidden, is_cut, moderated
from connectors.graph.values import identifier, moment
from connectors.graph.wire import version_of
from connectors.looking_back import TOO_MUCH, Whose
from connectors.times import CLOCK_TOLERANCE

PUBLIC_LENGTH: Final = LengthRule(limit=8000, unit="characters")
"""Unconfirmed."""
PRIVATE_LENGTH: Final = LengthRule(limit=2000, unit="characters")

AUTOMATIC: Final = frozenset({Purpose.ACKNOWLEDGE})
"""Words that nobody typed: the Human Agent window is only for what a person writes."""
NOT_HIDEABLE: Final = "Facebook does not let the Page hide this comment."
CHANGED: Final = "The customer has changed the words since the hiding was approved. Look at them again."
CLOSED: Final = "Messenger's 24 hours are over: this person has to write first. Answer in public if you can."


class Sender:
    """The outbound acts of one Page."""

    def __init__(self, page: names.Page, deps: ConnectorDeps, api: Api) -> None:
        self._page = page
        self._api = api
        self._clock = deps.clock
        self._whose = Whose(names.NETWORK, deps)

    async def send(self, send: Send) -> Sent:
        """Carry out one send; raises Transient, Permanent or Unknown."""
        if send.purpose in MODERATION:
            return await self._hide(send)
        if send.purpose is Purpose.LIKE:
            return await self._like(send)
        sent = await (self._message(send) if send.private else self._reply(send))
        await self._whose.note(sent.id, send)
        return sent

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send; None when it is certain that it does not stand. Raises Transient, Permanent or Unknown."""
        if send.purpose in MODERATION:
            return await found_hidden(send, _target(send), self._is_hidden(_target(send)))
        if send.purpose is Purpose.LIKE:
            return self._liked(send) if await self._api.has_liked(_target(send)) else None
        return await (self._find_message(send) if send.private else self._find_reply(send))

    # --- public ---

    async def _like(self, send: Send) -> Sent:
        if not await self._api.like(_target(send)):
            msg = "the network did not say whether the like was given"
            raise Unknown(msg)
        return self._liked(send)

    def _liked(self, send: Send) -> Sent:
        return Sent(id=f"like:{_target(send)}")

    async def _reply(self, send: Send) -> Sent:
        answer = await self._api.reply(_target(send), send.text)
        id_ = identifier(answer.get("id"))
        if not id_:
            msg = "the network took the reply but did not name it"
            raise Unknown(msg)
        return self._reply_sent(id_, send)

    def _reply_sent(self, id_: str, send: Send, url: str = "") -> Sent:
        post = send.ref.get("conversation", "").partition("|")[0]
        return Sent(id=id_, url=url or names.post_url(post or id_, id_ if post else ""))

    async def _find_reply(self, send: Send) -> Sent | None:
        """Look through the thread, newest first, for our own words since the send was made."""
        since = send.created_at - CLOCK_TOLERANCE
        async for item in newer(self._api.comments(send.ref.get("thread") or _target(send), staff=True, most=5), since):
            comment = ReadComment.read(item)
            ours = comment.sender.id == self._page.id and comment.message.strip() == send.text.strip()
            to_another = send.ref.get("what") == "post" and comment.parent.id not in {"", _target(send)}
            if ours and not to_another and await self._whose.is_of(comment.id, send):
                return self._reply_sent(comment.id, send, comment.permalink_url)
        return None

    # --- hiding ---

    async def _hide(self, send: Send) -> Sent:
        """Hide a comment or show it again, after one more look at it: an approval was for the words as they were."""
        id_, hidden = _target(send), send.purpose is Purpose.HIDE
        comment = ReadComment.read(await self._api.comment(id_))
        if comment.is_hidden is hidden:
            return moderated(send, id_)
        if hidden and send.ref.get("words", "") not in {"", version_of(comment.message)}:
            raise Permanent("changed", CHANGED)
        if hidden and comment.can_hide is False:
            raise Permanent("not_hideable", NOT_HIDEABLE)
        if not await self._api.hide(id_, hidden=hidden):
            msg = "the network did not say whether the comment is hidden"
            raise Unknown(msg)
        return moderated(send, id_)

    async def _is_hidden(self, id_: str) -> bool | None:
        return ReadComment.read(await self._api.comment(id_)).is_hidden

    # --- private ---

    async def _message(self, send: Send) -> Sent:
        body: Json = {"recipient": _recipient(send), "message": {"text": send.text}, **self._type(send)}
        answer = await self._api.message(body)
        id_, person = identifier(answer.get("message_id")), identifier(answer.get("recipient_id"))
        if not id_:
            msg = "the network took the message but did not name it"
            raise Unknown(msg)
        return self._message_sent(id_, person or send.ref.get("psid", ""))

    def _type(self, send: Send) -> dict[str, str]:
        """Within 24 hours an answer; up to seven days only what a person wrote, where Meta has granted that."""
        at = moment(send.ref.get("at"))
        if "psid" not in send.ref or at is None or self._clock.now() < at + names.STANDARD:
            return {"messaging_type": "RESPONSE"}
        if self._page.window == names.STANDARD or send.purpose in AUTOMATIC:
            raise Permanent(Fate.WINDOW, CLOSED)
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}

    def _message_sent(self, id_: str, person: str) -> Sent:
        return Sent(
            id=id_, url=names.inbox_url(self._page.id), conversation=names.private(person) if person else ""
        )  # fmt: skip

    async def _find_message(self, send: Send) -> Sent | None:
        """Look for our own words; a private reply to a comment opens a conversation whose person is not known yet."""
        person, since = send.ref.get("psid", ""), send.created_at - CLOCK_TOLERANCE
        cut = False
        async for item in self._talks(person, since):
            talk = ReadConversation.read(item)
            found = await self._ours_in(talk, send, since)
            if found is not None:
                return self._message_sent(found, person or talk.customer(self._page.id).id)
            cut = cut or is_cut(item.get("messages"), NEWEST_MESSAGES, since)
        if cut:
            raise Unknown(TOO_MUCH)
        return None

    async def _talks(self, person: str, since: datetime) -> AsyncIterator[Json]:
        """The conversation with a person; without one, all in which something was said since then."""
        async for page in self._api.conversations(person, staff=True, most=2):
            for item in page:
                at = moment(item.get("updated_time"))
                if not person and at is not None and at < since:
                    return
                yield item

    async def _ours_in(self, talk: ReadConversation, send: Send, since: datetime) -> str | None:
        for each in map(ReadMessage.read, talk.messages):
            ours = each.sender.id == self._page.id and each.message.strip() == send.text.strip()
            is_new = each.created_time is None or each.created_time >= since
            if ours and is_new and await self._whose.is_of(each.id, send):
                return each.id
        return None


def _target(send: Send) -> str:
    """The post or comment that is answered; raises Permanent where there is none."""
    id_ = send.ref.get("id", "")
    if not id_:
        raise Permanent("no_public_reply", "There is nothing public here that could be answered.")
    return id_


def _recipient(send: Send) -> dict[str, str]:
    """The person of a private conversation, or the comment or post whose author is written to for the first time."""
    if send.ref.get("psid"):
        return {"id": send.ref["psid"]}
    return {"post_id" if send.ref.get("what") == "post" else "comment_id": _target(send)}
