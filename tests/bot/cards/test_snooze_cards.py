"""A snoozed case as Slack shows it: the line with "Wake", the lists, the form, the alert."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.cards.action_ids import ActionId, CallbackId, ModalState, Press
from bot.cards.card import render
from bot.cards.commands import mine_reply
from bot.cards.dialogs import case_modal
from bot.cards.home import HomeData, home_view
from bot.cards.lists import Listed
from bot.cards.menu import more_modal
from bot.cards.snoozing import NOTE_LENGTH, snooze_modal
from bot.domain.case import Case, Post, PostKind, Snooze
from bot.domain.snoozing import snooze_passes
from bot.services.wording import HEADLINE_NOTE_GRAPHEMES
from tests.support.block_kit import check_message, check_view
from tests.support.card_cases import CARD, a_public_case, a_snoozed_case, a_view, an_alert, matches_snapshot, states
from tests.support.cases import ANA, BEN, NOON, a_wait

STATE = ModalState(send="snooze-1", items=1)
TOMORROW = NOON + timedelta(hours=21)
UNTIL = "<!date^1772701200^{date_short_pretty} {time}|2026-03-05 09:00 UTC>"
FORMS = {
    "snooze": snooze_modal(TOMORROW, "", STATE),
    "snooze_again": snooze_modal(TOMORROW, "Ask the warehouse", STATE, ("Carla wrote meanwhile: “It came!”",)),
}


def line_of(case: Case, post: Post = CARD) -> dict[str, Any] | None:
    """The block that says until when a case is snoozed."""
    blocks = render(case, post, a_view()).blocks
    return next((block for block in blocks if ":snooze:" in block["block_id"]), None)


@pytest.mark.parametrize("name", sorted(FORMS))
def test_each_form_is_drawn_as_recorded_and_within_the_limits(name: str) -> None:
    """When, what to remember, and that no clock stops."""
    assert check_view(FORMS[name]) == []
    assert matches_snapshot(f"modal_{name}", FORMS[name])


def test_the_form_has_a_time_from_the_start_and_says_that_clocks_go_on() -> None:
    """Whole seconds since 1970, as Slack's picker takes them."""
    form = FORMS["snooze"]
    assert form["callback_id"] == CallbackId.SNOOZE
    picker = next(block["element"] for block in form["blocks"] if block.get("block_id") == "until")
    assert picker == {"type": "datetimepicker", "action_id": "hark:until:v1", "initial_date_time": 1772701200}
    assert "No clock stops" in json.dumps(form)


def test_a_note_that_masking_made_longer_fits_its_field() -> None:
    """Slack refuses a form whose field begins with more than it takes, in its own count of characters."""
    form = snooze_modal(TOMORROW, "👩‍👩‍👧‍👦" * NOTE_LENGTH, STATE)
    field = next(block["element"] for block in form["blocks"] if block.get("block_id") == "note")
    assert 0 < len(field["initial_value"].encode("utf-16-le")) // 2 <= field["max_length"] == HEADLINE_NOTE_GRAPHEMES


@pytest.mark.parametrize("post", [CARD, an_alert()])
def test_the_card_says_until_when_by_whom_and_why_with_the_way_back(post: Post) -> None:
    """On its copies in direct messages as well."""
    block = line_of(a_snoozed_case(), post)
    assert block is not None
    assert block["text"]["text"] == f"💤 *Snoozed until {UNTIL}* by Ana: Ask the warehouse"
    assert block["accessory"]["action_id"] == ActionId.WAKE
    press = Press.decode(block["accessory"]["value"])
    assert press is not None
    assert (press.case, press.post) == (a_public_case().id, post.id)


def test_a_card_that_is_not_snoozed_has_no_such_line() -> None:
    """Nor has a closed one that another version left so."""
    assert line_of(a_public_case()) is None
    assert line_of(a_snoozed_case(status="closed")) is None


def test_without_a_note_nothing_is_said_of_one() -> None:
    """No colon that leads nowhere."""
    snooze = a_snoozed_case().snooze
    assert snooze is not None
    block = line_of(a_snoozed_case(snooze=snooze.model_copy(update={"note": ""})))
    assert block is not None
    assert block["text"]["text"].endswith("* by Ana")


def test_a_note_calls_nobody_and_forges_nothing() -> None:
    """What a colleague wrote is data, like a customer's words."""
    snooze = a_snoozed_case().snooze
    assert snooze is not None
    loud = a_snoozed_case(snooze=snooze.model_copy(update={"note": "<!channel> <https://evil.example|here> & " * 20}))
    drawn = render(loud, CARD, a_view())
    assert check_message(drawn.blocks, drawn.text) == []
    block = line_of(loud)
    assert block is not None
    assert "&lt;!channel&gt; &lt;https://evil" in block["text"]["text"]


def test_the_menu_of_an_open_case_offers_it_and_that_of_a_closed_one_does_not() -> None:
    """Also of one that is snoozed already: that changes it. Where the menu is full, the dialog behind it has it."""
    for name, offered in (("new", True), ("snoozed", True), ("answered_late", True), ("closed", False)):
        case = states()[name]
        drawn = json.dumps([*render(case, CARD, a_view()).blocks, more_modal(case, a_view())], ensure_ascii=False)
        assert ("💤 Snooze…" in drawn) is offered


def test_the_lists_say_until_when_where_nobody_waits() -> None:
    """In Home and in /hark mine; who waits is shown with what is due, as ever."""
    for case, shown in ((a_snoozed_case(), True), (a_snoozed_case(wait=a_wait()), False)):
        mine = [Listed(case, a_view())]
        for drawn in (mine_reply(mine, 1).blocks, home_view(HomeData(person=ANA, mine=mine, mine_total=1))):
            text = json.dumps(drawn, ensure_ascii=False)
            assert (f"💤 until {UNTIL}" in text) is shown
            assert ("due " in text) is not shown
            assert "waits for the customer" not in text


def test_a_case_read_in_home_has_no_wake() -> None:
    """It has no message to redraw there; the line is."""
    view = case_modal(a_snoozed_case(), a_view())
    assert check_view(view) == []
    assert "Snoozed until" in json.dumps(view)
    assert ActionId.WAKE not in json.dumps(view)


def test_its_alert_says_so_and_is_settled_once_the_case_is_put_away() -> None:
    """Nobody waits: that alone settles nothing."""
    post = an_alert("Snoozed until now: Ask the warehouse").model_copy(update={"id": "snoozed:1:1772701200"})
    awake = a_snoozed_case(snooze=None)
    drawn = json.dumps(render(awake, post, a_view()).blocks, ensure_ascii=False)
    assert "🔔 Snoozed until now: Ask the warehouse" in drawn
    closed = json.dumps(render(states()["closed"], post, a_view()).blocks, ensure_ascii=False)
    assert "✅ Settled. It said: Snoozed until now" in closed


@pytest.mark.parametrize("kind", [PostKind.ALERT, PostKind.RETIRED])
def test_its_alert_has_all_of_the_longest_note(kind: PostKind) -> None:
    """Once the snooze is over the card has it no more."""
    note = f"{'Ask the warehouse. ' * 15}Then call her"[:NOTE_LENGTH]
    over = a_snoozed_case(snooze=Snooze(by=BEN, at=NOON, until=NOON + timedelta(hours=2), note=note))
    case, _ = snooze_passes(over, NOON + timedelta(hours=2))
    post = case.posts[-1].model_copy(update={"kind": kind})
    drawn = render(case, post, a_view())
    assert note in json.dumps(drawn.blocks)
    assert note in drawn.text
