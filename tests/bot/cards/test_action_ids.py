"""Names of elements, and what presses and modals carry through Slack and back."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.action_ids import VERB_ROOM, ActionId, CallbackId, ModalState, Press, StormPress, Verb, with_verb
from bot.cards.limits import OPTION_VALUE, PRIVATE_METADATA
from bot.domain.case import Purpose
from tests.support.cases import a_case

DOCS = Path(__file__).parents[3] / "docs" / "slack-cards.md"
CASE = a_case().id


def test_the_docs_list_every_id_and_no_other() -> None:
    """docs/slack-cards.md and the code name the same actions, verbs and views."""
    listed = set(re.findall(r"^\| `([a-z:0-9-]+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == {*ActionId, *Verb, *CallbackId}


@pytest.mark.parametrize(
    "press", [Press(), Press.on(CASE, "card"), Press(case=CASE, send="s", post="p", verb=Verb.OPEN)]
)
def test_a_press_comes_back_as_it_was(press: Press) -> None:
    """What Hark writes into a button is what it reads from the click."""
    assert Press.decode(press.encode()) == press
    assert Press.decode(press.encode()) is not press


def test_an_encoded_press_is_compact_and_says_its_version() -> None:
    """Defaults are left out; the version never is."""
    assert Press.on(CASE, "card").encode() == f'{{"v":1,"case":"{CASE}","post":"card"}}'


@pytest.mark.parametrize(
    "garbage",
    [
        None, 7, "", "{", "null", "[]", "{}x", '{"v":2}', '{"v":1,"case":"short"}', '{"v":1,"evil":1}', "[" * 2999,
        '{"v":1,"case":"\\ud800"}', "\ud800", '{"v":1,"verb":"explode"}', " " * 3001, f'{{"v":1,"case":"{CASE}\\n"}}',
    ],
)  # fmt: skip
def test_garbage_is_no_press(garbage: object) -> None:
    """Anything that Hark did not write is told apart, without an error."""
    assert Press.decode(garbage) is None


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_makes_the_decoder_fail(text: str) -> None:
    """Whatever comes back from Slack is a press, or is none."""
    assert Press.decode(text) is None or Press.decode(text) == Press()


def test_a_post_without_room_is_left_out() -> None:
    """An option's value is short: the post is dropped first, the case and the verb never."""
    press = Press(case=CASE, post="p" * 200, verb=Verb.ACKNOWLEDGE)
    value = press.value(OPTION_VALUE)
    assert len(value) <= OPTION_VALUE
    assert Press.decode(value) == Press(case=CASE, verb=Verb.ACKNOWLEDGE)


@pytest.mark.parametrize("verb", list(Verb))
def test_a_verb_is_added_to_an_encoded_press(verb: Verb) -> None:
    """It reads as if it had been packed with the press, and takes no more than its room."""
    press = Press.on(CASE, "card", send="s")
    value = with_verb(press.encode(), verb)
    assert value == Press(case=CASE, post="card", send="s", verb=verb).encode()
    assert len(value) - len(press.encode()) <= VERB_ROOM


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        (Press(), '{"v":1}'),
        (Press(case=CASE, post="é😀,}"), f'{{"v":1,"case":"{CASE}","post":"\\u00e9\\ud83d\\ude00,}}"}}'),
        (StormPress(channel="C1", group="storm"), '{"v":1,"channel":"C1","group":"storm"}'),
        (ModalState(seen="s", confirmed=("a",)), '{"v":1,"seen":"s","confirmed":["a"]}'),
        (ModalState(purpose=Purpose.THANK, items=3), '{"v":1,"purpose":"thank","items":3}'),
    ],
)
def test_each_packed_value_is_written_as_ever(packed: Press | StormPress | ModalState, text: str) -> None:
    """The version, then what is not at its default, in ASCII: cards that stand in Slack carry exactly this."""
    assert packed.encode() == text


def test_an_id_too_long_to_travel_is_left_out() -> None:
    """255 characters travel, one more does not; no error either way."""
    assert Press.on(CASE, "p" * 255).post == "p" * 255
    assert Press.on(CASE, "p" * 256).post == ""


def test_a_form_that_an_earlier_version_opened_can_be_sent() -> None:
    """It counted the sends that were seen: now none counts as seen, so that what a colleague wrote is shown."""
    assert ModalState.decode(f'{{"v":1,"case":"{CASE}","send":"s","seen":2}}') == ModalState(case=CASE, send="s")


def test_a_modal_remembers_within_slacks_limit() -> None:
    """The fullest state fits into private_metadata and comes back."""
    state = ModalState(
        case=CASE,
        purpose=Purpose.THANK,
        send="s" * 255,
        seen="n" * 255,
        items=99,
        confirmed=tuple("c" * 40 for _ in range(12)),
    )
    assert len(state.encode()) <= PRIVATE_METADATA
    assert ModalState.decode(state.encode()) == state
    assert ModalState.decode("{}") == ModalState()
