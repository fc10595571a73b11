"""Sends: queued once, taken back in time, in order, never lost and never doubled; the clocks that they stop."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.agenda import MOST_CHECKS, QUICK_CHECKS, next_send, next_timer
from bot.domain.case import Case, PostKind, Purpose, SendState
from bot.domain.decisions import Change
from bot.domain.lifecycle import close, dismiss, reopen
from bot.domain.models import SendReport, Sent
from bot.domain.passing import pass_time
from bot.domain.receiving import receive
from bot.domain.replying import (
    Draft,
    Outgoing,
    queue,
    retry,
    start_writing,
    stop_writing,
    undo,
)
from bot.domain.sending import (
    CALL_LEASE,
    CHECK_EVERY,
    LONGEST_HOLD,
    MAX_TRIES,
    begin,
    confirmed,
    due_send,
    failed,
    held,
    missing,
    orphan,
    postponed,
    reported,
    sent,
    unknown,
)
from tests.support.cases import ANA, BEN, NOON, a_case, a_claim, an_item
from tests.support.decisions import case_of, refused
from tests.support.policies import a_policy

POLICY = a_policy()
PROOF = Sent(id="at://reply", url="https://square.example/reply")
SECOND = timedelta(seconds=1)
REPLY = Draft(id="s1", purpose=Purpose.REPLY, private=False, text="On its way ^AK")
SECOND_REPLY = REPLY.model_copy(update={"id": "s2"})


def queued(*drafts: Draft, case: Case | None = None, **changes: Any) -> Case:
    """A case in which Ana has pressed Send."""
    outgoing = Outgoing(by=ANA, drafts=drafts or (REPLY,), **changes)
    return case_of(queue(case or a_case(), outgoing, NOON, POLICY))


def sending(case: Case | None = None) -> Case:
    """The case while the network is being called."""
    return case_of(begin(case or queued(), "s1", NOON + 15 * SECOND))


def state_of(case: Case, send_id: str = "s1") -> SendState:
    """Where a send stands."""
    send = case.send(send_id)
    assert send is not None
    return send.state


def test_a_send_waits_for_the_undo_time_and_claims_the_case() -> None:
    """It is due when the undo time is over; who answers an unclaimed case holds it."""
    case = queued()
    assert next_send(case) == NOON + 15 * SECOND
    assert due_send(case, NOON + 14 * SECOND) is None
    assert due_send(case, NOON + 15 * SECOND) == case.sends[0]
    assert case.claim is not None
    assert case.claim.by == ANA


def test_answering_anothers_case_does_not_take_it_away() -> None:
    """Ben's claim stays Ben's."""
    case = queued(case=a_case(claim=a_claim(BEN)))
    assert case.claim == a_claim(BEN)


def test_who_answers_keeps_their_claim() -> None:
    """Pressing Send is a sign of life: the lease starts afresh, and nobody asks whether Ana is still on it."""
    early = NOON - 20 * 60 * SECOND
    case = queued(case=a_case(claim=a_claim(ANA, early)))
    assert case.claim is not None
    assert (case.claim.at, case.claim.until) == (early, NOON + POLICY.claim_lease)


def test_a_double_submit_is_one_send() -> None:
    """The id made when the modal was opened is the send's; the second press of Send changes nothing."""
    answer = queue(queued(), Outgoing(by=ANA, drafts=(REPLY,)), NOON, POLICY)
    assert refused(answer).code == "duplicate"


def test_a_closed_case_takes_no_sends() -> None:
    """Reopen comes first."""
    closed = case_of(close(a_case(), BEN, "solved", NOON))
    assert refused(queue(closed, Outgoing(by=ANA, drafts=(REPLY,)), NOON, POLICY)).code == "closed"


def test_undo_takes_back_the_send_and_what_follows_it() -> None:
    """The public line that announces a private message goes with it."""
    private = Draft(id="p", purpose=Purpose.PRIVATE, private=True, text="Hi ^AK")
    line = Draft(id="p+", purpose=Purpose.NOTICE, private=False, text="We wrote to you ^AK", after="p")
    case = case_of(undo(queued(private, line), "p", ANA, NOON))
    assert [send.state for send in case.sends] == [SendState.UNDONE, SendState.UNDONE]
    assert {send.reason for send in case.sends} == {"taken back by Ana"}
    assert next_send(case) is None
    assert refused(undo(case, "p", ANA, NOON)).code == "gone"


def test_undo_comes_too_late_once_the_network_is_called() -> None:
    """What is under way cannot be taken back, and neither can what was tried before. Its author hears what is left."""
    late = refused(undo(sending(), "s1", ANA, NOON))
    assert late.code == "too_late"
    assert late.text.endswith("If the words are wrong, correct them with another reply.")
    tried = case_of(postponed(sending(), "s1", "busy", None, NOON))
    assert refused(undo(tried, "s1", ANA, NOON)).code == "too_late"


def test_an_answer_stops_both_clocks_when_it_stands() -> None:
    """Not when it is queued: only what stands on the network counts."""
    case = sending()
    assert case.wait is not None
    assert case.cycle.answered_at is None
    later = NOON + 20 * SECOND
    done = case_of(sent(case, "s1", PROOF, later, POLICY))
    assert done.wait is None
    assert (done.cycle.acknowledged_at, done.cycle.answered_at) == (later, later)
    assert refused(sent(done, "s1", PROOF, later, POLICY)).code == "known"


def test_an_acknowledgement_stops_the_first_clock_only() -> None:
    """The customer still waits for an answer."""
    ack = REPLY.model_copy(update={"purpose": Purpose.ACKNOWLEDGE})
    stands = sent(sending(queued(ack)), "s1", PROOF, NOON, POLICY)
    assert isinstance(stands, Change)
    assert [each.what for each in stands.log] == ["sent an acknowledgement"]
    done = stands.case
    assert done.wait is not None
    assert done.wait.ack_due is None
    assert done.cycle.answered_at is None


def test_a_customer_who_wrote_meanwhile_still_waits() -> None:
    """The answer was written before the customer's newest words, so it cannot answer them."""
    case = queued()
    newer = an_item("And another thing", id="post-2", seen_at=NOON + 5 * SECOND)
    case = receive(case, newer, case.reading, POLICY).case
    done = case_of(sent(sending(case), "s1", PROOF, NOON + 20 * SECOND, POLICY))
    assert done.wait is not None
    assert done.wait.since == NOON + 5 * SECOND
    assert done.wait.ack_due is None


def test_sends_of_one_conversation_go_out_in_order() -> None:
    """The second waits while the first is on its way."""
    case = sending(queued(SECOND_REPLY, case=queued()))
    assert due_send(case, NOON + 30 * SECOND) is None
    done = case_of(sent(case, "s1", PROOF, NOON + 20 * SECOND, POLICY))
    following = due_send(done, NOON + 30 * SECOND)
    assert following is not None
    assert following.id == "s2"


def test_a_send_found_sending_after_its_lease_is_looked_for() -> None:
    """A crash in the call leaves `sending`; it comes due again, and its fate is unknown."""
    case = sending()
    found = due_send(case, NOON + 15 * SECOND + CALL_LEASE)
    assert found is not None
    assert found.state is SendState.SENDING
    lost = case_of(unknown(case, "s1", NOON))
    assert state_of(lost) is SendState.UNKNOWN
    assert state_of(case_of(sent(lost, "s1", PROOF, NOON, POLICY))) is SendState.SENT
    assert state_of(case_of(missing(lost, "s1", NOON))) is SendState.QUEUED


def test_the_next_holder_looks_for_an_orphan_at_once() -> None:
    """A send that another worker began is nothing to send, but something to look for."""
    case = sending(queued(SECOND_REPLY, case=queued()))
    assert due_send(case, NOON + 20 * SECOND) is None
    found = orphan(case)
    assert found is not None
    assert found.id == "s1"
    assert orphan(queued()) is None


def test_a_later_reply_waits_for_one_whose_fate_is_unknown() -> None:
    """It does not overtake while the earlier is looked for; and nobody asks for it before that."""
    case = case_of(unknown(sending(queued(SECOND_REPLY, case=queued())), "s1", NOON))
    assert due_send(case, NOON + 29 * SECOND) is None
    assert next_send(case) == NOON + 30 * SECOND
    found = due_send(case, NOON + 30 * SECOND)
    assert found is not None
    assert found.id == "s1"
    back = case_of(missing(case, "s1", NOON + 30 * SECOND))
    first = due_send(back, NOON + 31 * SECOND)
    assert first is not None
    assert first.id == "s1"


def test_a_later_reply_waits_for_one_that_is_tried_again() -> None:
    """Retrying means a later reply is due long since and still waits: no spinning meanwhile."""
    case = case_of(postponed(sending(queued(SECOND_REPLY, case=queued())), "s1", "busy", 600.0, NOON))
    assert due_send(case, NOON + 599 * SECOND) is None
    assert next_send(case) == NOON + 600 * SECOND


def test_what_failed_or_cannot_be_found_holds_up_nothing_for_ever() -> None:
    """After a failure the next goes at once; after some looks for an unknown one, too."""
    case = sending(queued(SECOND_REPLY, case=queued()))
    gone = due_send(case_of(failed(case, "s1", "gone", NOON)), NOON + 30 * SECOND)
    assert gone is not None
    assert gone.id == "s2"
    for _ in range(QUICK_CHECKS + 1):
        case = case_of(unknown(case, "s1", NOON))
    free = due_send(case, NOON + 30 * SECOND)
    assert free is not None
    assert free.id == "s2"
    late = case_of(sent(case, "s2", PROOF, NOON, POLICY))
    lost = case_of(missing(late, "s1", NOON)).send("s1")
    assert lost is not None
    assert (lost.state, lost.reason) == (SendState.FAILED, "it never arrived, and a later one has gone out since")


def test_a_held_send_waits_with_its_reason_for_a_day() -> None:
    """Told once, not at each look; still to be taken back while nothing was tried; after a day a person decides."""
    case = case_of(held(queued(), "s1", "X does not answer", NOON + 20 * SECOND))
    assert refused(held(case, "s1", "X does not answer", NOON + 50 * SECOND)).code == "known"
    assert state_of(case_of(undo(case, "s1", ANA, NOON))) is SendState.UNDONE
    assert refused(held(case, "s1", "X does not answer", NOON + LONGEST_HOLD)).code == "known"
    over = case_of(held(case, "s1", "X does not answer", NOON + LONGEST_HOLD + SECOND)).send("s1")
    assert over is not None
    assert (over.state, over.text) == (SendState.FAILED, REPLY.text)
    assert refused(held(case_of(sent(sending(), "s1", PROOF, NOON, POLICY)), "s1", "why", NOON)).code == "not_sending"


@pytest.mark.parametrize(("refused", "attempt"), [(True, 0), (False, 1)])
def test_a_try_that_may_have_been_carried_out_stays_counted(refused: bool, attempt: int) -> None:
    """Then the next try looks on the network first; one that was surely refused is no try, and may be taken back."""
    send = case_of(held(sending(), "s1", "why", NOON, refused=refused)).send("s1")
    assert send is not None
    assert (send.state, send.attempt) == (SendState.QUEUED, attempt)


def test_an_unknown_send_is_checked_soon_then_seldom() -> None:
    """The network is not asked every half minute for a day; the card keeps saying that it is being checked."""
    case = sending()
    gaps = []
    for _ in range(QUICK_CHECKS + 2):
        case = case_of(unknown(case, "s1", NOON))
        due = next_send(case)
        assert due is not None
        gaps.append(due - NOON)
    assert gaps[0] == timedelta(seconds=30)
    assert gaps[-1] == timedelta(hours=1)


def test_what_the_network_never_tells_is_left_to_a_person() -> None:
    """After two days nothing is due any more, so that a closed case may expire; Check now begins anew."""
    case, at = case_of(unknown(sending(), "s1", NOON)), NOON
    while (due := next_send(case)) is not None:
        assert due <= NOON + timedelta(hours=49)
        case, at = case_of(unknown(case, "s1", due)), due
    assert at > NOON + timedelta(hours=47)
    assert state_of(case) is SendState.UNKNOWN
    assert due_send(case, at + timedelta(days=30)) is None
    again = case_of(retry(case, "s1", ANA, at))
    assert next_send(again) == at
    assert next_send(case_of(unknown(again, "s1", at))) == at + CHECK_EVERY


def test_what_is_given_up_holds_up_nothing() -> None:
    """A later reply goes out; should the network tell after all, that counts."""
    case = sending()
    for _ in range(MOST_CHECKS + 1):
        case = case_of(unknown(case, "s1", NOON))
    assert next_send(case) is None
    following = due_send(queued(SECOND_REPLY, case=case), NOON + 15 * SECOND)
    assert following is not None
    assert following.id == "s2"
    assert state_of(case_of(sent(case, "s1", PROOF, NOON, POLICY))) is SendState.SENT


def test_a_busy_network_is_tried_again_as_it_asked_and_at_last_given_up() -> None:
    """Retry-After is obeyed; without it each pause is longer; after eight tries a person decides."""
    case = case_of(postponed(sending(), "s1", "slow down", 90.0, NOON))
    assert next_send(case) == NOON + 90 * SECOND
    for _ in range(MAX_TRIES):
        if state_of(case) is SendState.FAILED:
            break
        case = case_of(postponed(case_of(begin(case, "s1", NOON)), "s1", "slow down", None, NOON))
    assert state_of(case) is SendState.FAILED
    send = case.send("s1")
    assert send is not None
    assert "gave up" in send.reason
    assert send.text == REPLY.text


def test_a_failure_keeps_the_text_and_tells_its_author() -> None:
    """The reason stands on the card; Ana hears of it in a direct message; Retry queues it again."""
    case = case_of(failed(sending(), "s1", "they have blocked us", NOON))
    alert = [post for post in case.posts if post.kind is PostKind.ALERT]
    assert [post.channel for post in alert] == [ANA.id]
    assert "they have blocked us" in alert[0].text
    assert case.wait is not None
    again = case_of(retry(case, "s1", ANA, NOON))
    assert state_of(again) is SendState.QUEUED
    assert next_send(again) == NOON


def test_the_public_line_does_not_claim_what_did_not_happen() -> None:
    """When the private message fails, "we have sent you a message" is not posted."""
    private = Draft(id="s1", purpose=Purpose.PRIVATE, private=True, text="Hi ^AK")
    line = Draft(id="s1+", purpose=Purpose.NOTICE, private=False, text="We wrote to you ^AK", after="s1")
    case = case_of(failed(sending(queued(private, line)), "s1", "they take no messages", NOON))
    case = case_of(begin(case, "s1+", NOON))
    assert state_of(case, "s1+") is SendState.FAILED


def test_going_private_opens_the_public_loop_until_a_closing_word() -> None:
    """Bystanders should not see silence: closing asks for a word, or for somebody who waives it."""
    private = Draft(id="s1", purpose=Purpose.PRIVATE, private=True, text="Hi ^AK")
    case = case_of(sent(sending(queued(private)), "s1", PROOF, NOON, POLICY))
    assert case.loop_open
    assert case.cycle.private_at == NOON
    assert refused(close(case, ANA, "solved", NOON)).code == "loop_open"
    assert not case_of(close(case, ANA, "solved", NOON, waive_loop=True)).is_open
    word = Draft(id="s2", purpose=Purpose.NOTICE, private=False, text="Sorted ^AK", closes_loop=True)
    with_word = queued(word, case=case)
    assert not case_of(close(with_word, ANA, "solved", NOON)).is_open
    taken_back = case_of(undo(with_word, "s2", ANA, NOON))
    assert refused(close(taken_back, ANA, "solved", NOON)).code == "loop_open"
    unsent = case_of(failed(with_word, "s2", "they have blocked us", NOON))
    assert refused(close(unsent, ANA, "solved", NOON)).code == "loop_open"


def test_reading_back_marks_the_send_once() -> None:
    """The card says that the reply was seen on the network."""
    case = case_of(sent(sending(), "s1", PROOF, NOON, POLICY))
    seen = case_of(confirmed(case, "s1", PROOF))
    send = seen.send("s1")
    assert send is not None
    assert send.read_back
    assert refused(confirmed(seen, "s1", PROOF)).code == "known"
    assert refused(confirmed(case, "s1", None)).code == "known"


@pytest.mark.parametrize(("ok", "state"), [(True, SendState.SENT), (False, SendState.FAILED)])
def test_a_late_report_of_the_network_counts(ok: bool, state: SendState) -> None:
    """A network may say minutes later what became of a send."""
    report = SendReport(send="s1", key=a_case().key, ok=ok, reason="undeliverable", at=NOON)
    assert state_of(case_of(reported(sending(), report, POLICY))) is state


def test_a_report_about_an_earlier_try_does_not_turn_the_card_red_again() -> None:
    """The first try failed, the second stands; the first report, delivered again, changes nothing."""
    case = case_of(sent(sending(), "s1", PROOF, NOON + 60 * SECOND, POLICY))
    report = SendReport(send="s1", key=a_case().key, ok=False, reason="undeliverable", at=NOON)
    assert refused(reported(case, report, POLICY)).code == "stale"


def test_presence_shows_and_ends() -> None:
    """Opening the modal shows on the card; closing it or sending ends that."""
    writing = case_of(start_writing(a_case(), ANA, NOON, POLICY))
    assert writing.writing is not None
    assert refused(start_writing(writing, ANA, NOON, POLICY)).code == "known"
    assert case_of(stop_writing(writing, ANA)).writing is None
    assert refused(stop_writing(writing, BEN)).code == "known"
    assert queued(case=writing).writing is None


def test_presence_ends_by_itself() -> None:
    """A modal that was never closed does not stand on the card for ever; others' sends do not end it."""
    writing = case_of(start_writing(a_case(), BEN, NOON, POLICY))
    assert queued(case=writing).writing == writing.writing
    end = NOON + POLICY.writing
    assert next_timer(writing) == end
    assert refused(pass_time(writing, end - SECOND, POLICY)).code == "nothing_due"
    assert case_of(pass_time(writing, end, POLICY)).writing is None
    assert case_of(close(writing, ANA, "solved", NOON)).writing is None


def test_not_for_us_closes_and_reopen_brings_the_promise_back() -> None:
    """A wrong press is mended: an unanswered customer waits again, in the hands of whoever reopened."""
    gone = case_of(dismiss(a_case(), BEN, NOON))
    assert gone.close_reason == "not for us"
    back = case_of(reopen(gone, ANA, NOON + timedelta(hours=1), POLICY))
    assert back.wait is not None
    assert back.wait.since == NOON + timedelta(hours=1)
    assert back.claim is not None
    assert back.claim.by == ANA
    assert refused(reopen(back, ANA, NOON, POLICY)).code == "open"
