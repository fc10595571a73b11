"""Alerts: of those to one person the newest has the buttons, and a case does not drag all the older ones along."""

from bot.domain.case import Case, PostKind
from bot.domain.ports import Posted
from bot.domain.posting import ALERTS_KEPT, Shown, drawn, placed, with_alert
from tests.support.cases import ANA, NOON, a_case
from tests.support.decisions import case_of


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
