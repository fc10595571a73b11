"""Methods that read posts (`app.bsky.feed.*`)."""

from collections.abc import Sequence

from sandbox.square.errors import invalid_request
from sandbox.square.methods import Method, Request, query
from sandbox.square.model import Json, Record
from sandbox.square.params import CURSOR, Param, limit
from sandbox.square.schemas import POST
from sandbox.square.search import search
from sandbox.square.times import milliseconds
from sandbox.square.views import newest_first, post_view

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


def _search(request: Request) -> Json:
    params, world = request.params, request.world
    page, cursor = page_of(newest_first(search(world, params["q"])), params["limit"], params["cursor"])
    return with_cursor({"posts": [post_view(world, post, request.did) for post in page]}, cursor)


METHODS: tuple[Method, ...] = (
    query("app.bsky.feed.getPosts", _get_posts, Param("uris", "texts", required=True, form="at-uri", high=MAX_URIS)),
    query("app.bsky.feed.searchPosts", _search, Param("q", required=True), limit(25), CURSOR),
)
