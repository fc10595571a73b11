"""The forms: who will speak to whom, what the network allows, what is remembered and what comes back."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.cards.action_ids import ActionId, CallbackId, InputId, ModalState
from bot.cards.dialogs import (
    case_modal,
    close_modal,
    dismiss_modal,
    history_modal,
    signature_modal,
)
from bot.cards.forms import WritingForm, length_hint, private_modal, reply_modal
from bot.cards.home import HomeData, home_view
from bot.cards.limits import INPUT_SURELY, INPUT_VALUE, VIEW_BLOCKS
from bot.cards.modal import Submitted, instant_of, submitted
from bot.domain.case import SIGNATURE_LONGEST, Person, Purpose, SendState
from bot.domain.lifecycle import REASONS
from bot.domain.models import Capabilities, LengthRule
from bot.domain.text.lengths import length
from bot.services.people import signature_problem
from tests.support.block_kit import check_view
from tests.support.card_cases import PUBLIC_ONLY, a_direct_message, a_public_case, a_view, matches_snapshot, states
from tests.support.cases import ANA, BEN, NOON, a_log_entry, a_send, a_wait, an_item

CASE = a_public_case()
STATE = ModalState(case=CASE.id, send="send-9", seen="send-8")
THANK = STATE.model_copy(update={"purpose": Purpose.THANK})
NEWCOMER = Person(id="U0NEW00001", name="Noor")
CONTACT = "Carla, please contact us so that we can help you in private: help@acme.example"
ANSWERED = "Ben answered meanwhile: “Hi Carla! <!here> ^BT”"

MODALS = {
    "reply_public": reply_modal(CASE, a_view(), ANA, STATE, WritingForm(draft="Sorry, ", warnings=(ANSWERED,))),
    "reply_private": reply_modal(a_direct_message(), a_view(), ANA, STATE, WritingForm()),
    "reply_first_time": reply_modal(CASE, a_view(), NEWCOMER, STATE, WritingForm(signature="^N")),
    "thank_public": reply_modal(CASE, a_view(), ANA, THANK, WritingForm(draft="Thank you, Carla!")),
    "thank_private": reply_modal(a_direct_message(), a_view(), ANA, THANK, WritingForm()),
    "private_message": private_modal(
        CASE, a_view(), ANA, STATE, WritingForm(line="We have sent you a private message, Carla.")
    ),
    "private_contact": private_modal(CASE, a_view(capabilities=PUBLIC_ONLY), ANA, STATE, WritingForm(draft=CONTACT)),
    "close": close_modal(CASE, a_view(), ANA, STATE),
    "close_loop": close_modal(states()["private_loop_open"], a_view(), ANA, STATE),
    "dismiss": dismiss_modal(CASE, a_view(), STATE),
    "signature": signature_modal(NEWCOMER, "^N"),
    "history": history_modal(CASE, [a_log_entry("claimed", by=ANA.id), a_log_entry("came", detail="Hi")], a_view()),
    "case": case_modal(states()["failed"], a_view(card_url="https://acme.slack.example/archives/C1/p1")),
}


def _block(view: dict[str, Any], block_id: str) -> dict[str, Any] | None:
    return next((block for block in view["blocks"] if block.get("block_id") == block_id), None)


def _text(view: dict[str, Any]) -> str:
    return json.dumps(view, ensure_ascii=False)


@pytest.mark.parametrize("name", sorted(MODALS))
def test_each_modal_is_drawn_as_recorded_and_within_the_limits(name: str) -> None:
    """A modal looks as it did when somebody last looked at it, and Slack takes it."""
    assert check_view(MODALS[name]) == []
    assert matches_snapshot(f"modal_{name}", MODALS[name])


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("reply_public", "PUBLIC reply"),
        ("reply_private", "PRIVATE message"),
        ("thank_public", "PUBLIC thank-you"),
        ("thank_private", "PRIVATE thank-you"),
        ("private_message", "PRIVATE and PUBLIC"),
        ("private_contact", "PUBLIC reply"),
        ("close_loop", "Close + PUBLIC line"),
    ],
)
def test_whatever_reaches_a_customer_is_called_public_or_private(name: str, title: str) -> None:
    """The title says who can read it, and the form names the account that will speak."""
    assert MODALS[name]["title"]["text"] == title
    assert "@acme.example" in _text(MODALS[name])


def test_the_hint_states_the_networks_own_rule_and_the_signatures_share() -> None:
    """300 characters, four of them for " ^AK"; no counter of Slack's own 3,000 contradicts that."""
    field = _block(MODALS["reply_public"], InputId.TEXT)
    assert field is not None
    assert field["hint"]["text"] == "Up to 300 characters; 4 of them are your signature."
    assert "max_length" not in field["element"]


@pytest.mark.parametrize(
    ("unit", "expected"), [("graphemes", 3), ("characters", 9), ("utf16", 13), ("emoji_bytes", 27), ("bytes", 27)]
)
def test_length_is_counted_as_the_network_counts(unit: Any, expected: int) -> None:
    """A family emoji between two letters."""
    assert length("a👨‍👩‍👧‍👦b", LengthRule(limit=9, unit=unit)) == expected
    assert length_hint(None, "^AK") == ""


def test_the_draft_is_reported_while_typing() -> None:
    """Slack tells Hark of each character, so that a cancelled draft is kept."""
    field = _block(MODALS["reply_public"], InputId.TEXT)
    assert field is not None
    assert field["dispatch_action"] is True
    assert field["element"]["action_id"] == ActionId.DRAFT
    assert field["element"]["initial_value"] == "Sorry, "
    assert MODALS["reply_public"]["notify_on_close"] is True
    assert "notify_on_close" not in MODALS["close"]


@pytest.mark.parametrize("room", [INPUT_VALUE, INPUT_SURELY])
def test_a_long_draft_is_kept_as_far_as_slack_takes_it(room: int) -> None:
    """A text as long as the field's room stays as it is; of a longer one the form says what is left out."""
    whole = reply_modal(CASE, a_view(), ANA, STATE, WritingForm(draft="x" * room, room=room))
    longer = reply_modal(CASE, a_view(), ANA, STATE, WritingForm(draft="x" * (room + 200), room=room))
    values = [(_block(view, InputId.TEXT) or {})["element"]["initial_value"] for view in (whole, longer)]
    assert values == ["x" * room, "x" * (room - 1) + "…"]
    assert "of your draft are not in this field" not in _text(whole)
    assert "The last 201 characters of your draft are not in this field" in _text(longer)


def test_the_longest_texts_fit_into_one_form() -> None:
    """Two fields full of emoji, which take the most bytes."""
    long = "👩" * (INPUT_VALUE // 2)
    assert check_view(private_modal(CASE, a_view(), ANA, STATE, WritingForm(draft=long, line=long))) == []


def test_the_history_quotes_what_was_queued_and_sent_once() -> None:
    """It stands below the later entry; what was sent twice, or says no words of ours, stands below each."""
    done = ("queued a reply", "sent a reply", "queued a reply", "sent a reply", "claim lapsed", "claim lapsed")
    log = [a_log_entry(what, by=ANA.id, detail="Ben" if "claim" in what else "On its way!") for what in done]
    drawn = _text(history_modal(CASE, log, a_view()))
    assert (drawn.count("queued a reply"), drawn.count("On its way!"), drawn.count("Ben")) == (2, 2, 2)
    assert drawn.index("queued a reply") < drawn.index("sent a reply") < drawn.index("On its way!")


def test_only_a_newcomer_is_asked_for_a_signature() -> None:
    """With a signature there is a preview instead."""
    assert _block(MODALS["reply_first_time"], InputId.SIGNATURE) is not None
    assert _block(MODALS["reply_public"], InputId.SIGNATURE) is None
    assert "^AK" in _text(MODALS["reply_public"])


def test_the_longest_signature_is_shown_whole() -> None:
    """The form says how long it may be; in the form, below it and in Home nothing of it is cut."""
    signed = ANA.model_copy(update={"signature": "👩" * SIGNATURE_LONGEST})
    form = _block(signature_modal(signed, ""), InputId.SIGNATURE)
    assert form is not None
    assert f"at most {SIGNATURE_LONGEST} characters" in form["hint"]["text"]
    assert signature_problem(signed.signature) == ""
    assert signature_problem(f"{signed.signature}x")
    shown = (form, reply_modal(CASE, a_view(), signed, STATE, WritingForm()), home_view(HomeData(signed)))
    assert all(signed.signature in _text({"shown": each}) for each in shown)


def test_a_warning_comes_first_and_quotes_the_colleague() -> None:
    """What Ben wrote meanwhile is seen before one's own text."""
    first = _text({"block": MODALS["reply_public"]["blocks"][0]})
    assert "Ben answered meanwhile" in first
    assert "Hi Carla!" in first


def test_the_state_comes_back() -> None:
    """The modal remembers case, send and what was seen."""
    assert ModalState.decode(MODALS["reply_public"]["private_metadata"]) == STATE


def test_the_last_three_messages_are_shown_with_ours_among_them() -> None:
    """Older ones are left out; one that was taken back or failed is no part of the conversation."""
    at = [NOON + timedelta(minutes=n) for n in range(5)]
    items = tuple(an_item(f"word {n}", id=f"p{n}", seq=n + 1, posted_at=at[n], seen_at=at[n]) for n in range(3))
    ours = a_send(state=SendState.SENT, text="our word", by=BEN, created_at=at[4])
    gone = a_send(id="s2", state=SendState.UNDONE, text="taken back", created_at=at[4])
    text = _text(reply_modal(a_public_case(items=items, sends=(ours, gone)), a_view(), ANA, STATE, WritingForm()))
    assert [word in text for word in ("word 0", "word 1", "word 2", "our word", "taken back")] == [
        False, True, True, True, False,
    ]  # fmt: skip


def test_no_public_line_is_offered_where_nobody_can_speak_in_public() -> None:
    """A network with private messages only: the title says PRIVATE, and there is one field."""
    quiet = Capabilities(private_message=LengthRule(limit=9))
    view = private_modal(CASE, a_view(capabilities=quiet), ANA, STATE, WritingForm())
    assert view["title"]["text"] == "PRIVATE message"
    assert _block(view, InputId.LINE) is None


def test_closing_offers_every_reason_that_the_domain_knows() -> None:
    """The values are the domain's own keys."""
    field = _block(MODALS["close"], InputId.REASON)
    assert field is not None
    assert [option["value"] for option in field["element"]["options"]] == list(REASONS)


def test_a_close_form_shown_anew_keeps_the_reason_and_begins_with_what_to_read() -> None:
    """As it was chosen; one that nobody knows any more chooses nothing."""
    for chosen, first in (("duplicate", "duplicate"), ("gone", None), ("", None)):
        view = close_modal(CASE, a_view(), ANA, STATE, reason=chosen, warnings=("Ben answered meanwhile",))
        field = _block(view, InputId.REASON)
        assert field is not None
        assert field["element"].get("initial_option", {}).get("value") == first
        assert "Ben answered meanwhile" in _text({"first": view["blocks"][0]})
        assert check_view(view) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "Carla still waits for an answer."),
        ({"sends": (a_send(state=SendState.FAILED),)}, "Carla still waits for an answer; public reply failed."),
        ({"sends": (a_send(),)}, ""),
        ({"wait": None}, ""),
    ],
)
def test_whoever_closes_is_told_who_still_waits(changes: dict[str, Any], told: str) -> None:
    """And what became of our words; not while an answer is on its way, nor once it stands."""
    view = close_modal(a_public_case(**({"wait": a_wait()} | changes)), a_view(), ANA, STATE)
    assert ("⚠️" in _text(view), told in _text(view)) == (bool(told), True)


def test_closing_asks_about_the_public_thread_while_it_is_open_only() -> None:
    """A closing line or a waiver; where nobody can speak in public, or not below a deleted post, the waiver is left."""
    assert _block(MODALS["close"], InputId.LOOP) is None
    assert _block(MODALS["close_loop"], InputId.LOOP) is not None
    unsigned = close_modal(states()["private_loop_open"], a_view(), NEWCOMER, STATE)
    assert _block(unsigned, InputId.SIGNATURE) is not None
    gone = states()["private_loop_open"].model_copy(update={"items": (an_item("", deleted=True),)})
    for mute in (
        close_modal(states()["private_loop_open"], a_view(capabilities=Capabilities()), ANA, STATE),
        close_modal(gone, a_view(), ANA, STATE),
    ):
        assert _block(mute, InputId.LINE) is None
        assert _block(mute, InputId.LOOP) is not None
        assert check_view(mute) == []


def test_history_is_newest_last_and_says_what_it_leaves_out() -> None:
    """Three hundred entries: the newest fit, a note counts the rest."""
    log = [a_log_entry(f"step {n}", at=NOON + timedelta(seconds=n)) for n in range(300)]
    view = history_modal(a_public_case(items=(an_item(""),)), log, a_view())
    assert len(view["blocks"]) == VIEW_BLOCKS
    assert "201 older entries left out" in _text({"note": view["blocks"][0]})
    assert "step 299" in _text({"last": view["blocks"][-1]})


def test_history_masks_what_the_log_holds() -> None:
    """A log entry with an address shows none."""
    view = history_modal(CASE, [a_log_entry("sent", detail="mail eva@private.example")], a_view())
    assert "eva@private.example" not in _text(view)


def test_what_was_submitted_is_read_by_field() -> None:
    """Slack's state.values become plain strings; missing and untouched fields are empty."""
    values = {
        "text": {ActionId.DRAFT: {"type": "plain_text_input", "value": " Hello "}},
        "line": {ActionId.LINE: {"type": "plain_text_input", "value": None}},
        "reason": {ActionId.REASON: {"type": "static_select", "selected_option": {"value": "solved"}}},
        "until": {ActionId.UNTIL: {"type": "datetimepicker", "selected_date_time": 1772625600}},
    }
    assert submitted(values) == Submitted(text="Hello", reason="solved", until="1772625600")


@pytest.mark.parametrize("chosen", [None, "", "1772625600.5", "soon", [1772625600], 10**18, -(10**18), True])
def test_what_is_no_time_reads_as_none(chosen: object) -> None:
    """A picker that was cleared, or what no picker sends."""
    values = {"until": {ActionId.UNTIL: {"type": "datetimepicker", "selected_date_time": chosen}}}
    assert instant_of(submitted(values).until) is None
    assert instant_of("1772625600") == NOON


@pytest.mark.parametrize("broken", [{"text": None}, {"text": {}}, {"text": {"x": 1}}, {"text": {"x": {"value": 5}}}])
def test_a_broken_submission_reads_as_empty(broken: dict[str, Any]) -> None:
    """Nothing that comes back from Slack makes the reader fail."""
    assert submitted(broken) == Submitted()


def test_every_form_has_its_own_callback() -> None:
    """Submissions can be told apart."""
    assert MODALS["reply_public"]["callback_id"] == CallbackId.REPLY
    assert MODALS["close"]["callback_id"] == CallbackId.CLOSE
    assert len(set(CallbackId)) == len(list(CallbackId))
