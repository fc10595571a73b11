"""Instagram as its API shows it: posts, comments, mentions and private messages of one professional account."""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.base import ConnectorDeps
from connectors.instagram.connector import InstagramConnector
from connectors.instagram.settings import InstagramSettings
from tests.support.graph_server import META, Asked, GraphError, GraphServer, Json, stamp

OWN = "17841400000000001"
APP_SCOPED = "9001"
NAME = "acme"
TOKEN = "IGAATestToken000000000000"
VARIABLES = META | {"INSTAGRAM_ACCOUNT_ID": OWN, "INSTAGRAM_TOKEN": TOKEN}
WINDOW = timedelta(hours=24)
WEEK = timedelta(days=7)


@dataclass
class Said:
    """One comment or message of the little world."""

    id: str
    text: str
    who: str
    name: str
    at: datetime
    parent: str = ""
    media: str = ""
    hidden: bool = False


@dataclass
class World:
    """What stands there. `boxes` are the private messages by customer, `private` the comments answered in private."""

    media: dict[str, str] = field(default_factory=dict)
    comments: dict[str, Said] = field(default_factory=dict)
    mentions: dict[str, Said] = field(default_factory=dict)
    boxes: dict[str, list[Said]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    tags: list[str] = field(default_factory=list)


class InstagramServer(GraphServer):
    """The account's side of the API. The test moves `clock`."""

    token = TOKEN

    def __init__(self, *, facebook_login: bool = False) -> None:
        super().__init__()
        self.world = World(media={"17700": "https://www.instagram.com/p/Abc/"})
        self.fields = ["comments", "messages", "mentions"]
        self.people: dict[str, Json] = {}
        self._number = 0
        box = "me" if facebook_login else OWN
        self.edge("GET", "{id}", self._one)
        self.edge("GET", "me", lambda _: {"id": APP_SCOPED, "user_id": OWN, "username": NAME})
        self.edge("GET", OWN, self._account)
        self.edge("GET", f"{OWN}/media", self._media)
        self.edge("GET", "{id}/comments", self._comments)
        self.edge("GET", "{id}/replies", self._replies)
        self.edge("GET", f"{box}/conversations", self._conversations)
        self.edge("GET", "t_{customer}", lambda asked: self._conversation(asked.found["customer"]))
        self.edge("GET", f"{box}/subscribed_apps", lambda _: {"data": [{"subscribed_fields": self.fields}]})
        self.edge("POST", "{id}/replies", self._reply)
        self.edge("POST", "{id}", self._moderate)
        self.edge("POST", f"{OWN}/mentions", self._answer_mention)
        self.edge("POST", f"{box}/messages", self._message)

    # --- what people do ---

    def new_id(self, prefix: str = "18") -> str:
        """An id that nothing has yet."""
        self._number += 1
        return f"{prefix}{self._number:06d}"

    def comment(
        self, text: str, who: str = "6602", name: str = "ana.r", parent: str = "", media: str = "17700"
    ) -> Said:
        """Somebody comments below our post."""
        said = Said(self.new_id(), text, who, name, self.now(), parent, media)
        self.world.comments[said.id] = said
        return said

    def mention(self, text: str, media: str = "17771") -> Said:
        """Somebody names us in a comment below a post that is not ours."""
        said = Said(self.new_id(), text, "6602", "ana.r", self.now(), media=media)
        self.world.mentions[said.id] = said
        return said

    def write(self, text: str, customer: str = "6602000000000001") -> Said:
        """Somebody sends us a private message."""
        said = Said(self.new_id("mid."), text, customer, "ana.r", self.now())
        self.world.boxes.setdefault(customer, []).append(said)
        return said

    # --- what comes of it ---

    def told(self, field_: str, value: Json) -> bytes:
        """The delivery of one change."""
        change = {"field": field_, "value": value}
        entry = {"id": OWN, "time": int(self.now().timestamp()), "changes": [change]}
        return json.dumps({"object": "instagram", "entry": [entry]}).encode()

    def told_comment(self, said: Said) -> bytes:
        """The delivery about a comment."""
        value: Json = {"id": said.id, "text": said.text, "from": {"id": said.who, "username": said.name}}
        value |= {"media": {"id": said.media, "media_product_type": "FEED"}}
        return self.told("comments", value | ({"parent_id": said.parent} if said.parent else {}))

    def told_mention(self, said: Said) -> bytes:
        """The delivery about a mention: ids only."""
        return self.told("mentions", {"media_id": said.media, "comment_id": said.id})

    def told_message(self, sender: str, **event: Any) -> bytes:
        """The delivery about something private."""
        time = int(self.now().timestamp() * 1000)
        one = {"sender": {"id": sender}, "recipient": {"id": OWN}, "timestamp": time, **event}
        return json.dumps({"object": "instagram", "entry": [{"id": OWN, "time": time, "messaging": [one]}]}).encode()

    def written(self, verb: str = "POST") -> list[Asked]:
        """Every call that changed something."""
        return [asked for asked in self.calls if asked.verb == verb]

    # --- the edges ---

    def _account(self, asked: Asked) -> Json:
        wanted = re.match(r"(mentioned_\w+)\.(?:comment|media)_id\((\d+)\)", asked.given("fields"))
        if not wanted:
            return {"id": OWN, "username": NAME}
        said = self.world.mentions.get(wanted[2])
        if said is None:
            raise GraphError(100, "Unsupported get request.", subcode=33, type="GraphMethodException")
        if wanted[1] == "mentioned_media":
            shown: Json = {"id": said.id, "caption": said.text, "username": said.name, "timestamp": stamp(said.at)}
        else:
            media = {"id": said.media, "permalink": "https://www.instagram.com/p/Xyz/"}
            shown = {**_shown(said), "media": media}
            shown.pop("from")
        return {wanted[1]: shown, "id": OWN}

    def _media(self, asked: Asked) -> Json:
        posts = [
            {"id": id_, "permalink": link, "timestamp": stamp(self.now()), "comments_count": len(self._below(id_))}
            for id_, link in self.world.media.items()
        ]
        return self.page(asked, posts)

    def _below(self, media: str) -> list[Said]:
        found = [one for one in self.world.comments.values() if one.media == media and not one.parent]
        return sorted(found, key=lambda one: one.at, reverse=True)

    def _comments(self, asked: Asked) -> Json:
        tops = [
            {**_shown(top), "replies": self._first_answers(asked, top.id)} for top in self._below(asked.found["id"])
        ]
        return self.page(asked, tops, most=50)

    def _first_answers(self, asked: Asked, comment: str) -> Json:
        """The page of answers that comes with a comment."""
        below = replace(asked, path=f"{comment}/replies", params={})
        return self.page(below, [_shown(one) for one in self._answers(comment)], most=25)

    def _answers(self, comment: str) -> list[Said]:
        return [one for one in self.world.comments.values() if one.parent == comment]

    def _replies(self, asked: Asked) -> Json:
        return self.page(asked, [_shown(one) for one in self._answers(asked.found["id"])], most=50)

    def _one(self, asked: Asked) -> Json:
        if asked.found["id"] in self.people:
            return self._person(asked)
        said = self.world.comments.get(asked.found["id"])
        if said is None:
            raise GraphError(100, "Unsupported get request.", subcode=33, type="GraphMethodException")
        return {**_shown(said), "hidden": said.hidden, "media": {"id": said.media}}

    def _person(self, asked: Asked) -> Json:
        """Who somebody is, if they have written ("User Profile API")."""
        if not self.world.boxes.get(asked.found["id"]):
            raise GraphError(230, "User consent is required to access user profile")
        known = self.people[asked.found["id"]]
        return {name: known[name] for name in asked.given("fields").split(",") if name in known} | {
            "id": asked.found["id"]
        }

    def _reply(self, asked: Asked) -> Json:
        below = self.world.comments.get(asked.found["id"])
        if below is None:
            raise GraphError(100, "Unsupported post request.", subcode=33, type="GraphMethodException")
        if below.hidden:
            raise GraphError(100, "You cannot reply to a hidden comment.", type="IGApiException")
        said = self.comment(asked.given("message"), OWN, NAME, below.parent or below.id, below.media)
        return {"id": said.id}

    def _moderate(self, asked: Asked) -> Json:
        """Hiding and showing a comment below a post of the account; both may be repeated."""
        said = self.world.comments.get(asked.found["id"])
        if said is None:
            raise GraphError(100, "Unsupported post request.", subcode=33, type="GraphMethodException")
        if asked.given("hide") not in {"true", "false"}:
            raise GraphError(100, "(#100) The parameter hide is required")
        said.hidden = asked.given("hide") == "true"
        return {"success": True}

    def _answer_mention(self, asked: Asked) -> Json:
        if asked.given("comment_id") not in self.world.mentions:
            raise GraphError(100, "Invalid parameter", subcode=33)
        said = self.mention(asked.given("message"), asked.given("media_id"))
        said.who, said.name, said.parent = OWN, NAME, asked.given("comment_id")
        return {"id": said.id}

    def _message(self, asked: Asked) -> Json:
        recipient, text = asked.body["recipient"], asked.body["message"]["text"]
        if len(text.encode()) > 1000:
            raise GraphError(100, "Length of param message[text] must be less than or equal to 1000", subcode=2534037)
        customer = self._about(recipient["comment_id"]) if "comment_id" in recipient else recipient["id"]
        if "id" in recipient:
            self._check_window(customer, asked.body)
        said = Said(self.new_id("mid."), text, OWN, NAME, self.now())
        self.world.boxes.setdefault(customer, []).append(said)
        self.world.tags.append(asked.body.get("tag", ""))
        return {"recipient_id": customer, "message_id": said.id}

    def _about(self, comment_id: str) -> str:
        comment = self.world.comments.get(comment_id)
        if comment is None:
            raise GraphError(100, "Invalid comment id", subcode=33)
        if comment_id in self.world.private or self.now() - comment.at > WEEK:
            raise GraphError(10900, "Activity already replied to")
        self.world.private.add(comment_id)
        return comment.who

    def _check_window(self, customer: str, body: Json) -> None:
        theirs = [said for said in self.world.boxes.get(customer, []) if said.who != OWN]
        if not theirs:
            raise GraphError(100, "No matching user found", subcode=2018001)
        open_for = WEEK if body.get("tag") == "HUMAN_AGENT" else WINDOW
        if self.now() - theirs[-1].at > open_for:
            raise GraphError(
                10, "This message is sent outside of allowed window.", subcode=2534022, type="IGApiException"
            )

    def _conversations(self, asked: Asked) -> Json:
        wanted = asked.given("user_id")
        boxes = {customer: box for customer, box in self.world.boxes.items() if wanted in {"", customer}}
        newest = sorted(boxes, key=lambda customer: boxes[customer][-1].at, reverse=True)
        return self.page(asked, [self._conversation(customer) for customer in newest])

    def _conversation(self, customer: str) -> Json:
        box = self.world.boxes[customer]
        messages = [
            {
                "id": said.id,
                "created_time": stamp(said.at),
                "from": {"id": APP_SCOPED if said.who == OWN else said.who, "username": said.name},
                "to": {"data": [{"id": customer if said.who == OWN else APP_SCOPED}]},
                "message": said.text,
            }
            for said in reversed(box[-20:])
        ]
        return {"id": f"t_{customer}", "updated_time": stamp(box[-1].at), "messages": {"data": messages}}


def _shown(said: Said) -> Json:
    shown: Json = {"id": said.id, "text": said.text, "timestamp": stamp(said.at), "username": said.name}
    shown |= {"from": {"id": said.who, "username": said.name}, "hidden": said.hidden}
    return shown | ({"parent_id": said.parent} if said.parent else {})


def environment(server: InstagramServer, **more: str) -> dict[str, str]:
    """The variables of an account on this server."""
    return {**VARIABLES, "INSTAGRAM_API_URL": server.url, **more}


def connect(server: InstagramServer, deps: ConnectorDeps, **more: str) -> InstagramConnector:
    """A connector to this server; `more` are further variables."""
    return InstagramConnector(InstagramSettings.model_validate(environment(server, **more)), deps)
