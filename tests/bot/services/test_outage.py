"""Slack away: everything waits in its order, nothing is hammered, and one line says that it is over."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from bot.cards.card import render, render_plain
from bot.cards.notice import caught_up
from bot.cards.view import View
from bot.domain.errors import SlackError
from bot.domain.models import Capabilities
from bot.domain.ports import Commit, Ended
from bot.services.drawing import Drawing
from bot.services.once import Once
from bot.services.outage import FATAL_NOTE, IN_A_ROW, OUTAGE, PROBE, Outage, PausableQueue, State
from bot.services.recovery import Recovery
from bot.slack.api import SlackApi
from bot.slack.gateway import SlackGateway
from bot.store.store import Store
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import ANA, BEN, CARE
from tests.support.card_cases import a_view
from tests.support.cases import NOON, a_card, a_case, a_key, an_item
from tests.support.drawings import a_drawing
from tests.support.slack_sandbox import UNLIMITED, slack_api
from tests.support.stores import TestClock, a_store

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
NOWHERE = "http://127.0.0.1:9/api/"


@dataclass
class Shift:
    """A worker of cards and the chore that follows an outage; the test moves the clock."""

    slack: SlackSandbox
    api: SlackApi
    gateway: SlackGateway
    store: Store
    queue: PausableQueue
    drawing: Drawing
    recovery: Recovery
    outage: Outage
    clock: TestClock
    look_at: datetime = NOON

    async def cases(self, count: int, priority: int = 2, name: str = "case") -> None:
        """So many new cases that want a card."""
        for n in range(count):
            text = f"{name} {n}"
            case = a_case(key=a_key(text), items=(an_item(text),), posts=(a_card(channel=CARE),), priority=priority)
            await self.store.cases.commit(Commit(before=None, after=case, at=self.clock.now(), draw=priority))

    async def work(self) -> None:
        """Everything that is due at this instant."""
        ended: list[Ended] = []
        while due := await self.queue.exchange(ended, self.clock.now(), 32, LEASE):
            ended = [(each, await self.drawing.act(each)) for each in due]
        if self.clock.now() >= self.look_at:
            again = await self.recovery.act(OUTAGE)
            self.look_at = again or self.clock.now()

    async def run(self, span: timedelta) -> None:
        """Time passes, second by second."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            self.clock.advance(SECOND)
            await self.work()

    async def hiccup(self, how: str) -> None:
        """One question to Slack goes wrong, the next one is answered; an hour passes."""
        break_slack(self, how)
        with pytest.raises(SlackError):
            await self.gateway.name_of(ANA)
        mend_slack(self)
        await self.gateway.name_of(ANA)
        self.clock.advance(timedelta(hours=1))

    def calls(self, method: str = "") -> int:
        """How many calls Slack was asked."""
        return sum(1 for each in self.slack.calls if method in each.method)

    def texts(self) -> list[str]:
        """What stands in the channel, in its order."""
        return [each.text for each in self.slack.messages(CARE)]


@pytest.fixture
async def shift(redis_url: str) -> AsyncIterator[Shift]:
    """Everything real but the clock."""
    clock, metrics = TestClock(), Metrics()
    async with (
        a_store(redis_url, clock=clock) as store,
        SlackSandbox(UNLIMITED) as slack,
        slack_api(slack) as api,
    ):
        view: View = a_view(capabilities=Capabilities())
        gateway = SlackGateway(api, metrics)
        outage = Outage(store.notes, store.timers, gateway.connect, clock)
        gateway.answered = outage.answered
        drawing = a_drawing(
            store,
            gateway,
            clock,
            lambda case, post: render(case, post, view),
            lambda case, post: render_plain(case, post, view),
            metrics,
        )
        recovery = Recovery(outage, store.cards, store.notes, Once(gateway, clock), caught_up, CARE, clock)
        yield Shift(slack, api, gateway, store, PausableQueue(store.cards, outage), drawing, recovery, outage, clock)


def break_slack(shift: Shift, how: str) -> None:
    """Slack answers nothing useful from now on."""
    if how == "refused":
        shift.api.base_url = NOWHERE
    else:
        shift.slack.set_fault(how, times=10**6)


def mend_slack(shift: Shift) -> None:
    """As before."""
    shift.api.base_url = shift.slack.url
    shift.slack.set_fault(None)


@pytest.mark.parametrize(("how", "minutes", "words"), [("http_503", 10, "10 minutes"), ("refused", 60, "60 minutes")])
async def test_everything_waits_and_catches_up_in_order(shift: Shift, how: str, minutes: int, words: str) -> None:
    """Thirty-seven cards, the urgent ones last to come in: they are first to stand, each once, and one line follows."""
    break_slack(shift, how)
    for priority in (4, 3, 2):
        await shift.cases(12, priority, f"p{priority}")
        await shift.run(5 * SECOND)
    await shift.cases(1, 0, "p0")
    before = shift.calls()
    await shift.run(timedelta(minutes=minutes) - 15 * SECOND)
    assert shift.calls() - before < 4 + minutes * 4
    mend_slack(shift)
    await shift.run(timedelta(minutes=2))
    *cards, last = shift.texts()
    assert len(cards) == len(set(cards)) == 37
    ranks = [next(p for p in "0234" if f"p{p} " in text) for text in cards]
    later = ranks[4:]
    assert later == sorted(later)
    assert ranks.index("0") < 4
    assert last.startswith("✅ Caught up: 37 cards after ")
    assert last.split("after ")[1].split(" ")[0] in {str(minutes), str(minutes + 1)}
    assert words.split()[1] in last
    await shift.run(timedelta(minutes=5))
    assert len(shift.texts()) == 38


async def test_few_cards_and_a_short_time_are_not_worth_a_line(shift: Shift) -> None:
    """Three cards, a minute: they stand, and that is all."""
    break_slack(shift, "http_503")
    await shift.cases(3)
    await shift.run(timedelta(minutes=1))
    mend_slack(shift)
    await shift.run(timedelta(minutes=2))
    assert len(shift.texts()) == 3
    assert shift.outage.state is State.CLOSED
    assert not await shift.store.notes.get(OUTAGE)


async def test_ten_waiting_cards_are_worth_a_line(shift: Shift) -> None:
    """However short it was."""
    break_slack(shift, "refused")
    await shift.cases(10)
    await shift.run(timedelta(seconds=50))
    mend_slack(shift)
    await shift.run(timedelta(minutes=2))
    assert shift.texts()[-1] == "✅ Caught up: 10 cards after 1 minute without Slack"


async def test_when_only_posting_fails_one_card_at_a_time_tries(shift: Shift) -> None:
    """Slack answers everything else: no burst of attempts, each of which would have to be looked for later."""
    shift.slack.set_fault("http_500", "chat.postMessage", times=10**6)
    await shift.cases(60)
    await shift.run(timedelta(minutes=10))
    assert shift.calls("chat.postMessage") < 45
    shift.slack.set_fault(None, "chat.postMessage")
    await shift.run(timedelta(minutes=3))
    assert len(shift.texts()) == 61
    assert shift.texts()[-1].startswith("✅ Caught up: 60 cards")


async def test_a_lost_answer_is_no_outage(shift: Shift) -> None:
    """Two calls without an answer: the cards are looked for, stand once, and nobody hears of it."""
    shift.slack.set_fault("drop_after", "chat.postMessage", times=2)
    await shift.cases(2)
    await shift.run(10 * SECOND)
    assert len(shift.texts()) == 2
    assert shift.outage.state is State.CLOSED


async def test_a_pause_of_looks_holds_up_no_new_card(shift: Shift) -> None:
    """A card whose answer was lost is looked for, and Slack asks for a pause of that: the next card stands at once."""
    shift.slack.set_fault("drop_after", "chat.postMessage")
    shift.slack.set_fault("ratelimited", "conversations.history", retry_after=60)
    await shift.cases(1, name="lost")
    await shift.run(5 * SECOND)
    await shift.cases(1, name="new")
    await shift.run(2 * SECOND)
    assert len(shift.texts()) == 2
    await shift.run(timedelta(minutes=2))
    assert len(shift.texts()) == 2
    assert shift.calls("conversations.history") == 2


@pytest.mark.parametrize("how", ["http_503", "refused"])
async def test_hiccups_hours_apart_are_no_outage(shift: Shift, how: str) -> None:
    """Slack answered whatever was asked in between: nothing waits, and nothing is said."""
    for _ in range(4):
        await shift.hiccup(how)
    assert shift.outage.state is State.CLOSED
    await shift.cases(1)
    await shift.run(timedelta(minutes=1))
    assert len(shift.texts()) == 1


async def test_failures_minutes_apart_are_no_outage(shift: Shift) -> None:
    """What failed is tried again sooner than after two minutes: these have nothing to do with each other."""
    for _ in range(4):
        shift.outage.answered("chat.postMessage", "unreachable", "")
        shift.clock.advance(IN_A_ROW + SECOND)
    assert shift.outage.state is State.CLOSED


async def test_three_failures_within_minutes_are_an_outage_whatever_else_is_answered(shift: Shift) -> None:
    """A card that is not taken is tried again soon; that somebody's name is told meanwhile proves nothing."""
    shift.slack.set_fault("http_500", "chat.postMessage", times=10**6)
    await shift.cases(1)
    for _ in range(100):
        await shift.run(SECOND)
        await shift.gateway.name_of(ANA)
    assert shift.outage.state is not State.CLOSED


@pytest.mark.parametrize("fatal", [False, True])
async def test_an_outage_begins_with_its_own_first_failure(shift: Shift, *, fatal: bool) -> None:
    """A hiccup an hour before is none of it: half a minute is not worth a line."""
    await shift.hiccup("http_503")
    good = shift.api.token
    if fatal:
        shift.api.token = "xoxb-revoked"
    else:
        break_slack(shift, "http_503")
    await shift.cases(3)
    await shift.run(timedelta(seconds=30))
    assert shift.outage.state is not State.CLOSED
    shift.api.token = good
    mend_slack(shift)
    await shift.run(timedelta(minutes=3))
    assert len(shift.texts()) == 3


async def test_a_long_pause_of_one_bucket_leaves_the_others_alone(shift: Shift) -> None:
    """A 429 for posts to #care with Retry-After 600: a card elsewhere is posted, a standing one updated."""
    await shift.cases(1, name="standing")
    await shift.work()
    shift.slack.set_fault("ratelimited", "chat.postMessage", retry_after=600)
    await shift.cases(2, name="late")
    await shift.run(5 * SECOND)
    elsewhere = a_case(key=a_key("other"), posts=(a_card(channel=BEN),))
    await shift.store.cases.commit(Commit(before=None, after=elsewhere, at=shift.clock.now(), draw=2))
    standing = await shift.store.cases.load(a_key("standing 0").id)
    assert standing is not None
    changed = standing.model_copy(update={"likes": 7})
    await shift.store.cases.commit(Commit(before=standing, after=changed, at=shift.clock.now(), draw=2))
    await shift.run(5 * SECOND)
    assert len(shift.slack.messages(shift.slack.direct(BEN))) == 1
    assert shift.calls("chat.update") == 1
    assert len(shift.texts()) == 1
    assert shift.outage.state is State.CLOSED
    posts = shift.calls("chat.postMessage")
    await shift.run(timedelta(seconds=560))
    assert shift.calls("chat.postMessage") == posts
    await shift.run(timedelta(seconds=60))
    assert len(shift.texts()) == 3


async def test_a_dead_token_stops_posting_and_is_named(shift: Shift) -> None:
    """Once a minute it is tried; no case is blamed; with a working token everything comes."""
    good, shift.api.token = shift.api.token, "xoxb-revoked"
    await shift.cases(40)
    await shift.run(timedelta(minutes=10))
    assert shift.calls() < 32 + 15
    assert shift.calls(PROBE) == 9
    assert await shift.store.notes.get(FATAL_NOTE) == "invalid_auth"
    case = await shift.store.cases.load(a_key("case 0").id)
    assert case is not None
    assert case.card is not None
    assert case.card.error == ""
    shift.api.token = good
    await shift.run(timedelta(minutes=3))
    assert len(shift.texts()) == 41
    assert not await shift.store.notes.get(FATAL_NOTE)
