"""A card that Slack does not take where it belongs is seen elsewhere, kept, and goes home when it can."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.cards.card import render, render_plain
from bot.cards.view import Rendered, View
from bot.domain.case import Case, Person, Post, PostKind
from bot.domain.claims import claim
from bot.domain.fallback import FATAL, REASONS, displaced, refusal_health, refusals
from bot.domain.lifecycle import close, reopen
from bot.domain.models import Capabilities, LengthRule
from bot.domain.ports import Commit, Due
from bot.domain.posting import lost, with_line
from bot.services.casework import Casework
from bot.services.drawing import Drawing
from bot.slack.api import SlackApi
from bot.slack.gateway import HISTORY_PAGE, HISTORY_PAGES, SlackGateway
from bot.store.store import Store
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.model import Message
from sandbox.slack.workspace import ANA, BEN, CARE
from tests.support.card_cases import a_view, states
from tests.support.cases import NOON, a_card, a_case
from tests.support.drawings import a_drawing
from tests.support.policies import a_policy
from tests.support.slack_sandbox import UNLIMITED, slack_api
from tests.support.stores import TestClock, a_store

REFUNDS = "C01REFUNDS1"
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Board:
    """A case whose card belongs in #refunds; #care is the main channel, Ana and Ben are on call."""

    slack: SlackSandbox
    store: Store
    drawing: Drawing
    clock: TestClock
    case: Case

    async def draw(self) -> Case:
        """Draw until nothing is due at this instant."""
        for _ in range(10):
            again = await self.drawing.act(Due(self.case.id, 0, "token", 2))
            due = await self.store.cards.take(self.clock.now(), 5, HOUR)
            for each in due:
                await self.store.cards.done(each)
            if not due and (again is None or again > self.clock.now()):
                break
        case = await self.store.cases.load(self.case.id)
        assert case is not None
        return case

    def open_refunds(self, *, archived: bool = False) -> None:
        """The channel is there, and Hark a member."""
        care = self.slack.workspace.conversations[CARE]
        self.slack.workspace.conversations[REFUNDS] = replace(
            care, id=REFUNDS, name="refunds", messages={}, archived=archived
        )

    def cards(self, channel: str) -> list[Message]:
        """Messages with buttons."""
        return [each for each in self.slack.messages(channel) if "hark:claim:v1" in str(each.blocks)]


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """Everything real."""
    async for made in a_board(redis_url, render):
        yield made


async def a_board(redis_url: str, draw: Any, main: str = CARE) -> AsyncIterator[Board]:
    """A board with this renderer, and this main channel."""
    clock = TestClock()
    async with (
        a_store(redis_url, clock=clock) as store,
        SlackSandbox(UNLIMITED) as slack,
        slack_api(slack) as api,
    ):
        case = a_case(posts=(a_card(channel=REFUNDS),))
        await store.cases.commit(Commit(before=None, after=case, at=clock.now()))
        yield Board(slack, store, a_worker(store, api, clock, draw, main), clock, case)


def a_worker(store: Store, api: SlackApi, clock: TestClock, draw: Any = render, main: str = CARE) -> Drawing:
    """A worker of Hark with this main channel."""
    metrics = Metrics()
    view = View(clock.now(), "Square", "@acme", Capabilities(public_reply=LengthRule(limit=300)))
    return a_drawing(
        store,
        SlackGateway(api, metrics),
        clock,
        lambda case, post: draw(case, post, view),
        lambda case, post: (draw if draw is not render else render_plain)(case, post, view),
        metrics,
        places=((main,), (ANA, BEN)),
    )


async def test_it_stands_in_the_main_channel_with_the_reason(board: Board) -> None:
    """With its buttons, where it belongs, and what to do about it."""
    await board.draw()
    (copy,) = board.cards(CARE)
    shown = str(copy.blocks)
    assert "Not in its own channel, because the channel does not exist, or it is private" in shown
    assert "/invite @Hark" in shown
    assert f"Belongs in <#{REFUNDS}>" in shown


async def test_it_is_tried_at_home_every_hour_and_not_before(board: Board) -> None:
    """Drawing it again meanwhile costs no call."""
    await board.draw()
    calls = len(board.slack.calls)
    board.clock.advance(HOUR - timedelta(seconds=1))
    await board.draw()
    assert len(board.slack.calls) == calls
    board.clock.advance(timedelta(seconds=1))
    await board.draw()
    assert len(board.slack.calls) > calls
    assert len(board.cards(CARE)) == 1


async def test_it_goes_home_when_it_can(board: Board) -> None:
    """Once; the copy becomes one line that leads there."""
    await board.draw()
    board.open_refunds()
    board.clock.advance(HOUR)
    case = await board.draw()
    assert len(board.cards(REFUNDS)) == 1
    assert board.cards(CARE) == []
    assert "a newer message has taken its place" in str(board.slack.messages(CARE)[0].blocks)
    assert case.card is not None
    assert (case.card.error, case.card.retry_at) == ("", None)
    assert refusals(await board.store.cases.misplaced(10)) == {}


async def test_it_goes_home_past_all_that_people_wrote_meanwhile(board: Board) -> None:
    """Slack took no try, so none is looked for: after weeks in a busy channel nobody could look through all that."""
    board.open_refunds()
    refunds, hark = board.slack.workspace.conversations[REFUNDS], board.slack.config.bot_user_id
    refunds.members = refunds.members - {hark}
    await board.draw()
    written = [f"{(NOON + n * timedelta(minutes=2)).timestamp():.6f}" for n in range(HISTORY_PAGE * HISTORY_PAGES + 1)]
    refunds.messages |= {ts: Message(ts, BEN, "Lunch?") for ts in written}
    board.clock.advance(timedelta(days=14))
    refunds.members = refunds.members | {hark}
    await board.draw()
    assert len(board.cards(REFUNDS)) == 1


async def test_it_is_copied_again_when_its_channel_is_lost_again(board: Board) -> None:
    """Hark is taken out, invited back, and taken out once more: the copy of the first time is no copy any more."""
    await board.draw()
    board.open_refunds()
    board.clock.advance(HOUR)
    await board.draw()
    board.slack.workspace.conversations[REFUNDS].archived = True
    casework = Casework(board.store.cases, board.clock)
    await casework.apply(board.case.id, lambda case: claim(case, Person(id=ANA, name="Ana"), NOON, a_policy()))
    await board.draw()
    (copy,) = (each for each in board.slack.messages(CARE) if "hark:release:v1" in str(each.blocks))
    assert "because the channel is archived" in str(copy.blocks)


async def test_with_the_main_channel_closed_the_people_on_call_have_it(board: Board) -> None:
    """Each of them, in a direct message."""
    board.slack.workspace.conversations[CARE].archived = True
    await board.draw()
    for user in (ANA, BEN):
        assert len(board.cards(board.slack.direct(user))) == 1


async def test_a_main_channel_that_is_set_later_has_it_too(redis_url: str) -> None:
    """As the copies advise: until then only the people on call had it, and the team would never see it."""
    async for board in a_board(redis_url, render, main=REFUNDS):
        await board.draw()
        assert len(board.cards(board.slack.direct(ANA))) == 1
        async with slack_api(board.slack) as api:
            restarted = replace(board, drawing=a_worker(board.store, api, board.clock, main=CARE))
            board.clock.advance(HOUR)
            await restarted.draw()
            board.clock.advance(HOUR)
            await restarted.draw()
        assert len(board.cards(CARE)) == 1


async def test_a_card_that_can_no_longer_be_changed_is_copied_too(board: Board) -> None:
    """The channel was archived after the card was posted: buttons that work stand elsewhere."""
    board.open_refunds()
    case = await board.draw()
    board.slack.workspace.conversations[REFUNDS].archived = True
    change = Commit(before=case, after=case.model_copy(update={"likes": 5, "reposts": 2}), at=board.clock.now())
    await board.store.cases.commit(change)
    await board.draw()
    assert "because the channel is archived" in str(board.cards(CARE)[0].blocks)


async def test_a_card_that_is_not_ours_any_more_is_posted_anew(board: Board) -> None:
    """The app was made anew in Slack, so that its cards belong to another one. They carry our attempts all the same."""
    board.open_refunds()
    await board.draw()
    (old,) = board.slack.messages(REFUNDS)
    old.user, old.bot = "U01OLDHARK0", False
    casework = Casework(board.store.cases, board.clock)
    await casework.apply(board.case.id, lambda case: claim(case, Person(id=ANA, name="Ana"), NOON, a_policy()))
    calls = len(board.slack.calls)
    await board.draw()
    (new,) = (each for each in board.slack.messages(REFUNDS) if each is not old)
    assert "hark:release:v1" in str(new.blocks)
    assert len(board.slack.calls) == calls + 2


async def test_a_card_that_another_worker_has_posted_anew_is_not_lost_again(board: Board) -> None:
    """Who was refused a change may have been asleep: what stands there by now is not forgotten."""
    board.open_refunds()
    card = (await board.draw()).card
    assert card is not None
    again = await Casework(board.store.cases, board.clock).apply(
        board.case.id, lambda case: lost(case, card.id, "1700000000.000100")
    )
    assert again.refused is not None
    assert again.case is not None
    assert again.case.card == card


async def test_a_closed_case_is_left_in_peace_a_day_later(board: Board) -> None:
    """Each try is a change, so that a closed case would be kept for ever; one that is opened again is drawn again."""
    board.open_refunds()
    await board.draw()
    refunds, ana = board.slack.workspace.conversations[REFUNDS], Person(id=ANA, name="Ana")
    refunds.archived = True
    casework = Casework(board.store.cases, board.clock)
    await casework.apply(board.case.id, lambda case: close(case, ana, "solved", board.clock.now()))
    for _ in range(30):
        await board.draw()
        board.clock.advance(HOUR)
    left = await board.store.cases.load(board.case.id)
    assert left is not None
    assert await board.drawing.act(Due(board.case.id, 0, "token", 2)) is None
    assert (await board.draw()).version == left.version
    refunds.archived = False
    await casework.apply(board.case.id, lambda case: reopen(case, ana, board.clock.now(), a_policy()))
    await board.draw()
    assert "hark:release:v1" in str(board.slack.messages(REFUNDS)[0].blocks)


async def test_check_and_home_name_the_channel_and_the_mend(board: Board) -> None:
    """As long as it lasts."""
    await board.draw()
    ((which, count),) = refusals(await board.store.cases.misplaced(10)).items()
    health = refusal_health(*which, count)
    assert REFUNDS in health.summary
    assert "1 message waits" in health.summary
    assert "/invite @Hark" in health.mend


async def test_a_line_in_a_closed_channel_moves(board: Board) -> None:
    """An escalation is a sentence: it is said in the main channel instead, once."""
    case = with_line(board.case.model_copy(update={"version": 1}), "escalation:1", "Still no answer", thread=False)
    await board.store.cases.commit(
        Commit(before=case.model_copy(update={"posts": board.case.posts}), after=case, at=NOON)
    )
    await board.draw()
    await board.draw()
    assert [each.text for each in board.slack.messages(CARE)].count("Still no answer") == 1


async def test_what_slack_will_not_draw_is_said_in_words(redis_url: str) -> None:
    """Blocks refused, plain ones too: one line in the main channel, not one with each try, and the case stays in App
    Home and check."""

    def bad(case: Case, post: Post, view: View) -> Rendered:
        if post.kind is PostKind.LINE:
            return render(case, post, view)
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]
        return Rendered(text="a card", blocks=blocks, digest="bad")

    async for board in a_board(redis_url, bad):
        board.open_refunds()
        await board.draw()
        board.clock.advance(HOUR)
        await board.draw()
        (line,) = board.slack.messages(CARE)
        assert "A card cannot be drawn: Slack refuses the drawing (invalid_blocks)" in line.text
        assert len(refusals(await board.store.cases.misplaced(10))) == 1


@pytest.mark.parametrize("error", sorted(FATAL))
def test_no_copy_is_made_when_the_token_is_dead(error: str) -> None:
    """Slack takes nothing anywhere: another channel would not help."""
    case = a_case(posts=(a_card(),))
    decision = displaced(case, "card", error, ((CARE,),), NOON)
    assert len(decision.case.posts) == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("error", [*sorted(REASONS), "restricted_action_read_only_channel", "something_new"])
def test_every_refusal_has_words(error: str) -> None:
    """A reason and a mend, also for a code that nobody has seen yet."""
    case = a_case(posts=(a_card(error=error),))
    ((which, count),) = refusals([case]).items()
    health = refusal_health(*which, count)
    assert health.mend
    assert "because " in health.summary


def test_when_every_place_refused_nothing_more_is_made() -> None:
    """No endless line of copies."""
    case = a_case(posts=(a_card(channel=REFUNDS),))
    for post_id in ("card", f"fallback:card@{CARE}", f"fallback:card@{ANA}", "card"):
        decision = displaced(case, post_id, "is_archived", ((CARE,), (ANA,)), NOON)
        case = decision.case  # type: ignore[union-attr]
    assert [post.channel for post in case.posts] == [REFUNDS, CARE, ANA]


@pytest.mark.parametrize("name", sorted(states()))
def test_no_card_holds_an_image(name: str) -> None:
    """Slack fetches images itself and refuses the whole message when it cannot: so there are none to refuse."""
    case, view = states()[name], a_view()
    for post in (a_card(), a_card(id="alert", kind=PostKind.ALERT, channel=ANA)):
        shown = str(render(case, post, view).blocks)
        assert "'type': 'image'" not in shown
        assert "image_url" not in shown
        assert "slack_file" not in shown


def test_the_instant_of_the_next_try_is_kept() -> None:
    """And an older document without it can be read."""
    post = a_card(error="is_archived", retry_at=NOON)
    assert Post.model_validate_json(post.model_dump_json()).retry_at == NOON
    assert Post.model_validate({"id": "card", "kind": "card", "channel": CARE}).retry_at is None
    assert isinstance(post.retry_at, datetime)
