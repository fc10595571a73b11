"""The words of a card: nothing on it is a code or a riddle, and each line says what it asks for."""

import json
from datetime import timedelta

import pytest

from bot.cards.card import render
from bot.cards.escape import due_token
from bot.cards.view import Rendered
from bot.cards.words import URGENT_BECAUSE
from bot.domain.case import HideState, Purpose, SendState
from bot.domain.models import Capabilities, Kind, LengthRule
from bot.domain.reading import Reading
from bot.domain.text.urgency import RULES
from tests.support.card_cases import CARD, a_hide, a_hiding_case, a_public_case, a_view, an_alert, states
from tests.support.cases import NOON, a_claim, a_send, a_wait, an_item


def text(drawn: Rendered) -> str:
    """All that is drawn."""
    return json.dumps(drawn.blocks, ensure_ascii=False)


def test_why_a_case_is_urgent_is_said_in_words() -> None:
    """Triage keeps one word for each reason; those that say nothing alone are told at length."""
    reading = Reading(intent="complaint", urgency=3, urgent_because=("safety", "time", "leaving"))
    drawn = text(render(a_public_case(reading=reading), CARD, a_view()))
    assert "⚡ *urgent* (safety, time is short, may leave us)" in drawn
    assert URGENT_BECAUSE.keys() <= {rule.reason for rule in RULES}


def test_what_a_search_found_is_for_nobody() -> None:
    """The customer spoke of us, not to us; only where there are several accounts does the card say which found it."""
    found = a_public_case(items=(an_item("Has anybody flown with Acme?", kind=Kind.MATCH, stream="acme"),))
    alone = text(render(found, CARD, a_view()))
    assert "for @acme.example" not in alone
    assert "found by" not in alone
    assert "found by @acme.example" in text(render(found, CARD, a_view(one_of_several=True)))


def test_a_claim_that_is_about_to_lapse_says_when() -> None:
    """Holder and colleagues read until when it is kept."""
    claim = a_claim(asked=True)
    drawn = text(render(a_public_case(claim=claim), CARD, a_view()))
    assert f"asked whether still on it, else free again {due_token(claim.until, NOON)}" in drawn


def test_a_claim_that_does_not_lapse_is_not_said_to() -> None:
    """A colleague has answered in the holder's place: nobody waits, and nobody has to say that they are still on it."""
    case = a_public_case(wait=None, claim=a_claim(asked=True))
    drawn = text(render(case, CARD, a_view()))
    assert "Claimed by Ana" in drawn
    assert "still on it" not in drawn.lower()
    assert "✅ Settled" in text(render(case, an_alert(), a_view()))


def test_a_missing_closing_word_says_where_to_give_it() -> None:
    """The way is in the menu, and no button says so; where the form offers none, the card does not say so."""
    case = states()["private_loop_open"]
    drawn = text(render(case, CARD, a_view()))
    assert "waits for a closing word: *Close…* in the menu offers one" in drawn
    assert "✅ Close…" in drawn
    silent = a_view(capabilities=Capabilities(private_message=LengthRule(limit=1000)))
    assert 'waits for a closing word"' in text(render(case, CARD, silent))
    assert "Close…" not in text(render(case.model_copy(update={"status": "closed"}), CARD, a_view()))


def test_the_lock_screen_names_what_did_not_go_out() -> None:
    """A reply, a private message or the hiding of a comment: whoever is called knows which before the phone is open."""
    assert render(states()["failed"], CARD, a_view()).text.endswith("· public reply failed")
    assert render(states()["hide_failed"], CARD, a_view()).text.endswith("· hiding the comment failed")
    unknown = render(states()["unknown"], CARD, a_view()).text
    assert unknown.endswith("· public reply: not known whether it arrived")
    nine = tuple(a_send(id=f"s{n}", state=SendState.FAILED) for n in range(9))
    assert render(a_public_case(sends=nine), CARD, a_view()).text.count("failed") == 1


def test_a_line_has_its_own_retry_once_the_message_before_it_stands() -> None:
    """Before, pressing it could only fail again."""
    line = a_send(id="line", purpose=Purpose.NOTICE, after="send-1", state=SendState.FAILED, reason="no")
    for first in (SendState.FAILED, SendState.QUEUED, SendState.SENT):
        case = a_public_case(sends=(a_send(private=True, purpose=Purpose.PRIVATE, state=first), line))
        drawn = text(render(case, CARD, a_view()))
        assert drawn.count("hark:retry:v1") == 1
        assert ("Retry: Public line" in drawn) is (first is not SendState.FAILED)
        heard = render(case, CARD, a_view()).text
        assert ("public line failed" in heard) is (first is not SendState.FAILED)


def test_hiding_is_an_act_and_not_a_letter() -> None:
    """It begins and works, where words go out and arrive."""
    assert "*Hiding the comment* by Ben begins at" in text(render(states()["hide_queued"], CARD, a_view()))
    lost = a_hiding_case(HideState.APPROVED, sends=(a_hide(SendState.UNKNOWN, attempt=1),))
    drawn = render(lost, CARD, a_view())
    assert "*Hiding the comment* by Ben: not known whether it worked" in text(drawn)
    assert "hiding the comment: not known whether it worked" in drawn.text


def test_an_alert_does_not_ring_on_when_all_is_settled() -> None:
    """Its headline stays, as what it said; who waits again is rung for again; what failed is not settled by itself."""
    waiting, answered = states()["breached_answer"], states()["answered_late"]
    assert "🔔 The answer is late: Carla is waiting." in text(render(waiting, an_alert(), a_view()))
    settled = render(answered, an_alert(), a_view())
    assert "✅ Settled. It said: The answer is late: Carla is waiting." in text(settled)
    assert settled.text.startswith("Settled. It said: The answer is late: Carla is waiting. Bluesky")
    again = answered.model_copy(update={"wait": a_wait()})
    assert "🔔" in text(render(again, an_alert(), a_view()))
    failed = a_public_case(wait=None, sends=(a_send(state=SendState.FAILED),))
    for alert in ("failed:send-1:1", "hide:1", "fallback:card@U0ANA00001"):
        post = an_alert().model_copy(update={"id": alert})
        assert "🔔" in text(render(failed, post, a_view()))


@pytest.mark.parametrize("state", [SendState.QUEUED, SendState.SENDING, SendState.UNKNOWN])
def test_what_is_tried_again_is_not_settled_before_it_has_arrived(state: SendState) -> None:
    """A line after which nobody waits failed, and somebody pressed Retry: whether it arrives is not known yet."""
    failed = an_alert().model_copy(update={"id": "failed:send-1:1"})
    for of, settled in ((state, False), (SendState.SENT, True)):
        case = a_public_case(wait=None, sends=(a_send(state=of, purpose=Purpose.NOTICE),))
        assert ("✅ Settled" in text(render(case, failed, a_view()))) is settled


def test_what_the_usual_door_missed_says_how_late_it_was_found() -> None:
    """The customer has waited for longer than the card stands. A follow-up that came in time does not hide that."""
    missed = an_item(late=True, seen_at=NOON + timedelta(minutes=14))
    words = "🔎 found late, 14 min after it was posted"
    assert words in text(render(a_public_case(items=(missed,), swept=True), CARD, a_view()))
    both = (missed, an_item("Hello?", id="post-2", seq=2))
    assert words in text(render(a_public_case(items=both, swept=True), CARD, a_view()))
    assert "🔎 found late" in text(render(a_public_case(swept=True), CARD, a_view()))
    assert "found late" not in text(render(a_public_case(), CARD, a_view()))
