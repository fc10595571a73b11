"""A document names its customer once, and the version before works on it as well."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.case import Case
from bot.domain.claims import claim
from bot.domain.decisions import Change
from bot.domain.models import Author
from bot.domain.receiving import receive
from bot.domain.text.triage import Triage
from bot.store.brief import brief
from bot.store.cases import read_case
from tests.support.cases import ANA, CARLA, NOON, a_case, an_item
from tests.support.policies import a_policy

BEFORE = Path(__file__).with_name("stored_before.json")
"""What the version before this way of writing has stored: every kind of part, authors repeated, instants in words."""
BEN = Author(id="did:plc:ben", handle="ben.example", name="Ben B.")


def a_talk() -> Case:
    """Spoken in by the customer (once by a profile that was told anew), by another, and by nobody knows whom."""
    again = Author(**CARLA.model_dump())
    authors = (CARLA, BEN, None, again)
    return a_case(items=tuple(an_item(seq=n, id=f"post-{n}", author=who) for n, who in enumerate(authors, start=1)))


def test_the_customer_is_named_once() -> None:
    """Others are named where they spoke, and where nobody is known, the document says so."""
    doc = json.loads(brief(a_talk()))
    assert doc["author"]["name"] == "Carla"
    assert [item["author"] and item["author"]["name"] for item in doc["items"]] == [None, "Ben B.", None, None]
    assert [item.get("unnamed") for item in doc["items"]] == [None, None, True, None]


def test_everybody_is_there_again_when_it_is_read() -> None:
    """Also in a second document of what was read."""
    once = read_case(brief(a_talk()).encode())
    assert once == a_talk()
    assert read_case(brief(once).encode()) == a_talk()


@pytest.mark.parametrize("who", [None, BEN])
def test_a_case_without_an_author_is_written_as_it_is(who: Author | None) -> None:
    """There is nobody to leave out."""
    case = a_case(author=None, items=(an_item(author=who),))
    assert "unnamed" not in brief(case)
    assert read_case(brief(case).encode()) == case


def test_what_is_not_for_a_store_names_everybody() -> None:
    """Other JSON of a case is not shortened."""
    assert Case.model_validate_json(a_talk().model_dump_json()) == a_talk()


# --- two versions -----------------------------------------------------------------------------------------------------


def test_what_the_version_before_wrote_is_read() -> None:
    """Each part and each instant; who spoke where it named nobody is the case's author, as its cards said already."""
    case = read_case(BEFORE.read_bytes())
    assert [item.author and item.author.name for item in case.items] == ["Carla", "Ben B.", "Carla"]
    assert case.items[0].posted_at == NOON + timedelta(microseconds=519_992)
    assert case.cycle.carded_at == NOON + timedelta(microseconds=1_333_992)
    assert case.claim is not None
    assert case.claim.until == NOON + timedelta(minutes=30, microseconds=519_992)
    assert (len(case.sends), len(case.hidings), case.posts[0].ts) == (2, 1, "1772625600.106571")
    assert read_case(brief(case).encode()) == case


def before(doc: str) -> Case:
    """A document as the version before reads it: a null author is nobody, `unnamed` is carried along."""
    return Case.model_validate_json(doc)


def in_words(case: Case) -> str:
    """A document as the version before writes it."""
    return json.dumps(_in_words(case.model_dump(mode="python", exclude_defaults=True)), default=str)


def _in_words(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _in_words(each) for name, each in value.items()}
    return [_in_words(each) for each in value] if isinstance(value, tuple | list) else value


def test_the_version_before_reads_what_is_written_now() -> None:
    """The same instants, the same customer; the items that do not repeat the customer show the case's author there."""
    case = a_talk()
    seen = before(brief(case))
    assert (seen.author, seen.cycle, seen.wait) == (case.author, case.cycle, case.wait)
    assert [item.author for item in seen.items] == [None, BEN, None, None]
    assert [item.posted_at for item in seen.items] == [item.posted_at for item in case.items]


def test_what_the_version_before_made_of_it_is_whole_again() -> None:
    """It claims and takes in another post: nothing is lost by its way of writing."""
    case, policy = a_talk(), a_policy()
    seen = before(brief(case))
    for change in (
        claim(seen, ANA, NOON, policy),
        receive(seen, an_item("And now?", id="post-5"), Triage.load().read("And now?"), policy),
    ):
        assert isinstance(change, Change)
        back = read_case(in_words(change.case).encode())
        assert [item.author for item in back.items[:4]] == [CARLA, BEN, None, CARLA]
        assert back.author == CARLA
        assert read_case(brief(back).encode()) == back


def test_a_name_that_the_version_before_learned_stays() -> None:
    """Where nobody was known, it noted who spoke: that is not forgotten again."""
    seen = before(brief(a_talk()))
    for who in (BEN, CARLA):
        items = tuple(item.model_copy(update={"author": who}) if item.seq == 3 else item for item in seen.items)
        back = read_case(in_words(seen.model_copy(update={"items": items})).encode())
        assert [item.author for item in back.items] == [CARLA, BEN, who, CARLA]
        assert read_case(brief(back).encode()) == back
