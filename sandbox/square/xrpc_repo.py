"""Methods that write and read records (`com.atproto.repo.*`)."""

from typing import Any

from sandbox.square.errors import XrpcError, auth_required, internal_error, invalid_request, refused
from sandbox.square.ids import cid
from sandbox.square.lexicon import Schema
from sandbox.square.methods import Method, Request, procedure, query
from sandbox.square.model import Json, Person, Record
from sandbox.square.params import Param
from sandbox.square.richtext import misplaced_facet
from sandbox.square.schemas import POST, check_record, record, text
from sandbox.square.world import World, subject_of

CREATE_POINTS, UPDATE_POINTS, DELETE_POINTS = 3, 2, 1

_REPO = text(form="at-identifier")
_NSID = text(form="nsid")
_CID = text(form="cid")
_UNKNOWN: Schema = {"type": "unknown"}
_FLAG: Schema = {"type": "boolean"}


def _own(request: Request) -> str:
    """The caller's DID, when the repository named in the body is the caller's."""
    person = request.world.person(request.body["repo"])
    if person is None:
        raise XrpcError(403, "AccountNotFound", "Account not found")
    if person.did != request.did:
        raise auth_required()
    return person.did


def _spend(request: Request, points: int) -> None:
    request.spend(request.config.limits.writes, request.did, points)


def _checked(request: Request, rkey: str) -> tuple[Json, str | None]:
    """The record with its type filled in, and the status of its validation."""
    collection = request.body["collection"]
    value = {"$type": collection} | request.body["record"]
    if value["$type"] != collection:
        raise invalid_request(f"Invalid $type: expected {collection}, got {value['$type']}")
    try:
        status = check_record(collection, rkey, value, request.body.get("validate"))
        cid(value)
    except ValueError as error:
        raise invalid_request(str(error)) from error
    if collection == POST and status == "valid" and request.config.strict_facets:
        wrong = misplaced_facet(value)
        if wrong:
            raise invalid_request(f"Invalid {collection} record: {wrong}")
    return value, status


def _written(world: World, stored: Record, status: str | None) -> Json:
    answer: Json = {"uri": stored.uri, "cid": stored.cid, "commit": _commit(world, stored)}
    return answer | ({"validationStatus": status} if status else {})


def _commit(world: World, stored: Record) -> Json:
    rev = world.tid()
    return {"cid": cid({"rev": rev, "data": stored.cid}), "rev": rev}


def _create(request: Request) -> Json:
    did = _own(request)
    _spend(request, CREATE_POINTS)
    world, collection = request.world, request.body["collection"]
    rkey = request.body.get("rkey") or world.tid()
    value, status = _checked(request, rkey)
    if world.find(did, collection, rkey):
        raise internal_error()
    if status == "valid":
        _drop_same_subject(world, did, collection, value)
    return _written(world, world.put(did, collection, rkey, value), status)


def _drop_same_subject(world: World, did: str, collection: str, value: Json) -> None:
    """A second like, repost or follow of the same thing takes the place of the first."""
    target = subject_of(value)
    for earlier in world.pointing_at(collection, target, did) if target else ():
        world.remove(earlier.uri)


def _put(request: Request) -> Json:
    did = _own(request)
    _spend(request, UPDATE_POINTS)
    world, collection, rkey = request.world, request.body["collection"], request.body["rkey"]
    value, status = _checked(request, rkey)
    current = world.find(did, collection, rkey)
    if current is not None and current.cid == cid(value):
        unchanged: Json = {"uri": current.uri, "cid": current.cid}
        return unchanged | ({"validationStatus": status} if status else {})
    _check_swap(request.body, current)
    return _written(world, world.put(did, collection, rkey, value), status)


def _check_swap(body: Any, current: Record | None) -> None:
    if "swapRecord" not in body:
        return
    actual = current.cid if current else None
    if body["swapRecord"] != actual:
        raise refused("InvalidSwap", f"Record was at {actual or 'null'}")


def _delete(request: Request) -> Json:
    did = _own(request)
    _spend(request, DELETE_POINTS)
    current = request.world.find(did, request.body["collection"], request.body["rkey"])
    if current is None:
        return {}
    _check_swap(request.body, current)
    request.world.remove(current.uri)
    return {"commit": _commit(request.world, current)}


def _repo(request: Request) -> Person:
    person = request.world.person(request.params["repo"])
    if person is None:
        raise invalid_request(f"Could not find repo: {request.params['repo']}")
    return person


def _shown(stored: Record) -> Json:
    return {"uri": stored.uri, "cid": stored.cid, "value": stored.value}


def _get(request: Request) -> Json:
    uri = f"at://{_repo(request).did}/{request.params['collection']}/{request.params['rkey']}"
    stored = request.world.records.get(uri)
    if stored is None or request.params["cid"] not in (None, stored.cid):
        raise refused("RecordNotFound", f"Could not locate record: {uri}")
    return _shown(stored)


def _write_body(*required: str) -> Schema:
    properties: dict[str, Schema] = {
        "repo": _REPO,
        "collection": _NSID,
        "rkey": text(512, form="record-key"),
        "validate": _FLAG,
        "record": _UNKNOWN,
        "swapRecord": _CID,
        "swapCommit": _CID,
    }
    return dict(record(properties, required)) | {"nullable": ("swapRecord",)}


METHODS: tuple[Method, ...] = (
    procedure("com.atproto.repo.createRecord", _create, _write_body("repo", "collection", "record")),
    procedure("com.atproto.repo.putRecord", _put, _write_body("repo", "collection", "rkey", "record")),
    procedure("com.atproto.repo.deleteRecord", _delete, _write_body("repo", "collection", "rkey")),
    query(
        "com.atproto.repo.getRecord",
        _get,
        Param("repo", required=True, form="at-identifier"),
        Param("collection", required=True, form="nsid"),
        Param("rkey", required=True),
        Param("cid"),
        auth="none",
    ),
)
