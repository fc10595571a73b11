"""Sending: replies, direct messages, and finding both again; hiding replies, which may be repeated.

X has no key against doubles, but refuses the same words twice. So a refusal as duplicate is no failure before our own
timeline has been looked through: an earlier try whose answer was lost has probably arrived.
"""

import html
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from bot.domain.case import MODERATION, Purpose, Send
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import LengthRule, Sent
from bot.domain.text.weighing import LIMIT, has_link, weighted, without_links
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.looking_back import TOO_MUCH, Whose
from connectors.times import CLOCK_TOLERANCE
from connectors.x import prices, wire
from connectors.x.api import Api
from connectors.x.calls import DUPLICATE, GONE
from connectors.x.mapping import NETWORK, messages_url, post_url, time_of
from connectors.x.messages import message_conversation, message_id
from connectors.x.spending import Ledger

MESSAGE_LIMIT: Final = 10_000
PUBLIC_LENGTH: Final = LengthRule(limit=LIMIT, unit="weighted")
PRIVATE_LENGTH: Final = LengthRule(limit=MESSAGE_LIMIT, unit="characters")

UNSETTLED: Final = 6
"""Until that try a post that X calls a duplicate may be missing in the timeline although it stands. The first few are
half a minute apart, the last an hour."""
LOOK_BACK_PAGES: Final = 5
LOOK_BACK_MESSAGES: Final = 20

CHANGED: Final = "The customer has changed the words since the hiding was approved. Look at them again."
_LEADING_NAMES: Final = re.compile(r"^(?:@\w+\s+)+")


class Sender:
    """The outbound acts of one account."""

    def __init__(self, us: str, api: Api, ledger: Ledger, deps: ConnectorDeps) -> None:
        self._us = us
        self._api = api
        self._ledger = ledger
        self._clock = deps.clock
        self._whose = Whose(NETWORK, deps)

    async def send(self, send: Send) -> Sent:
        """Carry out one send; raises Transient, Permanent or Unknown."""
        if send.purpose in MODERATION:
            return await self._hide(send)
        if send.purpose is Purpose.LIKE:
            raise Permanent("not_allowed", "X does not let apps like posts. Open it on X to like it.")
        sent = await (self._message(send) if send.private else self._reply(send))
        await self._whose.note(sent.id, send)
        return sent

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send by its words; None when it does not stand. Raises Transient, Permanent or Unknown.

        X does not tell whether a reply is hidden; hiding is done again instead, which changes nothing if it is.
        """
        if send.purpose is Purpose.LIKE or send.purpose in MODERATION:
            return None
        return await (self._find_message(send) if send.private else self._find_reply(send))

    # --- public ---

    async def _reply(self, send: Send) -> Sent:
        post = send.ref.get("post", "")
        if not post:
            raise Permanent("no_public_reply", "There is nothing public here that could be answered.")
        weight = weighted(send.text)
        if weight > LIMIT:
            text = f"X counts {weight} of {LIMIT}: emoji and Chinese, Japanese or Korean letters count 2, a link 23."
            raise Permanent("too_long", text)
        target = await self._standing(post)
        price = prices.reply_price(link=has_link(send.text))
        try:
            created = await self._api.reply(send.text, target)
        except Unknown:
            await self._ledger.add("acts", price)  # it may stand: rather count too much than too little
            raise
        except Permanent as error:
            if error.reason != DUPLICATE:
                raise
            return await self._stood_already(send, error)
        await self._ledger.add("acts", price)
        return Sent(id=created.id, url=post_url(created.id))

    async def _standing(self, post: str) -> str:
        """The newest version of the post that is answered; raises Permanent if it is gone.

        No event tells that a customer deleted a post. When it cannot be read now, the answer decides.
        """
        try:
            found = await self._api.posts([post])
        except (Transient, Permanent):
            return post
        posts = clean.readable(wire.Post, found.data)
        await self._count((each.id for each in posts), prices.POST)
        if posts:
            return posts[0].newest
        if gone(found, post):
            raise Permanent(GONE, "The post is not there any more.")
        return post

    async def _stood_already(self, send: Send, error: Permanent) -> Sent:
        """X calls it a duplicate: of our own earlier try, if that is to be found."""
        found = await self._find_reply(send)
        if found is not None:
            return found
        if 1 < send.attempt <= UNSETTLED:
            msg = "X calls it a duplicate of an earlier try that its timeline does not show yet"
            raise Unknown(msg) from error
        raise error

    async def _find_reply(self, send: Send) -> Sent | None:
        """Look through what we posted since the send was made for our own words below the same post."""
        token, wanted = "", comparable(send.text)
        since = send.created_at - CLOCK_TOLERANCE
        for _ in range(LOOK_BACK_PAGES):
            page = await self._api.own_posts(since, token)
            posts = clean.readable(wire.Post, page.data)
            await self._count((post.id for post in posts), prices.OWN_POST)
            for post in posts:
                found = comparable(post.note_tweet.text or post.text) == wanted and _answers(post, send)
                if found and await self._whose.is_of(post.id, send):
                    return Sent(id=post.id, url=post_url(post.id))
            token = page.meta.next_token
            if not token:
                return None
        raise Unknown(TOO_MUCH)

    async def _count(self, ids: Iterable[str], price: int) -> None:
        """Count what was read for an act, each thing once."""
        await self._ledger.add("acts", len(set(ids)) * price)

    async def _hide(self, send: Send) -> Sent:
        """Hide a reply in a thread of ours, or show it again; if its words are still those that were approved."""
        post, hidden = send.ref.get("post", ""), send.purpose is Purpose.HIDE
        if not post:
            raise Permanent("not_hideable", "There is nothing here that X could hide.")
        newest = await self._standing(post)
        if hidden and newest != post:
            raise Permanent("changed", CHANGED)
        if await self._api.hide(newest, hidden=hidden) is not hidden:
            raise Permanent("not_hideable", "X took the wish and left the reply as it was. Open it on X.")
        await self._ledger.add("acts", prices.HIDE)
        return Sent(id=f"{send.purpose}:{post}", url=post_url(post))

    # --- private ---

    async def _message(self, send: Send) -> Sent:
        user = _person(send)
        if len(send.text) > MESSAGE_LIMIT:
            raise Permanent("too_long", f"X takes at most {MESSAGE_LIMIT:,} characters in a direct message.")
        try:
            created = await self._api.message(user, send.text)
        except Unknown:
            await self._ledger.add("acts", prices.SEND_MESSAGE)
            raise
        await self._ledger.add("acts", prices.SEND_MESSAGE)
        return self._message_sent(user, created.dm_event_id)

    async def _find_message(self, send: Send) -> Sent | None:
        """Look through the newest messages with that person for our own words, sent since the send was made."""
        user, wanted = _person(send), comparable(send.text)
        page = await self._api.messages_with(user, LOOK_BACK_MESSAGES)
        messages = clean.readable(wire.Message, page.data)
        await self._count((each.id for each in messages), prices.MESSAGE)
        now, since = self._clock.now(), send.created_at - CLOCK_TOLERANCE
        for message in messages:
            ours = message.sender_id == self._us and comparable(message.text) == wanted and _at(message, now) >= since
            if ours and await self._whose.is_of(message_id(message.id), send):
                return self._message_sent(user, message.id)
        if page.meta.next_token and all(_at(message, now) >= since for message in messages):
            raise Unknown(TOO_MUCH)
        return None

    def _message_sent(self, user: str, id_: str) -> Sent:
        return Sent(id=message_id(id_), url=messages_url(self._us, user), conversation=message_conversation(user))


def _person(send: Send) -> str:
    user = send.ref.get("user") or send.ref.get("author", "")
    if not (user.isascii() and user.isdigit()):
        raise Permanent("no_private_reply", "There is nobody here to write to in private.")
    return user


def _answers(post: wire.Post, send: Send) -> bool:
    """Whether a post of ours answers what the send names, or a later version of it (which has another id)."""
    answered = post.refers("replied_to") or post.in_reply_to_tweet_id
    known = {send.ref.get("post"), send.ref.get("first")}
    return answered in known or (bool(answered) and post.in_reply_to_user_id == send.ref.get("author"))


def _at(message: wire.Message, now: datetime) -> datetime:
    return time_of(message.created_at, message.id, now)


def gone(found: wire.Listed, id_: str) -> bool:
    """Whether X says for certain that a post is not there; one that is only hidden from us is not gone."""
    return any(
        id_ in {wire.as_text(error.get(name)) for name in ("resource_id", "value")}
        and str(error.get("type", "")).endswith("/resource-not-found")
        for error in found.errors
    )


def comparable(text: str) -> str:
    """A text as it can be compared with what X gives back: links shortened, < > & written out, names put in front."""
    text = unicodedata.normalize("NFC", html.unescape(text))
    return " ".join(without_links(_LEADING_NAMES.sub("", f"{text} "), " ~ ").split())
