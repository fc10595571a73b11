"""A network says late that an answer did not arrive: the customer who was thought to be answered waits after all."""

from datetime import timedelta

import pytest

from bot.domain.case import Case, MarkName, Purpose, Send, SendState
from bot.domain.decisions import Change, Refused
from bot.domain.lifecycle import close
from bot.domain.models import Kind, SendReport, Sent
from bot.domain.passing import pass_time
from bot.domain.reading import Reading
from bot.domain.receiving import receive
from bot.domain.replying import retry
from bot.domain.sending import begin, reported, sent, unknown
from tests.support.cases import ANA, NOON, a_case, a_send, an_item
from tests.support.decisions import case_of
from tests.support.policies import a_policy

POLICY = a_policy()
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def answered(case: Case, send: Send, minutes: int) -> Case:
    """A send was written, and went out a minute later."""
    at = NOON + minutes * MINUTE
    send = send.model_copy(update={"created_at": at, "state": SendState.SENDING})
    case = case.model_copy(update={"sends": (*case.sends, send)})
    return case_of(sent(case, send.id, Sent(id=f"there-{send.id}"), at + MINUTE, POLICY))


def did_not_arrive(case: Case, send_id: str, minutes: int) -> Case:
    """The network's report, so many minutes after noon."""
    report = SendReport(send=send_id, key=case.key, ok=False, reason="undeliverable", at=NOON + minutes * MINUTE)
    return case_of(reported(case, report, POLICY))


def test_the_customer_waits_again_since_the_first_words() -> None:
    """As if nothing had been sent: both clocks run since noon, and both instants are gone."""
    case = did_not_arrive(answered(a_case(), a_send(), 5), "send-1", 10)
    assert case.wait == a_case().wait
    assert (case.cycle.acknowledged_at, case.cycle.answered_at) == (None, None)


def test_who_hears_of_it_after_the_promise_is_broken_is_told_at_once() -> None:
    """The answer counted for three hours; now it is late, and the team's phones ring."""
    case = did_not_arrive(answered(a_case(), a_send(), 5), "send-1", 180)
    late = case_of(pass_time(case, NOON + 3 * HOUR, POLICY))
    assert MarkName.ANSWER_BREACH in late.cycle.missed


def test_an_earlier_first_word_still_counts() -> None:
    """ "We are on it" arrived; only the answer is still owed."""
    case = answered(a_case(), a_send(id="word", purpose=Purpose.ACKNOWLEDGE), 5)
    case = did_not_arrive(answered(case, a_send(), 10), "send-1", 20)
    assert case.cycle.acknowledged_at == NOON + 6 * MINUTE
    assert case.cycle.answered_at is None
    assert case.wait is not None
    assert (case.wait.since, case.wait.ack_due) == (NOON, None)
    assert case.wait.answer_due == NOON + 2 * HOUR


def test_a_first_word_that_did_not_arrive_gives_no_answer_back() -> None:
    """The answer after it stands: nobody waits, and the answer was the first word."""
    case = answered(a_case(), a_send(id="word", purpose=Purpose.ACKNOWLEDGE), 5)
    case = did_not_arrive(answered(case, a_send(), 10), "word", 20)
    assert case.wait is None
    assert (case.cycle.acknowledged_at, case.cycle.answered_at) == (NOON + 11 * MINUTE, NOON + 11 * MINUTE)


def test_another_answer_that_arrived_is_enough() -> None:
    """Of two answers one did not arrive: the customer has the other, which counts from when it went out."""
    case = answered(answered(a_case(), a_send(), 5), a_send(id="send-2"), 10)
    case = did_not_arrive(case, "send-1", 20)
    assert case.wait is None
    assert case.cycle.answered_at == NOON + 11 * MINUTE


def test_words_after_the_answer_that_arrived_are_unanswered() -> None:
    """The second answer was to the second question: only that one waits, since it was asked."""
    case = answered(a_case(), a_send(), 5)
    more = an_item("And where is it now?", seq=2, id="post-2", posted_at=NOON + HOUR, seen_at=NOON + HOUR)
    case = case.model_copy(update={"items": (*case.items, more), "item_count": 2})
    case = did_not_arrive(answered(case, a_send(id="send-2"), 70), "send-2", 80)
    assert case.wait is not None
    assert case.wait.since == NOON + HOUR
    assert case.cycle.answered_at == NOON + 6 * MINUTE


@pytest.mark.parametrize("had_answer", [True, False])
def test_what_was_before_the_customer_came_back_does_not_count(had_answer: bool) -> None:
    """Neither do the words of an earlier time wait, nor is an answer of then one of now."""
    case = answered(a_case(), a_send(id="old"), 5) if had_answer else a_case()
    case = case_of(close(case, ANA, "solved", NOON + 10 * MINUTE))
    again = an_item("It broke again", id="post-2", posted_at=NOON + HOUR, seen_at=NOON + HOUR)
    case = case_of(receive(case, again, Reading(), POLICY))
    case = did_not_arrive(answered(case, a_send(), 70), "send-1", 80)
    assert case.wait is not None
    assert case.wait.since == NOON + HOUR
    assert (case.cycle.acknowledged_at, case.cycle.answered_at) == (None, None)


def test_who_waits_already_goes_on_waiting() -> None:
    """The customer wrote again after the answer: that wait stays as it is."""
    later = an_item("Hello?", seq=2, id="post-2", posted_at=NOON + HOUR, seen_at=NOON + HOUR)
    case = answered(a_case(items=(an_item(), later)), a_send(), 5)
    assert case.wait is not None
    assert did_not_arrive(case, "send-1", 90).wait == case.wait


def test_a_search_hit_that_was_answered_waits_too() -> None:
    """Somebody found it worth an answer."""
    case = a_case(items=(an_item(kind=Kind.MATCH),))
    assert did_not_arrive(answered(case, a_send(), 5), "send-1", 10).wait is not None


def test_nobody_waits_in_a_closed_case_or_for_deleted_words() -> None:
    """The writer is told all the same."""
    closed = case_of(close(answered(a_case(), a_send(), 5), ANA, "solved", NOON + 7 * MINUTE))
    deleted = a_case(items=(an_item(deleted=True),))
    for case in (closed, answered(deleted, a_send(), 5)):
        after = did_not_arrive(case, "send-1", 10)
        assert after.wait is None
        assert any(post.channel == ANA.id and "did not reach" in post.text for post in after.posts)


def test_a_private_message_that_did_not_arrive_has_not_gone_private() -> None:
    """The instant is gone with it."""
    case = answered(a_case(), a_send(purpose=Purpose.PRIVATE, private=True), 5)
    assert case.cycle.private_at is not None
    assert did_not_arrive(case, "send-1", 10).cycle.private_at is None


def test_the_first_failure_told_again_during_the_second_try_changes_nothing() -> None:
    """Retry was pressed and the network is being called: that report is about the try before."""
    failed_once = did_not_arrive(answered(a_case(), a_send(), 5), "send-1", 10)
    again = case_of(retry(failed_once, "send-1", ANA, NOON + 20 * MINUTE))
    again = case_of(begin(again, "send-1", NOON + 20 * MINUTE))
    first = SendReport(send="send-1", key=again.key, ok=False, reason="undeliverable", at=NOON + 10 * MINUTE)
    assert isinstance(reported(again, first, POLICY), Refused)


def test_what_arrived_on_one_device_has_arrived() -> None:
    """The customer has several: one of them is told not to have it, before or after the other one has."""
    case = answered(a_case(), a_send(), 5)
    ok = SendReport(send="send-1", key=case.key, ok=True, at=NOON + 7 * MINUTE)
    bad = ok.model_copy(update={"ok": False, "reason": "undeliverable"})
    for told in ((ok, bad), (bad, ok), (ok, bad, ok, bad)):
        after = case
        for report in told:
            decision = reported(after, report, POLICY)
            after = decision.case if isinstance(decision, Change) else after
        assert [each.state for each in after.sends] == [SendState.SENT]
        assert after.wait is None
        assert after.cycle.answered_at is not None


def test_that_it_arrived_is_not_worth_a_draw() -> None:
    """No card shows it, and the second report of it changes nothing."""
    case = answered(a_case(), a_send(), 5)
    ok = SendReport(send="send-1", key=case.key, ok=True, at=NOON + 7 * MINUTE)
    change = reported(case, ok, POLICY)
    assert isinstance(change, Change)
    assert not change.redraw
    assert isinstance(reported(change.case, ok, POLICY), Refused)


def test_what_the_network_says_it_has_is_unknown_no_more() -> None:
    """The answer to the call is lost, before or after that report, and the customer's phone is off: nobody has to look
    there or to answer again."""
    calling = case_of(begin(a_case(sends=(a_send(),)), "send-1", NOON))
    has_it = SendReport(send="send-1", key=calling.key, ok=True, arrived=False, at=NOON + MINUTE)
    for before in (calling, case_of(unknown(calling, "send-1", NOON + MINUTE))):
        case = case_of(reported(before, has_it, POLICY))
        assert isinstance(unknown(case, "send-1", NOON + 2 * MINUTE), Refused)
        assert [each.state for each in case.sends] == [SendState.SENT]
        assert case.wait is None
        assert did_not_arrive(case, "send-1", 60).wait is not None


@pytest.mark.parametrize("state", [SendState.FAILED, SendState.SENT, SendState.QUEUED])
def test_that_the_network_has_it_says_nothing_of_any_other_send(state: SendState) -> None:
    """It failed since, is known already, or is tried once more."""
    case = a_case(sends=(a_send(state=state),))
    has_it = SendReport(send="send-1", key=case.key, ok=True, arrived=False, at=NOON + MINUTE)
    assert isinstance(reported(case, has_it, POLICY), Refused)
