"""Methods about accounts: sessions and handles (`com.atproto.server.*`, `com.atproto.identity.*`)."""

from sandbox.square.errors import auth_required, invalid_request
from sandbox.square.methods import Method, Request, procedure, query
from sandbox.square.model import Json, Person
from sandbox.square.params import Param
from sandbox.square.schemas import record, text
from sandbox.square.sessions import check_password, open_session, refresh_id, rotate


def did_document(person: Person, base_url: str) -> Json:
    """The public description of an account; its data server is the square itself."""
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/secp256k1-2019/v1"],
        "id": person.did,
        "alsoKnownAs": [f"at://{person.handle}"],
        "verificationMethod": [],
        "service": [
            {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": base_url},
        ],
    }


def _about(person: Person, base_url: str) -> Json:
    return {
        "did": person.did,
        "didDoc": did_document(person, base_url),
        "handle": person.handle,
        "email": person.email,
        "emailConfirmed": True,
        "active": True,
    }


def _create_session(request: Request) -> Json:
    identifier = request.body["identifier"]
    request.spend(request.config.limits.sign_in, f"{identifier}-{request.ip}", 1)
    person = request.world.person(identifier)
    scope = check_password(person, request.body["password"]) if person else None
    if person is None or scope is None:
        raise auth_required("Invalid identifier or password")
    return open_session(request.world, person.did, scope, request.config.tokens) | _about(person, request.base_url)


def _refresh_session(request: Request) -> Json:
    pair = rotate(request.world, refresh_id(request.world, request.bearer), request.config.tokens)
    owner = request.world.refresh_tokens[refresh_id(request.world, pair["refreshJwt"])].did
    return pair | _about(request.world.people[owner], request.base_url)


def _get_session(request: Request) -> Json:
    return _about(request.person, request.base_url)


def _delete_session(request: Request) -> None:
    token_id = refresh_id(request.world, request.bearer, even_expired=True)
    request.world.refresh_tokens.pop(token_id, None)
    request.world.changed()


def _resolve_handle(request: Request) -> Json:
    did = request.world.did_of(request.params["handle"])
    if did is None:
        raise invalid_request("Unable to resolve handle")
    return {"did": did}


METHODS: tuple[Method, ...] = (
    procedure(
        "com.atproto.server.createSession",
        _create_session,
        record({"identifier": text(), "password": text()}, ("identifier", "password")),
        auth="none",
    ),
    procedure("com.atproto.server.refreshSession", _refresh_session, None, auth="refresh"),
    procedure("com.atproto.server.deleteSession", _delete_session, None, auth="refresh"),
    query("com.atproto.server.getSession", _get_session),
    query(
        "com.atproto.identity.resolveHandle",
        _resolve_handle,
        Param("handle", required=True, form="handle"),
        auth="none",
    ),
)
