"""What a case remembers of its Slack messages: which are wanted, which stand, since when its card shows it."""

from datetime import timedelta

import pytest

from bot.domain.agenda import indexes
from bot.domain.case import Case, Post, PostKind, Status
from bot.domain.decisions import Change
from bot.domain.ports import Posted
from bot.domain.posting import (
    CARD,
    LINES_KEPT,
    TAKEN_BACK,
    Shown,
    attempting,
    counted,
    lost,
    placed,
    quieted,
    spared,
    stands_at,
    unsaid,
    with_alert,
    with_line,
)
from tests.support.cases import ANA, NOON, a_card, a_case
from tests.support.decisions import case_of, refused

SHOWN = Shown(digest="d", version=0)
LATER = NOON + timedelta(minutes=5)


def stands(case: Case, post_id: str, ts: str) -> Case:
    """A message of the case was posted."""
    return case_of(placed(case, post_id, Posted("C0CARE0001", ts), SHOWN, LATER))


def only_alert(case: Case) -> Post:
    """The one message with buttons that somebody has."""
    (alert,) = [post for post in case.posts if post.kind is PostKind.ALERT]
    return alert


def test_a_message_of_one_name_is_wanted_once() -> None:
    """Whoever decides the same again wants no second line, nor a second ring."""
    case = with_alert(with_line(a_case(posts=(a_card(),)), "l1", "Hello"), ANA.id, "Late", "a1")
    assert [post.id for post in case.posts] == [CARD, "l1", "a1"]
    assert with_alert(with_line(case, "l1", "Hello again"), ANA.id, "Later", "a1") == case


def test_a_line_without_a_card_has_no_place() -> None:
    """There is no thread in which it could stand; somebody's direct message is no card."""
    case = with_alert(a_case(), ANA.id, "Late", "a1")
    assert with_line(case, "l1", "Hello") == case


def test_only_the_card_says_since_when_the_case_is_shown() -> None:
    """Somebody's direct message is no card; and the first time counts."""
    case = with_alert(a_case(posts=(a_card(),)), ANA.id, "Late", "a1")
    assert stands(case, "a1", "1.0").cycle.carded_at is None
    carded = stands(case, CARD, "2.0")
    assert carded.cycle.carded_at == LATER
    again = placed(carded, CARD, Posted("C0CARE0001", "2.0"), SHOWN, LATER + timedelta(hours=1))
    assert case_of(again).cycle.carded_at == LATER


def test_the_newest_lines_that_stand_are_known() -> None:
    """Who posted the same line as well finds it standing; older ones are forgotten."""
    case = a_case(posts=(a_card(),))
    for n in range(LINES_KEPT + 1):
        case = stands(with_line(case, f"l{n}", "Hello"), f"l{n}", f"{n}.0")
    assert case.lines == tuple(f"{n}.0" for n in range(1, LINES_KEPT + 1))
    assert stands_at(case, Posted("C0CARE0001", "1.0"))
    change = placed(case, "l1", Posted("C0CARE0001", "1.0"), SHOWN, LATER)
    assert change == Change(case=case, redraw=False)
    assert refused(placed(case, "l1", Posted("C0CARE0001", "1.5"), SHOWN, LATER)).code == "stands"


def test_a_new_attempt_takes_the_reason_of_the_last_one_away() -> None:
    """The case stands among the misplaced no more, until Slack says no again."""
    case = a_case(posts=(a_card(error="channel_not_found"),))
    assert "misplaced" in indexes(case)
    assert "misplaced" not in indexes(case_of(attempting(case, CARD, "a1")))


def test_calls_are_counted_by_their_method() -> None:
    """Over all the messages of the case."""
    case = counted(counted(a_case(), "chat.postMessage", "chat.update"), "chat.update")
    assert case.calls == {"chat.postMessage": 1, "chat.update": 2}


def test_a_line_that_calls_fewer_people_is_drawn_so() -> None:
    """It was not posted yet: with the next draw it is."""
    case = with_line(a_case(posts=(a_card(),)), "l1", "Late", mentions=(ANA.id, "U0OTHER"))
    change = quieted(case, "l1", (ANA.id,))
    assert isinstance(change, Change)
    assert change.redraw
    assert change.case.posts[-1].mentions == (ANA.id,)


@pytest.mark.parametrize("older", [True, False])
def test_a_spared_alert_leaves_its_words_to_the_one_that_stands(older: bool) -> None:
    """An edit rings nobody; where none stands, it is just not posted. One whose posting began is too late to spare."""
    case = with_alert(a_case(), ANA.id, "Due soon", "a1")
    if older:
        case = stands(case, "a1", "1.0")
    case = with_alert(case, ANA.id, "Late", "a2")
    assert refused(spared(case_of(attempting(case, "a2", "x")), "a2")).code == "begun"
    after = case_of(spared(case, "a2"))
    if older:
        assert (only_alert(after).id, only_alert(after).text, only_alert(after).ts) == ("a2", "Late", "1.0")
        assert stands_at(after, Posted("C0CARE0001", "1.0"))
        assert stands(after, "a1", "1.0") == after  # found by who looked for it under its old name
    else:
        assert [post.kind for post in after.posts] == [PostKind.RETIRED]


@pytest.mark.parametrize(
    ("name", "is_open", "told"),
    [
        ("help:1:c1", True, ("help:1:c1", "May I?")),
        ("help:1:c1", False, ("ack_breach:1", "Late")),
        ("fallback:card@U0ANA00001", True, ("fallback:card@U0ANA00001", "May I?")),
    ],
)
def test_words_that_stand_nowhere_else_are_not_overwritten(name: str, is_open: bool, told: tuple[str, str]) -> None:
    """Whoever was called and has not looked yet finds the question. Where it is settled, the newer words stand, with
    the name by which they are settled in their turn. A card that stands elsewhere is known as such by its name."""
    status = Status.OPEN if is_open else Status.CLOSED
    case = stands(with_alert(a_case(status=status), ANA.id, "May I?", name), name, "1.0")
    after = only_alert(case_of(spared(with_alert(case, ANA.id, "Late", "ack_breach:1"), "ack_breach:1")))
    assert (after.id, after.text, after.ts) == (*told, "1.0")


def test_who_learns_late_that_a_card_is_gone_does_not_forget_the_new_one() -> None:
    """Two workers find it deleted: one has posted it anew when the other notes so. It would be posted a third time."""
    case = stands(a_case(posts=(a_card(),)), CARD, "2.0")
    assert refused(lost(case, CARD, "1.0")).code == "overtaken"
    assert case_of(lost(case, CARD, "2.0")).card == a_card()


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Carla: ok then\nok", f"Carla: ok then\n{TAKEN_BACK}"),
        ("Carla: ok\nok", f"Carla: {TAKEN_BACK}\nok"),
        ("Carla: not ok", "Carla: not ok"),
    ],
)
def test_words_that_were_taken_back_are_left_out_as_a_whole_and_once(said: str, left: str) -> None:
    """What the customer wrote besides, and has not taken back, stays."""
    case = with_line(a_case(posts=(a_card(),)), "l1", said)
    assert unsaid(case, ["l1"], ["ok"]).posts[-1].text == left


def test_words_of_a_line_that_is_being_posted_stay_as_they_are() -> None:
    """It may stand in Slack already."""
    case = case_of(attempting(with_line(a_case(posts=(a_card(),)), "l1", "Carla: ok"), "l1", "attempt"))
    assert unsaid(case, ["l1"], ["ok"]) == case
