"""Hiding a comment as Slack shows it: the form, the request with its buttons, what is hidden, foreign words."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.cards.action_ids import ActionId, ModalState, Press, Verb
from bot.cards.card import render
from bot.cards.conversation import said
from bot.cards.dialogs import case_modal
from bot.cards.hiding import DESCRIPTIONS, hide_modal
from bot.cards.limits import OVERFLOW_OPTIONS
from bot.domain.case import HideReason, HideState, SendState
from tests.support.block_kit import check_message, check_view
from tests.support.card_cases import (
    BLUESKY_LIKE,
    CARD,
    a_hide,
    a_hiding_case,
    a_public_case,
    a_troll,
    a_view,
    an_alert,
    matches_snapshot,
    states,
)
from tests.support.cases import NOON, an_item

STATE = ModalState(send="hide-1", about="post-1")
EVERY = tuple(HideReason)
LOUD = "*<!channel> <@U0ANA00001> & `x` " * 20
FORMS = {
    "hide": hide_modal(a_troll(), a_view(), STATE),
    "hide_every_reason": hide_modal(a_troll(signs=EVERY), a_view(), STATE),
    "hide_answer_first": hide_modal(
        an_item("My number is [phone ••12]", masked=True, signs=(HideReason.PERSONAL_DATA,)),
        a_view(network_title="Instagram", capabilities=BLUESKY_LIKE.model_copy(update={"answers_hidden": False})),
        STATE,
    ),
}


def text(value: Any) -> str:
    """All that is drawn."""
    return json.dumps(value, ensure_ascii=False)


def keys(case: Any, post: Any = CARD) -> dict[str, Press | None]:
    """The buttons outside the row at the bottom, each with what it carries."""
    blocks = render(case, post, a_view()).blocks
    found = [e for b in blocks if b["type"] == "actions" for e in b["elements"] if e["type"] == "button"]
    found += [b["accessory"] for b in blocks if "accessory" in b]
    return {each["action_id"]: Press.decode(each["value"]) for each in found}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_each_form_is_drawn_as_recorded_and_within_the_limits(name: str) -> None:
    """The comment, the rule, the reasons that triage allows, a note, who decides."""
    assert check_view(FORMS[name]) == []
    assert matches_snapshot(f"modal_{name}", FORMS[name])


def test_no_reason_is_criticism_and_the_form_says_why() -> None:
    """Every reason has a plain description; none of them is disagreement."""
    assert set(DESCRIPTIONS) == set(HideReason)
    words = text(DESCRIPTIONS).lower()
    assert not [bad for bad in ("critic", "complain", "negative", "disagree", "false") if bad in words]
    assert all("Criticism is answered, not hidden" in text(form) for form in FORMS.values())


def test_the_form_offers_only_the_reasons_that_triage_read() -> None:
    """A fixed list, cut to what the comment is."""
    choice = next(block for block in FORMS["hide"]["blocks"] if block.get("block_id") == "reason")
    assert [each["value"] for each in choice["element"]["options"]] == ["abuse", "hate"]


def test_foreign_words_in_the_form_and_the_request_are_data() -> None:
    """A customer's words, a colleague's name and note: nothing of them is obeyed."""
    form = hide_modal(a_troll(text=LOUD), a_view(network_title=LOUD), STATE)
    assert check_view(form) == []
    loud = a_hiding_case()
    loud_name = loud.hidings[0].by.model_copy(update={"name": LOUD})
    asked = loud.hidings[0].model_copy(update={"by": loud_name, "note": LOUD, "why": LOUD, "decided_by": loud_name})
    for state in HideState:
        hiding = asked.model_copy(update={"state": state, "decided_at": NOON + timedelta(minutes=3)})
        case = loud.model_copy(update={"hidings": (hiding,), "items": (a_troll(text=LOUD),)})
        drawn = render(case, CARD, a_view())
        assert check_message(drawn.blocks, drawn.text) == []
        markup = [e["text"] for b in drawn.blocks for e in (b.get("text"), *b.get("elements", [])) if _is_markup(e)]
        assert not [each for each in markup if "<!channel>" in each or "<@U" in each]


def _is_markup(element: Any) -> bool:
    return isinstance(element, dict) and element.get("type") == "mrkdwn"


def test_a_request_carries_its_own_id_on_the_card_and_in_an_alert() -> None:
    """Approve and Decline, for the message on which they stand."""
    for post in (CARD, an_alert()):
        found = keys(states()["hide_asked"], post)
        for action in (ActionId.HIDE_APPROVE, ActionId.HIDE_DECLINE):
            press = found[action]
            assert press is not None
            assert (press.send, press.post) == ("hide-1", post.id)


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("hide_offered", set()),
        ("hide_asked", {ActionId.HIDE_APPROVE, ActionId.HIDE_DECLINE}),
        ("hide_queued", {ActionId.UNDO}),
        ("hide_failed", {ActionId.RETRY}),
        ("hidden", {ActionId.UNHIDE}),
        ("hidden_on_the_network", {ActionId.UNHIDE}),
        ("hide_declined", set()),
        ("hide_expired", set()),
    ],
)
def test_each_state_has_the_buttons_that_can_work(state: str, wanted: set[ActionId]) -> None:
    """Beside those that every card has."""
    usual = {ActionId.CLAIM, ActionId.REPLY, ActionId.THANK, ActionId.PRIVATE}
    assert set(keys(states()[state])) - usual == wanted


def test_hide_stands_in_the_menu_and_the_menu_is_never_too_long() -> None:
    """What has no place stands in the More dialog."""
    menu = render(states()["hide_offered"], CARD, a_view()).blocks[-1]["elements"][-1]
    verbs = [press.verb for option in menu["options"] if (press := Press.decode(option["value"]))]
    assert len(verbs) == OVERFLOW_OPTIONS
    assert Verb.HIDE in verbs
    assert Verb.OPEN not in verbs


def test_unhide_names_the_comment_and_waits_while_the_act_is_on_its_way() -> None:
    """Not the request: what Facebook hid itself has none."""
    press = keys(states()["hidden_on_the_network"])[ActionId.UNHIDE]
    assert press is not None
    assert press.send == "post-1"
    showing = states()["hidden"].sends[0].model_copy(update={"id": "u", "purpose": "unhide", "state": "queued"})
    case = states()["hidden"].model_copy(update={"sends": (*states()["hidden"].sends, showing)})
    assert ActionId.UNHIDE not in keys(case)


def test_who_hid_it_is_named_only_for_what_hark_did() -> None:
    """Shown again and then hidden on the network: not by Hark."""
    assert "approved by Ben" in text(render(states()["hidden"], CARD, a_view()).blocks)
    later = a_troll(hidden=True, hidden_at=NOON + timedelta(hours=1))
    case = states()["hidden"].model_copy(update={"items": (later,)})
    assert "not by Hark" in text(render(case, CARD, a_view()).blocks)


def test_hidden_words_that_are_not_the_newest_are_shown_with_their_button() -> None:
    """Whoever shows them to everybody again sees which words that are."""
    hidden = states()["hidden"]
    assert text(render(hidden, CARD, a_view()).blocks).count("You are all idiots") == 1
    case = hidden.model_copy(update={"items": (*hidden.items, an_item("And another thing", seq=2, id="post-2"))})
    drawn = text(render(case, CARD, a_view()).blocks)
    assert "And another thing" in drawn
    assert drawn.count("You are all idiots") == 1


def test_a_closed_card_still_shows_what_waits_and_what_is_hidden() -> None:
    """With the buttons for it: closing decides nothing about a comment."""
    closed: dict[str, Any] = {"status": "closed", "wait": None, "close_reason": "not for us"}
    assert ActionId.HIDE_APPROVE in keys(a_hiding_case(**closed))
    hidden = states()["hidden"].model_copy(update=closed)
    assert ActionId.UNHIDE in keys(hidden)
    assert "still waits" not in text(render(hidden, CARD, a_view()).blocks)


def test_an_act_is_no_message() -> None:
    """The conversation does not show it, and our last words stay on the card."""
    assert [each.text for each in said(states()["hide_queued"], a_view())] == ["You are all idiots"]
    reply = a_hide(SendState.SENT).model_copy(update={"id": "r", "purpose": "reply", "text": "Our words"})
    case = states()["hidden"].model_copy(update={"sends": (reply, *states()["hidden"].sends)})
    assert "Our words" in text(render(case, CARD, a_view()).blocks)


def test_many_requests_stay_within_the_limits() -> None:
    """Two are shown, the rest are counted."""
    one = a_hiding_case().hidings[0]
    items = tuple(a_troll(id=f"p{n}", seq=n, text="x" * 3000) for n in range(1, 13))
    hidings = tuple(one.model_copy(update={"id": f"h{n}", "item": f"p{n}", "note": "n" * 300}) for n in range(1, 13))
    drawn = render(a_public_case(items=items, hidings=hidings), CARD, a_view())
    assert check_message(drawn.blocks, drawn.text) == []
    assert "and 10 more requests to hide" in text(drawn.blocks)


def test_a_case_read_in_home_has_no_buttons() -> None:
    """They are on the card; a modal has no message to redraw."""
    view = case_modal(states()["hide_asked"], a_view())
    assert check_view(view) == []
    assert "hark:hide-approve" not in text(view)
    assert "asks to hide this comment" in text(view)
