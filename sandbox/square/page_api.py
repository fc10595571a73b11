"""The square's part of the page: its state as one picture, and the acts a visitor can do."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.square.model import Json, Record
from sandbox.square.notifications import quoted_uri
from sandbox.square.people import ActRefused, Acts
from sandbox.square.schemas import FOLLOW, LIKE, POST, REPOST
from sandbox.square.times import iso
from sandbox.square.views import allow_incoming
from sandbox.square.world import World, parent_of, subject_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Wish(BaseModel):
    """What the page asks for; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class _Post(_Wish):
    who: str = Field(alias="as")
    text: str
    reply_to: str | None = None
    quote_of: str | None = None


class _Edit(_Wish):
    uri: str
    text: str


class _Delete(_Wish):
    uri: str


class _Point(_Wish):
    who: str = Field(alias="as")
    uri: str


class _Follow(_Wish):
    person: str = Field(alias="as")
    who: str


class _Message(_Wish):
    who: str = Field(alias="as")
    to: str
    text: str


class _AllowMessages(_Wish):
    did: str
    allowed: str = Field(alias="from")


@dataclass(frozen=True, slots=True)
class PageApi:
    """Answers `/sandbox/square/...`; a refusal is words for a person with status 200."""

    world: World
    acts: Acts

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the routes to an application."""
        router.add_get("/sandbox/square/state", self._state)
        for name, act in self._acts().items():
            router.add_post(f"/sandbox/square/{name}", _posted(act))

    async def _state(self, _http: web.Request) -> web.Response:
        return web.json_response(state(self.world))

    def _acts(self) -> Mapping[str, Callable[[Json], Json]]:
        return {
            "post": self._post,
            "edit": self._edit,
            "delete": self._delete,
            "like": self._like,
            "repost": self._repost,
            "follow": self._follow,
            "message": self._message,
            "allow_messages": self._allow_messages,
        }

    def _post(self, body: Json) -> Json:
        wish = _Post.model_validate(body)
        return {"uri": self.acts.post(wish.who, wish.text, reply_to=wish.reply_to, quote_of=wish.quote_of).uri}

    def _edit(self, body: Json) -> Json:
        wish = _Edit.model_validate(body)
        return {"uri": self.acts.edit(wish.uri, wish.text).uri}

    def _delete(self, body: Json) -> Json:
        self.acts.delete(_Delete.model_validate(body).uri)
        return {}

    def _like(self, body: Json) -> Json:
        wish = _Point.model_validate(body)
        return {"uri": self.acts.like(wish.who, wish.uri).uri}

    def _repost(self, body: Json) -> Json:
        wish = _Point.model_validate(body)
        return {"uri": self.acts.repost(wish.who, wish.uri).uri}

    def _follow(self, body: Json) -> Json:
        wish = _Follow.model_validate(body)
        return {"uri": self.acts.follow(wish.person, wish.who).uri}

    def _message(self, body: Json) -> Json:
        wish = _Message.model_validate(body)
        return {"id": self.acts.message(wish.who, wish.to, wish.text).id}

    def _allow_messages(self, body: Json) -> Json:
        wish = _AllowMessages.model_validate(body)
        self.acts.allow_messages(wish.did, wish.allowed)
        return {}


def _posted(act: Callable[[Json], Json]) -> Handler:
    async def handle(http: web.Request) -> web.StreamResponse:
        try:
            answer = act(json.loads(await http.read()))
        except ActRefused as error:
            return _refusal(str(error))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(step) for step in first["loc"])
            return _refusal(f"{place}: {first['msg']}")
        except ValueError:
            return _refusal("The request is not JSON.")
        return web.json_response({"ok": True} | answer)

    return handle


def _refusal(words: str) -> web.Response:
    return web.json_response({"ok": False, "error": words})


def state(world: World) -> Json:
    """Everything the page shows. Posts come oldest first; deleted ones stay, marked."""
    posts = [record for record in (*world.records.values(), *world.deleted.values()) if record.collection == POST]
    posts.sort(key=lambda record: (record.sort_at, record.rkey))
    return {
        "ok": True,
        "rev": world.rev,
        "people": [
            {"did": who.did, "handle": who.handle, "name": who.name, "colour": who.colour, "brand": who.brand}
            | {"allow_messages": allow_incoming(world, who.did)}
            for who in world.people.values()
        ],
        "posts": [_post_state(world, record) for record in posts],
        "follows": [[record.did, subject_of(record.value)] for record in world.of_kind(FOLLOW)],
        "chats": [
            {
                "id": convo.id,
                "members": list(convo.members),
                "messages": [
                    {"id": item.id, "sender": item.sender, "text": item.text, "sent_at": iso(item.sent_at)}
                    for item in convo.messages
                ],
            }
            for convo in world.convos.values()
        ],
    }


def _post_state(world: World, record: Record) -> Json:
    reply = record.value.get("reply")
    return {
        "uri": record.uri,
        "author_did": record.did,
        "text": record.value["text"],
        "facets": record.value.get("facets", []),
        "created_at": record.value["createdAt"],
        "reply_to": parent_of(record.value),
        "root": reply["root"]["uri"] if reply else None,
        "quote_of": quoted_uri(record.value),
        "likes": [like.did for like in world.pointing_at(LIKE, record.uri)],
        "reposts": [repost.did for repost in world.pointing_at(REPOST, record.uri)],
        "deleted": record.uri not in world.records,
        "edited": record.edited,
    }
