"""Hiding a comment: when it may be asked, who may approve, what ends a request."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.agenda import indexes, next_send, next_timer
from bot.domain.alerts import is_settled
from bot.domain.case import Case, HideReason, HideState, PostKind, Purpose, Status
from bot.domain.hiding import (
    approve,
    ask,
    decline,
    hidden_on_network,
    pending,
    signs_of,
    subject,
)
from bot.domain.models import Capabilities
from bot.domain.offers import Offer, offers
from bot.domain.passing import pass_time
from bot.domain.reading import Reading
from bot.domain.receiving import deleted, edited, open_case, receive
from bot.domain.routing import Route
from tests.support.cases import ANA, BEN, NOON, a_card, a_key, an_item
from tests.support.decisions import case_of, refused
from tests.support.hiding_cases import (
    CAN,
    LATER,
    POLICY,
    SOON,
    TROLL,
    a_rude_case,
    a_troll,
    an_ask,
    approved,
    asked,
    hidden,
)
from tests.support.policies import MANAGER, a_policy

# --- when it is offered -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "masked", "private", "signs"),
    [
        (Reading(intent="complaint", sentiment="negative", urgency=3), False, False, ()),
        (Reading(intent="complaint", abuse="heated"), False, False, ()),
        (Reading(), False, False, ()),
        (Reading(spam=True), False, False, (HideReason.SPAM,)),
        (Reading(abuse="troll"), False, False, (HideReason.ABUSE, HideReason.HATE)),
        (Reading(intent="complaint"), True, False, (HideReason.PERSONAL_DATA,)),
        (Reading(spam=True, abuse="troll"), True, True, ()),
    ],
)
def test_only_what_triage_reads_is_a_reason(
    reading: Reading, masked: bool, private: bool, signs: tuple[HideReason, ...]
) -> None:
    """Criticism, however heated, is none; what is private is seen by nobody else."""
    assert signs_of(an_item(masked=masked, private=private), reading) == signs


def test_the_signs_come_with_the_words_and_change_with_them() -> None:
    """Stamped when a case opens, when it goes on, and anew after an edit."""
    first = open_case(a_key(), an_item(hideable=True), TROLL, POLICY).case
    assert subject(first, CAN) == first.latest
    complaint = Reading(intent="complaint")
    second = receive(first, an_item("Late again", id="post-2", hideable=True), complaint, POLICY).case
    assert second.latest.signs == ()
    assert subject(second, CAN) == second.items[0]
    kinder = case_of(edited(second, "post-1", "Sorry", "v2", masked=False, cut=False, now=LATER, reading=complaint))
    assert subject(kinder, CAN) is None
    worse = case_of(edited(second, "post-2", "Idiots", "v2", masked=False, cut=False, now=LATER, reading=TROLL))
    assert subject(worse, CAN) == worse.latest


@pytest.mark.parametrize(
    ("changes", "capabilities"),
    [
        ({"signs": ()}, CAN),
        ({"hideable": False}, CAN),
        ({"deleted": True}, CAN),
        ({"hidden": True}, CAN),
        ({"private": True}, CAN),
        ({}, CAN.model_copy(update={"hide": False})),
    ],
)
def test_hide_is_not_offered_where_it_cannot_or_must_not_be(
    changes: dict[str, Any], capabilities: Capabilities
) -> None:
    """Mere criticism, what the network does not let us hide, what is gone, hidden or private."""
    assert Offer.HIDE in offers(a_rude_case(), CAN, NOON)
    assert Offer.HIDE not in offers(a_rude_case(items=(a_troll(**changes),)), capabilities, NOON)


def test_hide_is_not_offered_twice_nor_on_a_closed_case() -> None:
    """While somebody has asked, while it is on its way, and after closing."""
    assert Offer.HIDE not in offers(asked(), CAN, NOON)
    assert Offer.HIDE not in offers(approved(), CAN, NOON)
    closed = a_rude_case(status=Status.CLOSED, wait=None)
    assert Offer.HIDE not in offers(closed, CAN, NOON)
    assert subject(closed, CAN) is None


# --- asking -----------------------------------------------------------------------------------------------------


def test_a_request_is_told_and_waits() -> None:
    """In the thread, to the managers, in the list for Home; nothing is queued, and the customer still waits."""
    decision = ask(a_rude_case(), an_ask(note="third time"), CAN, NOON, POLICY)
    case = case_of(decision)
    assert [(each.what, each.by, each.detail) for each in decision.log] == [  # type: ignore[union-attr]
        ("asked to hide a comment: abuse", ANA.id, "third time")
    ]
    assert pending(case)[0].until == NOON + timedelta(hours=24)
    lines = [post.text for post in case.posts if post.kind is PostKind.LINE]
    assert "Ana asks to hide a comment (abuse)" in lines[0]
    assert [post.channel for post in case.posts if post.kind is PostKind.ALERT] == [MANAGER]
    assert indexes(case)["hiding"] == NOON
    assert next_send(case) is None
    assert case.wait == a_rude_case().wait


def test_whoever_asks_gets_no_message_about_it() -> None:
    """A manager who asks is not told of their own request."""
    policy = a_policy(manager_users=(ANA.id, BEN.id))
    case = case_of(ask(a_rude_case(), an_ask(), CAN, NOON, policy))
    assert [post.channel for post in case.posts if post.kind is PostKind.ALERT] == [BEN.id]


def test_without_a_manager_those_are_asked_who_are_on_call_for_such_cases() -> None:
    """The route on which the card went names them."""
    policy = a_policy(manager_users=(), routes=(Route(channel="C0CARE0002", people=(BEN.id,)),))
    case = case_of(ask(a_rude_case(posts=(a_card(channel="C0CARE0002"),)), an_ask(), CAN, NOON, policy))
    assert [post.channel for post in case.posts if post.kind is PostKind.ALERT] == [BEN.id]


@pytest.mark.parametrize(
    ("case", "changes", "code", "words"),
    [
        (a_rude_case(items=(a_troll(signs=()),)), {}, "criticism", "answered, not hidden"),
        (a_rude_case(), {"reason": "spam"}, "reason", "read as abuse or hate"),
        (a_rude_case(), {"reason": "criticism"}, "reason", "answered, not hidden"),
        (a_rude_case(), {"reason": "personal_data"}, "reason", "answered, not hidden"),
        (a_rude_case(status=Status.CLOSED), {}, "closed", "Reopen"),
        (a_rude_case(items=(a_troll(deleted=True),)), {}, "deleted", "nothing is left to hide"),
        (a_rude_case(items=(a_troll(hidden=True),)), {}, "hidden", "hidden already"),
        (a_rude_case(items=(a_troll(hideable=False),)), {}, "not_hideable", "does not let us"),
        (a_rude_case(items=(a_troll(private=True),)), {}, "private", "private message"),
        (a_rude_case(), {"item": "post-9"}, "not_kept", "does not keep"),
        (asked(), {}, "duplicate", "already"),
        (asked(), {"id": "hide-2", "by": BEN}, "asked", "Ana has asked"),
        (approved(), {"id": "hide-2"}, "busy", "just being hidden"),
    ],
)
def test_each_refusal_to_ask(case: Case, changes: dict[str, Any], code: str, words: str) -> None:
    """With its reason in words, whatever the card showed."""
    found = refused(ask(case, an_ask(**changes), CAN, SOON, POLICY))
    assert found.code == code
    assert words in found.text


def test_a_complaint_with_the_customers_own_number_may_be_hidden_and_is_still_answered() -> None:
    """For that reason alone; the promise runs on, the answer is offered, before and after."""
    item = an_item("My number is [phone ••12]", masked=True, hideable=True)
    case = open_case(a_key(), item, Reading(intent="complaint"), POLICY).case
    assert refused(ask(case, an_ask(), CAN, NOON, POLICY)).code == "reason"
    case = hidden(approved(case_of(ask(case, an_ask(reason="personal_data"), CAN, NOON, POLICY))))
    assert case.latest.hidden
    assert case.wait is not None
    assert Offer.REPLY in offers(case, CAN, LATER)
    assert case.cycle.answered_at is case.cycle.acknowledged_at is None


# --- deciding -----------------------------------------------------------------------------------------------------


def test_nobody_approves_their_own_request() -> None:
    """By Slack user id, whatever name they go by."""
    found = refused(approve(asked(), "hide-1", ANA.model_copy(update={"name": "Bea"}), CAN, SOON, POLICY))
    assert found.code == "own_request"
    assert "Decline takes it back" in found.text


def test_an_approval_queues_the_act_with_undo() -> None:
    """In the approver's name, once, with what the network needs; the case is claimed by nobody for it."""
    case = approved()
    (send,) = case.sends
    assert (send.id, send.purpose, send.by, send.to, send.ref, send.text) == (
        "hide-1", Purpose.HIDE, BEN, "post-1", {"id": "c1"}, ""
    )  # fmt: skip
    assert send.due_at == SOON + POLICY.undo
    assert case.claim is None
    assert "hiding" not in indexes(case)


@pytest.mark.parametrize(
    ("case", "at", "code", "words"),
    [
        (approved(), SOON, "decided", "Ben approved this already"),
        (case_of(decline(asked(), "hide-1", BEN, SOON)), SOON, "decided", "Ben declined this already"),
        (case_of(decline(asked(), "hide-1", ANA, SOON)), SOON, "decided", "Ana took this request back"),
        (asked(), NOON + timedelta(hours=24), "expired", "expired after 24 hours"),
        (case_of(pass_time(asked(), NOON + timedelta(hours=25), POLICY)), NOON, "expired", "expired"),
        (case_of(deleted(asked(), "post-1", SOON)), SOON, "decided", "deleted the comment"),
        (case_of(hidden_on_network(asked(), "post-1", SOON, hidden=True)), SOON, "decided", "on the network itself"),
        (a_rude_case(), SOON, "decided", "not kept"),
    ],
)
def test_whoever_comes_too_late_is_told_why(case: Case, at: Any, code: str, words: str) -> None:
    """Two at once, after a decline, after expiry, after a deletion: told in words; declining the same."""
    other = BEN.model_copy(update={"id": "U0CAT00001", "name": "Cat"})
    for decision in (approve(case, "hide-1", other, CAN, at, POLICY), decline(case, "hide-1", other, at)):
        assert refused(decision).code == code
        assert words in refused(decision).text


def test_the_last_second_still_counts() -> None:
    """One second before the end it can be approved."""
    case = case_of(approve(asked(), "hide-1", BEN, CAN, NOON + timedelta(hours=24, seconds=-1), POLICY))
    assert [(each.id, each.state) for each in case.hidings] == [("hide-1", HideState.APPROVED)]


def test_an_account_that_can_hide_no_more_refuses() -> None:
    """The capability is looked at again when somebody approves."""
    assert refused(approve(asked(), "hide-1", BEN, Capabilities(), SOON, POLICY)).code == "not_hideable"


def test_the_call_to_approve_is_settled_once_somebody_has_decided() -> None:
    """However that ends; what became of a request is told to whoever asked, and is not settled by itself."""
    waiting = asked()
    (call,) = (post for post in waiting.posts if post.channel == MANAGER)
    assert not is_settled(waiting, call)
    passed = case_of(pass_time(waiting, NOON + timedelta(hours=24), POLICY))
    for case in (approved(), case_of(decline(waiting, "hide-1", BEN, SOON)), passed):
        assert is_settled(case, call)
        assert not any(is_settled(case, post) for post in case.posts if post.channel == ANA.id)


def test_a_decline_tells_whoever_asked_and_taking_back_tells_nobody() -> None:
    """The comment still wants an answer."""
    case = case_of(decline(asked(), "hide-1", BEN, SOON))
    assert case.hidings[0].state is HideState.DECLINED
    (alert,) = (post for post in case.posts if post.channel == ANA.id)
    assert "Ben declined" in alert.text
    own = case_of(decline(asked(), "hide-1", ANA, SOON))
    assert own.hidings[0].state is HideState.WITHDRAWN
    assert not [post for post in own.posts if post.channel == ANA.id]
    assert Offer.HIDE in offers(own, CAN, SOON)


def test_a_request_expires_after_24_hours_and_the_asker_is_told() -> None:
    """Its timer is due at that very instant, also on a closed case."""
    case = asked(a_rude_case(wait=None))
    end = NOON + timedelta(hours=24)
    assert next_timer(case) == end
    assert refused(pass_time(case, end - timedelta(seconds=1), POLICY)).code == "nothing_due"
    decision = pass_time(case, end, POLICY)
    over = case_of(decision)
    assert over.hidings[0].state is HideState.EXPIRED
    assert [each.what for each in decision.log] == ["the request to hide a comment expired"]  # type: ignore[union-attr]
    assert "Nobody approved" in next(post.text for post in over.posts if post.channel == ANA.id)
    assert next_timer(over) is None
    assert indexes(over).keys() == indexes(a_rude_case(wait=None)).keys()
