"""A press asks who pressed and what the case is at once; what it decides on is never old news."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.domain.case import Case, Claim, Person
from bot.domain.claims import claim
from bot.domain.decisions import changed
from bot.domain.ports import Commit
from bot.services.casework import Casework, Outcome
from bot.services.desk_context import DeskContext
from bot.services.people import People
from bot.store.store import Store
from tests.support.cases import NOON, a_case
from tests.support.policies import a_policy
from tests.support.stores import TestClock, a_store

ANA, BEN = Person(id="U0ANA", name="Ana Kovač"), Person(id="U0BEN", name="Ben Oduya")


@dataclass
class Slack:
    """Knows everybody's name; something happens while it is asked."""

    meanwhile: Callable[[], Awaitable[object]]
    asked: list[str] = field(default_factory=list)

    async def name_of(self, user: str) -> str:
        """Ben's, after a while."""
        self.asked.append(user)
        await self.meanwhile()
        return BEN.name


async def a_desk(store: Store, slack: Slack) -> DeskContext:
    """A desk with one case, which Ana has claimed."""
    clock, policy = TestClock(), a_policy()
    hers = Claim(
        by=ANA, at=NOON, ask_at=NOON + policy.claim_lease, until=NOON + policy.claim_lease + policy.claim_notice
    )
    await store.cases.commit(Commit(None, a_case(claim=hers), NOON))
    return DeskContext(Casework(store.cases, clock), People(store.notes, slack), store.notes, {}, policy, clock)


async def claims(desk: DeskContext, by: Person) -> Outcome:
    """Somebody presses Claim."""
    return await desk.press(a_case().id, by.id, lambda case, who: claim(case, who, NOON, desk.policy))


async def test_a_stranger_is_answered_by_what_the_case_is_once_slack_has_told_the_name(redis_url: str) -> None:
    """Ana gives the case back while Slack is asked who Ben is: he gets it, and nobody tells him that she has it."""
    async with a_store(redis_url) as store:

        async def given_back() -> None:
            await desk.casework.apply(a_case().id, lambda case: changed(case, claim=None))

        slack = Slack(given_back)
        desk = await a_desk(store, slack)
        outcome = await claims(desk, BEN)
        assert outcome.done
        assert holder(outcome.case) == BEN
        assert slack.asked == [BEN.id]


async def test_somebody_who_is_known_is_not_asked_for(redis_url: str) -> None:
    """The name is remembered; that Ana has the case is said at once."""
    async with a_store(redis_url) as store:

        async def nothing() -> None:
            return

        slack = Slack(nothing)
        desk = await a_desk(store, slack)
        await store.notes.save_person(BEN)
        outcome = await claims(desk, BEN)
        assert not outcome.done
        assert holder(outcome.case) == ANA
        assert slack.asked == []


def holder(case: Case | None) -> Person | None:
    """Who has it."""
    return case.claim.by if case and case.claim else None
