"""Erasing a customer while workers draw: nothing of them stays in Slack, whatever is under way at that moment."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from bot.cards import build
from bot.domain.attempts import new_attempt
from bot.domain.case import Case
from bot.domain.decisions import Change
from bot.domain.erasing import POSTING, Remains
from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Blocks, Commit, Due, Posted
from bot.domain.posting import attempting
from bot.domain.storm import Problem, Weather
from bot.services.casework import Casework
from bot.services.hourly import HOURLY, STATE_KEPT, Message
from bot.slack.gateway import SlackGateway
from bot.store.erasing import Found, RedisErasing
from bot.telemetry import Metrics
from sandbox.slack.workspace import ANA, BEN, CARE
from tests.support.boards import Board, a_board
from tests.support.cases import CARLA, NOON, a_card, a_case, a_key, a_log_entry, an_item
from tests.support.erasing import DORA, Act, erase, saying

LEASE = timedelta(seconds=30)


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """Carla's case, which wants a card."""
    async with a_board(redis_url) as board:
        yield board


async def begun(board: Board) -> str:
    """A worker has noted that it posts the card, and has not called Slack yet."""
    case = await board.case()
    attempt = new_attempt(board.clock.now())
    await Casework(board.store.cases, board.clock).apply(case.id, lambda each: attempting(each, "card", attempt))
    return attempt


async def test_a_message_that_a_worker_is_posting_is_waited_for(board: Board) -> None:
    """It comes while Slack is asked for it, and goes at once."""
    attempt = await begun(board)

    async def post() -> None:
        await board.gateway.post(CARE, "Carla: where is it?", [], attempt=attempt)

    report, slept = await erase(board, "carla.example", post)
    assert report.deleted == 1
    assert slept < POSTING.total_seconds()
    assert board.slack.messages(CARE) == []


async def test_a_worker_that_died_before_it_posted_is_not_waited_for_for_ever(board: Board) -> None:
    """A call to Slack takes ten seconds at most."""
    await begun(board)
    report, slept = await erase(board)
    assert (report.deleted, report.trouble) == (0, "")
    assert slept == pytest.approx(POSTING.total_seconds(), abs=2)


class Dying(RedisErasing):
    """A store that goes away after so many cases were erased."""

    left: ClassVar[int] = 0

    async def forget(self, case: Case, remains: Remains, found: Found) -> bool:
        """Erase, or fail."""
        Dying.left -= 1
        if Dying.left < 0:
            raise StoreUnavailable("Redis: gone")
        return await super().forget(case, remains, found)


@pytest.mark.parametrize("erased", [0, 2, 4])
async def test_redis_goes_away_in_the_middle(board: Board, erased: int) -> None:
    """Whoever typed the handle finds the rest by it, as long as there is a rest; what Slack shows goes by the notes."""
    store = board.store
    await board.worker().act(board.due)
    for number in range(5):
        author = CARLA.model_copy(update={"handle": CARLA.handle if number % 2 else ""})
        item = an_item(author=author)
        case = a_case(key=a_key(f"more-{number}"), author=author, items=(item,), posts=(a_card(channel=CARE),))
        await store.cases.commit(Commit(before=None, after=case, at=NOON))
        board.clock.advance(timedelta(seconds=10))
        await board.worker().act(Due(case.id, 0, "token", 2))
    assert len(board.slack.messages(CARE)) == 6
    Dying.left = erased
    dying = Dying(store.link, store.erasing.keys, store.erasing.scripts)
    report, _ = await erase(board, "carla.example", erasing_store=dying)
    assert report.trouble == "Redis: gone"
    report, _ = await erase(board)
    assert report.trouble == ""
    assert board.slack.messages(CARE) == []
    assert {"case", "erasing"}.isdisjoint(await store.erasing.look())


class Erasure(SlackGateway):
    """A gateway before whose next call the customer is erased."""

    def __init__(self, awake: SlackGateway, act: Act) -> None:
        super().__init__(awake.api, Metrics())
        self._act: Act | None = act

    async def _first(self) -> None:
        act, self._act = self._act, None
        if act is not None:
            await act()

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Post after she was erased."""
        await self._first()
        return await super().post(channel, text, blocks, **more)

    async def update(self, posted: Posted, text: str, blocks: Blocks) -> None:
        """Draw anew after she was erased."""
        await self._first()
        await super().update(posted, text, blocks)


async def test_a_worker_that_posts_after_the_erasing_takes_its_message_away(board: Board) -> None:
    """It slept for longer than anybody waits."""
    gateway = Erasure(board.gateway, lambda: erase(board))
    await board.worker(gateway).act(board.due)
    assert len(board.slack.calls_of("chat.postMessage")) == 1
    assert board.slack.messages(CARE) == []


async def test_a_worker_that_draws_anew_after_the_erasing_posts_nothing(board: Board) -> None:
    """A card that somebody deleted is posted again; not that of a case that is gone."""
    await board.worker().act(board.due)
    case = await board.case()
    after = case.model_copy(update={"likes": 3, "items": (an_item("Other words"),)})
    await board.store.cases.commit(Commit(before=case, after=after, at=NOON, draw=2))
    worker = board.worker(Erasure(board.gateway, lambda: erase(board)))
    await worker.act(board.due)
    await worker.act(board.due)
    assert len(board.slack.calls_of("chat.postMessage")) == 1
    assert board.slack.messages(CARE) == []


async def test_what_no_case_remembers_is_found_by_its_blocks(board: Board) -> None:
    """A case knows its last four lines and its last alerts only; every message of its says whose it is."""
    await board.gateway.connect()
    await board.worker().act(board.due)
    case, stranger = await board.case(), a_case(key=a_key("other"))
    card = await board.stands_at()

    async def say(case_id: str, text: str, thread: str | None = None, to: str = CARE) -> None:
        blocks = build.with_ids(case_id, [("line", build.section(text))]).blocks
        await board.gateway.post(to, text, blocks, attempt=new_attempt(NOON), thread_ts=thread)

    await say(case.id, "Carla is back after this case was closed.")
    await say(case.id, "Carla: hello?", card)
    await say(case.id, "Carla has waited for an hour", to=BEN)
    await say(case.id, "Carla waits for you", to=ANA)
    await Casework(board.store.cases, board.clock).apply(
        case.id, lambda each: Change(case=each, log=(a_log_entry("claimed", by=ANA),))
    )
    await say(stranger.id, "Carla of somewhere else is back")
    await board.slack.say(ANA, CARE, "Is this the one who called?", thread_ts=card)
    report, _ = await erase(board)
    assert report.deleted == 5
    assert len(report.answered) == 1
    assert [board.slack.messages(board.slack.direct(user)) for user in (ANA, BEN)] == [[], []]
    left = [each.text for each in board.slack.messages(CARE)]
    assert left == ["This message was deleted.", "Carla of somewhere else is back", "Is this the one who called?"]


@pytest.mark.parametrize("known", ["item", "cycle", "log"])
async def test_a_channel_is_looked_through_since_the_oldest_of_their_cases(board: Board, known: str) -> None:
    """Whichever of them comes last, and whatever tells how old it is: old words are not kept, nor is an old cycle."""
    await board.gateway.connect()
    case, later = await board.case(), datetime(2100, 1, 1, tzinfo=UTC)
    item = case.latest.model_copy(update={"seen_at": NOON if known == "item" else later})
    cycle = case.cycle.model_copy(update={"seen_at": NOON if known == "cycle" else later})
    log = (a_log_entry("Carla wrote", at=NOON if known == "log" else later),)
    await Casework(board.store.cases, board.clock).apply(
        case.id, lambda each: Change(case=each.model_copy(update={"items": (item,), "cycle": cycle}), log=log)
    )
    for number in range(6):
        item = an_item(seen_at=later, posted_at=later)
        new = a_case(key=a_key(f"new-{number}"), items=(item,), cycle=case.cycle.model_copy(update={"seen_at": later}))
        await board.store.cases.commit(Commit(before=None, after=new, at=NOON))
    blocks = build.with_ids(case.id, [("line", build.section("Carla is back"))]).blocks
    await board.gateway.post(CARE, "Carla is back", blocks, attempt=new_attempt(NOON))
    report, _ = await erase(board)
    assert (report.deleted, report.trouble) == (1, "")


async def test_a_message_that_slack_keeps_is_named(board: Board) -> None:
    """Only a person can delete it; the next run has nothing left to do."""
    await board.gateway.connect()
    await board.worker().act(board.due)
    (message,) = board.slack.messages(CARE)
    message.bot = False
    report, _ = await erase(board)
    assert report.trouble == ""
    assert report.refused == [board.gateway.permalink(Posted(CARE, message.ts))]
    assert "erasing" not in await board.store.erasing.look()


async def test_lines_about_them_in_cases_of_others_go(board: Board) -> None:
    """Also one that a worker is posting; the card stays and is drawn anew, the other customer's lines stand."""
    hers = an_item("Same here, in Ulm since May", id="post-2", seq=2, author=CARLA)
    case = a_case(
        key=a_key("dora"), author=DORA, items=(an_item("Where is it?", author=DORA), hers), item_count=2,
        posts=(a_card(channel=CARE),),
    )  # fmt: skip
    store, clock = board.store, board.clock
    await store.cases.commit(Commit(before=None, after=case, at=NOON))
    due = Due(case.id, 0, "token", 2)
    casework = Casework(store.cases, clock)
    await board.worker().act(due)
    for number, line in enumerate(("Dora: Where is it?", "Carla: Same here, in Ulm since May"), 1):
        await casework.apply(case.id, saying(number, line))
        await board.worker().act(due)
    await casework.apply(case.id, saying(3, "Carla: Still here"))
    attempt = new_attempt(clock.now())
    await casework.apply(case.id, lambda each: attempting(each, "item:3", attempt))
    now = await store.cases.load(case.id)
    assert now is not None
    assert now.card is not None
    thread = now.card.ts

    async def post() -> None:
        await board.gateway.post(CARE, "Carla: Still here", [], attempt=attempt, thread_ts=thread)

    report, _ = await erase(board, "carla.example", post)
    assert (report.deleted, report.trouble) == (2, "")
    assert [each.text for each in board.slack.messages(CARE) if each.thread_ts and each.ts != thread] == [
        "Dora: Where is it?"
    ]
    left = await store.cases.load(case.id)
    assert left is not None
    assert left.items[1].deleted
    assert await store.cases.is_taken_back("square:hark.example:post-2")
    assert case.id in [each.id for each in await store.cards.take(clock.now(), 9, LEASE)]


async def test_the_same_handle_on_another_network_leads_to_nobody_here(board: Board) -> None:
    """Somebody else's id there is the id of a stranger here."""
    there = CARLA.model_copy(update={"id": "4711"})
    await board.store.cases.commit(
        Commit(None, a_case(key=a_key("there", network="pond"), author=there, items=(an_item(author=there),)), NOON)
    )
    stranger = DORA.model_copy(update={"id": "4711"})
    here = a_case(key=a_key("here"), author=stranger, items=(an_item(author=stranger),))
    await board.store.cases.commit(Commit(None, here, NOON))
    await erase(board)
    assert await board.store.cases.load(here.id) is not None


@pytest.mark.parametrize(("day", "stays"), [("2026-03-04", True), ("2026-03-03", False)])
async def test_hourly_messages_of_earlier_days_go_and_todays_is_drawn_anew(
    board: Board, day: str, *, stays: bool
) -> None:
    """They list who waited; today's is known, and the timer brings its next drawing forward."""
    await board.gateway.connect()
    blocks = build.with_ids("hourly", [("waiting", build.section("Carla · waits"))]).blocks
    old, new = [await board.gateway.post(CARE, "1 customer waits", blocks, attempt=new_attempt(NOON)) for _ in range(2)]
    state = Message(day=day, attempt="1-a", place=CARE, ts=new.ts)
    await board.store.notes.set(HOURLY, state.model_dump_json(), STATE_KEPT)
    await board.worker().act(board.due)
    await erase(board)
    assert [each.ts for each in board.slack.messages(CARE)] == [new.ts] * stays
    assert old.ts != new.ts
    assert (HOURLY in [each.id for each in await board.store.timers.take(board.clock.now(), 9, LEASE)]) is stays


async def test_a_known_problem_is_not_told_by_their_words_any_more(board: Board) -> None:
    """Its other samples stand."""
    problem = Problem(id="p", title="Parcels", opened_at=NOON, samples=("my parcel is late where is it", "no parcel"))
    await board.store.storms.swap(CARE, Weather(), Weather(problems=(problem,)))
    await erase(board)
    (left,) = (await board.store.storms.weather(CARE)).problems
    assert left.samples == ("no parcel",)
