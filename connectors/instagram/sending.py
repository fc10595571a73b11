"""Sending: answers below comments and mentions, private replies and messages, hiding; and finding them again.

Instagram has no way to recognise a repeated call, so everything is sent once and looked for afterwards.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import chain
from typing import Final

from bot.domain.case import MODERATION, Purpose, Send
from bot.domain.errors import Permanent, Unknown
from bot.domain.models import LengthRule, Sent
from connectors.base import ConnectorDeps
from connectors.graph.client import Json, rows
from connectors.graph.errors import Fate
from connectors.graph.sending import found_hidden, is_cut, looked_at, moderated
from connectors.graph.values import identifier, moment, text
from connectors.instagram.api import MESSAGES, Api
from connectors.instagram.names import INBOX, NETWORK, WINDOW, private_conversation
from connectors.instagram.settings import InstagramSettings
from connectors.lenient import table
from connectors.looking_back import TOO_MUCH, Whose
from connectors.times import CLOCK_TOLERANCE

PUBLIC_LENGTH: Final = LengthRule(limit=300, unit="characters")
"""The old interface's rule. Whether comments by the new one may be longer is not documented."""

PRIVATE_LENGTH: Final = LengthRule(limit=1000, unit="bytes")
ONCE_KEPT: Final = timedelta(days=8)
CLOSE_TO_CLOSING: Final = timedelta(minutes=1)

GONE: Final = "The comment is not on Instagram any more, or the account may not see it. Nothing was sent."
HIDDEN: Final = "The comment is hidden, and Instagram takes no answers below hidden comments."
NO_COMMENT: Final = "Instagram lets an account hide only comments below posts of its own."
NOT_PUBLIC: Final = "There is nothing public here that could be answered."
NOT_PRIVATE: Final = "Instagram allows no private message about this: ask the customer to write first."
ONLY_ONCE: Final = "This comment was answered in private already. Instagram allows that once; wait for the customer."
NOT_LISTED: Final = "Instagram does not list answers below other people's posts: please look there"


class Sender:
    """The outbound acts of one account."""

    def __init__(self, settings: InstagramSettings, deps: ConnectorDeps, api: Api) -> None:
        self._human_agent = settings.human_agent
        self._own_id = settings.account_id
        self._account = deps.account
        self._api = api
        self._notes = deps.notes
        self._clock = deps.clock
        self._whose = Whose(NETWORK, deps)

    async def send(self, send: Send) -> Sent:
        """Carry out one send; raises Transient, Permanent or Unknown."""
        if send.purpose in MODERATION:
            return await self._hide(send)
        if send.purpose is Purpose.LIKE:
            raise Permanent("no_like", "Instagram lets no app like a comment.")
        sent = await (self._private(send) if send.private else self._public(send))
        await self._whose.note(sent.id, send)
        return sent

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send by our own words; raises Transient or Permanent, and Unknown where Instagram does not list it."""
        if send.purpose in MODERATION:
            id_ = send.ref.get("id", "")
            return await found_hidden(send, id_, self._is_hidden(id_))
        if send.private:
            return await self._find_message(send)
        if send.ref.get("kind") != "comment":
            raise Unknown(NOT_LISTED)
        async for page in self._api.replies(send.ref.get("parent") or send.ref.get("id", ""), staff=True):
            found = await self._own(send, page, "timestamp", "text")
            if found:
                return Sent(id=found)
        return None

    # --- public ---

    async def _public(self, send: Send) -> Sent:
        """Answer in public, after one more look: Instagram tells nobody when a comment is taken away."""
        ref = send.ref
        if ref.get("kind") == "comment":
            comment = await looked_at(self._api.comment(ref["id"], staff=True), GONE)
            if comment.get("hidden") is True:
                raise Permanent("hidden", HIDDEN)
            return Sent(id=_named(await self._api.reply(ref["id"], send.text)))
        if ref.get("kind") in {"mention", "stand_in"}:
            media, comment_id = await self._mentioned(ref)
            return Sent(id=_named(await self._api.answer_mention(media, comment_id, send.text)))
        raise Permanent("no_public_reply", NOT_PUBLIC)

    async def _mentioned(self, ref: Mapping[str, str]) -> tuple[str, str]:
        """The post and the comment that name us, if they still do."""
        media_id, comment_id = ref.get("media_id", ""), ref.get("comment_id", "")
        found = await looked_at(self._api.mentioned(media_id, comment_id, staff=True), GONE)
        if not any(found.values()):
            raise Permanent(Fate.GONE, GONE)
        media_id = media_id or identifier(table(table(found["comment"]).get("media")).get("id"))
        return media_id, comment_id

    # --- hiding ---

    async def _hide(self, send: Send) -> Sent:
        """Hide a comment below a post of ours, or show it again."""
        if send.ref.get("kind") != "comment":
            raise Permanent("not_hideable", NO_COMMENT)
        id_, hidden = send.ref["id"], send.purpose is Purpose.HIDE
        if not await self._api.hide(id_, hidden=hidden):
            msg = "Instagram did not say whether the comment is hidden"
            raise Unknown(msg)
        return moderated(send, id_)

    async def _is_hidden(self, id_: str) -> bool | None:
        """Whether a comment is hidden; None where Instagram does not say."""
        hidden = (await self._api.comment(id_, staff=True)).get("hidden")
        return hidden if isinstance(hidden, bool) else None

    # --- private ---

    async def _private(self, send: Send) -> Sent:
        ref = send.ref
        if ref.get("kind") == "comment":
            return await self._private_reply(send, ref["id"])
        if ref.get("kind") != "message" or not ref.get("customer"):
            raise Permanent("no_private_reply", NOT_PRIVATE)
        at = moment(ref.get("at"))
        late = at is not None and self._clock.now() >= at + WINDOW - CLOSE_TO_CLOSING
        answer = await self._api.message(
            {"id": ref["customer"]}, send.text, human_agent=late and self._human_agent and bool(send.by.id)
        )
        return _sent(answer, ref["customer"])

    async def _private_reply(self, send: Send, comment_id: str) -> Sent:
        """The one private message that a comment allows, within seven days."""
        name = f"instagram:{self._account}:private:{comment_id}"
        if await self._notes.get(name) not in {None, send.id}:
            raise Permanent("only_once", ONLY_ONCE)
        await looked_at(self._api.comment(comment_id, staff=True), GONE)
        try:
            answer = await self._api.message({"comment_id": comment_id}, send.text, human_agent=False)
            sent = _sent(answer, "")
        except Unknown:
            await self._notes.set(name, send.id, ONCE_KEPT)
            raise
        await self._notes.set(name, send.id, ONCE_KEPT)
        return sent

    async def _find_message(self, send: Send) -> Sent | None:
        """Look through the newest messages with this person for our own words."""
        customer = send.ref.get("customer") or send.ref.get("author", "")
        if not customer:
            msg = "Instagram did not say who wrote the comment, so the message cannot be looked for"
            raise Unknown(msg)
        pages = await self._api.messages_with(customer)
        found = await self._own(send, chain.from_iterable(map(rows, pages)), "created_time", "message")
        if found:
            return Sent(id=found, url=INBOX, conversation=private_conversation(customer))
        if any(is_cut(page, MESSAGES, send.created_at - CLOCK_TOLERANCE) for page in pages):
            raise Unknown(TOO_MUCH)
        return None

    async def _own(self, send: Send, items: Iterable[Json], time: str, words: str) -> str:
        """The id of the first that is ours, has these words, and is neither older than the send nor another one's."""
        since, name = send.created_at - CLOCK_TOLERANCE, await self._api.name()
        for item in items:
            who, at = table(item.get("from")), moment(item.get(time))
            named = name != "" and name in (text(who.get("username")), text(item.get("username")))
            own = named or identifier(who.get("id")) == self._own_id
            found = own and text(item.get(words)) == send.text and at is not None and at >= since
            if found and await self._whose.is_of(id_ := identifier(item.get("id")), send):
                return id_
        return ""


def _sent(answer: Json, customer: str) -> Sent:
    """What the network says of a message it took: its id, and who got it."""
    customer = identifier(answer.get("recipient_id")) or customer
    conversation = private_conversation(customer) if customer else ""
    return Sent(id=_named(identifier(answer.get("message_id"))), url=INBOX, conversation=conversation)


def _named(id_: str) -> str:
    """The id that the network gave; raises Unknown where it gave none."""
    if not id_:
        msg = "Instagram took it but did not name it"
        raise Unknown(msg)
    return id_
