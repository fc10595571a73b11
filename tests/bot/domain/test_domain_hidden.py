"""Hiding a comment: what happens meanwhile, the act itself, what never stops, and the way back."""

from typing import Any

from bot.domain.agenda import indexes
from bot.domain.case import Case, HideState, Purpose, SendState, Status
from bot.domain.hiding import (
    KEPT,
    approve,
    hidden_on_network,
    pending,
    stopped,
    subject,
    unhide,
)
from bot.domain.lifecycle import close
from bot.domain.models import Capabilities, Sent
from bot.domain.offers import Offer, offers
from bot.domain.overtaking import overtaken_by
from bot.domain.passing import pass_time
from bot.domain.reading import Reading
from bot.domain.receiving import deleted, edited, receive
from bot.domain.replying import retry, undo
from bot.domain.sending import failed, sent
from tests.support.cases import ANA, BEN, NOON, a_send, an_item
from tests.support.decisions import case_of, refused
from tests.support.hiding_cases import (
    CAN,
    LATER,
    POLICY,
    SOON,
    TROLL,
    a_rude_case,
    a_troll,
    approved,
    asked,
    hidden,
)

# --- meanwhile ------------------------------------------------------------------------------------------------------


def test_the_customer_writes_again_meanwhile() -> None:
    """The request is about the comment it was made for, and goes on."""
    case = receive(asked(), an_item("Hello?", id="post-2"), Reading(), POLICY).case
    case = hidden(approved(case))
    assert [item.hidden for item in case.items] == [True, False]


def test_an_edit_ends_a_request_and_takes_a_queued_act_back() -> None:
    """An approval was for the words as they were."""
    new: dict[str, Any] = {"masked": False, "cut": False, "now": SOON, "reading": TROLL, "ref": {"id": "c2"}}
    case = case_of(edited(asked(), "post-1", "You are idiots, all of you", "v2", **new))
    assert (case.hidings[0].state, case.hidings[0].why) == (HideState.LAPSED, "the customer changed the words")
    assert Offer.HIDE in offers(case, CAN, LATER)
    queued = case_of(edited(approved(), "post-1", "Sorry", "v2", **{**new, "now": LATER}))
    assert queued.sends[0].state is SendState.UNDONE


def test_a_deletion_ends_a_request() -> None:
    """Nothing is left to hide, and the log says so."""
    decision = deleted(asked(), "post-1", SOON)
    assert [each.what for each in decision.log] == [  # type: ignore[union-attr]
        "deleted on the network", "the request to hide a comment lapsed"
    ]  # fmt: skip


def test_a_case_closed_meanwhile_keeps_its_request() -> None:
    """Spam is set aside first, and hidden after that."""
    case = case_of(close(asked(), ANA, "solved", SOON))
    assert indexes(case) == {"hiding": NOON}
    case = hidden(approved(case))
    assert case.latest.hidden
    assert not case.is_open


def test_an_act_is_stopped_at_the_last_moment() -> None:
    """When the comment is gone, changed or out of reach, or somebody has decided otherwise since."""
    case = approved()
    send = case.sends[0]
    assert stopped(case, send, CAN) == ""
    assert "no way" in stopped(case, send, Capabilities()) or "does not let" in stopped(case, send, Capabilities())
    for update, words in (({"deleted": True}, "deleted"), ({"edited_at": LATER}, "changed the words")):
        other = case.model_copy(update={"items": (case.latest.model_copy(update=update),)})
        assert words in stopped(other, send, CAN)
    assert "does not keep" in stopped(case.model_copy(update={"items": (an_item(id="other"),)}), send, CAN)
    shown = case_of(
        sent(case_of(unhide(hidden(), "post-1", "u1", ANA, CAN, LATER, POLICY)), "u1", Sent(id="x"), LATER, POLICY)
    )
    assert "decided otherwise" in stopped(shown, send, CAN)


# --- the act ---------------------------------------------------------------------------------------------------------


def test_hiding_stops_no_clock_and_leaves_the_comment_in_the_case() -> None:
    """The log names both people; the wait and the cycle are as they were."""
    before = approved()
    decision = sent(before, "hide-1", Sent(id="hide:c1"), LATER, POLICY)
    case = case_of(decision)
    assert (case.wait, case.cycle, case.loop_open) == (before.wait, before.cycle, before.loop_open)
    assert (case.latest.text, case.latest.hidden, case.latest.hidden_at) == ("You are all idiots", True, LATER)
    assert [(each.what, each.by, each.detail) for each in decision.log] == [  # type: ignore[union-attr]
        ("hid the comment", BEN.id, "abuse, asked by Ana")
    ]


def test_it_is_no_answer_to_those_who_write() -> None:
    """ "Answered meanwhile" knows nothing of it."""
    assert overtaken_by(approved(), ANA, "") is None
    reply = a_send(id="r", by=BEN)
    case = approved().model_copy(update={"sends": (*approved().sends, reply)})
    assert overtaken_by(case, ANA, "") == reply


def test_undo_within_the_undo_time_by_anybody_and_asking_again() -> None:
    """Like any other send."""
    case = case_of(undo(approved(), "hide-1", ANA, SOON))
    assert case.sends[0].state is SendState.UNDONE
    assert Offer.HIDE in offers(case, CAN, SOON)


def test_a_refusal_of_the_network_is_told_to_the_approver() -> None:
    """In words that fit, and Retry keeps the approval."""
    sending = approved().model_copy(
        update={"sends": (approved().sends[0].model_copy(update={"state": SendState.SENDING, "attempt": 1}),)}
    )
    case = case_of(failed(sending, "hide-1", "the app lacks a permission", LATER))
    alert = next(post for post in case.posts if post.channel == BEN.id)
    assert alert.text == "The comment of Carla could not be hidden: the app lacks a permission"
    assert not case.latest.hidden
    assert case_of(retry(case, "hide-1", ANA, LATER)).sends[0].state is SendState.QUEUED


def test_anybody_shows_it_again_alone() -> None:
    """Queued, sent, logged; once it is shown a second wish is refused."""
    case = case_of(unhide(hidden(), "post-1", "u1", ANA, CAN, LATER, POLICY))
    send = case.send("u1")
    assert send is not None
    assert (send.purpose, send.ref, send.by) == (Purpose.UNHIDE, {"id": "c1"}, ANA)
    assert refused(unhide(case, "post-1", "u2", BEN, CAN, LATER, POLICY)).code == "busy"
    decision = sent(case, "u1", Sent(id="unhide:c1"), LATER, POLICY)
    case = case_of(decision)
    assert not case.latest.hidden
    assert [each.what for each in decision.log] == ["showed the comment again"]  # type: ignore[union-attr]
    assert refused(unhide(case, "post-1", "u2", BEN, CAN, LATER, POLICY)).code == "not_hidden"


def test_who_wanted_to_show_it_again_is_told_that_it_did_not_work() -> None:
    """In words of their own: it is not about an answer that did not reach the customer."""
    case = case_of(failed(case_of(unhide(hidden(), "post-1", "u1", ANA, CAN, LATER, POLICY)), "u1", "gone", LATER))
    told = [post.text for post in case.posts if post.channel == ANA.id]
    assert told[-1] == "The comment of Carla could not be shown again: gone"


def test_unhide_works_on_a_closed_case_and_not_without_the_means() -> None:
    """A mistake can be mended whenever it is seen."""
    case = hidden().model_copy(update={"status": Status.CLOSED})
    case_of(unhide(case, "post-1", "u1", ANA, CAN, LATER, POLICY))
    assert refused(unhide(case, "post-1", "u1", ANA, Capabilities(), LATER, POLICY)).code == "not_hideable"
    assert refused(unhide(case, "post-7", "u1", ANA, CAN, LATER, POLICY)).code == "not_kept"


def test_a_press_that_slack_repeats_shows_it_again_once() -> None:
    """The network refused the first try, which waits for somebody's Retry: a second send would have its name."""
    case = case_of(failed(case_of(unhide(hidden(), "post-1", "u1", ANA, CAN, LATER, POLICY)), "u1", "gone", LATER))
    assert refused(unhide(case, "post-1", "u1", ANA, CAN, LATER, POLICY)).code == "duplicate"
    assert len(case_of(unhide(case, "post-1", "u2", ANA, CAN, LATER, POLICY)).sends) == len(case.sends) + 1


def test_what_the_customer_deleted_is_not_shown_again() -> None:
    """Whoever presses on an older card is told."""
    gone = case_of(deleted(hidden(), "post-1", LATER))
    assert refused(unhide(gone, "post-1", "u1", ANA, CAN, LATER, POLICY)).code == "not_hidden"


# --- what stands beside it --------------------------------------------------------------------------------------------


NEW_WORDS: dict[str, Any] = {"masked": False, "cut": False, "now": LATER, "reading": TROLL}


def two_comments() -> Case:
    """Two rude comments of one customer; Ana has asked for the first to be hidden."""
    second = a_troll(id="post-2", seq=2, ref={"id": "c2"})
    return asked(a_rude_case(items=(a_troll(), second), item_count=2))


def test_each_comment_is_hidden_apart_from_the_others() -> None:
    """What is asked, approved and changed of one says nothing of another."""
    case = approved(two_comments())
    assert subject(case, CAN) == case.item("post-2")
    both = case_of(approve(asked(case, id="hide-2", item="post-2"), "hide-2", BEN, CAN, LATER, POLICY))
    assert [stopped(both, send, CAN) for send in both.sends] == ["", ""]
    changed = case_of(edited(both, "post-2", "Idiots, all of you", "v2", **NEW_WORDS))
    assert [send.state for send in changed.sends] == [SendState.QUEUED, SendState.UNDONE]


def test_an_edit_of_one_comment_leaves_the_request_about_another() -> None:
    """Ben may still approve it."""
    case = case_of(edited(two_comments(), "post-2", "Idiots, all of you", "v2", **NEW_WORDS))
    assert [each.id for each in pending(case)] == ["hide-1"]


def test_an_answer_on_its_way_does_not_stand_in_the_way() -> None:
    """The comment can be answered and hidden at the same time."""
    assert Offer.HIDE in offers(a_rude_case(sends=(a_send(),)), CAN, NOON)


def test_an_edit_does_not_keep_a_comment_hidden() -> None:
    """Somebody wants to show it again, whatever the customer makes of its words meanwhile."""
    case = case_of(unhide(hidden(), "post-1", "u1", ANA, CAN, LATER, POLICY))
    case = case_of(edited(case, "post-1", "Sorry", "v2", **{**NEW_WORDS, "now": LATER + POLICY.undo}))
    send = case.send("u1")
    assert send is not None
    assert (send.state, stopped(case, send, CAN)) == (SendState.QUEUED, "")


def test_an_act_that_was_tried_is_not_taken_back_unseen() -> None:
    """It may have been carried out: it is looked for on the network, or stopped there."""
    tried = approved().sends[0].model_copy(update={"attempt": 1})
    case = approved().model_copy(update={"sends": (tried,)})
    case = case_of(edited(case, "post-1", "Sorry", "v2", **NEW_WORDS))
    assert case.sends[0].state is SendState.QUEUED
    assert "changed the words" in stopped(case, case.sends[0], CAN)


def test_what_was_taken_back_overrules_nothing() -> None:
    """The first try failed; a second one was approved and taken back: Retry makes the first one."""
    first = case_of(failed(approved(), "hide-1", "no answer", SOON))
    again = case_of(approve(asked(first, id="hide-2"), "hide-2", BEN, CAN, LATER, POLICY))
    assert "decided otherwise" in stopped(again, again.sends[0], CAN)
    back = case_of(undo(again, "hide-2", BEN, LATER))
    assert stopped(back, back.sends[0], CAN) == ""


def test_old_requests_go_but_never_one_that_nobody_decided() -> None:
    """It would wait for a second person who cannot find it any more."""
    case = two_comments()
    decided = case.hidings[0].model_copy(update={"state": HideState.DECLINED})
    old = tuple(decided.model_copy(update={"id": f"old-{n}"}) for n in range(KEPT))
    case = asked(case.model_copy(update={"hidings": (*case.hidings, *old)}), id="hide-2", item="post-2")
    assert [each.id for each in pending(case)] == ["hide-1", "hide-2"]
    assert len(case.hidings) == KEPT


def test_an_approval_and_an_expiry_are_dated() -> None:
    """The card says since when."""
    assert approved().hidings[0].decided_at == SOON
    end = asked().hidings[0].until
    assert case_of(pass_time(asked(), end, POLICY)).hidings[0].decided_at == end


def test_an_act_without_words_is_too_late_to_undo_without_advice() -> None:
    """No words are to be corrected with another reply."""
    case = approved()
    sending = case.model_copy(update={"sends": (case.sends[0].model_copy(update={"state": SendState.SENDING}),)})
    assert refused(undo(sending, "hide-1", BEN, LATER)).text == "Too late: it is already on its way."


# --- what the network tells -------------------------------------------------------------------------------------------


def test_hidden_on_the_network_itself_shows_in_any_order() -> None:
    """The last one counts; an echo of our own act says nothing new; deleted words stay deleted."""
    case = case_of(hidden_on_network(a_rude_case(), "post-1", LATER, hidden=True))
    assert case.latest.hidden
    assert refused(hidden_on_network(case, "post-1", SOON, hidden=False)).code == "known"
    assert not case_of(hidden_on_network(case, "post-1", LATER, hidden=False)).latest.hidden
    assert refused(hidden_on_network(hidden(), "post-1", LATER, hidden=True)).code == "known"
    shown = case_of(hidden_on_network(a_rude_case(), "post-1", LATER, hidden=False))
    assert refused(hidden_on_network(shown, "post-1", SOON, hidden=True)).code == "known"
    assert refused(hidden_on_network(shown, "post-1", LATER, hidden=False)).code == "known"
    assert case_of(hidden_on_network(shown, "post-1", LATER, hidden=True)).latest.hidden
    gone = case_of(deleted(a_rude_case(), "post-1", SOON))
    assert refused(hidden_on_network(gone, "post-1", LATER, hidden=True)).code == "unknown_item"
    assert case.wait is not None


def test_no_answer_is_offered_below_a_hidden_comment_where_the_network_takes_none() -> None:
    """Instagram does not; a private message is still offered."""
    stern = CAN.model_copy(update={"answers_hidden": False})
    found = offers(hidden(), stern, LATER)
    assert Offer.REPLY not in found
    assert Offer.PRIVATE in found
    assert Offer.REPLY in offers(hidden(), CAN, LATER)
