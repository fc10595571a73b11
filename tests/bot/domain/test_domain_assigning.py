"""A colleague is brought in: the case becomes theirs, or they are called to help."""

from datetime import timedelta

import pytest

from bot.domain.alerts import is_settled
from bot.domain.assigning import Call, assign, escalate
from bot.domain.case import Case, Person, Post, PostKind
from bot.domain.claims import claim
from bot.domain.decisions import Change
from bot.domain.lifecycle import close
from tests.support.cases import ANA, BEN, NOON, a_card, a_case, a_wait
from tests.support.decisions import case_of, refused
from tests.support.policies import MANAGER, a_policy

POLICY = a_policy()
BOSS = Person(id=MANAGER, name="Chloe")
LATER = NOON + timedelta(minutes=10)


def a_call(by: Person = ANA, to: Person = BEN, note: str = "She called before", id_: str = "c1") -> Call:
    """Ana wants something of Ben."""
    return Call(id=id_, by=by, to=to, note=note)


def waiting(**more: object) -> Case:
    """A case with its card in which a customer waits."""
    return a_case(posts=(a_card(),), wait=a_wait(), **more)


def alerts(case: Case) -> list[Post]:
    """The direct messages."""
    return [post for post in case.posts if post.kind is PostKind.ALERT]


def lines(case: Case) -> list[Post]:
    """The lines to come."""
    return [post for post in case.posts if post.kind is PostKind.LINE]


def test_a_case_that_nobody_has_becomes_a_colleagues() -> None:
    """With a lease of its own, a direct message, a line in the thread and one in the history."""
    change = assign(waiting(), a_call(), LATER, POLICY)
    assert isinstance(change, Change)
    case = change.case
    assert case.claim is not None
    assert (case.claim.by, case.claim.at, case.claim.until) == (BEN, LATER, LATER + POLICY.claim_lease)
    assert case.cycle.claimed_at == LATER
    assert case.wait == a_wait()
    (alert,) = alerts(case)
    assert (alert.channel, alert.text) == (BEN.id, "Ana assigned this to you: She called before")
    (line,) = lines(case)
    assert (line.text, line.thread, line.mentions) == ("Ana assigned this to Ben: She called before", True, ())
    assert [(each.what, each.by, each.detail) for each in change.log] == [
        ("assigned the case", ANA.id, "Ben: She called before")
    ]


def test_without_a_note_nothing_hangs_on_the_words() -> None:
    """No colon that nothing follows."""
    case = case_of(assign(waiting(), a_call(note=""), LATER, POLICY))
    assert (alerts(case)[0].text, lines(case)[0].text) == ("Ana assigned this to you", "Ana assigned this to Ben")


def test_only_the_holder_or_a_manager_gives_a_claim_away() -> None:
    """A colleague cannot; the holder can; with a manager's hand whoever loses the case is named."""
    held = case_of(claim(waiting(), BEN, NOON, POLICY))
    assert refused(assign(held, a_call(by=ANA, to=BOSS), LATER, POLICY)).code == "not_yours"
    given = case_of(assign(held, a_call(by=BEN, to=ANA), LATER, POLICY))
    assert given.claim is not None
    assert given.claim.by == ANA
    assert given.cycle.claimed_at == NOON
    assert lines(given)[0].mentions == ()
    moved = case_of(assign(held, a_call(by=BOSS, to=ANA), LATER, POLICY))
    assert lines(moved)[0].mentions == (BEN.id,)


def test_a_manager_takes_over_and_writes_to_nobody() -> None:
    """The one who does it knows; the one who loses the case is called in its thread."""
    held = case_of(claim(waiting(), BEN, NOON, POLICY))
    case = case_of(assign(held, a_call(by=BOSS, to=BOSS, note=""), LATER, POLICY))
    assert alerts(case) == []
    assert (lines(case)[0].text, lines(case)[0].mentions) == ("Chloe took this over", (BEN.id,))


def test_what_somebody_has_is_not_assigned_to_them() -> None:
    """It would only start their lease afresh."""
    held = case_of(claim(waiting(), BEN, NOON, POLICY))
    assert "Ben has this case already" in refused(assign(held, a_call(by=BEN), LATER, POLICY)).text


def test_who_is_called_to_help_takes_nothing() -> None:
    """The claim, its lease and the clocks stay as they are."""
    held = case_of(claim(waiting(), ANA, NOON, POLICY))
    change = escalate(held, a_call(), LATER)
    assert isinstance(change, Change)
    assert (change.case.claim, change.case.wait, change.case.cycle) == (held.claim, held.wait, held.cycle)
    assert alerts(change.case)[0].text == "Ana asks for your help: She called before"
    assert lines(change.case)[0].text == "Ana asks Ben for help: She called before"
    assert change.log[0].what == "asked for help"


def test_help_wants_a_note_and_somebody_else() -> None:
    """Whoever is called should know what for."""
    assert refused(escalate(waiting(), a_call(note=""), LATER)).code == "no_note"
    assert refused(escalate(waiting(), a_call(to=ANA), LATER)).code == "yourself"


def test_a_closed_case_is_nobodys() -> None:
    """Reopen comes first."""
    closed = case_of(close(a_case(), ANA, "solved", NOON))
    assert refused(assign(closed, a_call(), LATER, POLICY)).code == "closed"
    assert refused(escalate(closed, a_call(), LATER)).code == "closed"


def test_another_form_about_the_same_colleague_is_another_call() -> None:
    """Their newest message has the buttons."""
    twice = case_of(escalate(case_of(escalate(waiting(), a_call(), LATER)), a_call(id_="c2"), LATER))
    assert (len(lines(twice)), len(alerts(twice))) == (2, 1)


@pytest.mark.parametrize("waits", [True, False])
def test_a_case_that_was_given_is_settled_once_it_is_anothers(*, waits: bool) -> None:
    """Also where no customer waits it is theirs to bring to its end; a call for help, until the case is closed."""
    case = waiting() if waits else a_case(posts=(a_card(),), wait=None)
    given = case_of(assign(case, a_call(), LATER, POLICY))
    assert not is_settled(given, alerts(given)[0])
    assert is_settled(given.model_copy(update={"claim": None}), alerts(given)[0])
    assert is_settled(case_of(claim(given.model_copy(update={"claim": None}), ANA, LATER, POLICY)), alerts(given)[0])
    helped = case_of(escalate(case, a_call(), LATER))
    assert not is_settled(helped, alerts(helped)[0])
    assert is_settled(case_of(close(helped, ANA, "solved", LATER)), alerts(helped)[0])
