"""Every state of a card: its snapshot, its limits, and what its buttons offer."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.cards.action_ids import ActionId, Press, Verb
from bot.cards.card import render
from bot.cards.limits import CARD_BUTTONS
from bot.cards.view import Rendered
from bot.domain.case import MarkName, PostKind, Purpose, SendState
from bot.domain.models import Author, Capabilities
from tests.support.block_kit import check_message
from tests.support.card_cases import (
    CARD,
    PUBLIC_ONLY,
    a_cycle,
    a_direct_message,
    a_public_case,
    a_view,
    an_alert,
    matches_snapshot,
    states,
)
from tests.support.cases import ANA, NOON, a_case, a_claim, a_send, a_wait, an_item


def _elements(drawn: Rendered) -> list[dict[str, Any]]:
    return next((block["elements"] for block in drawn.blocks if block["type"] == "actions"), [])


def _buttons(drawn: Rendered) -> list[str]:
    return [each["text"]["text"] for each in _elements(drawn) if each["type"] == "button"]


def _verbs(drawn: Rendered) -> list[Verb | None]:
    menu = next(each for each in _elements(drawn) if each["type"] == "overflow")
    presses = [Press.decode(option["value"]) for option in menu["options"]]
    return [press.verb for press in presses if press]


def _all_text(drawn: Rendered) -> str:
    return json.dumps(drawn.blocks, ensure_ascii=False)


@pytest.mark.parametrize("name", sorted(states()))
def test_each_state_is_drawn_as_recorded_and_within_the_limits(name: str) -> None:
    """A card looks as it did when somebody last looked at it, and Slack takes it."""
    drawn = render(states()[name], CARD, a_view())
    assert check_message(drawn.blocks, drawn.text) == []
    assert matches_snapshot(f"card_{name}", {"text": drawn.text, "blocks": drawn.blocks})


def test_all_states_look_different() -> None:
    """No two states can be mistaken for each other, in the blocks or by their digest."""
    digests = {name: render(case, CARD, a_view()).digest for name, case in states().items()}
    assert len(set(digests.values())) == len(digests)


def test_equal_states_have_equal_digests() -> None:
    """The digest depends on what is drawn only: a later clock that changes nothing visible draws the same."""
    first = render(a_public_case(), CARD, a_view())
    assert render(a_public_case(), CARD, a_view(now=NOON + timedelta(seconds=30))) == first
    assert render(a_public_case(likes=1), CARD, a_view()).digest != first.digest


def test_a_block_id_changes_with_its_content_only() -> None:
    """Claiming changes the ids of the state and of the buttons; the customer's words keep theirs."""
    before = [block["block_id"] for block in render(a_public_case(), CARD, a_view()).blocks]
    after = [block["block_id"] for block in render(a_public_case(claim=a_claim()), CARD, a_view()).blocks]
    changed = {old.split(":")[1] for old, new in zip(before, after, strict=True) if old != new}
    assert changed == {"state", "actions"}


def test_buttons_keep_their_place_when_somebody_claims() -> None:
    """Release stands where Claim stood; the others do not move."""
    assert _buttons(render(a_public_case(), CARD, a_view())) == ["Claim", "Reply", "Thank", "Take private"]
    claimed = render(a_public_case(claim=a_claim()), CARD, a_view())
    assert _buttons(claimed) == ["Release", "Reply", "Thank", "Take private"]


def test_a_closed_case_offers_reopen_history_and_the_link_only() -> None:
    """Nothing can be sent from a closed case."""
    drawn = render(states()["closed"], CARD, a_view())
    assert _buttons(drawn) == ["Reopen"]
    assert _verbs(drawn) == [Verb.HISTORY, Verb.OPEN]


@pytest.mark.parametrize(
    ("case", "capabilities", "offered"),
    [
        (a_public_case(), Capabilities(), ["Claim"]),
        (a_public_case(), PUBLIC_ONLY, ["Claim", "Reply", "Thank", "Take private"]),
        (a_direct_message(), PUBLIC_ONLY, ["Claim"]),
        (states()["window_over"], PUBLIC_ONLY, ["Claim"]),
        (states()["deleted"], PUBLIC_ONLY, ["Claim"]),
    ],
)
def test_a_button_that_cannot_work_is_not_shown(case: Any, capabilities: Capabilities, offered: list[str]) -> None:
    """Capabilities, private conversations, windows and deletions decide what is offered."""
    assert _buttons(render(case, CARD, a_view(capabilities=capabilities))) == offered


def test_going_private_without_messages_needs_a_contact_way() -> None:
    """Where the network has no private messages and the company names no contact, Take private cannot work."""
    drawn = render(a_public_case(), CARD, a_view(capabilities=PUBLIC_ONLY, contact=""))
    assert _buttons(drawn) == ["Claim", "Reply", "Thank"]


def test_a_reply_window_ends_at_its_very_instant() -> None:
    """One second before the end Reply is there, at the end it is gone."""
    case = a_public_case(items=(an_item(reply_until=NOON),))
    assert "Reply" in _buttons(render(case, CARD, a_view(now=NOON - timedelta(seconds=1))))
    assert "Reply" not in _buttons(render(case, CARD, a_view(now=NOON)))


def test_the_menu_offers_on_it_until_somebody_has_acknowledged() -> None:
    """Acknowledging twice would stop no clock."""
    assert _verbs(render(a_public_case(), CARD, a_view()))[0] is Verb.ACKNOWLEDGE
    assert Verb.ACKNOWLEDGE not in _verbs(render(states()["acknowledged"], CARD, a_view()))


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "https://bank.example@evil.example/", "http://a b", "//x"])
def test_an_unsafe_address_is_no_link(url: str) -> None:
    """Only http and https addresses with a plain host are offered."""
    drawn = render(a_public_case(items=(an_item(url=url),), wait=None), CARD, a_view())
    assert Verb.OPEN not in _verbs(drawn)
    assert '"url"' not in _all_text(drawn)


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ("queued", ActionId.UNDO),
        ("failed", ActionId.RETRY),
        ("unknown", ActionId.CHECK_SEND),
        ("unknown_given_up", ActionId.CHECK_SEND),
        ("asked", ActionId.CONFIRM_CLAIM),
        ("sending", None),
        ("sent", None),
        ("trying_again", None),
        ("undone", None),
    ],
)
def test_a_send_has_the_one_button_that_its_state_allows(state: str, action: ActionId | None) -> None:
    """Undo before the first try only, Retry after a failure, Check now when nobody knows."""
    drawn = render(states()[state], CARD, a_view())
    found = [block["accessory"]["action_id"] for block in drawn.blocks if "accessory" in block]
    assert found == ([action] if action else [])


def test_every_button_carries_the_case_and_its_message() -> None:
    """A press can be resolved from its value alone."""
    case = states()["queued"]
    drawn = render(case, an_alert(), a_view())
    for element in [*_elements(drawn), *(block["accessory"] for block in drawn.blocks if "accessory" in block)]:
        if element["type"] == "button":
            press = Press.decode(element["value"])
            assert press is not None
            assert (press.case, press.post) == (case.id, an_alert().id)


def test_private_words_stay_out_of_the_fallback_text() -> None:
    """What a lock screen shows of a direct message is who wrote, not what."""
    drawn = render(a_direct_message(), CARD, a_view())
    assert "phone" not in drawn.text
    assert "Carla wrote in private" in drawn.text


def test_our_private_words_are_masked_on_the_card() -> None:
    """An address that staff wrote into a private message does not appear in the channel."""
    assert "eva@private.example" not in _all_text(render(states()["private_loop_open"], CARD, a_view()))


def test_the_fallback_text_starts_with_the_breach() -> None:
    """Most important first, on one line."""
    text = render(states()["breached_answer"], CARD, a_view()).text
    assert text.startswith("OVERDUE · Bluesky · mention · urgent · complaint · Carla: My parcel is late.")
    assert "\n" not in text


def test_deleted_words_are_gone_even_if_the_case_still_held_them() -> None:
    """A tombstone shows no words, neither in the blocks nor in the text."""
    drawn = render(a_public_case(items=(an_item("a secret", deleted=True),)), CARD, a_view())
    assert "a secret" not in _all_text(drawn) + drawn.text


def test_nobody_is_writing_when_the_time_has_passed() -> None:
    """A presence that was never taken back does not stay."""
    late = render(states()["writing"], CARD, a_view(now=NOON + timedelta(minutes=5)))
    assert "Ben is writing" in _all_text(render(states()["writing"], CARD, a_view()))
    assert "Ben is writing" not in _all_text(late)


def test_many_sends_are_shown_newest_first_to_stay() -> None:
    """When there are too many, the newest stay and the card says how many are left out."""
    sends = tuple(states()["failed"].sends[0].model_copy(update={"id": f"s{n}", "text": f"try {n}"}) for n in range(9))
    drawn = render(a_public_case(sends=sends), CARD, a_view())
    assert check_message(drawn.blocks, drawn.text) == []
    assert "try 8" in _all_text(drawn)
    assert "try 0" not in _all_text(drawn)
    assert "5 earlier sends in History" in _all_text(drawn)


def test_an_alert_is_the_card_with_a_headline_and_the_way_to_the_channel() -> None:
    """The direct message has the same buttons; both the permalink and the channel can lead to the card."""
    drawn = render(a_public_case(), an_alert(), a_view(card_url="https://acme.slack.example/archives/C1/p1"))
    assert check_message(drawn.blocks, drawn.text) == []
    assert matches_snapshot("alert", {"text": drawn.text, "blocks": drawn.blocks})
    assert _buttons(drawn) == _buttons(render(a_public_case(), CARD, a_view()))
    assert "<#C0CARE0001>" in _all_text(render(a_public_case(), an_alert(), a_view()))


@pytest.mark.parametrize("end", ["", ".", "!", "?", "…"])
def test_what_is_read_out_has_an_end_before_the_next_begins(end: str) -> None:
    """A lock screen and a screen reader have headline and case in one line; a colleague's note may end anyhow."""
    text = render(a_public_case(), an_alert(f"Ben asks for your help: he called{end}"), a_view()).text
    assert text.startswith(f"Ben asks for your help: he called{end or '.'} Bluesky")


def test_a_retired_alert_is_one_line_without_buttons() -> None:
    """An older alert cannot be pressed any more."""
    post = an_alert().model_copy(update={"kind": PostKind.RETIRED})
    drawn = render(a_public_case(), post, a_view())
    assert check_message(drawn.blocks, drawn.text) == []
    assert matches_snapshot("retired", {"text": drawn.text, "blocks": drawn.blocks})
    assert [block["type"] for block in drawn.blocks] == ["rich_text", "context"]


def test_a_line_calls_only_whom_hark_named() -> None:
    """Mentions come from the post's list; those in the text are text. A made-up id calls nobody."""
    line = CARD.model_copy(
        update={"kind": PostKind.LINE, "text": "<@U0BEN00001> wrote", "mentions": (ANA.id, "U1> <!here")}
    )
    drawn = render(a_case(), line, a_view())
    assert check_message(drawn.blocks, drawn.text) == []
    assert drawn.text == "<@U0ANA00001> &lt;@U0BEN00001&gt; wrote"
    assert matches_snapshot("line", {"text": drawn.text, "blocks": drawn.blocks})


def test_a_line_about_private_words_keeps_them_out_of_the_fallback_text() -> None:
    """The thread shows the words; the lock screen does not."""
    line = CARD.model_copy(update={"id": "item:1", "kind": PostKind.LINE, "text": "Carla: my number is 12"})
    drawn = render(a_direct_message(), line, a_view())
    assert drawn.text == "Carla wrote in private"
    assert "my number is 12" in _all_text(drawn)


def test_a_line_about_words_that_the_case_keeps_no_more_keeps_them_out_too() -> None:
    """Of a long conversation only the newest words are kept: nobody knows whether those of the line were private."""
    line = CARD.model_copy(update={"id": "item:99", "kind": PostKind.LINE, "text": "Carla: my number is 12"})
    drawn = render(a_direct_message(), line, a_view())
    assert drawn.text == "The customer wrote"
    assert "my number is 12" in _all_text(drawn)


def test_four_buttons_at_most() -> None:
    """More would not fit on a phone."""
    assert all(len(_buttons(render(case, CARD, a_view()))) <= CARD_BUTTONS for case in states().values())


def test_a_line_in_the_channel_leads_to_the_card() -> None:
    """Outside the card's thread a line says where the card is; inside it, that would be noise."""
    url = "https://acme.slack.example/archives/C1/p1"
    line = CARD.model_copy(update={"id": "escalation:1:1", "kind": PostKind.LINE, "text": "Still no answer"})
    assert url in _all_text(render(a_public_case(), line, a_view(card_url=url)))
    inside = line.model_copy(update={"thread": True})
    assert url not in _all_text(render(a_public_case(), inside, a_view(card_url=url)))
    assert check_message(render(a_public_case(), line, a_view(card_url="javascript:x")).blocks, "x") == []


def test_the_account_is_named_unless_the_customer_named_it() -> None:
    """A card says once for whom a post is."""
    assert "for @acme.example" in _all_text(render(a_public_case(), CARD, a_view()))
    named = a_public_case(items=(an_item("@acme.example where is it?"),))
    assert "for @acme.example" not in _all_text(render(named, CARD, a_view()))


def test_a_public_line_stands_with_the_private_message_it_goes_with() -> None:
    """Both halves of one press are shown, and an older reply is not."""
    old = a_send(id="old", state=SendState.SENT, text="Old words")
    message = a_send(id="m", purpose=Purpose.PRIVATE, private=True, state=SendState.SENT, text="Your code, please")
    notice = a_send(id="m+", purpose=Purpose.NOTICE, state=SendState.SENT, text="We wrote to you", after="m")
    drawn = _all_text(render(a_public_case(sends=(old, message, notice)), CARD, a_view()))
    assert drawn.index("Your code, please") < drawn.index("We wrote to you")
    assert "Old words" not in drawn


def test_what_is_overdue_is_said_once() -> None:
    """A missed first word leaves the answer's due time in the context line; a missed answer leaves none."""
    late = a_public_case(wait=a_wait(breached=True))
    assert "a first word was due" in _all_text(render(late, CARD, a_view()))
    assert "first word due" not in _all_text(render(late, CARD, a_view()))
    assert "answer due" in _all_text(render(late, CARD, a_view()))
    missed = a_cycle(missed=(MarkName.ACK_BREACH, MarkName.ANSWER_BREACH))
    later = _all_text(render(a_public_case(wait=a_wait(breached=True), cycle=missed), CARD, a_view()))
    assert "the answer was due" in later
    assert "answer due" not in later


def test_a_customer_of_whom_only_a_name_is_known_gets_a_card_that_slack_takes() -> None:
    """With no handle and the account named in the words there is nothing to add: no empty text is drawn."""
    view = a_view()
    item = an_item(f"{view.account_title} where is it?", author=Author(id="1", name="Dana"))
    drawn = render(a_public_case(author=item.author, items=(item,)), CARD, view)
    assert check_message(drawn.blocks, drawn.text) == []
    texts = [part["text"] for part in drawn.blocks[0]["elements"][0]["elements"] if part["type"] == "text"]
    assert all(texts)
