"""What staff are called: asked of Slack once, again when there is time, and never made up for good."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import pytest

from bot.domain.case import SIGNATURE_LONGEST, STAND_IN, Person
from bot.domain.errors import SlackUnknown
from bot.services.people import People, signature_problem, signed, suggested_signature
from tests.support.stores import a_store

ANA = "U0ANA00001"


class Slack:
    """Tells one name, unless it is away; something may happen while it is asked."""

    def __init__(self, name: str = "Ana Kovač") -> None:
        self.name = name
        self.away = False
        self.asked = 0
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def name_of(self, user: str) -> str:
        """The name, whoever is asked for."""
        del user
        self.asked += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.away:
            raise SlackUnknown("users.info: no answer")
        return self.name


@pytest.mark.parametrize("nothing", ["away", "nameless"])
async def test_a_stand_in_is_shown_and_not_kept(redis_url: str, nothing: str) -> None:
    """Ana signs while Slack tells no name: her signature is kept, and her name is asked for again."""
    async with a_store(redis_url) as store:
        slack = Slack("")
        slack.away = nothing == "away"
        people = People(store.notes, slack)
        signed = await people.sign(await people.who(ANA), " ^AK ")
        assert signed == Person(id=ANA, name=STAND_IN, signature="^AK")
        assert await people.remembered(ANA) is None
        assert await people.who(ANA) == signed
        slack.name, slack.away = "Ana Kovač", False
        assert await people.who(ANA) == Person(id=ANA, name="Ana Kovač", signature="^AK")


async def test_a_stand_in_that_an_earlier_version_kept_is_asked_for_again(redis_url: str) -> None:
    """Its owner need not do anything."""
    async with a_store(redis_url) as store:
        await store.notes.save_person(Person(id=ANA, name=STAND_IN, signature="^AK"))
        people = People(store.notes, Slack())
        assert await people.remembered(ANA) is None
        assert await people.who(ANA) == Person(id=ANA, name="Ana Kovač", signature="^AK")


async def test_who_is_not_named_in_time_signs_as_ever(redis_url: str) -> None:
    """Slack hangs: a form has a stand-in with the signature that is known, well before it has to be answered."""
    async with a_store(redis_url) as store:
        slack = Slack()

        async def hangs() -> None:
            await asyncio.Event().wait()

        slack.meanwhile = hangs
        await store.notes.save_person(Person(id=ANA, signature="^AK"))
        people, began = People(store.notes, slack), monotonic()
        ana, ben = await asyncio.gather(people.in_time(ANA), people.in_time("U0BEN"))
        assert monotonic() - began < 2.8
        assert (ana, ben) == (
            Person(id=ANA, name=STAND_IN, signature="^AK"),
            Person(id="U0BEN", name=STAND_IN),
        )
        assert await people.remembered(ANA) is None


async def test_a_new_name_is_kept_when_there_is_time_to_ask(redis_url: str) -> None:
    """A press asks nobody; what was told last stays while Slack is away."""
    async with a_store(redis_url) as store:
        slack = Slack()
        people = People(store.notes, slack)
        await people.sign(await people.who(ANA), "^AK")
        slack.name = "Ana Horvat"
        assert (await people.who(ANA)).name == "Ana Kovač"
        assert slack.asked == 1
        assert await people.renewed(ANA) == Person(id=ANA, name="Ana Horvat", signature="^AK")
        slack.away = True
        assert (await people.renewed(ANA)).name == "Ana Horvat"
        assert (await people.who(ANA)).name == "Ana Horvat"


async def test_a_signature_that_was_set_while_slack_was_asked_stays(redis_url: str) -> None:
    """The name is put beside what is stored by then."""
    async with a_store(redis_url) as store:
        slack = Slack("Ana Horvat")
        people = People(store.notes, slack)
        slack.meanwhile = lambda: people.sign(Person(id=ANA), "– Ana")
        await people.renewed(ANA)
        assert await people.who(ANA) == Person(id=ANA, name="Ana Horvat", signature="– Ana")


def test_the_initials_of_a_stand_in_are_nobodys_signature() -> None:
    """Customers would read the initials of "a colleague"."""
    assert suggested_signature(STAND_IN) == ""
    assert suggested_signature("Ana Kovač") == "^AK"


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("प्रिया शर्मा", "^प्रिश"),
        ("தமிழ் செல்வி", "^தசெ"),
        ("Nguye\u0302\u0303n Va\u0306n An", "^NVA"),
        ("דנה לוי", "^דל"),
        ("王小明", "^王"),
        ("Anna Maria del Rey", "^AMD"),
    ],
)
def test_initials_are_the_first_letters_of_words_in_any_script(name: str, signature: str) -> None:
    """Vowel signs and accents are parts of a word, and of its first letter."""
    assert suggested_signature(name) == signature


@pytest.mark.parametrize(
    ("signature", "problem"),
    [
        (" ^AK ", ""),
        ("x" * SIGNATURE_LONGEST, ""),
        ("x" * (SIGNATURE_LONGEST + 1), "one line and within 24 characters"),
        ("Ana\nKovač", "one line and within 24 characters"),
        (":party_parrot:", "only Slack understands it: leave it out"),
        (" ", "Customers should know who speaks"),
    ],
)
def test_what_is_wrong_with_a_signature(signature: str, problem: str) -> None:
    """Said to its owner, wherever it is set."""
    assert problem in signature_problem(signature)
    assert bool(signature_problem(signature)) == bool(problem)


def test_words_that_are_signed_already_are_not_signed_twice() -> None:
    """Some type their signature themselves, or send the draft of words that were taken back."""
    assert signed(" We have found it ", "^AK") == signed("We have found it ^AK", "^AK") == "We have found it ^AK"
    assert signed("We have found it", "") == "We have found it"
    assert signed("Ask for - Anna at the desk", "- Anna") == "Ask for - Anna at the desk - Anna"
