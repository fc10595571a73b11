"""Methods of private talks (`chat.bsky.convo.*`), which the real network runs on a separate server.

Whether a stranger may start a talk is the recipient's choice: all, following (the default) or none. A talk in which
something was said stays open. Shapes and error names: lexicons `chat.bsky.convo.*`; the words are the square's own.
"""

from typing import Any

from sandbox.square.errors import invalid_request, refused
from sandbox.square.lexicon import Schema
from sandbox.square.methods import Handler, Method, Request, procedure, query
from sandbox.square.model import Convo, Json, LogEvent, Message, Person
from sandbox.square.params import CURSOR, Param, limit
from sandbox.square.richtext import misplaced_facet
from sandbox.square.schemas import BLOCK, EMBED, FACETS, record, text
from sandbox.square.times import iso
from sandbox.square.views import allow_incoming, profile_basic
from sandbox.square.world import World

LOG_PAGE = 100
LOG_START = "2" * 13


def refusal(world: World, sender: str, recipient: str) -> tuple[str, str] | None:
    """Why `sender` may not start a talk with `recipient`: an error's name and words, None when they may."""
    if world.pointing_at(BLOCK, sender, recipient):
        return "BlockedActor", "recipient has blocked you"
    if world.pointing_at(BLOCK, recipient, sender):
        return "BlockedSubject", "you have blocked the recipient"
    allowed = allow_incoming(world, recipient)
    if allowed == "none":
        return "MessagesDisabled", "recipient has disabled incoming messages"
    if allowed == "following" and not world.follows(recipient, sender):
        return "NotFollowedBySender", "recipient requires incoming messages to come from someone they follow"
    return None


def _is_open(convo: Convo | None) -> bool:
    return convo is not None and bool(convo.messages)


def _recipient(request: Request) -> Person:
    others = {did for did in request.params["members"] if did != request.did}
    if len(others) != 1:
        raise invalid_request("Exactly one other member is needed for a direct conversation")
    person = request.world.people.get(others.pop())
    if person is None:
        raise refused("RecipientNotFound", "recipient not found")
    return person


def _convo_for_members(request: Request) -> Json:
    other, world = _recipient(request), request.world
    convo = world.convo_between(request.did, other.did)
    if not _is_open(convo):
        _refuse(refusal(world, request.did, other.did))
    return {"convo": convo_view(world, convo or world.begin_convo(request.did, other.did), request.did)}


def _availability(request: Request) -> Json:
    other, world = _recipient(request), request.world
    convo = world.convo_between(request.did, other.did)
    can_chat = _is_open(convo) or refusal(world, request.did, other.did) is None
    return {"canChat": can_chat} | ({"convo": convo_view(world, convo, request.did)} if convo else {})


def _refuse(reason: tuple[str, str] | None) -> None:
    if reason is not None:
        raise refused(*reason)


def _convo(request: Request, convo_id: str) -> Convo:
    convo = request.world.convos.get(convo_id)
    if convo is None or request.did not in convo.members:
        raise refused("InvalidConvo", "conversation not found")
    return convo


def _send(request: Request) -> Json:
    convo = _convo(request, request.body["convoId"])
    given = request.body["message"]
    if not _is_open(convo):
        _refuse(refusal(request.world, request.did, convo.other(request.did)))
    wrong = misplaced_facet(given)
    if wrong and request.config.strict_facets:
        raise invalid_request(wrong)
    extras = {key: given[key] for key in ("facets", "embed") if key in given}
    return message_view(request.world.add_message(convo, request.did, given["text"], extras))


def _list(request: Request) -> Json:
    mine = [convo for convo in request.world.convos.values() if request.did in convo.members]
    shown = [convo_view(request.world, convo, request.did) for convo in mine]
    kept = [view for view in shown if request.params["status"] in (None, view["status"])]
    return _page("convos", sorted(kept, key=lambda view: str(view["rev"]), reverse=True), request.params)


def _messages(request: Request) -> Json:
    convo = _convo(request, request.params["convoId"])
    views = [_typed("messageView", message_view(message)) for message in reversed(convo.messages)]
    return _page("messages", views, request.params)


def _page(name: str, newest: list[Json], params: Any) -> Json:
    """One page of things that are sorted by rev, newest first; the cursor is the rev of the last one."""
    if params["cursor"]:
        newest = [view for view in newest if view["rev"] < params["cursor"]]
    page = newest[: params["limit"]]
    return {name: page} | ({"cursor": page[-1]["rev"]} if len(page) == params["limit"] else {})


def _log(request: Request) -> Json:
    cursor = request.params["cursor"] or LOG_START
    events = [event for event in request.world.log if event.rev > cursor and request.did in event.seen_by]
    page = events[:LOG_PAGE]
    return {
        "cursor": page[-1].rev if page else cursor,
        "logs": [_event_view(request.world, event, request.did) for event in page],
    }


# --- views --------------------------------------------------------------------------------------------------------


def convo_view(world: World, convo: Convo, viewer: str) -> Json:
    """One talk as one of its members sees it."""
    last = convo.messages[-1] if convo.messages else None
    read_rev = convo.read_revs.get(viewer, "")
    unread = [message for message in convo.messages if message.sender != viewer and message.rev > read_rev]
    return {
        "id": convo.id,
        "rev": convo.rev,
        "members": [_member(world, did, viewer) for did in convo.members],
        **({"lastMessage": _typed("messageView", message_view(last))} if last else {}),
        "muted": False,
        "status": "accepted" if viewer in convo.accepted else "request",
        "unreadCount": len(unread),
    }


def message_view(message: Message) -> Json:
    """One private message."""
    return {
        "id": message.id,
        "rev": message.rev,
        "text": message.text,
        **message.extras,
        "sender": {"did": message.sender},
        "sentAt": iso(message.sent_at),
    }


def _member(world: World, did: str, viewer: str) -> Json:
    return profile_basic(world, world.people[did], viewer) | {"chatDisabled": False}


def _typed(name: str, view: Json) -> Json:
    return {"$type": f"chat.bsky.convo.defs#{name}"} | view


def _event_view(world: World, event: LogEvent, viewer: str) -> Json:
    view = _typed(event.kind, {"rev": event.rev, "convoId": event.convo_id})
    messages = [item for item in world.convos[event.convo_id].messages if item.id == event.message_id]
    if not messages:
        return view
    return view | {
        "message": _typed("messageView", message_view(messages[0])),
        "relatedProfiles": [_member(world, messages[0].sender, viewer)],
    }


# --- the table ----------------------------------------------------------------------------------------------------

_MESSAGE: Schema = record({"text": text(10_000, 1000), "facets": FACETS, "embed": EMBED}, ("text",))
_SEND: Schema = record({"convoId": text(), "message": _MESSAGE}, ("convoId", "message"))
_MEMBERS = Param("members", "texts", required=True, form="did", high=10)
_CONVO = Param("convoId", required=True)


def _read(name: str, run: Handler, *params: Param) -> Method:
    return query(f"chat.bsky.convo.{name}", run, *params, auth="chat")


def _act(name: str, run: Handler, body: Schema) -> Method:
    return procedure(f"chat.bsky.convo.{name}", run, body, auth="chat")


METHODS: tuple[Method, ...] = (
    _read("getConvoForMembers", _convo_for_members, _MEMBERS),
    _read("getConvoAvailability", _availability, _MEMBERS),
    _read("listConvos", _list, limit(), CURSOR, Param("status")),
    _read("getMessages", _messages, _CONVO, limit(), CURSOR),
    _read("getLog", _log, CURSOR),
    _act("sendMessage", _send, _SEND),
)
