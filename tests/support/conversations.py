"""One whole conversation on each network, as deliveries in the order in which things happened.

Customers write, change, remove and react; staff answer (the network tells of it as an echo); what the webhook tells
is found by a sweep or a poll as well, where the network has both. Data only: tests decide about the order.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from bot.domain.models import Raw
from tests.support import facebook_server, instagram_server, threads_server, whatsapp_server
from tests.support.cases import NOON
from tests.support.x_server import ANA as X_ANA
from tests.support.x_server import US, mention_event, message_event, snowflake

Json = dict[str, Any]
START: Final = NOON - timedelta(minutes=30)


def at(second: int) -> datetime:
    """So many seconds into the conversation."""
    return START + timedelta(seconds=second)


def _unix(second: int) -> int:
    return int(at(second).timestamp())


def _iso(second: int) -> str:
    return at(second).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _raw(network: str, body: Json | bytes, source: str = "webhook", **headers: str) -> Raw:
    given = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Raw(network=network, account="main", source=source, body=given, headers=headers, received_at=NOON)


# --- Facebook and Messenger ---------------------------------------------------------------------------------------

CARLA: Final[Json] = {"id": "9001", "name": "Carla Diaz"}
ACME: Final[Json] = {"id": facebook_server.PAGE, "name": "Acme Parcels"}


def _comment(verb: str, id_: str, second: int, message: str = "", author: Json = CARLA) -> Raw:
    value: Json = {"item": "comment", "verb": verb, "comment_id": f"500_{id_}", "post_id": "1100_500"}
    value |= {"parent_id": "1100_500", "from": author, "created_time": _unix(second)}
    value |= {"message": message} if message else {}
    return _raw("facebook", facebook_server.delivery(value, at=_unix(second)))


def facebook() -> list[Raw]:
    """Below a post of the Page: two comments of a customer that stay, one that goes, a like, our answer, a sweep."""
    item: Json = {"id": "500_1", "from": CARLA, "message": "My parcel 89 never came"}
    item |= {"created_time": _iso(0), "can_reply_privately": True, "can_comment": True}
    love: Json = {"item": "reaction", "verb": "add", "reaction_type": "love", "post_id": "1100_500"}
    love |= {"parent_id": "1100_500", "from": CARLA, "created_time": _unix(35)}
    return [
        _comment("add", "1", 0, "My parcel never came"),
        _comment("edited", "1", 10, "My parcel 88 never came"),
        _comment("edited", "1", 20, "My parcel 89 never came"),
        _comment("add", "2", 30, "You are all thieves"),
        _raw("facebook", facebook_server.delivery(love, at=_unix(35))),
        _comment("add", "9", 40, "We are looking into it", ACME),
        _comment("add", "3", 50, "Still nothing, where is it?"),
        _comment("remove", "2", 60),
        _raw("facebook", {"what": "comment", "post": "1100_500", "item": item}, "sweep"),
    ]


def _told(second: int, **what: Any) -> Json:
    ours = bool(what.pop("ours", False))
    sides: Json = {"sender": {"id": "9001"}, "recipient": {"id": facebook_server.PAGE}}
    if ours:
        sides = {"sender": sides["recipient"], "recipient": sides["sender"]}
    return sides | {"timestamp": _unix(second) * 1000} | what


def messenger() -> list[Raw]:
    """In private with the Page: words, two edits, one unsent, a reaction, our echo, a read, a sweep."""
    talk = [
        _told(0, message={"mid": "m_1", "text": "Where is my order?"}),
        _told(10, message_edit={"mid": "m_1", "text": "Where is my order 77?", "num_edit": "1"}),
        _told(20, message_edit={"mid": "m_1", "text": "Where is my order 78?", "num_edit": "2"}),
        _told(30, message={"mid": "m_2", "text": "My card is 4111"}),
        _told(40, message={"mid": "m_9", "text": "One moment", "is_echo": True}, ours=True),
        _told(50, reaction={"mid": "m_9", "action": "react", "emoji": "❤", "reaction": "love"}),
        _told(60, message={"mid": "m_3", "text": "It is urgent, please"}),
        _told(65, read={"watermark": _unix(65) * 1000}),
        _told(70, message={"mid": "m_2", "is_deleted": True}),
    ]
    item: Json = {"id": "m_3", "from": CARLA, "to": {"data": [ACME]}, "message": "It is urgent, please"}
    swept = {"what": "message", "customer": CARLA, "item": item | {"created_time": _iso(60)}}
    raws = [_raw("facebook", facebook_server.delivery(one, door="messaging")) for one in talk]
    return [*raws, _raw("facebook", swept, "sweep")]


# --- Instagram and Threads ----------------------------------------------------------------------------------------


def _instagram(second: int, entry: Json) -> Raw:
    own = {"id": instagram_server.OWN, "time": _unix(second)}
    return _raw("instagram", {"object": "instagram", "entry": [own | entry]})


def _below(id_: str, second: int, text: str, name: str = "ana.r") -> Raw:
    number = instagram_server.OWN if name == instagram_server.NAME else "6602"
    value: Json = {"id": id_, "text": text, "from": {"id": number, "username": name}}
    value |= {"media": {"id": "17700", "media_product_type": "FEED"}}
    return _instagram(second, {"changes": [{"field": "comments", "value": value}]})


def _seen(id_: str, second: int, text: str) -> Raw:
    comment: Json = {"id": id_, "text": text, "timestamp": _iso(second), "from": {"id": "6602", "username": "ana.r"}}
    media: Json = {"id": "17700", "permalink": "https://www.instagram.com/p/Abc/"}
    return _raw("instagram", {"media": media, "comment": comment}, "sweep", username=instagram_server.NAME)


def instagram() -> list[Raw]:
    """Below a post: two comments, told twice because the post is an advertisement too, our own answer, a sweep."""
    return [
        _below("17901", 0, "My parcel never came"),
        _below("17901", 1, "My parcel never came"),
        _below("17902", 10, "Where is it?"),
        _below("17909", 20, "We are looking into it", instagram_server.NAME),
        _seen("17901", 0, "My parcel never came"),
        _seen("17902", 10, "Where is it now?"),
    ]


def instagram_messages() -> list[Raw]:
    """In private: words, an edit, one unsent, a reaction and one taken back, our echo, a read."""
    own, ana = {"id": instagram_server.OWN}, {"id": "6602000000000001"}
    talk: list[Json] = [
        {"at": 0, "message": {"mid": "mid.1", "text": "Where is my order?"}},
        {"at": 10, "message_edit": {"mid": "mid.1", "text": "Where is my order 77?", "num_edit": "1"}},
        {"at": 20, "message": {"mid": "mid.2", "text": "My card is 4111"}},
        {"at": 30, "message": {"mid": "mid.9", "text": "One moment", "is_echo": True}},
        {"at": 40, "reaction": {"mid": "mid.9", "action": "react", "emoji": "❤"}},
        {"at": 45, "reaction": {"mid": "mid.9", "action": "unreact"}},
        {"at": 50, "message": {"mid": "mid.3", "text": "It is urgent, please"}},
        {"at": 55, "read": {"mid": "mid.9"}},
        {"at": 60, "message": {"mid": "mid.2", "is_deleted": True}},
    ]
    raws = []
    for one in talk:
        second = one.pop("at")
        echo = "is_echo" in one.get("message", {})
        sides = {"sender": own if echo else ana, "recipient": ana if echo else own}
        raws.append(_instagram(second, {"messaging": [sides | {"timestamp": _unix(second) * 1000} | one]}))
    return raws


def _post(id_: str, second: int, text: str, name: str = "ana.r") -> Json:
    root: Json = {"id": "123", "owner_id": threads_server.OWN, "username": threads_server.NAME}
    post: Json = {"id": id_, "username": name, "text": text, "media_type": "TEXT_POST", "timestamp": _iso(second)}
    return post | {
        "root_post": root,
        "replied_to": {"id": "123"},
        "permalink": f"https://www.threads.com/@{name}/post/{id_}",
    }


def threads() -> list[Raw]:
    """Below a post of ours: two replies that stay, one that goes, our own, and what the sweep reads."""

    def hooked(field: str, second: int, post: Json) -> Raw:
        about: Json = {"app_id": "1", "topic": "moderate", "target_id": threads_server.OWN, "time": _unix(second)}
        return _raw("threads", about | {"values": {"field": field, "value": post}})

    first, rude, second = (
        _post("891", 0, "My parcel never came"),
        _post("892", 10, "Thieves"),
        _post("893", 20, "Hello?"),
    )
    return [
        hooked("replies", 0, first),
        hooked("replies", 10, rude),
        hooked("replies", 20, second),
        hooked("replies", 30, _post("899", 30, "We look into it", threads_server.NAME)),
        hooked("mentions", 40, second),
        hooked("delete", 50, rude),
        _raw("threads", {"field": "replies", "post": first}, "sweep", username=threads_server.NAME),
        _raw("threads", {"field": "replies", "post": second | {"text": "Hello, anybody?"}}, "sweep",
             username=threads_server.NAME),
    ]  # fmt: skip


# --- WhatsApp -----------------------------------------------------------------------------------------------------


def whatsapp() -> list[Raw]:
    """Words, two edits, one revoked, a reaction put and taken back, a status of somebody else's message."""
    ana = whatsapp_server.ANA

    def message(id_: str, second: int, kind: str, **what: Any) -> Raw:
        one = {"from": ana.phone, "from_user_id": ana.user, "id": id_, "timestamp": str(_unix(second)), "type": kind}
        contacts = [{"profile": {"name": ana.name}, "wa_id": ana.phone, "user_id": ana.user}]
        return _raw("whatsapp", whatsapp_server.delivery({"contacts": contacts, "messages": [one | what]}))

    def edit(id_: str, second: int, text: str) -> Raw:
        new = {"type": "text", "text": {"body": text}}
        return message(id_, second, "edit", edit={"original_message_id": "wamid.1", "message": new})

    status = {"id": "wamid.x", "status": "delivered", "timestamp": str(_unix(45)), "recipient_id": ana.phone}
    return [
        message("wamid.1", 0, "text", text={"body": "Where is my order?"}),
        edit("wamid.1a", 10, "Where is my order 77?"),
        edit("wamid.1b", 20, "Where is my order 78?"),
        message("wamid.2", 30, "text", text={"body": "My card is 4111"}),
        message("wamid.r", 40, "reaction", reaction={"message_id": "wamid.9", "emoji": "❤"}),
        message("wamid.s", 42, "reaction", reaction={"message_id": "wamid.9"}),
        _raw("whatsapp", whatsapp_server.delivery({"statuses": [status]})),
        message("wamid.3", 50, "text", text={"body": "It is urgent, please"}),
        message("wamid.2r", 60, "revoke", revoke={"original_message_id": "wamid.2"}),
    ]


# --- X ------------------------------------------------------------------------------------------------------------


def x() -> list[Raw]:
    """Below a post of ours: a reply, also told as a mention, edited twice, found by poll; a like; our answer."""
    root, first = snowflake(at(-60)), snowflake(at(0))
    versions = [first, snowflake(at(10)), snowflake(at(20))]

    def post(id_: str, second: int, text: str, history: Sequence[str] = (), author: str = X_ANA) -> Json:
        named = [{"start": 0, "end": 5, "username": "acme", "id": US}]
        about: Json = {
            "id": id_,
            "text": f"@acme {text}",
            "author_id": author,
            "created_at": _iso(second),
            "lang": "en",
        }
        about |= {"conversation_id": root, "in_reply_to_tweet_id": root, "in_reply_to_user_id": US}
        about |= {"referenced_tweets": [{"type": "replied_to", "id": root}], "entities": {"mentions": named}}
        return about | {"edit_history_tweet_ids": list(history) or [id_]}

    words = ["my parcel is lost", "my parcel 88 is lost", "my parcel 89 is lost"]
    replies = [post(id_, 10 * n, words[n], versions[: n + 1]) for n, id_ in enumerate(versions)]
    second = post(snowflake(at(30)), 30, "hello, anybody?")
    users = mention_event(second)["data"]["includes"]["users"]
    like: Json = {"id": "ab12", "liked_tweet_id": root, "timestamp_ms": str(_unix(35) * 1000)}
    liked = {"event_uuid": "-77", "event_type": "like.create", "filter": {"user_id": US}, "payload": like}
    return [
        *(_raw("x", mention_event(one, "post.reply.create")) for one in replies),
        _raw("x", mention_event(replies[0])),
        _raw("x", mention_event(second, "post.reply.create")),
        _raw("x", {"data": liked | {"includes": {"users": users}}}),
        _raw("x", mention_event(post(snowflake(at(40)), 40, "we look into it", author=US), "post.create")),
        _raw("x", {"post": replies[2], "users": users}, "mentions"),
        _raw("x", {"post": second, "users": users}, "search:acme"),
    ]


def x_messages() -> list[Raw]:
    """In private, by webhook and by poll."""

    def message(second: int, text: str) -> Json:
        told: Json = {"id": snowflake(at(second)), "event_type": "MessageCreate", "text": text, "sender_id": X_ANA}
        return told | {"dm_conversation_id": f"{US}-{X_ANA}", "created_at": _iso(second)}

    first, second = message(0, "Where is my order?"), message(10, "It is urgent, please")
    users = mention_event({"id": "1", "author_id": X_ANA})["data"]["includes"]["users"]
    polled = [_raw("x", {"message": one, "users": users}, "messages") for one in (first, second)]
    return [_raw("x", message_event(first)), _raw("x", message_event(second)), *polled]


# --- Bluesky ------------------------------------------------------------------------------------------------------

BRAND: Final = "did:plc:brand"
SKY_ROOT: Final = f"at://{BRAND}/app.bsky.feed.post/3lroot"
SKY_ANA: Final[Json] = {"did": "did:plc:ana", "handle": "ana.test", "displayName": "Ana Kos"}


def bluesky() -> list[Raw]:
    """Below a post of ours: a reply with two versions, found by notification and search; one that goes; a like."""

    def reply(name: str, second: int, text: str, version: int = 1) -> Json:
        root = {"uri": SKY_ROOT, "cid": "root"}
        record: Json = {
            "$type": "app.bsky.feed.post",
            "text": text,
            "langs": ["en"],
            "reply": {"root": root, "parent": root},
        }
        uri = f"at://did:plc:ana/app.bsky.feed.post/{name}"
        return {"uri": uri, "cid": f"{name}{version}", "author": SKY_ANA, "record": record, "indexedAt": _iso(second)}

    def known(body: Json, source: str = "notifications", **more: Any) -> Raw:
        return _raw("bluesky", body | more, source, did=BRAND)

    def noted(body: Json, source: str = "notifications") -> Raw:
        return known(body, source, reason="reply")

    first, newer = reply("3la", 0, "My parcel never came"), reply("3la", 10, "My parcel 88 never came", 2)
    rude, second = reply("3lb", 20, "Thieves"), reply("3lc", 30, "Hello, anybody?")
    ref = {"uri": rude["uri"], "cid": rude["cid"], "conversation": f"{SKY_ROOT}|did:plc:ana", "did": "did:plc:ana"}
    like: Json = {"uri": "at://did:plc:ana/app.bsky.feed.like/3ll", "cid": "like1", "author": SKY_ANA, "reason": "like"}
    like |= {"record": {"$type": "app.bsky.feed.like", "subject": {"uri": SKY_ROOT, "cid": "root"}}}
    return [
        noted(first),
        noted(newer),
        noted(rude),
        known(like, indexedAt=_iso(25), reasonSubject=SKY_ROOT),
        noted(second),
        known(newer, "search:acme"),
        known(first, "search:acme"),
        known({"ref": ref, "post": None}, "recheck"),
    ]


def bluesky_messages() -> list[Raw]:
    """In private: words that stay, words that go, a reaction."""

    def log(kind: str, id_: str, second: int, text: str = "", **more: Any) -> Raw:
        message: Json = {"id": id_, "text": text, "sender": {"did": "did:plc:ana"}, "sentAt": _iso(second)}
        body: Json = {"$type": f"chat.bsky.convo.defs#{kind}", "rev": f"r{second}", "convoId": "3lconvo"}
        return _raw("bluesky", body | {"message": message, "relatedProfiles": [SKY_ANA]} | more, "chat", did=BRAND)

    reaction = {"value": "❤", "sender": {"did": "did:plc:ana"}, "createdAt": _iso(25)}
    return [
        log("logCreateMessage", "3lm1", 0, "Where is my order?"),
        log("logCreateMessage", "3lm2", 10, "My card is 4111"),
        log("logDeleteMessage", "3lm2", 20),
        log("logAddReaction", "3lm1", 25, "Where is my order?", reaction=reaction),
        log("logCreateMessage", "3lm3", 30, "It is urgent, please"),
    ]


# --- the generic webhook ------------------------------------------------------------------------------------------


def webhook() -> list[Raw]:
    """Below a post of another system: one comment edited twice, one that goes, one that stays, a like, our answer."""
    ana = {"id": "u-1", "name": "Ana Horvat", "handle": "anahorvat"}

    def event(kind: str, second: int, **data: Any) -> Raw:
        body = {"type": kind, "timestamp": _iso(second), "data": {"post": "post-7", "author": ana} | data}
        return _raw("webhook", body, content_type="application/json", webhook_id=f"msg-{second}")

    return [
        event("comment.created", 0, id="c-1", text="My parcel never came", reply_url="https://shop.example/r/c-1"),
        event("comment.edited", 10, id="c-1", text="My parcel 88 never came"),
        event("comment.edited", 20, id="c-1", text="My parcel 89 never came"),
        event("comment.created", 30, id="c-2", text="Thieves"),
        event("reaction.created", 35, id="l-1", in_reply_to="c-1"),
        event("comment.created", 40, id="c-9", text="We are looking into it", by_us=True),
        event("comment.created", 50, id="c-3", text="Still nothing, where is it?"),
        event("comment.deleted", 60, id="c-2"),
    ]


CONVERSATIONS: Final[Mapping[str, Callable[[], list[Raw]]]] = {
    "facebook": facebook,
    "messenger": messenger,
    "instagram": instagram,
    "instagram messages": instagram_messages,
    "threads": threads,
    "whatsapp": whatsapp,
    "x": x,
    "x messages": x_messages,
    "bluesky": bluesky,
    "bluesky messages": bluesky_messages,
    "webhook": webhook,
}
"""Every conversation by its name, as deliveries in their order."""
