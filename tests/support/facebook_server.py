"""A Facebook Page on loopback: posts, comments, likes, and a Messenger inbox, in the Graph API's own form.

Customers act through methods (`comment`, `visitor_post`, `write`); each gives back the webhook value that the network
would send, so that a test may deliver it, deliver it twice, or lose it.
"""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.ports import Clock
from connectors.base import ConnectorDeps
from connectors.facebook.connector import FacebookConnector
from connectors.facebook.settings import FacebookSettings
from tests.support.graph_server import META, Asked, GraphError, GraphServer, Json, running, stamp
from tests.support.stores import TestClock

PAGE = "1100"
PAGE_NAME = "Acme Parcels"
TOKEN = "EAATestPageToken"  # invented
VARIABLES = META | {"FACEBOOK_PAGE_ID": PAGE, "FACEBOOK_PAGE_TOKEN": TOKEN}
SCOPES = ["pages_manage_engagement", "pages_manage_metadata", "pages_messaging", "pages_read_engagement",
          "pages_read_user_content", "pages_show_list"]  # fmt: skip
WINDOW = timedelta(hours=24)
HUMAN_AGENT = timedelta(days=7)


@dataclass
class Item:
    """A post or a comment."""

    id: str
    author: Json
    message: str
    at: datetime
    post: str
    parent: str = ""
    updated: datetime | None = None
    liked: bool = False
    replied_privately: bool = False
    hidden: bool = False
    can_hide: bool = True
    unseen: bool = False

    def read(self) -> Json:
        """As the Graph API reads it."""
        found: Json = {"id": self.id, "from": self.author, "message": self.message, "created_time": stamp(self.at)}
        found |= {"permalink_url": f"https://www.facebook.com/acme/posts/{self.id}"}
        found |= {"parent": {"id": self.parent}} if self.parent else {}
        found |= {"can_hide": self.can_hide, "is_hidden": self.hidden}
        return found | {"can_reply_privately": not self.replied_privately, "can_comment": True}


@dataclass
class Talk:
    """A private conversation."""

    person: Json
    messages: list[Json] = field(default_factory=list)
    last_in: datetime | None = None
    updated: datetime | None = None


class FacebookServer(GraphServer):
    """One Page."""

    token = TOKEN

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.page_author: Json = {"id": PAGE, "name": PAGE_NAME}
        self.posts: dict[str, Item] = {}
        self.items: dict[str, Item] = {}
        self.talks: dict[str, Talk] = {}
        self.tags: list[Item] = []
        self.fields = ["feed", "mention", "messages", "message_edits", "ratings"]
        self.human_agent = True
        self.psids: dict[str, str] = {}
        self.tags_sent: list[str] = []
        self.ids = itertools.count(500)
        self.token_data = {"is_valid": True, "type": "PAGE", "expires_at": 0, "scopes": SCOPES}
        self._register()
        self.our_post = self._post(self.page_author, "Our new depot opens on Monday").id

    def _register(self) -> None:
        self.edge("GET", "{id}", self._read)
        self.edge("GET", PAGE, lambda _: self.page_author)
        self.edge("GET", "", self._several)
        self.edge("GET", "{id}/comments", self._comments)
        self.edge("POST", "{id}/comments", self._reply)
        self.edge("GET", "{id}/likes", self._likes)
        self.edge("POST", "{id}/likes", self._like)
        self.edge("POST", "{id}", self._moderate)
        self.edge("GET", f"{PAGE}/feed", self._feed)
        self.edge("GET", f"{PAGE}/tagged", lambda asked: self.page(asked, [each.read() for each in self.tags]))
        self.edge("GET", f"{PAGE}/conversations", self._conversations)
        self.edge("POST", f"{PAGE}/messages", self._message)
        self.edge("GET", f"{PAGE}/subscribed_apps", lambda _: {"data": [{"id": "7", "subscribed_fields": self.fields}]})

    # --- what customers do ---

    def visitor_post(self, author: Json, message: str) -> Json:
        """Somebody writes on the Page; the value of `feed`."""
        made = self._post(author, message)
        return self._value(made, "post", "add")

    def comment(self, author: Json, message: str, *, post: str = "", parent: str = "") -> Json:
        """Somebody comments, on our post by default; the value of `feed`."""
        made = self._comment(post or self.our_post, author, message, parent)
        return self._value(made, "comment", "add")

    def edit(self, id_: str, message: str) -> Json:
        """Somebody changes their words."""
        self.items[id_].message = message
        return self._value(self.items[id_], "comment", "edited") | {"created_time": int(self.now().timestamp())}

    def remove(self, id_: str) -> Json:
        """Somebody takes a comment away."""
        gone = self.items.pop(id_)
        value = self._value(gone, "comment", "remove")
        del value["message"]
        return value

    def hide(self, id_: str, *, hidden: bool = True) -> Json:
        """Somebody hides or shows a comment on Facebook itself (or Facebook tells of what was done by the API)."""
        self.items[id_].hidden = hidden
        return self._value(self.items[id_], "comment", "hide" if hidden else "unhide")

    def write(self, person: Json, text: str) -> Json:
        """Somebody writes a private message; the entry of `messaging`."""
        now = self.now()
        talk = self.talks.setdefault(person["id"], Talk(person))
        mid = self._keep(talk, person, text)
        talk.last_in = now
        at = int(now.timestamp() * 1000)
        message = {"mid": mid, "text": text}
        return {"sender": {"id": person["id"]}, "recipient": {"id": PAGE}, "timestamp": at, "message": message}

    def replies(self) -> list[str]:
        """What the Page has said in public below posts and comments."""
        return [each.message for each in self.said()]

    def said(self) -> list[Item]:
        """The same, with all that is known of it."""
        return [each for each in self.items.values() if each.author["id"] == PAGE and each.id not in self.posts]

    def sent_to(self, psid: str) -> list[str]:
        """What the Page has written to somebody in private."""
        talk = self.talks.get(psid)
        return [each["message"] for each in talk.messages if each["from"]["id"] == PAGE] if talk else []

    # --- state ---

    def _post(self, author: Json, message: str) -> Item:
        made = Item(f"{PAGE}_{next(self.ids)}", author, message, self.now(), "")
        made.post = made.id
        self.posts[made.id] = self.items[made.id] = made
        return made

    def _comment(self, post: str, author: Json, message: str, parent: str = "") -> Item:
        made = Item(f"{post.partition('_')[2]}_{next(self.ids)}", author, message, self.now(), post, parent)
        self.items[made.id] = made
        return made

    def _value(self, item: Item, what: str, verb: str) -> Json:
        value: Json = {"item": what, "verb": verb, "post_id": item.post, "from": item.author, "message": item.message}
        if what == "comment":
            value |= {"comment_id": item.id, "parent_id": item.parent or item.post}
        return value | {"created_time": int(item.at.timestamp())}

    def _keep(self, talk: Talk, author: Json, text: str) -> str:
        mid, talk.updated = f"m_{next(self.ids)}", self.now()
        kept = {"id": mid, "created_time": stamp(talk.updated), "from": author, "message": text}
        talk.messages.insert(0, {**kept, "to": {"data": [self.page_author]}})
        return mid

    # --- edges: reading ---

    def _find(self, id_: str) -> Item:
        if id_ not in self.items:
            text = f"Unsupported get request. Object with ID '{id_}' does not exist, cannot be loaded"
            raise GraphError(100, text, subcode=33, type="GraphMethodException")
        return self.items[id_]

    def _read(self, asked: Asked) -> Json:
        talk = self.talks.get(asked.found["id"])
        return self._person(talk) if talk else self._find(asked.found["id"]).read()

    def _person(self, talk: Talk) -> Json:
        """The profile of somebody who has written ("User Profile API")."""
        if talk.last_in is None:
            raise GraphError(100, "No profile available for this user.", subcode=2018218)
        first, _, last = talk.person.get("name", "").partition(" ")
        return {"id": talk.person["id"], "name": talk.person.get("name", ""), "first_name": first, "last_name": last}

    def _several(self, asked: Asked) -> Json:
        ids = asked.params.get("ids", "").split(",")
        return {id_: self._find(id_).read() for id_ in ids}

    def _below(self, id_: str) -> list[Json]:
        """Newest first; below a comment stand the replies to it, below a post everything."""
        found = [each for each in self.items.values() if each.id not in self.posts and id_ in {each.post, each.parent}]
        return [each.read() for each in sorted(found, key=lambda each: (each.at, each.id), reverse=True)]

    def _comments(self, asked: Asked) -> Json:
        self._find(asked.found["id"])
        assert asked.params["filter"] == "stream"
        page = self.page(asked, self._below(asked.found["id"]))
        return {**page, "data": self._seen(page["data"])}

    def _feed(self, asked: Asked) -> Json:
        posts = sorted(self.posts.values(), key=lambda each: (each.at, each.id), reverse=True)
        return self.page(asked, [{**each.read(), "comments": self._newest(each.id)} for each in posts])

    def _newest(self, post: str) -> Json:
        """The page of comments that comes with a post."""
        found = self._below(post)
        more = {"paging": {"cursors": {"after": "25"}, "next": f"{self.url}/{post}/comments"}} if found[25:] else {}
        return {"data": self._seen(found[:25]), **more}

    def _seen(self, page: list[Json]) -> list[Json]:
        """What the Page may see of a page: the rest was counted, and is left out."""
        return [each for each in page if not self.items[each["id"]].unseen]

    def _likes(self, asked: Asked) -> Json:
        return {"data": [], "summary": {"has_liked": self._find(asked.found["id"]).liked, "can_like": True}}

    def _conversations(self, asked: Asked) -> Json:
        assert asked.params["platform"] == "messenger"
        wanted = asked.params.get("user_id")
        talks = [talk for psid, talk in self.talks.items() if wanted in {None, psid}]
        talks.sort(key=lambda talk: talk.updated or self.now(), reverse=True)
        return self.page(asked, [self._talk(talk) for talk in talks])

    def _talk(self, talk: Talk) -> Json:
        people = {"data": [talk.person, self.page_author]}
        updated = stamp(talk.updated or self.now())
        messages = {"data": talk.messages[:20]}
        return {"id": f"t_{talk.person['id']}", "updated_time": updated, "participants": people, "messages": messages}

    # --- edges: writing ---

    def _reply(self, asked: Asked) -> Json:
        target = self._find(asked.found["id"])
        message = asked.given("message")
        if not message or len(message) > 8000:
            raise GraphError(100, "(#100) Message is missing or too long")
        parent = "" if target.id in self.posts else target.parent or target.id
        return {"id": self._comment(target.post, self.page_author, message, parent).id}

    def _like(self, asked: Asked) -> Json:
        self._find(asked.found["id"]).liked = True
        return {"success": True}

    def _moderate(self, asked: Asked) -> Json:
        """Hiding and showing; both may be repeated. Only comments of others can be hidden."""
        item, wanted = self._find(asked.found["id"]), asked.given("is_hidden")
        if wanted not in {"true", "false"} or item.id in self.posts or item.author["id"] == PAGE or not item.can_hide:
            raise GraphError(100, "(#100) This comment cannot be hidden")
        item.hidden = wanted == "true"
        return {"success": True}

    def _message(self, asked: Asked) -> Json:
        recipient, text = asked.body["recipient"], asked.body["message"]["text"]
        if len(text) > 2000:
            raise GraphError(100, "(#100) Length of param message[text] must be less than or equal to 2000")
        if "id" in recipient:
            talk = self._allowed(recipient["id"], asked.body)
        else:
            talk = self._private_reply(self._find(recipient.get("comment_id") or recipient["post_id"]))
        return {"recipient_id": talk.person["id"], "message_id": self._keep(talk, self.page_author, text)}

    def _allowed(self, psid: str, body: Json) -> Talk:
        if psid not in self.talks:
            raise GraphError(100, "(#100) No matching user found", subcode=2018001)
        talk, tagged = self.talks[psid], body.get("tag") == "HUMAN_AGENT"
        if tagged:
            self.tags_sent.append("HUMAN_AGENT")
        window = HUMAN_AGENT if tagged and self.human_agent else WINDOW
        if talk.last_in is None or self.now() >= talk.last_in + window:
            raise GraphError(10, "(#10) This message is sent outside of allowed window.", subcode=2018278)
        return talk

    def _private_reply(self, item: Item) -> Talk:
        if item.replied_privately:
            raise GraphError(10900, "(#10900) Activity already replied to")
        if self.now() >= item.at + HUMAN_AGENT:
            raise GraphError(10, "(#10) This message is sent outside of allowed window.", subcode=2018278)
        item.replied_privately = True
        psid = self.psids.setdefault(item.author["id"], f"70{item.author['id']}")
        return self.talks.setdefault(psid, Talk({"id": psid, "name": item.author.get("name", "")}))


# --- deliveries and connectors ------------------------------------------------------------------------------------


def delivery(*values: Json, field_: str = "feed", door: str = "changes", at: int = 1772625480) -> bytes:
    """The body of one delivery with these values."""
    updates = [{"field": field_, "value": value} for value in values] if door == "changes" else list(values)
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": at, door: updates}]}).encode()


def environment(server: FacebookServer, **more: str) -> dict[str, str]:
    """The variables of a Page on this server."""
    return {**VARIABLES, "META_GRAPH_URL": server.url, **more}


@dataclass
class Rig:
    """A server, a clock, and connectors to be made."""

    server: FacebookServer
    clock: TestClock
    deps: ConnectorDeps

    def connector(self, **more: str) -> FacebookConnector:
        """A connector to this server; `more` are further variables."""
        return FacebookConnector(FacebookSettings.model_validate(environment(self.server, **more)), self.deps)


@asynccontextmanager
async def a_page(clock: Clock) -> AsyncIterator[FacebookServer]:
    """A running server."""
    async with running(FacebookServer(clock)) as server:
        yield server
