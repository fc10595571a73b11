"""What a person does on the square with their own app: post, edit, like, write privately.

The app finds handles, links and tags in the text, as real client apps do; the network itself never does.
"""

from datetime import datetime
from typing import Any

from sandbox.square.model import Message, Person, Record
from sandbox.square.richtext import complete_handles, detect_facets, graphemes
from sandbox.square.schemas import CHAT_DECLARATION, EMBED_RECORD, FOLLOW, LIKE, POST, REPOST, check_record
from sandbox.square.times import iso
from sandbox.square.world import World
from sandbox.square.xrpc_chat import refusal

MAX_POST = 300
MAX_MESSAGE = 1000


class ActRefused(Exception):
    """The square does not let a person do this; `str` says why, in words for a person."""


class Acts:
    """The acts of people. A person is named by DID, handle, or the first part of the handle."""

    def __init__(self, world: World) -> None:
        self.world = world

    def who(self, name: str) -> Person:
        """Find a person; raises ActRefused when there is none."""
        person = self.world.person(name) or self.world.person(self._short_names().get(name.lower(), ""))
        if person is None:
            raise ActRefused(f"There is nobody called {name}.")
        return person

    def post(
        self,
        name: str,
        text: str,
        *,
        reply_to: str | None = None,
        quote_of: str | None = None,
        created_at: datetime | None = None,
        facets: list[dict[str, Any]] | None = None,
    ) -> Record:
        """Write a post. `created_at` is what the client claims (default: now); `facets` replace those it finds."""
        person = self.who(name)
        text = self._checked_text(text, MAX_POST, "post")
        value: dict[str, Any] = {
            "$type": POST,
            "text": text,
            "createdAt": iso(created_at or self.world.clock.now()),
        }
        found = detect_facets(text, self.world.did_of) if facets is None else facets
        if found:
            value["facets"] = found
        if reply_to is not None:
            value["reply"] = self._reply(self._existing(reply_to))
        if quote_of is not None:
            value["embed"] = {"$type": EMBED_RECORD, "record": self._existing(quote_of).ref}
        return self._write(person, POST, self.world.tid(), value)

    def edit(self, uri: str, text: str) -> Record:
        """Change the text of a post; its address and time stay."""
        before = self._existing(uri)
        text = self._checked_text(text, MAX_POST, "post")
        value = {key: kept for key, kept in before.value.items() if key != "facets"} | {"text": text}
        facets = detect_facets(text, self.world.did_of)
        if facets:
            value["facets"] = facets
        return self._write(self.who(before.did), POST, before.rkey, value)

    def delete(self, uri: str) -> None:
        """Take a record away: a post, a like, a follow."""
        if self.world.remove(uri) is None:
            raise ActRefused("That is no longer there.")

    def like(self, name: str, uri: str) -> Record:
        """Like a post; a second like changes nothing."""
        return self._point(name, LIKE, uri)

    def repost(self, name: str, uri: str) -> Record:
        """Pass a post on; a second time changes nothing."""
        return self._point(name, REPOST, uri)

    def follow(self, name: str, whom: str) -> Record:
        """Follow a person; a second time changes nothing."""
        person, other = self.who(name), self.who(whom)
        if person == other:
            raise ActRefused("You cannot follow yourself.")
        found = self.world.follows(person.did, other.did)
        return found or self._write(person, FOLLOW, self.world.tid(), self._stamped(FOLLOW, other.did))

    def message(self, name: str, to: str, text: str) -> Message:
        """Write privately, in the talk that the two have or in a new one."""
        person, other = self.who(name), self.who(to)
        if person == other:
            raise ActRefused("You cannot write to yourself.")
        text = self._checked_text(text, MAX_MESSAGE, "message")
        convo = self.world.convo_between(person.did, other.did)
        if convo is None or not convo.messages:
            reason = refusal(self.world, person.did, other.did)
            if reason is not None:
                raise ActRefused(f"{other.name} cannot be written to: {reason[1]}.")
        convo = convo or self.world.begin_convo(person.did, other.did)
        facets = detect_facets(text, self.world.did_of)
        return self.world.add_message(convo, person.did, text, {"facets": facets} if facets else {})

    def allow_messages(self, name: str, allowed: str) -> Record:
        """Choose from whom a person takes new private talks: all, following or none."""
        if allowed not in ("all", "following", "none"):
            raise ActRefused("Choose all, following or none.")
        person = self.who(name)
        value = {"$type": CHAT_DECLARATION, "allowIncoming": allowed}
        return self._write(person, CHAT_DECLARATION, "self", value)

    def _checked_text(self, text: str, most: int, what: str) -> str:
        text = complete_handles(text, self._short_names())
        if not text.strip():
            raise ActRefused(f"The {what} is empty.")
        length = graphemes(text)
        if length > most:
            raise ActRefused(f"The {what} has {length} characters; {most} is the most.")
        return text

    def _short_names(self) -> dict[str, str]:
        return {person.handle.partition(".")[0]: person.handle for person in self.world.people.values()}

    def _existing(self, uri: str) -> Record:
        stored = self.world.records.get(uri)
        if stored is None or stored.collection != POST:
            raise ActRefused("That post is no longer there.")
        return stored

    def _reply(self, parent: Record) -> dict[str, Any]:
        above = parent.value.get("reply")
        return {"root": above["root"] if above else parent.ref, "parent": parent.ref}

    def _point(self, name: str, collection: str, uri: str) -> Record:
        person, target = self.who(name), self._existing(uri)
        found = self.world.pointing_at(collection, target.uri, person.did)
        if found:
            return found[0]
        return self._write(person, collection, self.world.tid(), self._stamped(collection, target.ref))

    def _stamped(self, collection: str, subject: Any) -> dict[str, Any]:
        return {"$type": collection, "subject": subject, "createdAt": iso(self.world.clock.now())}

    def _write(self, person: Person, collection: str, rkey: str, value: dict[str, Any]) -> Record:
        try:
            check_record(collection, rkey, value, validate=True)
        except ValueError as error:
            raise ActRefused(str(error)) from error
        return self.world.put(person.did, collection, rkey, value)
