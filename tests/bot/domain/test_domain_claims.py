"""Claims: one holder at a time, a lease that asks before it lapses."""

from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.domain.agenda import lapsing, next_timer
from bot.domain.case import Case, Person, PostKind, Purpose
from bot.domain.claims import claim, confirm, release, renewed
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.lifecycle import close, reopen
from bot.domain.passing import pass_time
from bot.domain.replying import Draft, Outgoing, queue
from tests.support.cases import ANA, BEN, NOON, a_card, a_case, a_wait
from tests.support.decisions import case_of, refused
from tests.support.policies import MANAGER, a_policy

POLICY = a_policy()
ANSWER = Outgoing(by=ANA, drafts=(Draft(id="s1", purpose=Purpose.REPLY, private=False, text="On its way. ^AK"),))
BOSS = Person(id=MANAGER, name="Chloe")


def held() -> Case:
    """A case that Ana holds since noon."""
    return case_of(claim(a_case(), ANA, NOON, POLICY))


@pytest.mark.parametrize(
    ("seconds", "ago"),
    [
        (-3, "just now"),
        (1, "just now"),
        (2, "2 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (7200, "2 h ago"),
    ],
)
def test_the_first_wins_and_the_second_is_told_who(seconds: int, ago: str) -> None:
    """Of two people who press Claim, the second learns who was faster and how long ago."""
    answer = claim(held(), BEN, NOON + timedelta(seconds=seconds), POLICY)
    assert answer == Refused(code="claimed", text=f"Ana claimed this {ago}.")


def test_claiming_twice_is_not_a_second_claim() -> None:
    """A double press does not restart the lease."""
    answer = claim(held(), ANA, NOON + timedelta(minutes=1), POLICY)
    assert isinstance(answer, Refused)
    assert answer.code == "yours"


def test_a_closed_case_cannot_be_claimed() -> None:
    """Reopen comes first."""
    closed = case_of(close(a_case(), ANA, "solved", NOON))
    answer = claim(closed, BEN, NOON, POLICY)
    assert isinstance(answer, Refused)
    assert answer.code == "closed"


def test_whatever_gives_somebody_a_case_is_told_in_its_history_as_a_claim() -> None:
    """Pressing Claim, sending from a free case, reopening: else a lapse follows that nobody can explain."""
    closed = case_of(close(held(), BEN, "solved", NOON))
    said = {
        "claim": told(claim(a_case(), ANA, NOON, POLICY)),
        "send": told(queue(a_case(), ANSWER, NOON, POLICY)),
        "reopen": told(reopen(closed, ANA, NOON, POLICY)),
        "send again": told(queue(held(), ANSWER, NOON, POLICY)),
    }
    assert said == {
        "claim": ["claimed"],
        "send": ["claimed", "queued a reply"],
        "reopen": ["reopened", "claimed"],
        "send again": ["queued a reply"],
    }


def told(answer: Decision) -> list[str]:
    """What the audit log says of something that Ana did."""
    assert isinstance(answer, Change)
    assert {entry.by for entry in answer.log} == {ANA.id}
    return [entry.what for entry in answer.log]


def test_only_the_holder_or_a_manager_releases() -> None:
    """A colleague cannot take a claim away; a manager can."""
    stranger = release(held(), BEN, NOON, POLICY)
    assert isinstance(stranger, Refused)
    assert "Only Ana or a manager" in stranger.text
    for by in (ANA, BOSS):
        answer = release(held(), by, NOON, POLICY)
        assert isinstance(answer, Change)
        assert answer.case.claim is None
        assert [(entry.what, entry.by, entry.detail) for entry in answer.log] == [("released", by.id, "Ana")]
    assert refused(release(a_case(), ANA, NOON, POLICY)).code == "unclaimed"


def test_the_first_claim_of_a_cycle_is_remembered() -> None:
    """Releasing and claiming again does not improve the time to claim."""
    freed = case_of(release(held(), ANA, NOON, POLICY))
    again = case_of(claim(freed, BEN, NOON + timedelta(hours=1), POLICY))
    assert again.cycle.claimed_at == NOON


def test_the_holder_is_asked_and_then_the_claim_lapses() -> None:
    """Five minutes before the end a direct message asks; without an answer the case is free, and the thread says so."""
    case = held().model_copy(update={"posts": (a_card(),)})
    asking = NOON + timedelta(minutes=25)
    assert next_timer(case) == asking
    asked = case_of(pass_time(case, asking, POLICY))
    assert asked.claim is not None
    assert asked.claim.asked
    assert [post.channel for post in asked.posts if post.kind is PostKind.ALERT] == [ANA.id]
    end = NOON + timedelta(minutes=30)
    assert next_timer(asked) == end
    lapsed = pass_time(asked, end, POLICY)
    assert isinstance(lapsed, Change)
    assert lapsed.case.claim is None
    assert lapsed.case.posts[-1].text == "Ana's claim lapsed: this case is free again."
    assert lapsed.case.posts[-1].thread
    assert lapsed.log[-1].what == "claim lapsed"


def test_between_the_question_and_the_end_nothing_happens() -> None:
    """A timer of something else finds the holder asked: it does not ask again, which would put the end off."""
    asked = case_of(pass_time(held(), NOON + timedelta(minutes=25), POLICY))
    assert refused(pass_time(asked, NOON + timedelta(minutes=29), POLICY)).code == "nothing_due"


def test_asking_late_still_leaves_the_whole_notice() -> None:
    """After a night's outage the holder is asked first; the claim does not lapse in the same breath."""
    late = NOON + timedelta(hours=1)
    asked = case_of(pass_time(held(), late, POLICY))
    assert asked.claim is not None
    assert asked.claim.until == late + POLICY.claim_notice


def test_a_question_from_before_the_customer_came_back_is_asked_again() -> None:
    """A colleague answered while the holder was asked, and the customer writes a day later: the claim does not lapse in
    the same breath, and the holder has the whole notice."""
    asked = case_of(pass_time(held(), NOON + timedelta(minutes=26), POLICY))
    late = NOON + timedelta(days=1)
    back = asked.model_copy(update={"wait": a_wait(late)})
    assert next_timer(back) == NOON + timedelta(minutes=26)
    assert lapsing(back) is None
    again = case_of(pass_time(back, late, POLICY))
    assert again.claim is not None
    assert again.claim.until == late + POLICY.claim_notice == next_timer(again)
    assert lapsing(again) == again.claim
    assert [post.kind for post in again.posts if post.channel == ANA.id] == [PostKind.RETIRED, PostKind.ALERT]
    assert case_of(pass_time(again, again.claim.until, POLICY)).claim is None


def test_a_question_goes_on_when_the_customer_is_back_before_its_end() -> None:
    """Without anybody to wait for a minute, the holder is asked no second time."""
    asked = case_of(pass_time(held(), NOON + timedelta(minutes=25), POLICY))
    back = asked.model_copy(update={"wait": a_wait(NOON + timedelta(minutes=29))})
    assert case_of(pass_time(back, NOON + timedelta(minutes=30), POLICY)).claim is None


def test_confirming_and_activity_renew_the_lease() -> None:
    """The lease starts afresh for its holder, and for nobody else."""
    later = NOON + timedelta(minutes=26)
    confirmed = case_of(confirm(held(), ANA, later, POLICY))
    assert confirmed.claim is not None
    assert confirmed.claim.until == later + POLICY.claim_lease
    assert confirmed.claim.at == NOON
    assert told(confirm(held(), ANA, later, POLICY)) == ["confirmed the claim"]
    assert renewed(held(), BEN, later, POLICY) == held()
    assert refused(confirm(held(), BEN, later, POLICY)).code == "not_yours"


def test_a_claim_does_not_lapse_while_the_customer_is_the_one_to_write() -> None:
    """Nobody is nagged about a case that waits for the customer."""
    case = held().model_copy(update={"wait": None})
    assert next_timer(case) is None
    assert isinstance(pass_time(case, NOON + timedelta(days=2), POLICY), Refused)


class ClaimMachine(RuleBasedStateMachine):
    """Any order of presses and of time: there is one holder at most, and a lease always ends or is renewed."""

    @initialize()
    def start(self) -> None:
        """A fresh case at noon."""
        self.case = a_case()
        self.now: datetime = NOON

    def _take(self, answer: Change | Refused) -> None:
        if isinstance(answer, Change):
            self.case = answer.case

    @rule(by=st.sampled_from([ANA, BEN, BOSS]))
    def claims(self, by: Person) -> None:
        """Somebody presses Claim: granted only when nobody holds the case."""
        free, is_open = self.case.claim is None, self.case.is_open
        answer = claim(self.case, by, self.now, POLICY)
        assert isinstance(answer, Change) == (free and is_open)
        self._take(answer)

    @rule(by=st.sampled_from([ANA, BEN, BOSS]))
    def releases(self, by: Person) -> None:
        """Somebody presses Release."""
        self._take(release(self.case, by, self.now, POLICY))

    @rule(by=st.sampled_from([ANA, BEN]))
    def confirms(self, by: Person) -> None:
        """Somebody presses Still on it."""
        self._take(confirm(self.case, by, self.now, POLICY))

    @rule(by=st.sampled_from([ANA, BEN]))
    def closes(self, by: Person) -> None:
        """Somebody closes."""
        self._take(close(self.case, by, "solved", self.now))

    @rule(by=st.sampled_from([ANA, BEN]))
    def reopens(self, by: Person) -> None:
        """Somebody reopens."""
        self._take(reopen(self.case, by, self.now, POLICY))

    @rule(minutes=st.integers(1, 90))
    def waits(self, minutes: int) -> None:
        """Time passes, and the timers with it."""
        self.now += timedelta(minutes=minutes)
        self._take(pass_time(self.case, self.now, POLICY))

    @invariant()
    def nothing_is_overdue(self) -> None:
        """Whatever was due has been done: the next timer lies in the future."""
        due = next_timer(self.case)
        assert due is None or due > self.now - timedelta(minutes=90)

    @invariant()
    def closed_cases_hold_nothing(self) -> None:
        """A closed case has no holder and nobody who waits."""
        assert self.case.is_open or (self.case.claim is None and self.case.wait is None)


TestClaimMachine = ClaimMachine.TestCase
TestClaimMachine.settings = settings(max_examples=60, stateful_step_count=30)
