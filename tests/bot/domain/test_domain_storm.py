"""Storms as decisions: when one begins and ends, what folds, who is exempt, how a known problem lives."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.case import Case, Post, PostKind
from bot.domain.decisions import Change, Refused
from bot.domain.models import Kind, Known
from bot.domain.reading import Reading
from bot.domain.storm import (
    BEGIN_ALIKE,
    COMPLAINT_BAND,
    END_ALIKE,
    END_PER_MINUTE,
    LAST_BAND,
    PROBLEMS,
    QUESTION_BAND,
    QUIET,
    RESUME,
    URGENT_BAND,
    WAITING_BAND,
    Measures,
    Problem,
    Storm,
    Weather,
    band,
    begins,
    belongs,
    changed_problem,
    folds_into,
    is_exempt,
    joined,
    passes,
    per_minute,
    pressing_at,
    relieved,
    retry_after,
    slot,
    with_problem,
    with_solved,
)
from bot.domain.text.similar import normal
from tests.support.cases import NOON, a_card, a_case, a_claim, an_item
from tests.support.decisions import case_of

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CALM = Measures()
WORDS = "The checkout shows error 502 when I pay for my order"


def a_storm(**changes: Any) -> Weather:
    """A channel in which a storm began at noon."""
    fields: dict[str, Any] = {"id": "s1", "began_at": NOON, "because": "wait"}
    return Weather(version=1, storm=Storm(**(fields | changes)))


def a_problem(**changes: Any) -> Problem:
    """A known problem, opened at noon."""
    fields: dict[str, Any] = {
        "id": "p1",
        "title": "Checkout down",
        "line": "We are on it.",
        "words": ("checkout", "error"),
        "samples": (normal(WORDS),),
        "opened_at": NOON,
    }
    return Problem(**(fields | changes))


def a_wish(text: str = WORDS, **changes: Any) -> Case:
    """A case that wants its first card."""
    fields: dict[str, Any] = {"posts": (a_card(),), "items": (an_item(text),), "reading": Reading(intent="other")}
    return a_case(**(fields | changes))


@pytest.mark.parametrize(
    ("seen", "because"),
    [
        (Measures(waiting=30), None),
        (Measures(waiting=31), "wait"),
        (Measures(alike=BEGIN_ALIKE - 1, per_minute=500), None),
        (Measures(alike=BEGIN_ALIKE), "alike"),
        (Measures(waiting=31, alike=BEGIN_ALIKE), "wait"),
    ],
)
def test_a_storm_begins_when_the_wait_or_the_likeness_passes_its_mark(seen: Measures, because: str | None) -> None:
    """More than 30 s of waiting, or twelve near duplicates; the rate alone begins nothing."""
    after = begins(Weather(), seen, NOON, "s1")
    assert (after.storm.because if after and after.storm else None) == because


def test_a_storm_that_holds_does_not_begin_again() -> None:
    """Two workers see the same flood: the second finds the storm there."""
    assert begins(a_storm(), Measures(waiting=500), NOON, "s2") is None


@pytest.mark.parametrize(("after", "name"), [(RESUME - SECOND, "s1"), (RESUME, "s2")])
def test_soon_after_its_end_a_storm_goes_on_with_the_same_card(after: timedelta, name: str) -> None:
    """Within half an hour it resumes; later a new one begins."""
    ended = a_storm(calm_since=NOON - QUIET, ended_at=NOON)
    again = begins(ended, Measures(waiting=40), NOON + after, "s2")
    assert again is not None
    assert again.storm is not None
    assert (again.storm.id, again.storm.ended_at) == (name, None)
    calm = passes(again, CALM, NOON + after + SECOND)
    assert calm is not None
    assert calm.storming, "it holds for five quiet minutes of its own"


def test_calm_of_a_clock_that_ran_ahead_counts_from_now() -> None:
    """Else the storm would hold until that instant comes, and five minutes more."""
    calm = passes(a_storm(calm_since=NOON + timedelta(hours=1)), CALM, NOON)
    assert calm is not None
    assert calm.storm is not None
    assert calm.storm.calm_since == NOON


def test_within_a_band_what_falls_due_first_comes_first() -> None:
    """Not who has waited longest; and who waits for nothing comes in the order in which they came."""
    case = a_wish()
    assert case.wait is not None
    assert case.wait.answer_due != case.wait.since
    assert pressing_at(case) == case.wait.answer_due
    assert pressing_at(a_wish(wait=None)) == case.cycle.seen_at


@pytest.mark.parametrize(
    "restless",
    [Measures(waiting=5), Measures(per_minute=END_PER_MINUTE + 1), Measures(alike=END_ALIKE)],
    ids=["wait", "rate", "likeness"],
)
def test_a_storm_ends_after_five_quiet_minutes_and_not_before(restless: Measures) -> None:
    """Calm must last: whatever rises above its lower mark in between starts the five minutes afresh."""
    assert QUIET == 5 * MINUTE
    calm = passes(a_storm(), CALM, NOON)
    assert calm is not None
    assert passes(calm, CALM, NOON + QUIET - SECOND) is None
    stirred = passes(calm, restless, NOON + QUIET - SECOND)
    assert stirred is not None
    calm_again = passes(stirred, CALM, NOON + QUIET)
    assert calm_again is not None
    assert passes(calm_again, CALM, NOON + 2 * QUIET - SECOND) is None
    over = passes(calm_again, CALM, NOON + 2 * QUIET)
    assert over is not None
    assert over.storm is not None
    assert over.storm.ended_at == NOON + 2 * QUIET
    assert passes(over, restless, NOON + 3 * QUIET) is None


MEASURES = st.builds(Measures, waiting=st.integers(0, 100), per_minute=st.floats(0, 200), alike=st.integers(0, 40))


@given(st.lists(st.tuples(MEASURES, st.integers(1, 400)), max_size=40))
def test_whatever_happens_it_ends_only_in_calm_that_lasted(steps: list[tuple[Measures, int]]) -> None:
    """Over any course: no storm without a cause, no end within five minutes of unrest, calm marks below begin marks."""
    weather, now, unrest = Weather(), NOON, NOON
    for seen, seconds in steps:
        now += timedelta(seconds=seconds)
        before = weather
        weather = begins(weather, seen, now, "s") or passes(weather, seen, now) or weather
        calm = seen.wait_s < 5 and seen.per_minute <= END_PER_MINUTE and seen.alike < END_ALIKE
        unrest = unrest if calm else now
        if weather.storming and not before.storming:
            assert seen.wait_s > 30 or seen.alike >= BEGIN_ALIKE
        if before.storming and not weather.storming:
            assert calm
            assert now - unrest >= QUIET
        for moment in (datetime.min.replace(tzinfo=NOON.tzinfo), now):
            assert per_minute({}, max(moment, NOON)) == 0


def test_the_rate_is_that_of_the_last_minute() -> None:
    """Six counts of ten seconds; older ones and those of clocks that run ahead do not count."""
    this = slot(NOON)
    assert per_minute({this: 3, this - 5: 4, this - 6: 100, this + 1: 100}, NOON) == 7


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"reading": Reading(urgency=3, intent="question")}, URGENT_BAND),
        ({"reading": Reading(urgency=3, intent="praise")}, WAITING_BAND),
        ({"reading": Reading(intent="complaint")}, COMPLAINT_BAND),
        ({"reading": Reading(intent="praise"), "claim": a_claim()}, COMPLAINT_BAND),
        ({"reading": Reading(intent="complaint", spam=True)}, LAST_BAND),
        ({"reading": Reading(intent="complaint", abuse="troll")}, LAST_BAND),
        ({"reading": Reading(intent="complaint", spam=True), "claim": a_claim()}, COMPLAINT_BAND),
        ({"reading": Reading(intent="question")}, QUESTION_BAND),
        ({"items": (an_item(kind=Kind.MESSAGE, private=True),)}, QUESTION_BAND),
        ({"reading": Reading(intent="other")}, WAITING_BAND),
        ({"reading": Reading(intent="question"), "wait": None}, LAST_BAND),
    ],
)
def test_who_comes_first(changes: dict[str, Any], expected: int) -> None:
    """Urgent, complaints and claimed, questions, others that wait, the rest; spam and trolls press nobody."""
    case = a_wish(**changes)
    assert band(case) == expected
    assert is_exempt(case) is (expected <= COMPLAINT_BAND)


@given(st.floats(0, 60), st.integers(0, 10**6))
def test_in_a_storm_exempt_cases_ask_before_all_others(wait_s: float, later: int) -> None:
    """Within half a second, at a moment of their own; the others leave them that start. In quiet times five seconds."""
    now = NOON + later * timedelta(milliseconds=1)
    complaint, question = a_wish(reading=Reading(intent="complaint")), a_wish(reading=Reading(intent="question"))
    assert 0.1 <= retry_after(complaint, wait_s, now, storming=True) <= 0.5
    assert retry_after(question, wait_s, now, storming=True) == wait_s + 0.5
    assert retry_after(complaint, wait_s, now, storming=False) == min(wait_s, 5.0)
    assert retry_after(question, wait_s, now, storming=False) == wait_s


def test_only_a_first_card_is_held_back() -> None:
    """A card that stands, or that somebody has begun to post, is nobody's to hold; nor is a claimed case's."""
    assert folds_into(a_storm(), a_wish()) == "storm"
    assert folds_into(a_storm(), a_wish(posts=(a_card(ts="1.2"),))) is None
    assert folds_into(a_storm(), a_wish(posts=(a_card(attempt="1-a"),))) is None
    assert folds_into(a_storm(), a_wish(posts=())) is None
    assert folds_into(a_storm(), a_wish(claim=a_claim())) is None
    assert folds_into(a_storm(ended_at=NOON), a_wish()) is None
    assert folds_into(Weather(), a_wish()) is None


def test_a_known_problem_takes_its_own_with_or_without_a_storm() -> None:
    """Nearly the sample's words, or two of the telling words; complaints too; not once it is solved."""
    complaint = a_wish(reading=Reading(intent="complaint"))
    for weather in (Weather(), a_storm()):
        known = weather.model_copy(update={"problems": (a_problem(),)})
        assert folds_into(known, complaint) == a_problem()
        assert folds_into(known, a_wish("Your ERROR at the checkout costs me a day")) == a_problem()
        assert folds_into(known, a_wish("One error and no more")) != a_problem()
        assert folds_into(known, a_wish(claim=a_claim())) is None
        solved = changed_problem(known, "p1", solved_at=NOON)
        assert not isinstance(folds_into(solved, complaint), Problem)


def test_one_telling_word_is_enough_where_there_is_only_one() -> None:
    """Staff may name a single word; without words and samples nothing belongs."""
    assert belongs(a_problem(words=("checkout",), samples=()), a_wish("Is the checkout open?"))
    assert not belongs(a_problem(words=(), samples=()), a_wish())
    deleted = a_wish(items=(an_item(WORDS, deleted=True),))
    assert not belongs(a_problem(), deleted)


def test_a_case_belongs_to_the_problem_that_it_joined() -> None:
    """Once joined it stays with its problem, whatever another one's words are; joining twice changes nothing."""
    change = joined(a_wish(), a_problem(), NOON)
    assert isinstance(change, Change)
    case = change.case
    assert case.known == Known(id="p1", title="Checkout down", line="We are on it.")
    assert belongs(a_problem(samples=(), words=()), case)
    assert not belongs(a_problem(id="p2"), case)
    assert isinstance(joined(case, a_problem(), NOON), Refused)
    assert change.redraw is False


def test_what_a_solved_problem_leaves_with_its_cases() -> None:
    """The words for customers change; cases of other problems are left alone."""
    case = a_wish(known=Known(id="p1", title="Checkout down", line="We are on it."))
    after = case_of(relieved(case, a_problem(solved_line="It works again."), NOON))
    assert after.known == Known(id="p1", title="Checkout down", line="It works again.", solved=True)
    assert isinstance(relieved(case, a_problem(id="p2"), NOON), Refused)
    assert isinstance(relieved(a_wish(), a_problem(), NOON), Refused)


def test_two_people_open_one_problem_and_solve_it_once() -> None:
    """The same title is refused while it is open; so is one too many; so is solving it twice."""
    weather = with_problem(Weather(), a_problem())
    assert isinstance(weather, Weather)
    again = with_problem(weather, a_problem(id="p2", title="checkout DOWN"))
    assert isinstance(again, Refused)
    solved = with_solved(weather, "p1", "Ana", "It works again.", NOON)
    assert isinstance(solved, Weather)
    assert isinstance(with_solved(solved, "p1", "Ben", "", NOON), Refused)
    assert isinstance(with_solved(solved, "none", "Ben", "", NOON), Refused)
    for number in range(PROBLEMS):
        full = with_problem(solved, a_problem(id=f"q{number}", title=f"Problem {number}"))
        assert isinstance(full, Weather)
        solved = full
    assert isinstance(with_problem(solved, a_problem(id="q9", title="One too many")), Refused)


def test_a_case_of_the_version_before_has_no_problem_and_is_written_without() -> None:
    """What knows no problem reads as before, and is stored so that the version before can read it."""
    stored = a_wish().model_dump_json(exclude_defaults=True)
    assert '"known"' not in stored
    assert Case.model_validate_json(stored).known is None
    with_known = a_wish(known=Known(id="p1", title="T"))
    assert Case.model_validate_json(with_known.model_dump_json()) == with_known


def test_an_alert_in_a_direct_message_does_not_redraw_for_nothing() -> None:
    """Joining redraws where a message shows the case, and nowhere else."""
    alert = Post(id="a", kind=PostKind.ALERT, channel="U0ANA00001", ts="1.2")
    change = joined(a_wish(posts=(a_card(), alert)), a_problem(), NOON)
    assert isinstance(change, Change)
    assert change.redraw is True
