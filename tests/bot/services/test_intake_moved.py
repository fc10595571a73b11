"""A customer with another number: the case of before goes on, and answers go where the customer is now."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from bot.domain.case import Case, SendState
from bot.domain.models import Author, Event, Kind, Moved, Raw
from bot.domain.ports import Commit
from bot.services.batch import Delivery, by_conversation
from bot.services.joining import alias
from bot.store.store import Store
from tests.support.cases import NOON, a_card, a_key, a_raw, a_send, an_interaction
from tests.support.intake import an_intake, takes_in, told
from tests.support.stores import a_store

NUMBERS = ["dm|1", "dm|2", "dm|3"]


def says(raw: Raw) -> Iterator[Event]:
    """A delivery is one word: "says 2 a" (by the second number), "moves 2" (from the first number to the second),
    "moves 1" (back to the first)."""
    what, number, *rest = raw.body.decode().split()
    at = NOON + timedelta(minutes=int(number), seconds=ord("".join(rest) or "a"))
    if what == "moves":
        before = str(int(number) - 1 or 2)
        yield Moved(
            key=a_key(f"dm|{number}"), before=a_key(f"dm|{before}"), was=f"carla-{before}", now=f"carla-{number}",
            ref={"to": number}, at=at,
        )  # fmt: skip
        return
    yield an_interaction(
        rest[0], id=rest[0], key=a_key(f"dm|{number}"), kind=Kind.MESSAGE, private=True, posted_at=at,
        author=Author(id=f"carla-{number}", name="Carla"), ref={"to": number, "conversation": f"dm|{number}"},
    )  # fmt: skip


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """An empty store."""
    async with a_store(redis_url) as opened:
        yield opened


async def case_of(store: Store, number: int) -> Case | None:
    """The own case of a number."""
    return await store.cases.load(a_key(f"dm|{number}").id)


@pytest.mark.parametrize("one_by_one", [True, False])
async def test_the_case_goes_on_under_the_new_number(store: Store, one_by_one: bool) -> None:
    """Over two moves, also when all of it comes at once, and twice: one case of one person, at the newest number."""
    words = ["says 1 a", "moves 2", "says 2 b", "moves 3", "says 3 c"]
    for batch in ([word] for word in words) if one_by_one else (words, words):
        await takes_in(an_intake(store, told(says)), store, *batch)
    case = await case_of(store, 1)
    assert case is not None
    assert [(item.id, item.ref["to"]) for item in case.items] == [("a", "3"), ("b", "3"), ("c", "3")]
    assert [item.ref["conversation"] for item in case.items] == NUMBERS
    assert (case.people, case.author) == (1, Author(id="carla-3", name="Carla"))
    assert [await case_of(store, number) for number in (2, 3)] == [None, None]


async def test_what_was_written_there_before_anybody_told_keeps_its_own_case(store: Store) -> None:
    """Staff may be answering there already; the first case says where the customer is."""
    await takes_in(an_intake(store, told(says)), store, "says 1 a", "says 2 b", "moves 2", "says 2 c")
    first, second = await case_of(store, 1), await case_of(store, 2)
    assert first is not None
    assert second is not None
    assert [item.ref["to"] for item in first.items] == ["2"]
    assert [item.id for item in second.items] == ["b", "c"]


async def test_a_customer_whom_nobody_knows_moves_unseen(store: Store) -> None:
    """No case is made of it."""
    await takes_in(an_intake(store, told(says)), store, "moves 2", "says 2 b")
    assert await case_of(store, 1) is None
    assert await case_of(store, 2) is not None


async def test_nor_do_the_words_go_to_whoever_has_the_old_number_later(store: Store) -> None:
    """A number is given to somebody else one day."""
    await takes_in(an_intake(store, told(says)), store, "moves 2")
    await takes_in(an_intake(store, told(says)), store, "says 2 b", "says 1 a")
    await takes_in(an_intake(store, told(says)), store, "says 2 c")
    second = await case_of(store, 2)
    assert second is not None
    assert [item.id for item in second.items] == ["b", "c"]


async def test_a_customer_who_moves_back_is_in_the_same_case_all_the_time(store: Store) -> None:
    """The first number is that of the case itself."""
    await takes_in(an_intake(store, told(says)), store, "says 1 a", "moves 2", "says 2 b")
    case = await case_of(store, 1)
    assert case is not None
    await store.cases.commit(Commit(case, case.model_copy(update={"posts": (a_card(),)}), NOON))
    await takes_in(an_intake(store, told(says)), store, "moves 1")
    case = await case_of(store, 1)
    assert case is not None
    assert [(item.id, item.ref["to"]) for item in case.items] == [("a", "1"), ("b", "1")]
    assert case.posts[-1].text.endswith("what comes from there belongs to this case.")


def test_what_comes_at_once_stands_in_one_row_and_once() -> None:
    """In whatever order the moves are told, and however often: the new number's words are taken in after what was
    before them."""
    told = [b"says 3 c", b"moves 3", b"says 1 a", b"moves 2", b"moves 2"]
    [row] = by_conversation([Delivery(raw, tuple(says(raw))) for raw in map(a_raw, told)])
    assert sorted(entry.delivery.raw.body for entry in row) == sorted(told)


async def test_what_has_not_gone_out_yet_goes_to_the_new_number(store: Store) -> None:
    """An answer that waits, and one that failed and may be sent again; what stands went to the old number."""
    await takes_in(an_intake(store, told(says)), store, "says 1 a")
    case = await case_of(store, 1)
    assert case is not None
    states = (SendState.QUEUED, SendState.FAILED, SendState.SENT)
    sends = tuple(a_send(id=state, to="a", state=state, ref={"to": "1", "conversation": "dm|1"}) for state in states)
    await store.cases.commit(Commit(case, case.model_copy(update={"sends": sends}), NOON))
    await takes_in(an_intake(store, told(says)), store, "moves 2")
    case = await case_of(store, 1)
    assert case is not None
    assert {send.state: send.ref["to"] for send in case.sends} == dict(zip(states, ("2", "2", "1"), strict=True))
    assert {send.ref["conversation"] for send in case.sends} == {"dm|1"}


@pytest.mark.parametrize(("has_own", "words"), [(True, "has a case of its own"), (False, "belongs to this case")])
async def test_the_thread_says_where_the_new_numbers_words_are(store: Store, has_own: bool, words: str) -> None:
    """Where the customer wrote from there before anybody told, that is another case."""
    await takes_in(an_intake(store, told(says)), store, "says 1 a", *(["says 2 b"] if has_own else []))
    case = await case_of(store, 1)
    assert case is not None
    await store.cases.commit(Commit(case, case.model_copy(update={"posts": (a_card(),)}), NOON))
    await takes_in(an_intake(store, told(says)), store, "moves 2")
    case = await case_of(store, 1)
    assert case is not None
    assert case.posts[-1].text.endswith(f"what comes from there {words}.")


async def test_a_second_telling_after_a_crash_leads_there_all_the_same(store: Store) -> None:
    """The case knew of the second move already, and where the new conversation belongs was not written yet."""
    await takes_in(an_intake(store, told(says)), store, "says 1 a", "moves 2", "moves 3")
    await store.notes.set(alias(a_key("dm|3")), "", timedelta(seconds=1))
    await takes_in(an_intake(store, told(says)), store, "moves 3", "says 3 c")
    case = await case_of(store, 1)
    assert case is not None
    assert [item.id for item in case.items] == ["a", "c"]
