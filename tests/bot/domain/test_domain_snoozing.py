"""Snoozing a case: brought back at its time, by whoever has it then; no clock stops, nothing is hidden."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.agenda import indexes, next_timer
from bot.domain.alerts import is_settled
from bot.domain.calendar import Calendar, opening_hours
from bot.domain.case import Case, LogEntry, Person, Post, PostKind, Purpose, Snooze
from bot.domain.claims import claim, release
from bot.domain.decisions import Change
from bot.domain.erasing import authors_of, customer, known_by, without
from bot.domain.lifecycle import close, dismiss, reopen
from bot.domain.models import Author, Kind
from bot.domain.overtaking import Seen, seen_of
from bot.domain.passing import pass_time
from bot.domain.reading import Reading
from bot.domain.receiving import completed, deleted, edited, folded, receive
from bot.domain.replying import Draft, Outgoing, queue
from bot.domain.snoozing import LONGEST, snooze, suggested, wake
from bot.domain.targets import start_wait
from tests.support.card_cases import a_cycle
from tests.support.cases import ANA, BEN, NOON, a_card, a_case, a_claim, an_interaction, an_item
from tests.support.decisions import case_of, refused
from tests.support.policies import a_policy

POLICY = a_policy()
DESK = a_policy(calendar=Calendar(zone="Europe/Zagreb", spans=opening_hours(["mon-fri 09:00-17:00"])))
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TOMORROW = NOON + DAY
REPLY = Outgoing(by=ANA, drafts=(Draft(id="s1", purpose=Purpose.REPLY, private=False, text="On its way. ^AK"),))


def a_snooze(**changes: Any) -> Snooze:
    """Ana wants the case back tomorrow at noon."""
    fields: dict[str, Any] = {"by": ANA, "at": NOON, "until": TOMORROW, "note": "Ask the warehouse"}
    return Snooze(**(fields | changes))


def quiet(**changes: Any) -> Case:
    """An open case in which nobody waits for us, its card in the channel."""
    return a_case(**({"wait": None, "posts": (a_card(),)} | changes))


def snoozed(case: Case | None = None, **changes: Any) -> Case:
    """The case after Ana snoozed it."""
    return case_of(snooze(case or quiet(), a_snooze(**changes), POLICY))


def passed(case: Case, at: datetime = TOMORROW) -> Change:
    """What time makes of it by then."""
    change = pass_time(case, at, POLICY)
    assert isinstance(change, Change)
    return change


def alerts(case: Case) -> list[Post]:
    """The direct messages of a case."""
    return [post for post in case.posts if post.kind is PostKind.ALERT]


# --- setting it ---------------------------------------------------------------------------------------------


def test_anybody_sets_it_and_anybody_sets_another_in_its_place() -> None:
    """One line each, with the time on the desk's clock; the case keeps the newest."""
    first = snooze(quiet(claim=a_claim(BEN)), a_snooze(), DESK)
    assert isinstance(first, Change)
    what = "snoozed until 2026-03-05 13:00 CET"
    assert first.log == (LogEntry(at=NOON, what=what, by=ANA.id, detail="Ask the warehouse"),)
    assert next_timer(first.case) == TOMORROW
    second = snooze(first.case, a_snooze(by=BEN, until=TOMORROW + DAY, note=""), DESK)
    assert isinstance(second, Change)
    assert second.case.snooze == a_snooze(by=BEN, until=TOMORROW + DAY, note="")
    assert [line.by for line in second.log] == [BEN.id]


@pytest.mark.parametrize("put_away", [close(quiet(), BEN, "solved", NOON), dismiss(quiet(), BEN, NOON)])
def test_a_closed_case_is_not_snoozed(put_away: Any) -> None:
    """Also by a form that was opened before."""
    assert refused(snooze(case_of(put_away), a_snooze(), POLICY)).code == "closed"


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (-DAY, "still ahead"),
        (timedelta(0), "still ahead"),
        (SECOND, ""),
        (LONGEST, ""),
        (LONGEST + SECOND, "within 90 days"),
        (timedelta(days=91), "within 90 days"),
        (datetime(2286, 1, 1, tzinfo=UTC) - NOON, "within 90 days"),
    ],
)
def test_the_time_lies_ahead_and_at_most_ninety_days(ahead: timedelta, words: str) -> None:
    """Anything else is refused with what to choose instead."""
    answer = snooze(quiet(), a_snooze(until=NOON + ahead), POLICY)
    assert isinstance(answer, Change) if not words else words in refused(answer).text


def test_what_the_customer_wrote_meanwhile_is_read_first() -> None:
    """It would have ended a snooze that stood; whoever has read it may snooze the case all the same."""
    before = quiet()
    after = receive(before, an_item("It came!", id="post-2"), Reading(), POLICY).case
    answer = refused(snooze(after, a_snooze(), POLICY, seen=seen_of(before)))
    assert (answer.code, "It came!" in answer.text) == ("overtaken", True)
    assert isinstance(snooze(after, a_snooze(), POLICY, seen=seen_of(after)), Change)
    assert isinstance(snooze(after, a_snooze(), POLICY, seen=Seen()), Change)


# --- what it does not do ------------------------------------------------------------------------------------


def test_no_clock_stops() -> None:
    """Who waits is due as before: the same steps at the same times, the same place in the lists, the same lease."""
    case = a_case(claim=a_claim())
    after = snoozed(case)
    assert after == case.model_copy(update={"snooze": a_snooze()})
    assert next_timer(after) == next_timer(case)
    assert indexes(after) == indexes(case)
    late = passed(after, NOON + timedelta(hours=3)).case
    assert late.wait is not None
    assert late.wait.breached
    assert late.snooze == a_snooze()


def test_the_list_of_ones_own_sorts_by_its_end_where_nobody_waits() -> None:
    """What comes back later stands further down; who waits still stands by what is due."""
    held = quiet(claim=a_claim())
    assert indexes(snoozed(held))["claimed:U0ANA00001"] == TOMORROW
    assert indexes(held)["claimed:U0ANA00001"] == NOON
    waiting = a_case(claim=a_claim())
    assert indexes(snoozed(waiting))["claimed:U0ANA00001"] == NOON + timedelta(minutes=60)


# --- what ends it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holder", "told", "words"),
    [
        (None, ANA, "Snoozed until now: Ask the warehouse"),
        (ANA, ANA, "Snoozed until now: Ask the warehouse"),
        (BEN, BEN, "Snoozed by Ana until now: Ask the warehouse"),
    ],
)
@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=9)])
def test_at_its_time_whoever_has_the_case_is_told(
    holder: Person | None, told: Person, words: str, late: timedelta
) -> None:
    """Else whoever snoozed it: one alert, one line, however late the timer fires."""
    case = quiet(claim=a_claim(holder) if holder else None)
    change = passed(snoozed(case), TOMORROW + late)
    assert change.case.snooze is None
    assert [(post.channel, post.text) for post in alerts(change.case)] == [(told.id, words)]
    assert change.log == (LogEntry(at=TOMORROW + late, what="the snooze ended", detail="Ask the warehouse"),)
    assert next_timer(change.case) is None


def test_a_timer_that_fires_early_or_twice_does_nothing() -> None:
    """A second before its time nothing is due, and nothing is left to do afterwards."""
    assert refused(pass_time(snoozed(), TOMORROW - SECOND, POLICY)).code == "nothing_due"
    once = passed(snoozed()).case
    assert refused(pass_time(once, TOMORROW, POLICY)).code == "nothing_due"
    assert refused(pass_time(once, TOMORROW + DAY, POLICY)).code == "nothing_due"


def test_a_timer_of_a_snooze_that_was_moved_does_nothing() -> None:
    """The case says when it is over, not the timer that was set first."""
    later = snoozed(snoozed(), until=TOMORROW + DAY)
    assert refused(pass_time(later, TOMORROW, POLICY)).code == "nothing_due"
    assert passed(later, TOMORROW + DAY).case.snooze is None


def test_two_snoozes_of_one_case_are_told_apart() -> None:
    """The second is told as well: an older alert does not stand for it."""
    again = snoozed(passed(snoozed()).case, at=TOMORROW, until=TOMORROW + DAY, note="And once more")
    assert [post.text for post in alerts(passed(again, TOMORROW + DAY).case)] == ["Snoozed until now: And once more"]


def test_without_a_note_the_headline_still_says_what_it_is() -> None:
    """By whom, if that is somebody else; nobody is called by an empty name."""
    assert alerts(passed(snoozed(note="")).case)[0].text == "Snoozed until now. What is next?"
    nameless = snoozed(quiet(claim=a_claim(BEN)), note="", by=Person(id="U0NEW00001"))
    assert alerts(passed(nameless).case)[0].text == "Snoozed by a colleague until now. What is next?"


def test_of_what_falls_due_together_the_snooze_is_told_and_nothing_is_lost() -> None:
    """Its alert shows the card, and that says that the answer is late; who is on call is told of that as ever."""
    case = snoozed(a_case(claim=a_claim(), posts=(a_card(),)), until=NOON + timedelta(hours=2))
    change = passed(case, NOON + timedelta(hours=2))
    assert [post.text for post in alerts(change.case) if post.channel == ANA.id] == [
        "Snoozed until now: Ask the warehouse"
    ]
    assert any("is late" in post.text for post in alerts(change.case) if post.channel != ANA.id)
    assert change.case.wait is not None
    assert change.case.wait.breached


def test_the_customer_who_writes_again_ends_it() -> None:
    """The ordinary wait starts; the history says so."""
    item = an_item("Any news?", id="post-2", seen_at=NOON + timedelta(hours=1))
    change = receive(snoozed(), item, Reading(), POLICY)
    assert change.case.snooze is None
    assert change.case.wait == start_wait(item.seen_at, POLICY, with_ack=True)
    assert [line.what for line in change.log] == ["Carla wrote", "the snooze ended"]
    assert [line.what for line in receive(quiet(), item, Reading(), POLICY).log] == ["Carla wrote"]


def test_a_mere_thank_you_leaves_it() -> None:
    """Nobody waits then, so nothing else would bring back what was promised. Who waits already is called anyhow."""
    promised = quiet(cycle=a_cycle(acknowledged_at=NOON, answered_at=NOON))
    item, thanks = an_item("Great, thanks!", id="post-2", seen_at=NOON + timedelta(hours=1)), Reading(intent="praise")
    change = receive(snoozed(promised), item, thanks, POLICY)
    assert (change.case.wait, change.case.snooze) == (None, a_snooze())
    assert [line.what for line in change.log] == ["Carla wrote"]
    assert alerts(passed(change.case).case)[0].text == "Snoozed until now: Ask the warehouse"
    waiting = promised.model_copy(update={"wait": start_wait(NOON, POLICY, with_ack=False)})
    assert receive(snoozed(waiting), item, thanks, POLICY).case.snooze is None


def test_putting_the_case_away_ends_it_for_good() -> None:
    """Nothing rings for a closed case, and it does not come back with it."""
    for change in (close(snoozed(), BEN, "solved", NOON), dismiss(snoozed(), BEN, NOON)):
        closed = case_of(change)
        assert closed.snooze is None
        assert next_timer(closed) is None
        assert case_of(reopen(closed, BEN, NOON, POLICY)).snooze is None


def test_anybody_wakes_it_and_the_second_is_told() -> None:
    """No alert: whoever pressed has it before them."""
    change = wake(snoozed(quiet(claim=a_claim())), BEN, NOON + SECOND)
    assert isinstance(change, Change)
    assert change.case.snooze is None
    assert alerts(change.case) == []
    assert change.log == (LogEntry(at=NOON + SECOND, what="woke the case", by=BEN.id),)
    assert refused(wake(change.case, ANA, NOON + SECOND)).code == "not_snoozed"


@pytest.mark.parametrize(
    "decision",
    [
        folded(snoozed(), an_interaction(kind=Kind.REPOST)),
        folded(snoozed(), an_interaction(kind=Kind.REACTION)),
        edited(snoozed(), "post-1", "Late again", "v2", masked=False, cut=False, now=NOON + SECOND),
        completed(snoozed(), an_item(url="https://square.example/post-1"), POLICY),
        queue(snoozed(), REPLY, NOON, POLICY),
        claim(snoozed(), BEN, NOON, POLICY),
        release(snoozed(quiet(claim=a_claim())), ANA, NOON, POLICY),
        deleted(snoozed(), "post-1", NOON),
    ],
)
def test_nothing_else_ends_it(decision: Any) -> None:
    """A like, a repost, an edit, our own words, a claim: none of them is what somebody waits for."""
    assert case_of(decision).snooze == a_snooze()


def test_a_case_that_another_version_closed_rings_nobody() -> None:
    """The version before carries the snooze along and does not end it."""
    closed = case_of(close(quiet(), BEN, "solved", NOON)).model_copy(update={"snooze": a_snooze()})
    change = passed(closed)
    assert (change.case.snooze, alerts(change.case)) == (None, [])


def test_its_alert_is_settled_once_the_case_is_put_away_or_snoozed_again() -> None:
    """Nobody waits, and still there is something to do: that is what it was for."""
    told = passed(snoozed()).case
    post = alerts(told)[0]
    assert not is_settled(told, post)
    assert is_settled(snoozed(told, at=TOMORROW, until=TOMORROW + DAY), post)
    assert is_settled(case_of(close(told, ANA, "solved", TOMORROW)), post)


# --- what a form begins with --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "policy", "wanted"),
    [
        ("2026-03-04T13:20:45+01:00", DESK, "2026-03-05T09:00+01:00"),
        ("2026-03-04T08:59:59+01:00", DESK, "2026-03-04T09:00+01:00"),
        ("2026-03-05T09:00:00+01:00", DESK, "2026-03-06T09:00+01:00"),
        ("2026-03-06T18:00:00+01:00", DESK, "2026-03-09T09:00+01:00"),
        ("2026-03-27T18:00:00+01:00", DESK, "2026-03-30T09:00+02:00"),  # summer time begins
        ("2026-03-04T13:20:45+01:00", POLICY, "2026-03-05T13:20+01:00"),  # a desk that never closes
    ],
)
def test_a_form_begins_with_the_desks_next_opening(now: str, policy: Any, wanted: str) -> None:
    """Else with the same time tomorrow, to the minute."""
    assert suggested(quiet(), datetime.fromisoformat(now), policy) == datetime.fromisoformat(wanted)


def test_a_form_does_not_begin_weeks_ahead() -> None:
    """The desk is on holiday for eight days: tomorrow, then; after seven it is the opening."""
    first = NOON.date() + DAY
    for days, wanted in ((7, TOMORROW), (6, NOON + timedelta(days=7) - timedelta(hours=4))):
        closed = tuple(first + n * DAY for n in range(days))
        spans = opening_hours(["mon-sun 08:00-17:00"])
        policy = a_policy(calendar=Calendar(spans=spans, closed=closed))
        assert suggested(quiet(), NOON, policy) == wanted


def test_a_form_begins_with_what_is_set() -> None:
    """As long as that lies ahead."""
    assert suggested(snoozed(until=NOON + 3 * DAY), NOON, DESK) == NOON + 3 * DAY
    assert suggested(snoozed(), TOMORROW, POLICY) == TOMORROW + DAY


# --- a customer who asks to be erased -----------------------------------------------------------------------


def test_a_note_about_an_erased_customer_names_them_no_more() -> None:
    """In somebody else's case, like the note of a request to hide: what it reminds of stays."""
    daniel = Author(id="did:plc:daniel", handle="daniel.example", name="Daniel Diaz")
    items = (an_item(), an_item("Same here", id="post-2", seq=2, author=daniel))
    case = snoozed(quiet(items=items), note="Call Daniel Diaz (@daniel.example) back")
    left = case_of(without(case, known_by(customer("square", daniel.id), authors_of(case)), NOON))
    assert left.snooze == a_snooze(note="Call someone (someone) back")
    assert "daniel" not in left.model_dump_json().casefold()
