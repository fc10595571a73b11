"""The people of the square and what they wrote before anybody looked. All of them are invented."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sandbox.square.ids import plc_did
from sandbox.square.model import SCOPE_APP, SCOPE_MAIN, SCOPE_PRIVILEGED, Person
from sandbox.square.schemas import CHAT_DECLARATION, FOLLOW, POST, PROFILE
from sandbox.square.times import iso
from sandbox.square.world import World

DOMAIN = "square.test"
BRAND_MAIN_LOGIN = "acme-main-password"
BRAND_APP_LOGIN = "acme-aaaa-bbbb-cccc"
BRAND_CHAT_LOGIN = "acme-dmdm-dmdm-dmdm"

_LONG_AGO = timedelta(days=30)


def _person(short: str, name: str, colour: str, logins: Mapping[str, str] | None = None) -> Person:
    handle = f"{short}.{DOMAIN}"
    own = logins or {f"{short}-main-password": SCOPE_MAIN}
    return Person(plc_did(handle), handle, name, colour, own, brand=bool(logins), email=f"{short}@example.com")


def people() -> tuple[Person, ...]:
    """The brand and five customers. The brand has three passwords: main, app, and app with private messages."""
    brand_logins = {
        BRAND_MAIN_LOGIN: SCOPE_MAIN,
        BRAND_APP_LOGIN: SCOPE_APP,
        BRAND_CHAT_LOGIN: SCOPE_PRIVILEGED,
    }
    return (
        _person("acme", "Acme Air", "#1d4ed8", brand_logins),
        _person("anahorvat", "Ana Horvat", "#b45309"),
        _person("jamalreed", "Jamal Reed", "#047857"),
        _person("meitanaka", "Mei Tanaka", "#be185d"),
        _person("rosadiaz", "Rosa Díaz", "#7c3aed"),
        _person("tombecker", "Tom Becker", "#475569"),
    )


def fill(world: World) -> None:
    """Give every person a profile, and the square its first posts and follows, all a month old.

    Of the customers, Ana and Tom follow the brand, so that it may write to them; Jamal takes messages from all, Mei
    (who does not follow it) keeps the default, and Rosa takes none. The brand takes messages from all.
    """
    made_at = iso(world.clock.now() - _LONG_AGO)
    for did, collection, rkey, value in _first_records(world):
        world.put(did, collection, rkey, {"$type": collection, **value, "createdAt": made_at})


_First = tuple[str, str, str, dict[str, Any]]


def _first_records(world: World) -> Iterator[_First]:
    for person in world.people.values():
        yield person.did, PROFILE, "self", {"displayName": person.name}
    brand = next(person.did for person in world.people.values() if person.brand)
    for name, allowed in (("acme", "all"), ("jamalreed", "all"), ("rosadiaz", "none")):
        yield _did(world, name), CHAT_DECLARATION, "self", {"allowIncoming": allowed}
    for name in ("anahorvat", "tombecker"):
        yield _did(world, name), FOLLOW, world.tid(), {"subject": brand}
    for text in _BRAND_POSTS:
        yield brand, POST, world.tid(), {"text": text, "langs": ["en"]}


_BRAND_POSTS = (
    "Hello from the Acme Air care team. Tell us your booking concerns here, and send the private parts in a message.",
    "Our winter timetable is out: more evening flights to Lisbon, Oslo and Split.",
)


def _did(world: World, short: str) -> str:
    return world.did_of(f"{short}.{DOMAIN}") or ""
