"""A private conversation with a case of its own joins a public case: what was said before stays where it was."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from bot.domain.case import Case, SendState
from bot.domain.models import Author, CaseKey, Deleted, Edited, Event, Kind, Raw, SendReport
from bot.domain.ports import Commit
from bot.domain.receiving import ITEMS_KEPT
from bot.services.joining import ALIAS_KEPT, alias
from bot.store.store import Store
from tests.support.cases import NOON, a_case, a_key, a_send, an_interaction
from tests.support.intake import an_intake, eventful_cases, takes_in, told
from tests.support.stores import a_store

MINUTE = timedelta(minutes=1)
PRIVATE, PUBLIC, OTHER = a_key("private|carla"), a_key("post-1"), a_key("private|dora")


def says(raw: Raw) -> Iterator[Event]:
    """A delivery is one word: "public", "dm 3" (Carla's third private message, of minute 3), "dm 3 9" (the same, of
    minute 9), "edit 3", "gone 3", "report 3"."""
    what, *numbers = raw.body.decode().split()
    id_, at = f"dm-{''.join(numbers[:1])}", NOON + int(["0", *numbers][-1]) * MINUTE
    match what:
        case "public":
            yield an_interaction("Where is my parcel?", key=PUBLIC)
        case "dm" | "other":
            key = PRIVATE if what == "dm" else OTHER
            yield an_interaction(what, id=id_, key=key, kind=Kind.MESSAGE, private=True, posted_at=at)
        case "edit":
            yield Edited(id=id_, key=PRIVATE, text="changed", version="2", at=at + MINUTE)
        case "gone":
            yield Deleted(id=id_, key=PRIVATE, at=at + MINUTE)
        case "report":
            yield SendReport(send="send-1", key=PRIVATE, ok=False, reason="undeliverable", at=at)


async def case_of(store: Store, key: CaseKey) -> Case:
    """A conversation's own case."""
    case = await store.cases.load(key.id)
    assert case is not None
    return case


async def ids(store: Store, key: CaseKey) -> list[str]:
    """What the case has of the customer's."""
    return [item.id for item in (await case_of(store, key)).items]


async def goes_private(store: Store) -> None:
    """Somebody takes the public case private: the conversation with Carla belongs to it from now on."""
    await store.notes.set(alias(PRIVATE), PUBLIC.id, ALIAS_KEPT)


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """Carla has written in private, then in public."""
    async with a_store(redis_url) as opened:
        await takes_in(an_intake(opened, told(says)), opened, "dm 1", "public")
        yield opened


async def test_words_from_before_that_come_again_are_no_new_ones(store: Store) -> None:
    """The webhook is delivered again, or a sweep finds them: nobody waits for an answer to them in public."""
    await goes_private(store)
    await takes_in(an_intake(store, told(says)), store, "dm 1")
    assert await ids(store, PUBLIC) == ["post-1"]
    assert await ids(store, PRIVATE) == ["dm-1"]


async def test_neither_are_those_that_the_own_case_does_not_keep_any_more(store: Store) -> None:
    """It keeps the newest only, and knows the others all the same."""
    worker = an_intake(store, told(says))
    many = [f"dm {n}" for n in range(2, ITEMS_KEPT + 3)]
    await takes_in(worker, store, *many)
    await goes_private(store)
    await takes_in(worker, store, "dm 1", *many)
    assert await ids(store, PUBLIC) == ["post-1"]
    assert (await case_of(store, PRIVATE)).item_count == ITEMS_KEPT + 2


@pytest.mark.parametrize("words", ["dm 1 9", "dm 2", "dm 4 3"])
async def test_nor_those_that_come_late(store: Store, words: str) -> None:
    """What the own case has is of its time, whenever another door dates it; so is what was written between its words,
    or at the instant of the newest."""
    worker = an_intake(store, told(says))
    await takes_in(worker, store, "dm 3")
    await goes_private(store)
    await takes_in(worker, store, words)
    assert await ids(store, PUBLIC) == ["post-1"]


async def test_words_that_come_again_with_more_are_completed_where_they_are(store: Store) -> None:
    """The first telling knew no name."""
    authors = {b"nameless": Author(id="42"), b"named": Author(id="42", name="Carla")}

    def tells(raw: Raw) -> Iterator[Event]:
        said = an_interaction(
            "dm", id="dm-2", key=PRIVATE, kind=Kind.MESSAGE, private=True, posted_at=NOON + 2 * MINUTE
        )
        yield said.model_copy(update={"author": authors[raw.body]})

    await goes_private(store)
    for word in ("nameless", "named"):
        await takes_in(an_intake(store, told(tells)), store, word)
    assert (await case_of(store, PUBLIC)).items[-1].author == authors[b"named"]


async def test_words_from_after_belong_to_the_public_case_also_when_they_come_again(store: Store) -> None:
    """That is what joining is for; a word that went to its own case in between changes nothing."""
    worker = an_intake(store, told(says))
    await goes_private(store)
    await takes_in(worker, store, "dm 2")
    await store.notes.set(alias(PRIVATE), PRIVATE.id, ALIAS_KEPT)
    await takes_in(worker, store, "dm 3")
    await goes_private(store)
    await takes_in(worker, store, "dm 2", "dm 3", "dm 4")
    assert await ids(store, PUBLIC) == ["post-1", "dm-2", "dm-4"]
    assert await ids(store, PRIVATE) == ["dm-1", "dm-3"]


async def test_words_from_before_can_be_changed_and_taken_back(store: Store) -> None:
    """An edit reaches them where they are, and a removal leaves nothing of them."""
    worker = an_intake(store, told(says))
    await goes_private(store)
    await takes_in(worker, store, "edit 1")
    assert [item.text for item in (await case_of(store, PRIVATE)).items] == ["changed"]
    await takes_in(worker, store, "gone 1")
    private = await case_of(store, PRIVATE)
    assert [item.text for item in private.items] == [""]
    assert "changed" not in private.model_dump_json()


async def test_a_report_about_an_answer_from_before_counts(redis_url: str) -> None:
    """The network says late that it did not arrive."""
    async with a_store(redis_url) as store:
        sent = a_send(state=SendState.SENT, sent_at=NOON, private=True)
        assert await store.cases.commit(Commit(None, a_case(key=PRIVATE, sends=(sent,)), NOON)) == "committed"
        worker = an_intake(store, told(says))
        await takes_in(worker, store, "public")
        await goes_private(store)
        await takes_in(worker, store, "report 1")
        assert [send.state for send in (await case_of(store, PRIVATE)).sends] == [SendState.FAILED]


async def test_nobody_else_pays_for_it(store: Store) -> None:
    """Public words, and private ones of a conversation that joined no other case, ask the store as seldom as before."""
    await goes_private(store)
    cases = eventful_cases(store)
    worker = an_intake(store, told(says), cases=cases)
    await takes_in(worker, store, "other 1")
    assert cases.asked == ["commit"]
    await takes_in(worker, store, "other 2")
    assert cases.asked == ["commit"] * 3
    await takes_in(worker, store, "dm 2")
    assert cases.asked[3:] == ["load", "load", "commit"], "the two are asked for together"
