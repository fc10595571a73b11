"""Methods about notifications (`app.bsky.notification.*`)."""

from sandbox.square.errors import internal_error, invalid_request
from sandbox.square.methods import Method, Request, procedure, query
from sandbox.square.model import Json
from sandbox.square.notifications import Notification, notifications_for
from sandbox.square.params import CURSOR, Param, limit
from sandbox.square.schemas import DATETIME, record
from sandbox.square.times import iso, parse
from sandbox.square.views import profile_basic
from sandbox.square.xrpc_feed import with_cursor

MAX_PAGES = 10


def _list_notifications(request: Request) -> Json:
    """One page, newest first. The cursor is a time: what shares the millisecond of a page's end is skipped."""
    params, world = request.params, request.world
    if params["seenAt"]:
        raise invalid_request("The seenAt parameter is unsupported")
    priority = request.did in world.priority_only if params["priority"] is None else params["priority"]
    found = notifications_for(world, request.did, followed_only=priority)
    shown, cursor = _pages(found, params["reasons"], params["limit"], params["cursor"])
    seen_at = world.seen.get(request.did) or (shown[0].at if shown and not params["cursor"] else None)
    answer: Json = {
        "notifications": [_shown(request, item, unread=seen_at is not None and item.at >= seen_at) for item in shown],
        "priority": priority,
    }
    return with_cursor(answer | ({"seenAt": iso(seen_at)} if seen_at else {}), cursor)


def _pages(
    found: list[Notification], reasons: list[str], size: int, cursor: str | None
) -> tuple[list[Notification], str | None]:
    """One page; with `reasons`, pages are read on until half a page is found, at most ten, as the network does.

    So an answer may hold fewer or more than `size`, or none; only an absent cursor means the end.
    """
    kept: list[Notification] = []
    for _ in range(MAX_PAGES if reasons else 1):
        page = _after(found, cursor)[:size]
        cursor = iso(page[-1].at) if page else None
        kept += [item for item in page if not reasons or item.reason in reasons]
        if cursor is None or len(kept) >= (size + 1) // 2:
            break
    return kept, cursor


def _after(found: list[Notification], cursor: str | None) -> list[Notification]:
    """What is older than the cursor. A cursor that is not a time breaks the server behind: 502, as on the network."""
    if cursor is None:
        return found
    try:
        mark = iso(parse(cursor))
    except ValueError as error:
        raise internal_error(502) from error
    return [item for item in found if iso(item.at) < mark]


def _shown(request: Request, item: Notification, *, unread: bool) -> Json:
    stored = item.record
    author = request.world.people[stored.did]
    return {
        "uri": stored.uri,
        "cid": stored.cid,
        "author": profile_basic(request.world, author, request.did),
        "reason": item.reason,
        **({"reasonSubject": item.subject} if item.subject else {}),
        "record": stored.value,
        "isRead": not unread,
        "indexedAt": iso(item.at),
        "labels": [],
    }


def _update_seen(request: Request) -> None:
    request.world.seen[request.did] = parse(request.body["seenAt"])
    request.world.changed()


def _put_preferences(request: Request) -> None:
    chosen = request.world.priority_only
    (chosen.add if request.body["priority"] else chosen.discard)(request.did)
    request.world.changed()


METHODS: tuple[Method, ...] = (
    query(
        "app.bsky.notification.listNotifications",
        _list_notifications,
        Param("reasons", "texts"),
        limit(),
        Param("priority", "flag"),
        CURSOR,
        Param("seenAt"),
    ),
    procedure("app.bsky.notification.updateSeen", _update_seen, record({"seenAt": DATETIME}, ("seenAt",))),
    procedure(
        "app.bsky.notification.putPreferences",
        _put_preferences,
        record({"priority": {"type": "boolean"}}, ("priority",)),
    ),
)
