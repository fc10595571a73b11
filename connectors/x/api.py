"""The calls that Hark makes, each typed. Reads are retried here; writes are made once.

What can be read with the app's own token is: it needs no renewal and its limits are wider. Direct messages and writing
take the account's token.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.ports import Clock
from connectors import clean
from connectors.retry import retrying
from connectors.x import wire
from connectors.x.calls import SIGNED_OUT, Call, Caller
from connectors.x.tokens import TOKEN_LOST, Pairs

M = TypeVar("M", bound=wire.Wire)

MAX_IDS: Final = 100
POST_FIELDS: Final = {
    "tweet.fields": "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,"
    "note_tweet,referenced_tweets,attachments",
}
AUTHOR_FIELDS: Final = {"expansions": "author_id", "user.fields": "name,username,public_metrics"}
MESSAGE_FIELDS: Final = {
    "event_types": "MessageCreate",
    "dm_event.fields": "id,text,event_type,created_at,dm_conversation_id,sender_id,participant_ids,"
    "attachments,entities",
}


def stamp(at: datetime) -> str:
    """A time as X's parameters want it: UTC, whole seconds, a Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Api:
    """One account's calls. All raise Transient or Permanent; writes raise Unknown too."""

    def __init__(self, us: str, bearer: str, tokens: Pairs, caller: Caller, clock: Clock) -> None:
        self._us = us
        self._bearer = bearer
        self._tokens = tokens
        self._caller = caller
        self._clock = clock

    # --- reading ---

    async def me(self) -> wire.User:
        """Who the account's token belongs to."""
        answer = await self._get(wire.One, "/2/users/me", {}, ours=True)
        return clean.take(wire.User, answer.data)

    async def mentions(self, params: Mapping[str, str]) -> wire.Listed:
        """A page of posts that name the account, newest first."""
        fields = {**params, **POST_FIELDS, **AUTHOR_FIELDS}
        return await self._listed(f"/2/users/{self._us}/mentions", fields)

    async def search(self, query: str, params: Mapping[str, str]) -> wire.Listed:
        """A page of posts of the last seven days that match, newest first."""
        fields = {"query": query, **params, **POST_FIELDS, **AUTHOR_FIELDS}
        return await self._listed("/2/tweets/search/recent", fields)

    async def posts(self, ids: Iterable[str]) -> wire.Listed:
        """Posts by their ids, at most MAX_IDS; those that are gone stand in `errors`."""
        return await self._get(wire.Listed, "/2/tweets", {"ids": ",".join(ids), **POST_FIELDS})

    async def own_posts(self, since: datetime, token: str) -> wire.Listed:
        """A page of what the account posted since then, newest first."""
        params = {"start_time": stamp(since), "max_results": "100", **POST_FIELDS}
        return await self._listed(f"/2/users/{self._us}/tweets", _paged(params, token))

    async def messages(self, count: int, token: str) -> wire.Listed:
        """A page of direct messages of the last 30 days, newest first."""
        params = {"max_results": str(count), **MESSAGE_FIELDS, "expansions": "sender_id"}
        return await self._listed("/2/dm_events", _paged(params, token), ours=True)

    async def messages_with(self, user: str, count: int) -> wire.Listed:
        """The newest direct messages with one person."""
        params = {"max_results": str(count), **MESSAGE_FIELDS}
        return await self._listed(f"/2/dm_conversations/with/{user}/dm_events", params, ours=True)

    # --- writing ---

    async def reply(self, text: str, to: str) -> wire.Created:
        """Post a reply, once."""
        body = {"text": text, "reply": {"in_reply_to_tweet_id": to}}
        return await self._write(wire.Created, "/2/tweets", body)

    async def message(self, user: str, text: str) -> wire.CreatedMessage:
        """Send a direct message, once: this cannot be repeated safely."""
        return await self._write(wire.CreatedMessage, f"/2/dm_conversations/with/{user}/messages", {"text": text})

    async def hide(self, post: str, *, hidden: bool) -> bool:
        """Hide a reply in a conversation that the account began, or show it again; how it is now.

        Hiding what is hidden succeeds, so this may be repeated.
        """
        answer = await self._write(wire.HiddenReply, f"/2/tweets/{post}/hidden", {"hidden": hidden}, verb="PUT")
        return answer.hidden

    # --- the webhook ---

    async def hooks(self) -> list[wire.Hook]:
        """The app's webhooks."""
        found = await self._get(wire.Listed, "/2/webhooks", {})
        return [clean.take(wire.Hook, each) for each in found.data]

    async def check_hook(self, hook: str) -> None:
        """Have X check our address now and switch the webhook on again."""
        await retrying(lambda: self._caller(Call("PUT", f"/2/webhooks/{hook}"), self._bearer), self._clock)

    async def replay(self, hook: str, since: datetime, until: datetime) -> None:
        """Have X deliver again what the webhook missed; times count in whole minutes."""
        body = {"webhook_id": hook, "from_date": f"{since:%Y%m%d%H%M}", "to_date": f"{until:%Y%m%d%H%M}"}
        await self._caller(Call("POST", "/2/webhooks/replay", body=body), self._bearer)

    async def subscriptions(self) -> list[wire.Subscription]:
        """What the app is subscribed to."""
        found = await self._get(wire.Listed, "/2/activity/subscriptions", {})
        return [clean.take(wire.Subscription, each) for each in found.data]

    # --- how ---

    async def _listed(self, path: str, params: Mapping[str, str], *, ours: bool = False) -> wire.Listed:
        """A page of a list. X counts what is in it, also in an empty one: errors alone are no page."""
        found = await self._get(wire.Listed, path, params, ours=ours)
        if not found.model_fields_set & {"data", "meta"}:
            msg = f"X's answer to {path} holds no list"
            raise Transient(msg)
        return found

    async def _get(self, model: type[M], path: str, params: Mapping[str, str], *, ours: bool = False) -> M:
        call = Call("GET", path, params=params)
        answer = await retrying(
            lambda: self._signed(call) if ours else self._caller(call, self._bearer), self._clock, tries=3
        )
        try:
            return clean.read(model, answer)
        except ValueError as error:
            msg = f"X's answer to {path} could not be read"
            raise Transient(msg) from error

    async def _write(
        self, model: type[M], path: str, body: Mapping[str, Any], *, verb: Literal["POST", "PUT"] = "POST"
    ) -> M:
        answer = await self._signed(Call(verb, path, body=body, writes=True))
        try:
            return clean.take(model, clean.read(wire.One, answer).data)
        except ValueError as error:
            msg = "X took it, but its answer could not be read"
            raise Unknown(msg) from error

    async def _signed(self, call: Call) -> bytes:
        """Make a call with the account's token; one that was refused is renewed once."""
        pair = await self._tokens.current()
        try:
            return await self._caller(call, pair.access)
        except Permanent as error:
            if error.reason != SIGNED_OUT:
                raise
        try:
            return await self._caller(call, (await self._tokens.renewed(pair)).access)
        except Permanent as error:
            if error.reason != SIGNED_OUT:
                raise
            raise Permanent(TOKEN_LOST, "X does not accept the account's token, not even a new one.") from error


def _paged(params: Mapping[str, str], token: str) -> dict[str, str]:
    return {**params, "pagination_token": token} if token else dict(params)
