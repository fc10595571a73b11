"""Who the staff are: names from Slack, signatures that they set themselves on first use."""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

import regex
import structlog

from bot.domain.case import SIGNATURE_LONGEST, STAND_IN, Person
from bot.domain.errors import SlackError
from bot.domain.ports import Notes
from bot.services.wording import slack_only

FORM_S: Final = 2.0
_log = structlog.get_logger("hark.people")


class Names(Protocol):
    """Where a member's display name comes from."""

    async def name_of(self, user: str) -> str: ...


@dataclass(frozen=True, slots=True)
class People:
    """Finds members of staff by Slack user id."""

    notes: Notes
    names: Names

    async def remembered(self, user: str) -> Person | None:
        """The person behind a Slack user id, if Slack has told the name before."""
        known = await self.notes.person(user)
        return known if known is not None and _is_named(known) else None

    async def who(self, user: str) -> Person:
        """The person behind a Slack user id; remembered, so that Slack is asked once."""
        return await self.remembered(user) or await self.renewed(user)

    async def in_time(self, user: str) -> Person:
        """The same for a form, which Slack takes for failed unless it is answered within three seconds: a stand-in for
        whom Slack does not name by then, with the signature that they have."""
        try:
            async with asyncio.timeout(FORM_S):
                return await self.who(user)
        except TimeoutError:
            known = await self.notes.person(user) or Person(id=user)
            return known.model_copy(update={"name": STAND_IN})

    async def renewed(self, user: str) -> Person:
        """The same, with the name that Slack tells now. A stand-in is never kept: Slack is asked again next time."""
        name = await self._told(user)
        known = await self.notes.person(user) or Person(id=user)  # read last: a signature may have been set meanwhile
        if not name:
            return known if _is_named(known) else known.model_copy(update={"name": STAND_IN})
        person = known.model_copy(update={"name": name})
        if person != known:
            await self.notes.save_person(person)
        return person

    async def _told(self, user: str) -> str:
        try:
            return await self.names.name_of(user)
        except SlackError as error:
            _log.warning("name not found", user=user, error=str(error))
            return ""

    async def sign(self, person: Person, signature: str) -> Person:
        """Remember how this person signs towards customers. Of the name only what Slack has told is kept."""
        signed = person.model_copy(update={"signature": signature.strip()})
        known = await self.remembered(person.id)
        await self.notes.save_person(signed.model_copy(update={"name": known.name if known else ""}))
        return signed


def _is_named(person: Person) -> bool:
    return person.name not in ("", STAND_IN)  # earlier versions kept the stand-in


def suggested_signature(name: str) -> str:
    """A signature made of a name's initials: "Ana Kovač" signs ^AK. None for whom Slack has not named."""
    letters = [regex.findall(r"\X", word)[0] for word in regex.findall(r"\w+", name)]
    initials = "".join(letters[:3]).upper()
    return f"^{initials}" if initials and name != STAND_IN else ""


def signature_problem(signature: str) -> str:
    """What is wrong with a signature, in words for its owner; empty when it is fine."""
    text = signature.strip()
    if not text:
        return "Customers should know who speaks: write a name or initials, such as ^AK or - Anna."
    if len(text) > SIGNATURE_LONGEST or "\n" in text:
        return f"Keep it on one line and within {SIGNATURE_LONGEST} characters."
    return slack_only(text)


def signed(text: str, signature: str) -> str:
    """The text with its signature; one that is there already is not doubled."""
    text = text.strip()
    return text if not signature or text.endswith(signature) else f"{text} {signature}"
