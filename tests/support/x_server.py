"""A server that speaks X's API as far as Hark uses it: rules, errors, headers, paging, and answers that get lost.
`faults` holds, for each "VERB path", what the next calls meet: an (HTTP status, body, headers) to refuse with, or LOST:
the act is done and the connection is closed before the answer.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
from aiohttp import web

from bot.domain.ports import Clock
from tests.support.loopback import catch_all

LOST: Final = "lost"
US, ANA, BEN = "1111111111", "2222222222", "3333333333"
SECRET, BEARER, CLIENT_ID, FIRST_REFRESH = "consumer-secret-1", "bearer-1", "client-1", "refresh-0"
VARIABLES: Final = {
    "X_USER_ID": US,
    "X_CONSUMER_SECRET": SECRET,
    "X_BEARER_TOKEN": BEARER,
    "X_CLIENT_ID": CLIENT_ID,
    "X_REFRESH_TOKEN": FIRST_REFRESH,
}
EPOCH_MS: Final = 1_288_834_974_657
PEOPLE: Final[dict[str, dict[str, Any]]] = {
    US: {"id": US, "name": "Acme", "username": "acme"},
    ANA: {"id": ANA, "name": "Ana Rey", "username": "anarey", "public_metrics": {"followers_count": 120}},
    BEN: {"id": BEN, "name": "Ben Ode", "username": "benode"},
}
PERSONAL: Final = r"GET /2/users/me|POST /2/tweets|PUT /2/tweets/.*|\w+ /2/dm_.*"
"""What takes the account's own token."""
NOT_SUMMONED: Final = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author "
    "of the post you are replying to."
)
DUPLICATE: Final = "You are not allowed to create a Tweet with duplicate content."
NOT_YOURS: Final = "You are not allowed to hide replies to this Tweet."  # invented: X's words are not documented
NO_MESSAGES: Final = "You cannot send messages to this user."
Json = dict[str, Any]
Fault = str | tuple[int, Json, Mapping[str, str]]


def snowflake(at: datetime, n: int = 0) -> str:
    """An id of that instant."""
    return str(((int(at.timestamp() * 1000) - EPOCH_MS) << 22) + n)


def problem(status: int, title: str, detail: str, kind: str = "about:blank") -> web.Response:
    """A refusal as X words it."""
    return web.json_response({"title": title, "detail": detail, "type": kind, "status": status}, status=status)


def forbidden(detail: str) -> web.Response:
    """A 403."""
    return problem(403, "Forbidden", detail)


@dataclass(slots=True)
class XServer:
    """The network: posts and messages, the account's tokens, the app's webhook."""

    clock: Clock
    url: str = ""
    posts: dict[str, Json] = field(default_factory=dict)
    messages: list[Json] = field(default_factory=list)
    hooks: list[Json] = field(default_factory=list)
    subscriptions: list[Json] = field(default_factory=list)
    replays: list[Json] = field(default_factory=list)
    refresh: str = FIRST_REFRESH
    access: str = ""
    access_until: datetime | None = None
    renewals: int = 0
    closed_to_messages: set[str] = field(default_factory=set)
    hook_reachable: bool = True
    hidden: set[str] = field(default_factory=set)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    calls: list[tuple[str, str, Json]] = field(default_factory=list)
    serial: int = 0

    # --- what people do ---

    def next_id(self) -> str:
        """A new id of now."""
        self.serial += 1
        return snowflake(self.clock.now(), self.serial)

    def post(self, author: str, text: str, *, reply_to: str = "", id_: str = "", **more: Any) -> Json:
        """Somebody posts."""
        id_ = id_ or self.next_id()
        parent = self.posts.get(reply_to)
        names = [{"id": each["id"], "username": each["username"]} for each in PEOPLE.values()]
        made: Json = {
            "id": id_,
            "text": text,
            "author_id": author,
            "created_at": self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "conversation_id": parent["conversation_id"] if parent else id_,
            "edit_history_tweet_ids": [id_],
            "lang": "en",
            "entities": {"mentions": [each for each in names if f"@{each['username']}" in text]},
        }
        if parent:
            made |= {
                "in_reply_to_user_id": parent["author_id"],
                "referenced_tweets": [{"type": "replied_to", "id": reply_to}],
            }
        self.posts[id_] = made | more
        return self.posts[id_]

    def edit(self, id_: str, text: str) -> Json:
        """The author edits: a new id, in the history of every version."""
        old = self.posts[id_]
        new = self.next_id()
        history = [*old["edit_history_tweet_ids"], new]
        for each in old["edit_history_tweet_ids"]:
            self.posts[each]["edit_history_tweet_ids"] = history
        self.posts[new] = {**old, "id": new, "text": text, "edit_history_tweet_ids": history}
        return self.posts[new]

    def message(self, sender: str, recipient: str, text: str) -> Json:
        """Somebody writes a direct message."""
        low, high = sorted((sender, recipient))
        made: Json = {
            "id": self.next_id(),
            "event_type": "MessageCreate",
            "text": text,
            "sender_id": sender,
            "dm_conversation_id": f"{low}-{high}",
            "participant_ids": [low, high],
            "created_at": self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        self.messages.append(made)
        return made

    def ours(self) -> list[Json]:
        """What the account posted, oldest first."""
        return [post for post in self.posts.values() if post["author_id"] == US]

    # --- deliveries ---

    async def deliver(self, to: str, event: Json | bytes, secret: str = SECRET, **headers: str) -> int:
        """Post one event, signed; the status of the answer."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        signed = {"x-twitter-webhooks-signature": signature(body, secret), "Content-Type": "application/json"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(to, data=body, headers={**signed, **headers}) as answer,
        ):
            return answer.status

    async def check(self, to: str) -> bool:
        """X's own check of an address (CRC)."""
        token = base64.b64encode(hashlib.sha256(to.encode()).digest()).decode()
        async with aiohttp.ClientSession() as http, http.get(to, params={"crc_token": token}) as answer:
            if answer.status != 200:
                return False
            return bool((await answer.json())["response_token"] == signature(token.encode()))

    # --- the API ---

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call: a fault if there is one, else what X would do."""
        body = await _body(request)
        name = f"{request.method} {request.path}"
        self.calls.append((request.method, request.path, {**request.query, **body}))
        fault = self.faults[name].pop(0) if self.faults.get(name) else None
        if isinstance(fault, tuple):
            return web.json_response(fault[1], status=fault[0], headers=fault[2])
        response = await self._answer(request, body)
        if fault == LOST and request.transport is not None:
            request.transport.close()
        reset = str(int(self.clock.now().timestamp()) + 900)
        response.headers.update(
            {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "299", "x-rate-limit-reset": reset}
        )
        return response

    async def _answer(self, request: web.Request, body: Json) -> web.Response:
        if request.path == "/2/oauth2/token":
            return self._token(body)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        alive = self.access_until is not None and self.clock.now() < self.access_until
        by_user = bool(token) and token == self.access and alive
        if not by_user and token != BEARER:
            return problem(401, "Unauthorized", "Unauthorized")
        asked = f"{request.method} {request.path}"
        if not by_user and re.fullmatch(PERSONAL, asked):
            return forbidden("Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.")
        for pattern, answer in self._routes().items():
            found = re.fullmatch(pattern, asked)
            if found:
                return answer({**request.query, **found.groupdict()}, body)
        return problem(404, "Not Found Error", "There is no such address.")

    def _routes(self) -> dict[str, Callable[[Json, Json], web.Response]]:
        return {
            r"GET /2/users/me": lambda _, __: web.json_response({"data": PEOPLE[US]}),
            r"GET /2/users/\d+/mentions": lambda query, _: self._listed(self._mentions(), query, 5),
            r"GET /2/users/\d+/tweets": lambda query, _: self._listed(self.ours(), query, 5),
            r"GET /2/tweets/search/recent": lambda query, _: self._listed(self._found(query["query"]), query, 10),
            r"GET /2/tweets": lambda query, _: self._lookup(query["ids"].split(",")),
            r"POST /2/tweets": lambda _, body: self._reply(body),
            r"PUT /2/tweets/(?P<id>\d+)/hidden": lambda query, body: self._hide(query["id"], **body),
            r"GET /2/dm_events": lambda query, _: self._listed(self.messages, query, 1),
            r"GET /2/dm_conversations/with/(?P<other>\d+)/dm_events": lambda query, _: self._listed(
                [each for each in self.messages if query["other"] in each["participant_ids"]], query, 1
            ),
            r"POST /2/dm_conversations/with/(?P<other>\d+)/messages": lambda query, body: self._message(
                query["other"], body
            ),
            r"GET /2/webhooks": lambda _, __: web.json_response({"data": self.hooks, "meta": {}}),
            r"PUT /2/webhooks/(?P<hook>\d+)": lambda query, _: self._check_hook(query["hook"]),
            r"POST /2/webhooks/replay": lambda _, body: self._replay(body),
            r"GET /2/activity/subscriptions": lambda _, __: web.json_response({"data": self.subscriptions}),
        }

    def _token(self, body: Json) -> web.Response:
        if body.get("refresh_token") != self.refresh or body.get("client_id") != CLIENT_ID:
            text = "Value passed for the token was invalid."
            return web.json_response({"error": "invalid_request", "error_description": text}, status=400)
        self.renewals += 1
        self.refresh, self.access = f"refresh-{self.renewals}", f"access-{self.renewals}"
        self.access_until = self.clock.now() + timedelta(hours=2)
        return web.json_response(
            {"token_type": "bearer", "expires_in": 7200, "access_token": self.access, "refresh_token": self.refresh}
        )

    def _public(self) -> list[Json]:
        newest = {post["edit_history_tweet_ids"][-1] for post in self.posts.values()}
        return [post for post in self.posts.values() if post["id"] in newest]

    def _mentions(self) -> list[Json]:
        return [post for post in self._public() if _names_us(post)]

    def _found(self, query: str) -> list[Json]:
        words = [word for word in query.strip("(").split(")")[0].lower().split() if word[0] != "-"]
        return [post for post in self._public() if all(word in post["text"].lower() for word in words)]

    def _listed(self, items: list[Json], query: Mapping[str, str], least: int) -> web.Response:
        """A page, newest first, with the authors that were asked for."""
        count = int(query.get("max_results", "10"))
        if not least <= count <= 100:
            return problem(400, "Invalid Request", f"max_results [{count}] is not between {least} and 100")
        if query.get("query", "").count("(") != query.get("query", "").count(")"):
            return problem(400, "Invalid Request", "There were errors processing your request: missing ')' at '<EOF>'")
        since = int(query.get("since_id", "0"))
        if since and since < int(snowflake(self.clock.now() - timedelta(days=7))) and "query" in query:
            return problem(400, "Invalid Request", "'since_id' must be a tweet id created after 7 days ago")
        start = datetime.fromisoformat(query["start_time"]) if "start_time" in query else None
        if start and start < self.clock.now() - timedelta(days=7) and "query" in query:
            return problem(400, "Invalid Request", "Invalid 'start_time': it must be on or after 7 days ago")
        found = sorted(items, key=lambda item: int(item["id"]), reverse=True)
        found = [each for each in found if int(each["id"]) > since]
        found = [each for each in found if start is None or datetime.fromisoformat(each["created_at"]) >= start]
        at = int((query.get("pagination_token") or query.get("next_token") or "t0")[1:])
        page, meta = found[at : at + count], {"result_count": len(found[at : at + count])}
        more: Json = {"next_token": f"t{at + count}"} if at + count < len(found) else {}
        writers = {each.get("author_id") or each.get("sender_id") for each in page}
        users = [PEOPLE[id_] for id_ in writers if id_ in PEOPLE] if "expansions" in query else []
        return web.json_response({"data": page, "includes": {"users": users}, "meta": {**meta, **more}})

    def _lookup(self, ids: list[str]) -> web.Response:
        missing = [
            {
                "value": id_,
                "resource_id": id_,
                "resource_type": "tweet",
                "title": "Not Found Error",
                "detail": f"Could not find tweet with ids: [{id_}].",
                "type": "https://api.twitter.com/2/problems/resource-not-found",
            }
            for id_ in ids
            if id_ not in self.posts
        ]
        data = [self.posts[id_] for id_ in ids if id_ in self.posts]
        return web.json_response(({"data": data} if data else {}) | ({"errors": missing} if missing else {}))

    def _reply(self, body: Json) -> web.Response:
        target = self.posts.get(body["reply"]["in_reply_to_tweet_id"])
        if target is None:
            text = "The Tweet you are replying to has been deleted or is not visible to you."
            return web.json_response({"errors": [{"message": text}], "title": "Invalid Request"}, status=400)
        quotes = {ref["id"] for ref in target.get("referenced_tweets", ()) if ref["type"] == "quoted"}
        if not _names_us(target) and not any(self.posts.get(each, {}).get("author_id") == US for each in quotes):
            return forbidden(NOT_SUMMONED)
        name = PEOPLE[target["author_id"]]["username"]
        text = f"@{name} {body['text']}".replace("https://acme.example/help", "https://t.co/xyz").replace("&", "&amp;")
        if any(post["text"] == text for post in self.ours()):
            return forbidden(DUPLICATE)
        made = self.post(US, text, reply_to=target["id"])
        answer = {"id": made["id"], "text": made["text"], "edit_history_tweet_ids": [made["id"]]}
        return web.json_response({"data": answer}, status=201)

    def _hide(self, id_: str, *, hidden: bool) -> web.Response:
        """Only replies in conversations that the account began; repeating it succeeds."""
        root = self.posts.get(self.posts.get(id_, {}).get("conversation_id", ""), {})
        if root.get("author_id") != US or self.posts[id_]["author_id"] == US:
            return forbidden(NOT_YOURS) if root else problem(404, "Not Found Error", f"No tweet with id: [{id_}].")
        self.hidden = self.hidden | {id_} if hidden else self.hidden - {id_}
        return web.json_response({"data": {"hidden": hidden}})

    def _message(self, other: str, body: Json) -> web.Response:
        if other in self.closed_to_messages:
            return forbidden(NO_MESSAGES)
        made = self.message(US, other, body["text"])
        answer = {"dm_conversation_id": made["dm_conversation_id"], "dm_event_id": made["id"]}
        return web.json_response({"data": answer}, status=201)

    def _check_hook(self, id_: str) -> web.Response:
        if not self.hook_reachable:
            return problem(400, "CrcValidationFailed", "Crc validation failed. Reason: BadStatus")
        for hook in self.hooks:
            hook["valid"] = hook["valid"] or hook["id"] == id_
        return web.json_response({"data": {"valid": True}})

    def _replay(self, body: Json) -> web.Response:
        self.replays.append(body)
        return web.json_response({"data": {"job_id": "8", "created_at": "2026-03-04T12:00:00.000Z"}})


def _names_us(post: Json) -> bool:
    names = {each["id"] for each in post["entities"]["mentions"]}
    return post["author_id"] != US and (US in names or post.get("in_reply_to_user_id") == US)


def signature(body: bytes, secret: str = SECRET) -> str:
    """How X signs."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def mention_event(post: Json, kind: str = "post.mention.create") -> Json:
    """An event of the Activity API about a post."""
    writer = PEOPLE.get(post["author_id"])
    includes = {"users": [writer]} if writer else {}
    return {
        "data": {
            "event_uuid": f"-{post['id'][:12]}",
            "event_type": kind,
            "filter": {"user_id": US},
            "tag": "hark",
            "payload": post,
            "includes": includes,
        }
    }


def message_event(message: Json) -> Json:
    """A dm.received event about a message."""
    at = datetime.fromisoformat(message["created_at"])
    create = {
        "sender_id": message["sender_id"],
        "target": {"recipient_id": US},
        "message_data": {"text": message["text"], "entities": {}},
    }
    entry = {"type": "message_create", "id": message["id"], "created_timestamp": str(int(at.timestamp() * 1000))}
    users = {message["sender_id"]: {"data": PEOPLE[message["sender_id"]]}}
    payload = {"direct_message_events": [{**entry, "message_create": create}], "users": users}
    return {
        "data": {
            "event_uuid": f"-{message['id'][:12]}",
            "event_type": "dm.received",
            "filter": {"user_id": US},
            "payload": payload,
            "includes": {},
        }
    }


async def _body(request: web.Request) -> Json:
    if request.content_type == "application/x-www-form-urlencoded":
        return {name: str(value) for name, value in (await request.post()).items()}
    text = await request.text()
    return dict(json.loads(text)) if text else {}


def environment(server: XServer, **more: str) -> dict[str, str]:
    """The variables of an account on this server."""
    return {**VARIABLES, "X_API_URL": server.url, **more}


@asynccontextmanager
async def an_x_server(clock: Clock) -> AsyncIterator[XServer]:
    """A real server on loopback."""
    server = XServer(clock)
    async with catch_all(server.handle) as server.url:
        yield server
