"""Messages that stand for many cases: what they say, what they offer, what customers' words cannot do in them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.action_ids import InputId, StormPress
from bot.cards.card import render
from bot.cards.limits import units
from bot.cards.lists import listed
from bot.cards.storm import problem_card, ring_message, ring_text, storm_card
from bot.cards.storm_forms import problem_form, solved_form
from bot.cards.view import Rendered
from bot.domain.case import Case
from bot.domain.models import Author, Known
from bot.domain.storm import Face, Problem, Storm
from bot.domain.storm_ports import ProblemData, RingData, StormData, Tally
from tests.support.block_kit import check_message, check_view
from tests.support.card_cases import CARD, a_public_case, a_view, matches_snapshot
from tests.support.cases import NOON, a_wait, an_item

CHANNEL = "C0CARE0001"
HOSTILE = "<!channel> *bold* <https://evil.example|Slack> `code` \u202e &amp; " + "x" * 5000
TALLY = Tally(
    folded=214,
    first=3,
    counts={
        "folded": 260,
        "own": 17,
        "shown": 30,
        "joined": 12,
        "settled": 4,
        "angry": 60,
        "neutral": 180,
        "happy": 20,
    },
    words=(("ferry", 120), ("bicycles", 119), ("hvar", 80), ("solo", 1)),
)
STORM = Storm(id="s1", began_at=NOON, because="wait")
PROBLEM = Problem(
    id="p1",
    title="Checkout down",
    known="Since noon, engineers are on it.",
    line="We are on it.",
    words=("checkout", "error"),
    opened_at=NOON,
    opened_by="Ana",
)
TEXTS = ("Does the evening ferry take bicycles?", "What time does the museum open?", "Is the pool heated in May?")


def example(text: str, name: str = "Carla") -> Case:
    """A customer whose words the storm card shows."""
    return a_public_case(items=(an_item(text, author=Author(id="c", name=name)),), posts=())


def a_storm(**changes: Any) -> StormData:
    """A storm in full."""
    fields: dict[str, Any] = {
        "channel": CHANNEL,
        "storm": STORM,
        "tally": TALLY,
        "per_minute": 208.0,
        "examples": [example(text) for text in TEXTS],
        "problems": [PROBLEM],
    }
    return StormData(**(fields | changes))


def a_problem(problem: Problem = PROBLEM, folded: int = 40) -> ProblemData:
    """A known problem with 60 cases."""
    counts = {"folded": 60, "complaints": 22, "angry": 25, "neutral": 30, "happy": 5, "shown": 8}
    return ProblemData(CHANNEL, problem, Tally(folded=folded, counts=counts))


def is_sound(drawn: Rendered) -> bool:
    """Whether Slack, and a small phone, would take it."""
    return check_message(drawn.blocks, drawn.text) == []


OVER = STORM.model_copy(update={"ended_at": NOON + timedelta(minutes=21)})
SOLVED = PROBLEM.model_copy(
    update={"solved_at": NOON + timedelta(hours=1), "solved_by": "Ben", "solved_line": "It works again."}
)


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("storm", storm_card(a_storm())),
        ("storm_begins", storm_card(a_storm(tally=Tally(), examples=[], problems=[], per_minute=0.0))),
        ("storm_over", storm_card(a_storm(storm=OVER))),
        ("storm_told", storm_card(a_storm(storm=OVER, tally=replace(TALLY, folded=0)))),
        ("problem", problem_card(a_problem())),
        ("problem_solved", problem_card(a_problem(SOLVED))),
    ],
)
def test_messages_for_many(name: str, drawn: Rendered) -> None:
    """Each state as it is drawn; Slack would take it."""
    assert is_sound(drawn)
    assert matches_snapshot(name, {"text": drawn.text, "blocks": drawn.blocks})


def test_the_forms() -> None:
    """Opening a known problem begins with the customers' words; solving it with a line."""
    press = StormPress(channel=CHANNEL, group="storm")
    for name, view in (
        ("modal_problem", problem_form(press, ("ferry", "bicycles"))),
        ("modal_problem_wordless", problem_form(press, ())),
        ("modal_solved", solved_form(press, PROBLEM)),
    ):
        assert check_view(view) == []
        assert matches_snapshot(name, view)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("ferry", "bicycles"), "ferry bicycles"),
        (("ไม่มีใครติดต่อ" * 6, "🚲" * 20, "ferry"), "ไม่มีใครติดต่อ" * 6 + " ferry"),
        (("x" * 121, "ferry"), "ferry"),
        ((), None),
    ],
)
def test_suggested_words_are_whole_and_fit_their_field(words: tuple[str, ...], shown: str | None) -> None:
    """Slack opens no form that begins with more than its field takes; vowel signs and emoji count one by one."""
    view = problem_form(StormPress(channel=CHANNEL, group="storm"), words)
    field = next(each["element"] for each in view["blocks"] if each.get("block_id") == InputId.WORDS)
    assert field.get("initial_value") == shown
    assert units(shown or "") <= field["max_length"]


def test_buttons_follow_what_can_be_done() -> None:
    """Nothing to show, no button for it; a storm that is told offers nothing; a solved problem neither."""
    assert "storm-next" not in str(storm_card(a_storm(tally=Tally())).blocks)
    assert "storm-problem" in str(storm_card(a_storm(tally=Tally())).blocks)
    over = str(storm_card(a_storm(storm=OVER)).blocks)
    assert "storm-next" in over
    assert "storm-problem" not in over
    assert "actions" not in str(storm_card(a_storm(storm=OVER, tally=Tally())).blocks)
    assert "actions" not in str(problem_card(a_problem(SOLVED)).blocks)
    assert "storm-next" not in str(problem_card(a_problem(folded=0)).blocks)


def test_one_customer_is_told_of_as_one() -> None:
    """In what is read out as in what is seen."""
    one = storm_card(a_storm(storm=OVER, tally=Tally(folded=1, counts={"folded": 1})))
    assert one.text == "The storm is over · 1 customer was held back · 1 case still to card"
    assert "1 customer was held back" in str(one.blocks)


def test_a_copy_says_why_it_stands_elsewhere() -> None:
    """To who sees it, and to who hears it or has it on a lock screen."""
    lost = Face(error="not_in_channel")
    words = f"To mend it, invite it there: /invite @Hark. It belongs in <#{CHANNEL}>."
    storm, problem = STORM.model_copy(update={"face": lost}), PROBLEM.model_copy(update={"face": lost})
    for drawn in (storm_card(a_storm(storm=storm), elsewhere=True), problem_card(a_problem(problem), elsewhere=True)):
        assert is_sound(drawn)
        assert drawn.text.endswith(words)
        assert drawn.blocks[1]["text"]["text"].endswith(words)


def test_a_word_of_a_single_customer_is_not_shown() -> None:
    """It could be a name."""
    assert "solo" not in str(storm_card(a_storm())) + storm_card(a_storm()).text


def test_customers_and_staff_words_obey_nothing() -> None:
    """Mentions, links and markup in examples, words and titles are data; the card stays below its limit."""
    hostile = PROBLEM.model_copy(update={"title": HOSTILE, "known": HOSTILE, "line": HOSTILE, "opened_by": HOSTILE})
    words = ((HOSTILE, 9), ("<!here>", 8))
    storm = storm_card(
        a_storm(examples=[example(HOSTILE, HOSTILE)] * 9, problems=[hostile] * 5, tally=replace(TALLY, words=words))
    )
    for drawn in (storm, problem_card(a_problem(hostile))):
        assert is_sound(drawn)
        assert "<!" not in drawn.text
        for block in drawn.blocks:
            texts = [block["text"]["text"]] if block["type"] == "section" else []
            texts += [each["text"] for each in block["elements"]] if block["type"] == "context" else []
            assert not any("<!channel>" in text or "<https" in text for text in texts)


@settings(max_examples=40)
@given(st.text(max_size=300), st.text(max_size=80), st.integers(0, 10**6))
def test_any_words_and_numbers_make_a_sound_card(text: str, name: str, number: int) -> None:
    """Whatever customers write and however many they are."""
    counts = dict.fromkeys(TALLY.counts, number)
    tally = Tally(folded=number, first=number, counts=counts, words=((text, number), (name, 2)))
    assert is_sound(storm_card(a_storm(examples=[example(text, name)] * 3, tally=tally)))
    problem = PROBLEM.model_copy(update={"title": text, "known": text, "opened_by": name})
    assert is_sound(problem_card(ProblemData(CHANNEL, problem, tally)))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (RingData((), 12, 3), "12 more cases wait, 3 overdue"),
        (RingData((), 1, 0), "1 more case waits"),
        (RingData((), 0, 0), "Everything that was gathered for you here is settled."),
    ],
)
def test_a_gathered_ring_in_one_line(data: RingData, text: str) -> None:
    """What the lock screen shows."""
    assert ring_text(data) == text


def test_a_gathered_ring_lists_the_most_urgent() -> None:
    """Five at most, each leading to its card; the rest is counted."""
    cases = [a_public_case(wait=a_wait(breached=n < 3)) for n in range(8)]
    waiting = listed(cases, lambda _case: a_view(card_url="https://acme.slack.com/archives/C1/p1"))
    drawn = ring_message(RingData(cases, 12, 3), waiting)
    assert is_sound(drawn)
    assert matches_snapshot("rings", {"text": drawn.text, "blocks": drawn.blocks})
    assert is_sound(ring_message(RingData((), 0, 0), ()))


@pytest.mark.parametrize(
    ("solved", "words", "listing"),
    [
        (False, "📌 *Known problem:* A &lt;b&gt;", "📌 known problem: A &lt;b&gt;"),
        (True, "solved:* A &lt;b&gt;", "✅ known problem, solved: A &lt;b&gt;"),
    ],
)
def test_a_case_says_to_which_problem_it_belongs(solved: bool, words: str, listing: str) -> None:
    """On its card; its lists say it too, in words."""
    case = a_public_case(known=Known(id="p1", title="A <b>", solved=solved))
    assert words in str(render(case, CARD, a_view()).blocks)
    drawn = ring_message(RingData([case], 1, 0), listed([case], lambda _case: a_view()))
    assert listing in str(drawn.blocks)


def test_a_solved_problem_says_what_to_say_now_and_who_still_waits() -> None:
    """Not what was said while it lasted; and nobody is said to wait where nobody does."""
    drawn = problem_card(a_problem(SOLVED, folded=3))
    assert "It works again." in drawn.text
    assert "We are on it." not in drawn.text
    assert "3 cases still wait" in str(drawn.blocks)
    assert "still wait" not in str(problem_card(a_problem(SOLVED, folded=0)).blocks)
