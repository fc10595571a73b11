"""What is wrong with Hark is told once for each kind and period, counted meanwhile, and never twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.cards.notice import notice_message
from bot.domain.errors import SlackUnknown
from bot.domain.notices import EVERY, Line, Notice, Told, Words, kind_of, next_line
from bot.domain.ports import Posted
from bot.services.notices import NOTICE
from sandbox.slack.workspace import ANA, CARE
from tests.support.block_kit import check_message
from tests.support.cases import NOON
from tests.support.hostile import TEXTS
from tests.support.notices import OPS, Desk, a_notice_desk

TROUBLE = Words(
    headline="1 delivery of Facebook could not be read",
    example='{"from": "carla.rossi@example.com", "text": "<!channel> hi"}',
    mend="Run python -m bot dead",
)
NOWHERE = "http://127.0.0.1:9/api/"
KIND = kind_of("dead", "facebook", "no author")


@pytest.fixture
async def desk(redis_url: str) -> AsyncIterator[Desk]:
    """Notices to the main channel, then to Ana."""
    async with a_notice_desk(redis_url) as made:
        yield made


async def test_it_is_told_in_plain_words_with_a_masked_example(desk: Desk) -> None:
    """What, since when, an example without personal data, what to do; and nobody is called by foreign words."""
    await desk.notices.tell(KIND, TROUBLE)
    await desk.due(KIND)
    (message,) = desk.said()
    shown = str(message.blocks)
    assert "could not be read" in message.text
    assert "Run python -m bot dead" in shown
    assert "At <!date^" in shown
    assert "carla.rossi" not in shown + message.text
    assert not desk.slack.workspace.pushes


async def test_the_same_kind_is_only_counted_for_six_hours(desk: Desk) -> None:
    """A thousand of a kind are one message; after the period the rest is told with its number."""
    await desk.notices.tell(KIND, TROUBLE)
    await desk.due(KIND)
    await desk.notices.tell(KIND, TROUBLE, count=999)
    assert await desk.due(KIND) == NOON + EVERY
    desk.clock.advance(EVERY - timedelta(seconds=1))
    await desk.due(KIND)
    assert len(desk.said()) == 1
    desk.clock.advance(timedelta(seconds=1))
    await desk.due(KIND)
    assert len(desk.said()) == 2
    assert "999 times since" in str(desk.said()[1].blocks)
    assert "1,000 in all" in str(desk.said()[1].blocks)
    assert await desk.due(KIND) is None


async def test_no_words_of_it_carry_personal_data(desk: Desk) -> None:
    """A network's error may quote a customer, in whatever is said of it, and of its end."""
    quoted = "carla.rossi@example.com has no Page"
    await desk.notices.tell(KIND, Words(headline=quoted, mend=quoted))
    await desk.due(KIND)
    await desk.notices.over(KIND, Words(headline=f"{quoted} no more", mend=quoted))
    await desk.due(KIND)
    told, ended = (f"{each.text} {each.blocks}" for each in desk.said())
    assert "carla" not in told + ended
    assert told.count("has no Page") == ended.count("has no Page") > 1


async def test_what_may_be_told_weekly_is_not_told_each_day(desk: Desk) -> None:
    """The kind of trouble says how often, and since when it has been there."""
    weekly = TROUBLE.model_copy(update={"every": timedelta(days=7)})
    began = NOON - timedelta(hours=1)
    for _day in range(7):
        await desk.notices.tell(KIND, weekly, at=began)
        assert await desk.due(KIND) in (None, NOON + timedelta(days=7))
        desk.clock.advance(timedelta(days=1))
    assert f"<!date^{int(began.timestamp())}" in str([each.blocks for each in desk.said()])
    assert len(desk.said()) == 1
    await desk.due(KIND)
    assert len(desk.said()) == 2


async def test_an_end_brings_the_next_telling_no_nearer_and_no_further(desk: Desk) -> None:
    """What may be told weekly ended after an hour, and came again: its week counts from the first telling."""
    await desk.notices.tell(KIND, TROUBLE.model_copy(update={"every": timedelta(days=7)}))
    await desk.due(KIND)
    desk.clock.advance(timedelta(hours=1))
    await desk.notices.over(KIND, Words(headline="fine again"))
    await desk.due(KIND)
    await desk.notices.tell(KIND, TROUBLE)
    assert await desk.due(KIND) == NOON + timedelta(days=7)


async def test_the_end_is_told_without_new_trouble(desk: Desk) -> None:
    """Its timer is set with it."""
    await desk.notices.tell(KIND, TROUBLE)
    await desk.due(KIND)
    for each in await desk.store.timers.take(NOON, 5, timedelta(seconds=30)):
        await desk.store.timers.done(each)
    await desk.notices.over(KIND, Words(headline="fine again"))
    assert [each.id for each in await desk.store.timers.take(NOON, 5, timedelta(seconds=30))] == [f"{NOTICE}/{KIND}"]


async def test_later_trouble_is_told_in_its_own_words(desk: Desk) -> None:
    """And since when that is so, not the trouble before."""
    await desk.notices.tell(KIND, TROUBLE)
    await desk.due(KIND)
    desk.clock.advance(EVERY)
    await desk.notices.tell(KIND, Words(headline="2 deliveries had no author"))
    await desk.due(KIND)
    _, later = desk.said()
    assert "had no author" in later.text
    assert f"<!date^{int((NOON + EVERY).timestamp())}" in str(later.blocks)


async def test_a_worker_that_slept_swallows_no_trouble_to_come(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it slept another one found its message and noted that the trouble is told: that counts once, and the next
    trouble is told, too."""
    post = desk.gateway.post

    async def asleep(*args: Any, **more: Any) -> Posted:
        monkeypatch.undo()
        posted = await post(*args, **more)
        await desk.due(KIND)
        return posted

    monkeypatch.setattr(desk.gateway, "post", asleep)
    await desk.notices.tell(KIND, TROUBLE)
    await desk.due(KIND)
    assert len(desk.said()) == 1
    desk.clock.advance(EVERY)
    await desk.notices.tell(KIND, TROUBLE)
    await desk.due(KIND)
    assert len(desk.said()) == 2


async def test_another_kind_is_told_at_once(desk: Desk) -> None:
    """Silence about one trouble hides no other."""
    for kind in (KIND, "dead/x/no-author"):
        await desk.notices.tell(kind, TROUBLE)
        await desk.due(kind)
    assert len(desk.said()) == 2


async def test_many_processes_count_together(desk: Desk) -> None:
    """No count is lost when all meet the trouble in the same moment."""
    await asyncio.gather(*(desk.notices.tell(KIND, TROUBLE) for _ in range(50)))
    assert (await desk.store.notices.read(KIND)).untold == 50
    await desk.due(KIND)
    assert "50 times" in str(desk.said()[0].blocks)


async def test_its_timer_is_set_with_the_trouble(desk: Desk) -> None:
    """The notice is durable before anything is posted: any worker finds it due."""
    await desk.notices.tell(KIND, TROUBLE)
    due = await desk.store.timers.take(NOON, 5, timedelta(seconds=30))
    assert [each.id for each in due] == [f"{NOTICE}/{KIND}"]


async def test_a_crash_after_the_post_does_not_double_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is found by its attempt, and what came meanwhile is still counted."""
    await desk.notices.tell(KIND, TROUBLE)
    real = desk.store.notices.settle

    async def crash(*_: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(type(desk.store.notices), "settle", crash)
    with pytest.raises(asyncio.CancelledError):
        await desk.due(KIND)
    monkeypatch.setattr(type(desk.store.notices), "settle", lambda _self, *args: real(*args))
    await desk.notices.tell(KIND, TROUBLE)
    assert await desk.due(KIND) == NOON + EVERY
    assert len(desk.said()) == 1
    assert (await desk.store.notices.read(KIND)).untold == 1


async def test_a_telling_that_was_half_noted_swallows_no_trouble_to_come(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of the version before died when it had taken the count off, and had not noted that all is told: nothing
    is taken off twice."""
    book = desk.store.notices

    async def half(_self: object, kind: str, _told: Told, count: int, _before: str) -> None:
        await book.link.do("HINCRBY", book.keys.notice(kind), "untold", -count)
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(type(book), "settle", half)
        await desk.notices.tell(KIND, TROUBLE)
        with pytest.raises(asyncio.CancelledError):
            await desk.due(KIND)
    await desk.due(KIND)
    await desk.notices.tell(KIND, TROUBLE)
    assert (await book.read(KIND)).untold == 1


async def test_two_that_note_one_telling_count_it_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker notes it a moment before, and new trouble comes between the two: that is still to be told."""
    real = desk.store.notices.settle

    async def overtaken(_self: object, *args: Any) -> str:
        monkeypatch.undo()
        await desk.due(KIND)
        await desk.notices.tell(KIND, TROUBLE)
        return await real(*args)

    monkeypatch.setattr(type(desk.store.notices), "settle", overtaken)
    await desk.notices.tell(KIND, TROUBLE)
    assert await desk.due(KIND) == NOON + EVERY
    assert len(desk.said()) == 1
    notice = await desk.store.notices.read(KIND)
    assert (notice.untold, notice.told.total) == (1, 1)
    assert notice.words, "so are its words"


async def test_a_lost_answer_does_not_double_it(desk: Desk) -> None:
    """Slack took the message and the connection broke: it is found, not posted again."""
    desk.slack.set_fault("drop_after", "chat.postMessage")
    await desk.notices.tell(KIND, TROUBLE)
    assert await desk.due(KIND) == NOON + timedelta(seconds=30)
    await desk.due(KIND)
    assert len(desk.said()) == 1


async def test_a_lost_answer_is_looked_for_where_it_was_posted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The main channel is closed; Ana has the message already, and gets no second one."""
    desk.slack.workspace.conversations[CARE].archived = True
    post = desk.gateway.post

    async def lost(place: str, *args: Any, **more: Any) -> Posted:
        posted = await post(place, *args, **more)
        monkeypatch.undo()
        raise SlackUnknown(f"no answer from {posted.channel}")

    monkeypatch.setattr(desk.gateway, "post", lost)
    await desk.notices.tell(KIND, TROUBLE)
    assert await desk.due(KIND) == NOON + timedelta(seconds=30)
    await desk.due(KIND)
    assert len(desk.said(desk.slack.direct(ANA))) == 1


async def test_a_place_where_nothing_can_be_looked_for_holds_nothing(redis_url: str) -> None:
    """Slack was away during the first try, and then the channel is not there: the next place is told."""
    async with a_notice_desk(redis_url, OPS, CARE) as desk:
        api = desk.gateway.api
        good, api.base_url = api.base_url, NOWHERE
        await desk.notices.tell(KIND, TROUBLE)
        await desk.due(KIND)
        api.base_url = good
        await desk.due(KIND)
        assert len(desk.said()) == 1


async def test_slack_out_of_reach_is_waited_for(desk: Desk) -> None:
    """Half a minute later it is told."""
    api = desk.gateway.api
    good, api.base_url = api.base_url, NOWHERE
    await desk.notices.tell(KIND, TROUBLE)
    assert await desk.due(KIND) == NOON + timedelta(seconds=30)
    api.base_url = good
    await desk.due(KIND)
    assert len(desk.said()) == 1


async def test_a_pause_that_slack_asks_for_is_kept(desk: Desk) -> None:
    """Nothing is lost and nothing hurries."""
    desk.slack.set_fault("ratelimited", "chat.postMessage", retry_after=70)
    await desk.notices.tell(KIND, TROUBLE)
    assert await desk.due(KIND) == NOON + timedelta(seconds=70)
    await desk.due(KIND)
    assert len(desk.said()) == 1


async def test_the_end_is_told_once_and_only_of_what_was_told(desk: Desk) -> None:
    """Resolved is a word of its own; the end of what nobody heard of is none."""
    back = Words(headline="Facebook is back")
    await desk.notices.over(KIND, back)
    assert await desk.due(KIND) is None
    await desk.notices.tell(KIND, TROUBLE)
    await desk.due(KIND)
    for _ in range(2):
        await desk.notices.over(KIND, back)
        await desk.due(KIND)
    assert [each.text[:1] for each in desk.said()] == ["⚠", "✅"]


async def test_what_comes_and_goes_is_no_stream_of_messages(desk: Desk) -> None:
    """Ten times on and off within an hour: told, ended, and no more before the period is over."""
    for _ in range(10):
        await desk.notices.tell(KIND, TROUBLE)
        await desk.due(KIND)
        await desk.notices.over(KIND, Words(headline="fine again"))
        await desk.due(KIND)
        desk.clock.advance(timedelta(minutes=6))
    assert len(desk.said()) == 2


async def test_where_one_place_is_closed_the_next_is_used(redis_url: str) -> None:
    """An ops channel that is not there, then an archived main channel, then the person on call."""
    async with a_notice_desk(redis_url, OPS, CARE, ANA) as desk:
        await desk.notices.tell(KIND, TROUBLE)
        await desk.due(KIND)
        assert len(desk.said()) == 1
        desk.slack.workspace.conversations[CARE].archived = True
        await desk.notices.tell("other", TROUBLE)
        await desk.due("other")
        assert len(desk.said(desk.slack.direct(ANA))) == 1


async def test_when_nobody_can_be_told_it_is_kept(redis_url: str) -> None:
    """It comes again in an hour, not in a loop, and is posted then."""
    async with a_notice_desk(redis_url, CARE) as desk:
        desk.slack.workspace.conversations[CARE].archived = True
        await desk.notices.tell(KIND, TROUBLE)
        assert await desk.due(KIND) == NOON + timedelta(hours=1)
        desk.slack.workspace.conversations[CARE].archived = False
        desk.clock.advance(timedelta(hours=1))
        await desk.due(KIND)
        assert len(desk.said()) == 1


async def test_each_place_is_tried_once(redis_url: str) -> None:
    """Where no channel for notices is set, and where it is the main one."""
    async with a_notice_desk(redis_url, "", CARE, CARE) as desk:
        desk.slack.workspace.conversations[CARE].archived = True
        await desk.notices.tell(KIND, TROUBLE)
        await desk.due(KIND)
        assert len(desk.slack.calls_of("chat.postMessage")) == 1


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_words_stay_words(text: str) -> None:
    """Whatever a network puts into an error, the message is one that Slack takes."""
    words = Words(headline=text, example=text, mend=text)
    drawn = notice_message(Line(words=words, count=2, total=9, since=NOON))
    assert check_message(drawn.blocks, drawn.text) == []
    assert "<!channel>" not in drawn.text


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        (("dead", "Facebook", "KeyError('x')"), "dead/facebook/keyerror-x"),
        (("dead", "", "💥"), "dead/-/-"),
        (("quiet", "x" * 500), "quiet/" + "x" * 94),
    ],
)
def test_kinds_are_short_and_plain(parts: tuple[str, ...], kind: str) -> None:
    """They become keys and timers."""
    assert kind_of(*parts) == kind


def test_words_lost_to_a_race_are_the_last_ones() -> None:
    """A count that came while another telling was settled has no words of its own."""
    notice = Notice(kind=KIND, untold=1, told=Told(at=NOON - EVERY, total=3, open=True, last=TROUBLE))
    line = next_line(notice, NOON)
    assert isinstance(line, Line)
    assert line.words == TROUBLE
    assert line.total == 4
