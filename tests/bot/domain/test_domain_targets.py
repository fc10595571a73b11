"""Targets: warnings at three quarters, breaches that stay, alerts to the right people, windows as clocks."""

from datetime import time, timedelta
from typing import Any

import pytest

from bot.domain.agenda import draw_priority, indexes, next_timer
from bot.domain.calendar import Calendar, Span
from bot.domain.case import Case, MarkName, Post, PostKind
from bot.domain.claims import claimed
from bot.domain.decisions import Refused
from bot.domain.passing import pass_time
from bot.domain.reading import Reading
from bot.domain.receiving import receive
from bot.domain.targets import acknowledged, start_wait
from tests.support.cases import ANA, NOON, a_card, a_case, a_wait, an_item
from tests.support.decisions import case_of
from tests.support.policies import MANAGER, ON_CALL, a_policy

POLICY = a_policy()
MINUTE = timedelta(minutes=1)


def after(case: Case, minutes: float) -> Case:
    """The case once that many minutes have passed since noon."""
    return case_of(pass_time(case, NOON + minutes * MINUTE, POLICY))


def alerts(case: Case) -> list[Post]:
    """The direct messages that the case wants."""
    return [post for post in case.posts if post.kind is PostKind.ALERT]


def test_the_five_marks_stand_where_they_were_promised() -> None:
    """60 and 120 minutes: warnings at 45 and 90, escalation half an hour after the second breach."""
    wait = start_wait(NOON, POLICY, with_ack=True)
    assert [(mark.name, (mark.at - NOON) / MINUTE) for mark in wait.marks] == [
        (MarkName.ACK_WARNING, 45),
        (MarkName.ACK_BREACH, 60),
        (MarkName.ANSWER_WARNING, 90),
        (MarkName.ANSWER_BREACH, 120),
        (MarkName.ESCALATION, 150),
    ]


def test_a_reply_window_shortens_the_promise() -> None:
    """With a window that closes in 90 minutes the answer is due an hour before that, and so is the first word."""
    wait = start_wait(NOON, POLICY, with_ack=True, window=NOON + 90 * MINUTE)
    assert wait.answer_due == NOON + 30 * MINUTE
    assert wait.ack_due == NOON + 30 * MINUTE
    assert all(mark.at <= NOON + 60 * MINUTE for mark in wait.marks)
    assert wait.marks[2].at < wait.answer_due


def test_a_long_window_puts_nothing_off() -> None:
    """A network that takes answers for a week is no reason to let a customer wait for one."""
    assert start_wait(NOON, POLICY, with_ack=True, window=NOON + timedelta(days=7)) == start_wait(
        NOON, POLICY, with_ack=True
    )


@pytest.mark.parametrize(
    ("since", "ack", "answer", "escalation"),
    [("14:50", "15:50", "16:50", "09:20"), ("16:30", "09:30", "10:30", "11:00"), ("20:00", "10:00", "11:00", "11:30")],
)
def test_promises_fall_due_in_business_hours(since: str, ack: str, answer: str, escalation: str) -> None:
    """Open from nine to five: what does not fit into the day goes on in the next one, the escalation too."""
    open_ = tuple(Span(weekday=day, opens=time(9), closes=time(17)) for day in range(7))
    began = NOON.combine(NOON.date(), time.fromisoformat(since), NOON.tzinfo)
    wait = start_wait(began, a_policy(calendar=Calendar(spans=open_)), with_ack=True)
    assert wait.ack_due is not None
    due = (wait.ack_due, wait.answer_due, wait.marks[-1].at)
    assert [f"{each:%H:%M}" for each in due] == [ack, answer, escalation]


def test_a_window_that_is_closed_already_is_due_at_once() -> None:
    """A promise never lies in the past."""
    wait = start_wait(NOON, POLICY, with_ack=False, window=NOON - MINUTE)
    assert wait.answer_due == NOON


def written_too(case: Case, minutes: float, window: float, intent: Any = "question") -> Case:
    """The customer has written in private, too, with a window that closes so many minutes after noon."""
    at = NOON + minutes * MINUTE
    item = an_item("And?", id="dm", private=True, posted_at=at, seen_at=at, reply_until=NOON + window * MINUTE)
    return receive(case, item, Reading(intent=intent), POLICY).case


def test_the_window_of_later_words_shortens_the_promise_that_runs() -> None:
    """A question in public, then one in private whose window closes first: an hour before that an answer is due."""
    case = written_too(a_case(), 5, 150)
    assert case.wait == start_wait(NOON, POLICY, with_ack=True, window=NOON + 150 * MINUTE)
    assert case.wait is not None
    assert case.wait.answer_due == NOON + 90 * MINUTE


def test_what_fell_due_before_later_words_does_not_do_so_again() -> None:
    """The warning for the first word stays fired; the first word itself is due when it was."""
    case = written_too(after(a_case(), 45), 50, 150)
    assert case.wait is not None
    assert case.wait.warned
    assert [(mark.name, (mark.at - NOON) / MINUTE) for mark in case.wait.marks] == [
        (MarkName.ACK_BREACH, 60),
        (MarkName.ANSWER_WARNING, 67.5),
        (MarkName.ANSWER_BREACH, 90),
        (MarkName.ESCALATION, 120),
    ]


def test_words_that_press_bring_back_no_first_word_and_take_back_no_miss() -> None:
    """What the customer has had is not promised again, and what is late stays late."""
    said = acknowledged(start_wait(NOON, POLICY, with_ack=True))
    pressed = written_too(a_case(wait=said), 5, 150).wait
    assert pressed is not None
    assert (pressed.ack_due, pressed.due) == (None, NOON + 90 * MINUTE)
    late = written_too(after(a_case(), 61), 62, 150).wait
    assert late is not None
    assert late.breached


@pytest.mark.parametrize(("window", "intent"), [(1440, "question"), (4, "question"), (150, "praise")])
def test_a_promise_that_later_words_do_not_press_stays(window: int, intent: str) -> None:
    """Their window is long, or was over when they were found, or they thank for the answer that stands."""
    answered = a_case().cycle.model_copy(update={"answered_at": NOON})
    assert written_too(a_case(cycle=answered), 5, window, intent=intent).wait == a_case().wait


def test_an_acknowledgement_leaves_the_answer_promise() -> None:
    """The first human word stops the first clock only."""
    wait = acknowledged(start_wait(NOON, POLICY, with_ack=True))
    assert wait.ack_due is None
    assert [mark.name for mark in wait.marks] == [MarkName.ANSWER_WARNING, MarkName.ANSWER_BREACH, MarkName.ESCALATION]


def test_a_late_first_word_does_not_make_the_answer_late() -> None:
    """After the acknowledgement the card speaks of the answer, whose time has not come; the miss stays counted."""
    late = after(a_case(), 61)
    assert late.wait is not None
    wait = acknowledged(late.wait)
    assert not wait.breached
    assert not wait.warned
    assert late.cycle.missed == (MarkName.ACK_BREACH,)
    everything = after(a_case(), 500).wait
    assert everything is not None
    assert acknowledged(everything).breached
    assert acknowledged(everything).warned


@pytest.mark.parametrize("minutes", [0, 44.9])
def test_nothing_happens_before_the_warning(minutes: float) -> None:
    """Up to three quarters of the target a timer finds nothing to do."""
    answer = pass_time(a_case(), NOON + minutes * MINUTE, POLICY)
    assert isinstance(answer, Refused)


def test_the_warning_goes_to_the_holder_or_to_whoever_is_on_call() -> None:
    """An unclaimed case warns the people on call; a claimed one warns its holder."""
    assert [post.channel for post in alerts(after(a_case(), 45))] == [ON_CALL]
    case = claimed(a_case(), ANA, NOON + 40 * MINUTE, POLICY)
    warned = after(case, 45)
    assert [post.channel for post in alerts(warned)] == [ANA.id]
    assert warned.wait is not None
    assert warned.wait.warned
    assert not warned.wait.breached


def test_a_breach_is_a_miss_for_good_and_goes_first() -> None:
    """The cycle remembers the miss, the card is drawn before all others, and on-call hears of it."""
    late = after(after(a_case(priority=2), 45), 60)
    assert late.cycle.missed == (MarkName.ACK_BREACH,)
    assert draw_priority(late) == 0
    assert late.wait is not None
    assert late.wait.breached
    assert late.wait.warned
    later = after(late, 90).wait
    assert later is not None
    assert later.breached, "the next warning takes nothing back"
    assert [post.channel for post in alerts(late)] == [ON_CALL]
    assert len([post for post in late.posts if post.kind is PostKind.RETIRED]) == 1


def test_two_late_answers_of_one_cycle_are_one_miss() -> None:
    """The customer wrote again after the late answer, and waited too long again: the cycle has missed once each."""
    late = after(a_case(), 500)
    again = start_wait(NOON + 600 * MINUTE, POLICY, with_ack=False)
    more = after(late.model_copy(update={"wait": again}), 1000)
    assert more.cycle.missed == late.cycle.missed
    assert len(more.posts) == len(late.posts) + 1  # and yet they are told again


def test_a_long_outage_alerts_once_not_five_times() -> None:
    """When all marks fall due together, each person gets one message, about the worst of them."""
    case = after(a_case(posts=(a_card(),)), 500)
    assert [post.channel for post in alerts(case)] == [MANAGER]
    assert case.cycle.missed == (MarkName.ACK_BREACH, MarkName.ANSWER_BREACH)
    assert next_timer(case) is None


def test_a_miss_is_told_although_a_warning_fell_due_after_it() -> None:
    """After half an hour away: a missed first word is worse than an answer that is due soon; on-call hears of it."""
    case = after(claimed(a_case(), ANA, NOON + 80 * MINUTE, POLICY), 95)
    told = [post for post in alerts(case) if post.id.startswith("ack_breach")]
    assert [post.channel for post in told] == [ANA.id, ON_CALL]
    assert "The first word is late" in told[0].text


def test_the_escalation_stands_in_the_channel_and_rings_everybody_once() -> None:
    """Half an hour after the missed answer: managers by direct message, the people on call by name in the channel."""
    case = after(a_case(posts=(a_card(),)), 151)
    assert [post.channel for post in alerts(case)] == [MANAGER]
    line = case.posts[-1]
    assert line.kind is PostKind.LINE
    assert not line.thread
    assert line.mentions == (ON_CALL,)
    assert line.text == "Still no answer: Carla is waiting. Nobody has claimed this."
    held = claimed(a_case(posts=(a_card(),)), ANA, NOON + 140 * MINUTE, POLICY)
    assert after(held, 151).posts[-1].text == "Still no answer: Carla is waiting. Ana has claimed this."


def test_without_managers_the_people_on_call_are_not_rung_twice() -> None:
    """The direct message is enough; the line in the channel names nobody then."""
    after = case_of(pass_time(a_case(posts=(a_card(),)), NOON + 151 * MINUTE, a_policy(manager_users=())))
    assert [post.channel for post in alerts(after)] == [ON_CALL]
    assert after.posts[-1].mentions == ()


def test_firing_twice_changes_nothing() -> None:
    """A doubled or late timer finds nothing left to do."""
    case = after(a_case(), 45)
    assert isinstance(pass_time(case, NOON + 45 * MINUTE, POLICY), Refused)


@pytest.mark.parametrize("said", [False, True])
def test_the_case_is_listed_by_what_falls_due_next(said: bool) -> None:
    """The first word, and the answer once that is said: as its line in the list tells. Closed cases stand in none."""
    case = claimed(a_case(), ANA, NOON, POLICY)
    assert case.wait is not None
    case = case.model_copy(update={"wait": acknowledged(case.wait)}) if said else case
    due = NOON + (120 if said else 60) * MINUTE
    key = case.key
    assert indexes(case) == {
        f"open:{key.network}:{key.account}": NOON,
        "waiting": due,
        f"claimed:{ANA.id}": due,
    }


@pytest.mark.parametrize(
    ("cycle", "breached", "lists"),
    [
        ({}, False, set()),
        ({"acknowledged_at": NOON}, False, {"acknowledged"}),
        ({"missed": (MarkName.ACK_BREACH,)}, True, set()),
        ({"missed": (MarkName.ACK_BREACH,), "acknowledged_at": NOON}, False, {"acknowledged", "broken"}),
        ({"missed": (MarkName.ACK_BREACH,), "acknowledged_at": NOON, "answered_at": NOON}, False, {"again"}),
    ],
)
def test_nobody_who_waits_is_counted_twice(cycle: dict[str, Any], breached: bool, lists: set[str]) -> None:
    """Who had a first word, who waits again after an answer, whose promise was broken before the one that runs."""
    case = a_case(cycle=a_case().cycle.model_copy(update=cycle), wait=a_wait(breached=breached))
    assert set(indexes(case)) & {"acknowledged", "again", "broken"} == lists
