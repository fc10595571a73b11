"""Threads as its API shows it: posts, replies, mentions, and publishing in two steps, for one profile."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import ConnectorDeps
from connectors.threads.connector import ThreadsConnector
from connectors.threads.settings import ThreadsSettings
from tests.support.cases import NOON
from tests.support.graph_server import META, Asked, GraphError, GraphServer, Json, stamp
from tests.support.stores import TestClock

OWN = "24800000000000001"
NAME = "acme"
TOKEN = "THAATestToken000000000000"
VARIABLES = META | {"THREADS_USER_ID": OWN, "THREADS_TOKEN": TOKEN}
FIRST = "1000"
DAY = timedelta(days=1)


@dataclass
class Post:
    """One post or reply; `root` is the first post of its thread."""

    id: str
    text: str
    name: str
    at: datetime
    parent: str = ""
    root: str = ""
    mentions_us: bool = False
    hidden: bool = False


@dataclass
class Container:
    """A reply that was handed over. `state` is what the API says of it."""

    text: str
    parent: str
    at: datetime
    state: str = "FINISHED"
    error: str = ""


class ThreadsServer(GraphServer):
    """The profile's side of the API. The test moves `clock`; `limit` is how many replies a day may have.

    `late_states` is how many answers about a container still say FINISHED although it was published.
    """

    token = TOKEN
    version = "v1.0"

    def __init__(self) -> None:
        super().__init__()
        self.limit = 1000
        self.listed = True
        self.late_states = 0
        self.posts = {FIRST: Post(FIRST, "Our new shoes are here", NAME, NOON - DAY, root=FIRST)}
        self.containers: dict[str, Container] = {}
        self._number = 2000
        self.edge("GET", "{id}", self._one)
        self.edge("GET", "me", lambda _: {"id": OWN, "username": NAME})
        self.edge("GET", f"{OWN}/threads_publishing_limit", self._limits)
        self.edge("GET", f"{OWN}/mentions", lambda asked: self._page(asked, lambda post: post.mentions_us))
        self.edge(
            "GET", f"{OWN}/threads", lambda asked: self._page(asked, lambda post: _ours(post) and not post.parent)
        )
        self.edge("GET", f"{OWN}/replies", self._own_replies)
        self.edge("GET", "{id}/conversation", self._below)
        self.edge("POST", "{id}/manage_reply", self._moderate)
        self.edge("POST", f"{OWN}/threads", self._container)
        self.edge("POST", f"{OWN}/threads_publish", self._publish)

    # --- what people do ---

    def new_id(self) -> str:
        """An id that nothing has yet."""
        self._number += 1
        return str(self._number)

    def reply(self, text: str, name: str = "ana.r", parent: str = FIRST) -> Post:
        """Somebody replies."""
        post = Post(self.new_id(), text, name, self.now(), parent, self.posts[parent].root)
        self.posts[post.id] = post
        return post

    def mention(self, text: str, name: str = "ana.r", parent: str = "") -> Post:
        """Somebody names us: in the first post of a thread of their own, or below a post."""
        id_ = self.new_id()
        root = self.posts[parent].root if parent else id_
        self.posts[id_] = Post(id_, text, name, self.now(), parent, root, mentions_us=True)
        return self.posts[id_]

    # --- what comes of it ---

    def told(self, post: Post, field: str = "replies", *, listed: bool = False) -> bytes:
        """The delivery about a post, in one of the two shapes."""
        value = {**self._shown(post), "media_type": "TEXT_POST"}
        if post.parent:
            root = self.posts[post.root]
            value["root_post"] = {"id": root.id, "owner_id": OWN if _ours(root) else "55", "username": root.name}
        event = {"field": field, "value": value}
        body = {"app_id": "1", "topic": "moderate", "target_id": OWN, "time": int(self.now().timestamp())}
        return json.dumps({**body, "subscription_id": "9", "values": [event] if listed else event}).encode()

    def ours(self) -> list[Post]:
        """What the profile replied, oldest first."""
        return [post for post in self.posts.values() if _ours(post) and post.parent]

    # --- the edges ---

    def _shown(self, post: Post) -> Json:
        shown: Json = {"id": post.id, "username": post.name, "text": post.text, "media_type": "TEXT_POST"}
        shown |= {"permalink": f"https://www.threads.com/@{post.name}/post/{post.id}", "timestamp": stamp(post.at)}
        if post.parent:
            shown |= {"replied_to": {"id": post.parent}, "root_post": {"id": post.root}}
        return shown

    def _page(self, asked: Asked, wanted: Callable[[Post], bool]) -> Json:
        found = sorted((post for post in self.posts.values() if wanted(post)), key=lambda post: post.at, reverse=True)
        return self.page(asked, [self._shown(post) for post in found])

    def _own_replies(self, asked: Asked) -> Json:
        return self._page(asked, lambda post: self.listed and _ours(post) and bool(post.parent))

    def _below(self, asked: Asked) -> Json:
        root = asked.found["id"]
        page = self._page(asked, lambda post: post.root == root and bool(post.parent))
        for post in page["data"]:
            post["is_reply_owned_by_me"] = post["username"] == NAME
        return page

    def _one(self, asked: Asked) -> Json:
        id_ = asked.found["id"]
        if id_ in self.containers:
            held = self.containers[id_]
            if held.state == "PUBLISHED" and self.late_states > 0:
                self.late_states -= 1
                return {"id": id_, "status": "FINISHED"}
            state = "EXPIRED" if held.state == "FINISHED" and self.now() - held.at > DAY else held.state
            return {"id": id_, "status": state} | ({"error_message": held.error} if held.error else {})
        if id_ not in self.posts:
            raise GraphError(100, "Unsupported get request.", subcode=33, type="THApiException")
        status = {"hide_status": "HIDDEN" if self.posts[id_].hidden else "NOT_HUSHED"}
        return self._shown(self.posts[id_]) | (status if "hide_status" in asked.given("fields") else {})

    def _moderate(self, asked: Asked) -> Json:
        """Hiding and showing a reply directly below a first post of ours; what stands below it goes with it."""
        post = self.posts.get(asked.found["id"])
        if post is None:
            raise GraphError(100, "Unsupported post request.", subcode=33, type="THApiException")
        if asked.given("hide") not in {"true", "false"} or post.parent != post.root or not _ours(self.posts[post.root]):
            raise GraphError(10, "You may only hide top-level replies to your own posts.", type="THApiException")
        post.hidden = asked.given("hide") == "true"
        return {"success": True}

    def _limits(self, _: Asked) -> Json:
        config = {"quota_total": 250, "quota_duration": 86400}
        replies = {"quota_total": self.limit, "quota_duration": 86400}
        used = {"quota_usage": 1, "config": config, "reply_quota_usage": len(self.ours()), "reply_config": replies}
        return {"data": [used]}

    def _container(self, asked: Asked) -> Json:
        if counted(asked.given("text")) > 500:
            raise GraphError(100, "Param text must be at most 500 characters long.", type="THApiException")
        parent = asked.given("reply_to_id")
        if parent not in self.posts:
            raise GraphError(100, "The post to reply to does not exist.", subcode=33, type="THApiException")
        id_ = self.new_id()
        self.containers[id_] = Container(asked.given("text"), parent, self.now())
        return {"id": id_}

    def _publish(self, asked: Asked) -> Json:
        held = self.containers.get(asked.given("creation_id"))
        if held is None or held.state != "FINISHED":
            raise GraphError(24, "The requested resource does not exist", subcode=4279009, type="THApiException")
        held.state = "PUBLISHED"
        return {"id": self.reply(held.text, NAME, held.parent).id}


def _ours(post: Post) -> bool:
    return post.name == NAME


def counted(text: str) -> int:
    """The length of a post: characters, and the bytes of emoji."""
    return sum(len(sign.encode()) if sign >= "\U0001f000" or sign in "\u200d\ufe0f" else 1 for sign in text)


def environment(server: ThreadsServer, **more: str) -> dict[str, str]:
    """The variables of a profile on this server."""
    return {**VARIABLES, "THREADS_API_URL": server.url, **more}


def connect(server: ThreadsServer, deps: ConnectorDeps, **more: str) -> ThreadsConnector:
    """A connector to this server; `more` are further variables."""
    return ThreadsConnector(ThreadsSettings.model_validate(environment(server, **more)), deps)


@dataclass
class Rig:
    """A profile and the network."""

    server: ThreadsServer
    clock: TestClock
    deps: ConnectorDeps
    connector: ThreadsConnector

    def other_worker(self) -> ThreadsConnector:
        """The same profile in another process: it shares nothing but the notes."""
        return connect(self.server, self.deps)

    def texts(self) -> list[str]:
        """What the profile replied."""
        return [post.text for post in self.server.ours()]
