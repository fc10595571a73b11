"""Where a message goes that Slack refuses: to the first group of places that may take it, and home again."""

from datetime import timedelta

from bot.domain.case import Case, Post, PostKind
from bot.domain.decisions import Change
from bot.domain.fallback import COPY, FATAL, UNDRAWABLE, displaced, has_another_place, refusal_health, refusals, settled
from bot.domain.posting import CARD, with_line
from tests.support.cases import NOON, a_card, a_case
from tests.support.decisions import case_of

REFUNDS, CARE, ON_CALL = "C01REFUNDS1", "C0CARE0001", ("U0ANA00001", "U0BEN00001")
PLACES = ((CARE,), ON_CALL)
AGAIN = NOON + timedelta(minutes=5)
GONE = "channel_not_found"


def a_displaced(error: str = GONE) -> Case:
    """A case whose card belongs in #refunds, which Slack does not take there."""
    return refused_at(a_case(posts=(a_card(channel=REFUNDS),)), CARD, error)


def refused_at(case: Case, post_id: str, error: str = GONE) -> Case:
    """The case after Slack refused one of its messages."""
    return case_of(displaced(case, post_id, error, PLACES, AGAIN))


def copies(case: Case) -> list[Post]:
    """The messages that stand in for others, but for those that are refused, too."""
    return [post for post in case.posts if post.id.startswith(COPY) and not post.error]


def test_a_card_is_copied_to_the_next_group_when_a_place_refuses_the_copy() -> None:
    """Never to where the card belongs; with the words of the first copy; and with every place tried it only waits."""
    case = a_displaced()
    (first,) = copies(case)
    assert (first.channel, first.kind) == (CARE, PostKind.ALERT)
    case = refused_at(case, first.id, "is_archived")
    assert [(post.channel, post.text) for post in copies(case)] == [(user, first.text) for user in ON_CALL]
    for user in ON_CALL:
        case = refused_at(case, f"{COPY}card@{user}")
    assert copies(case) == []
    home = ((REFUNDS,), *PLACES)
    assert case_of(displaced(a_displaced(), first.id, GONE, home, AGAIN)).posts[-1].channel in ON_CALL


def test_a_line_moves_and_stays_where_it_moved_to() -> None:
    """It is the same anywhere: nobody reads it twice, and it is not taken back when the card has come home."""
    case = with_line(a_case(posts=(a_card(channel=REFUNDS),)), "back:2", "Carla is back", thread=False)
    case = refused_at(case, "back:2")
    assert [(post.id, post.channel) for post in case.posts] == [(CARD, REFUNDS), (f"{COPY}back:2@{CARE}", CARE)]
    assert settled(case) == case


def test_what_slack_cannot_draw_is_said_once() -> None:
    """In words, at the first refusal; later tries of the card say nothing more."""
    error = min(UNDRAWABLE)
    case = a_displaced(error)
    (said,) = copies(case)
    assert said.kind is PostKind.LINE
    without = case.model_copy(update={"posts": case.posts[:1]})
    again = displaced(without, CARD, error, PLACES, AGAIN)
    assert isinstance(again, Change)
    assert (again.case.posts, again.redraw) == (without.posts, False)


def test_another_place_helps_against_what_is_about_the_place_only() -> None:
    """Not when Slack takes nothing at all from this token, nor when it cannot draw the message anywhere."""
    assert has_another_place(GONE)
    assert not any(has_another_place(error) for error in ("", *FATAL, *UNDRAWABLE))


def test_what_waits_is_counted_by_place_and_reason() -> None:
    """Only what Slack refused, and no copies; a channel is told from a person."""
    copied = refused_at(a_displaced(), f"{COPY}card@{CARE}")
    rung = a_case(posts=(a_card(), Post(id="a1", kind=PostKind.ALERT, channel=ON_CALL[0], error="user_disabled")))
    found = refusals([copied, a_displaced(), rung])
    said = [refusal_health(*which, count).summary for which, count in found.items()]
    assert said == [
        f"Slack channel {REFUNDS}: 2 messages wait, because the channel does not exist, or it is private and Hark is "
        "not a member",
        f"Slack user {ON_CALL[0]}: 1 message waits, because this account is switched off",
    ]
