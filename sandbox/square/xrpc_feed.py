"""Methods that read posts (`app.bsky.feed.*`)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sandbox.square.errors import invalid_request, refused
from sandbox.square.methods import Json, Method, Request, query
from sandbox.square.model import Person, Record
from sandbox.square.params import CURSOR, Param, limit
from sandbox.square.schemas import LIKE, POST, REPOST
from sandbox.square.search import Search, matches
from sandbox.square.times import iso, milliseconds
from sandbox.square.views import newest_first, not_found_post, post_view, profile_basic, replies_to
from sandbox.square.world import parent_of, subject_of

MAX_URIS = 25


def page_of(records: Sequence[Record], size: int, cursor: str | None) -> tuple[list[Record], str | None]:
    """One page of records that are sorted newest first; the cursor is the time (ms) and hash of the last one.

    Raises XrpcError InvalidRequest for a cursor of another form.
    """
    mark = _read_cursor(cursor) if cursor is not None else None
    page = [item for item in records if mark is None or _key(item) < mark][:size]
    return page, f"{milliseconds(page[-1].sort_at)}__{page[-1].cid}" if page else None


def _key(record: Record) -> tuple[int, str]:
    return milliseconds(record.sort_at), record.cid


def _read_cursor(cursor: str) -> tuple[int, str]:
    when, _, content = cursor.partition("__")
    if not when.isascii() or not when.isdigit() or not content or "__" in content:
        raise invalid_request("Malformed cursor")
    return int(when), content


def with_cursor(answer: Json, cursor: str | None) -> Json:
    """Add the cursor, when there is one."""
    return answer | ({"cursor": cursor} if cursor else {})


def actor(request: Request, name: str) -> Person:
    """The person a parameter names; raises XrpcError InvalidRequest when there is none."""
    person = request.world.person(name)
    if person is None:
        raise invalid_request("Profile not found")
    return person


def _full_uri(request: Request, uri: str) -> str:
    """The address with the handle replaced by the DID, when it has one."""
    authority, slash, rest = uri.removeprefix("at://").partition("/")
    return f"at://{request.world.did_of(authority) or authority}{slash}{rest}"


def _post(request: Request, uri: str) -> Record | None:
    stored = request.world.records.get(_full_uri(request, uri))
    return stored if stored is not None and stored.collection == POST else None


def _get_posts(request: Request) -> Json:
    found = [_post(request, uri) for uri in dict.fromkeys(request.params["uris"])]
    return {"posts": [post_view(request.world, post, request.did) for post in found if post]}


def _get_thread(request: Request) -> Json:
    uri = _full_uri(request, request.params["uri"])
    stored = _post(request, uri)
    if stored is None:
        raise refused("NotFound", f"Post not found: {uri}")
    thread = _with_replies(request, stored, request.params["depth"])
    above = _above(request, stored, request.params["parentHeight"])
    return {"thread": thread | ({"parent": above} if above else {})}


def _node(request: Request, stored: Record) -> Json:
    return {
        "$type": "app.bsky.feed.defs#threadViewPost",
        "post": post_view(request.world, stored, request.did),
        "threadContext": {},
    }


def _with_replies(request: Request, stored: Record, depth: int) -> Json:
    if depth <= 0:
        return _node(request, stored)
    replies = [_with_replies(request, reply, depth - 1) for reply in replies_to(request.world, stored.uri)]
    return _node(request, stored) | {"replies": replies}


def _above(request: Request, stored: Record, height: int) -> Json | None:
    uri = parent_of(stored.value)
    if uri is None or height <= 0:
        return None
    parent = request.world.records.get(uri)
    if parent is None:
        return not_found_post(uri)
    above = _above(request, parent, height - 1)
    return _node(request, parent) | ({"parent": above} if above else {})


def _search(request: Request) -> Json:
    params, world = request.params, request.world
    search = Search(
        words=params["q"],
        author=_did(request, params["author"]),
        mentions=_did(request, params["mentions"]),
        lang=params["lang"],
        domain=params["domain"],
        url=params["url"],
        tags=tuple(params["tag"]),
        since=_moment(params["since"]),
        until=_moment(params["until"]),
    )
    found = [post for post in world.of_kind(POST) if matches(search, post, world)]
    page, cursor = page_of(newest_first(found), params["limit"], params["cursor"])
    return with_cursor({"posts": [post_view(world, post, request.did) for post in page]}, cursor)


def _did(request: Request, name: str | None) -> str | None:
    person = request.world.person(name) if name else None
    return person.did if person else name


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise refused("BadQueryString", f"Not a time: {text}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _author_feed(request: Request) -> Json:
    world, person = request.world, actor(request, request.params["actor"])
    keep = _FILTERS.get(request.params["filter"] or "posts_with_replies", _all)
    own = [post for post in world.of_kind(POST, person.did) if keep(post)]
    reposts = [item for item in world.of_kind(REPOST, person.did) if subject_of(item.value) in world.records]
    page, cursor = page_of(newest_first(own + reposts), request.params["limit"], request.params["cursor"])
    return with_cursor({"feed": [_feed_item(request, item, person) for item in page]}, cursor)


def _all(_post: Record) -> bool:
    return True


def _no_reply(post: Record) -> bool:
    return parent_of(post.value) is None


_FILTERS: dict[str, Callable[[Record], bool]] = {"posts_no_replies": _no_reply, "posts_and_author_threads": _no_reply}


def _feed_item(request: Request, item: Record, person: Person) -> Json:
    if item.collection == POST:
        return {"post": post_view(request.world, item, request.did)}
    reason = {
        "$type": "app.bsky.feed.defs#reasonRepost",
        "by": profile_basic(request.world, person, request.did),
        "uri": item.uri,
        "cid": item.cid,
        "indexedAt": iso(item.sort_at),
    }
    original = request.world.records[subject_of(item.value) or ""]
    return {"post": post_view(request.world, original, request.did), "reason": reason}


def _likes(request: Request) -> Json:
    uri, world = request.params["uri"], request.world
    likes = newest_first(world.pointing_at(LIKE, _full_uri(request, uri)))
    page, cursor = page_of(likes, request.params["limit"], request.params["cursor"])
    shown = [
        {
            "actor": profile_basic(world, world.people[like.did], request.did),
            "createdAt": like.value["createdAt"],
            "indexedAt": iso(like.sort_at),
        }
        for like in page
    ]
    return with_cursor({"likes": shown, "uri": uri}, cursor)


_URI = Param("uri", required=True, form="at-uri")

METHODS: tuple[Method, ...] = (
    query("app.bsky.feed.getPosts", _get_posts, Param("uris", "texts", required=True, form="at-uri", high=MAX_URIS)),
    query(
        "app.bsky.feed.getPostThread",
        _get_thread,
        _URI,
        Param("depth", "number", default=6, high=1000),
        Param("parentHeight", "number", default=80, high=1000),
    ),
    query(
        "app.bsky.feed.searchPosts",
        _search,
        Param("q", required=True),
        Param("sort"),
        Param("since"),
        Param("until"),
        Param("mentions", form="at-identifier"),
        Param("author", form="at-identifier"),
        Param("lang"),
        Param("domain"),
        Param("url"),
        Param("tag", "texts"),
        limit(25),
        CURSOR,
    ),
    query(
        "app.bsky.feed.getAuthorFeed",
        _author_feed,
        Param("actor", required=True, form="at-identifier"),
        Param("filter"),
        limit(),
        CURSOR,
    ),
    query("app.bsky.feed.getLikes", _likes, _URI, Param("cid"), limit(), CURSOR),
)
