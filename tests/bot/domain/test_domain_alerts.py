"""Alerts: of those to one person the newest has the buttons, and a case does not drag all the older ones along."""

from datetime import timedelta

import pytest

from bot.domain.alerts import FAILED, is_settled
from bot.domain.assigning import Call, assign, escalate
from bot.domain.case import Case, Post, PostKind, SendState, Snooze, Wait
from bot.domain.claims import claim, confirm, lease_passes, release
from bot.domain.lifecycle import close
from bot.domain.passing import pass_time
from bot.domain.ports import Posted
from bot.domain.posting import ALERTS_KEPT, Shown, drawn, placed, with_alert
from bot.domain.reading import Reading
from bot.domain.receiving import receive
from bot.domain.targets import start_wait
from tests.support.cases import ANA, BEN, NOON, a_card, a_case, a_claim, a_send, a_wait, an_item
from tests.support.decisions import case_of
from tests.support.policies import ON_CALL, a_policy

POLICY = a_policy()
LATER = NOON + timedelta(hours=2)
CALL = Call(id="c1", by=BEN, to=ANA, note="You know her")


def alerted(case: Case, n: int) -> Case:
    """Ana gets her alert number n, and it stands in Slack."""
    case = with_alert(case, ANA.id, f"Alert {n}", f"alert-{n}")
    shown = Shown(digest=f"alert {n}", version=case.version)
    return case_of(placed(case, f"alert-{n}", Posted("D0ANA00001", f"{n}.0"), shown, NOON))


def redrawn(case: Case) -> Case:
    """Whatever is retired shows its one line now."""
    for post in case.posts:
        if post.kind is PostKind.RETIRED:
            case = case_of(drawn(case, post.id, Shown(digest=f"line of {post.id}", version=case.version), NOON))
    return case


def test_old_alerts_are_forgotten_once_their_line_stands() -> None:
    """Twenty alerts in one long night: the case keeps the newest with its buttons, and a few of those before."""
    case = a_case()
    for n in range(20):
        case = redrawn(alerted(case, n))
    kinds = [post.kind for post in case.posts if post.channel == ANA.id]
    assert kinds == [*[PostKind.RETIRED] * (ALERTS_KEPT + 1), PostKind.ALERT]  # one was retired just now
    assert case.posts[-1].id == "alert-19"


def test_an_alert_that_shows_its_buttons_still_is_not_forgotten() -> None:
    """Slack was away while they piled up: each has to be drawn as one line first, or its buttons would stay."""
    case = a_case()
    for n in range(20):
        case = alerted(case, n)
    assert len(case.posts) == len(alerted(a_case(), 0).posts) + 19


def alert_to(case: Case, user: str) -> Post:
    """The message with buttons that somebody has of the case."""
    return next(post for post in case.posts if post.kind is PostKind.ALERT and post.channel == user)


@pytest.mark.parametrize(
    ("case", "user"),
    [
        (pass_time(a_case(wait=start_wait(NOON, POLICY, with_ack=True)), LATER, POLICY), ON_CALL),
        (assign(a_case(), CALL, NOON, POLICY), ANA.id),
        (escalate(a_case(), CALL, NOON), ANA.id),
        (pass_time(a_case(wait=None, snooze=Snooze(by=ANA, at=NOON, until=LATER)), LATER, POLICY), ANA.id),
    ],
)
def test_what_was_said_before_a_customer_came_back_stays_settled(case: object, user: str) -> None:
    """Weeks after it was closed nobody is late yet, and nobody asks for help: the old message must not say so."""
    told = case_of(case)  # type: ignore[arg-type]
    assert not is_settled(told, alert_to(told, user))
    closed = case_of(close(told, BEN, "solved", LATER))
    item = an_item("It is broken again", id="post-2", seen_at=LATER + timedelta(days=20))
    back = receive(closed, item, Reading(intent="complaint"), POLICY).case
    assert (back.cycle.n, back.wait is None) == (2, False)
    mine = case_of(claim(back, ANA, item.seen_at, POLICY))
    assert is_settled(mine, alert_to(mine, user))


def test_whether_somebody_is_still_on_it_is_settled_by_what_they_say() -> None:
    """Once confirmed, given back, given away or lapsed, nothing is asked any more, though the customer waits."""
    held = a_case(posts=(a_card(),), wait=a_wait(), claim=a_claim())
    assert held.claim is not None
    asked, _ = lease_passes(held, held.claim.ask_at)
    post = alert_to(asked, ANA.id)
    assert not is_settled(asked, post)
    assert asked.claim is not None
    given = case_of(assign(asked, Call(id="c2", by=ANA, to=BEN), LATER, POLICY))
    for after in (
        case_of(confirm(asked, ANA, LATER, POLICY)),
        case_of(release(asked, ANA, LATER, POLICY)),
        lease_passes(asked, asked.claim.until)[0],
        given,
        given.model_copy(update={"claim": a_claim(BEN, asked=True)}),  # now Ben is asked
    ):
        assert after.wait is not None
        assert is_settled(after, post)


@pytest.mark.parametrize(
    ("wait", "state", "settled"),
    [
        (None, SendState.FAILED, False),
        (None, SendState.QUEUED, False),
        (None, SendState.SENT, True),
        (a_wait(), SendState.UNDONE, False),
    ],
)
def test_words_that_did_not_go_out_are_settled_once_the_customer_has_an_answer(
    wait: Wait | None, state: SendState, settled: bool
) -> None:
    """Not while they wait to be sent once more, nor when they were taken back and the customer still waits."""
    alert = a_card(id=f"{FAILED}send-1", kind=PostKind.ALERT, channel=ANA.id)
    assert is_settled(a_case(wait=wait, sends=(a_send(state=state),)), alert) is settled
