"""Bringing a colleague in as the desk does it, on a real Redis: forms that come twice."""

from collections.abc import AsyncIterator

import pytest

from bot.domain.case import Case, PostKind
from bot.domain.ports import Commit
from bot.domain.text.privacy import AllowList
from bot.services.assigning import ASSIGN, ESCALATE, AssignForm, AssigningDesk
from bot.services.casework import Outcome
from bot.services.wording import Problems
from bot.store.store import Store
from tests.support.cases import ANA, BEN, NOON, a_card, a_case, a_wait
from tests.support.desks import a_context
from tests.support.policies import MANAGER
from tests.support.stores import a_store

CASE = a_case(wait=a_wait(), posts=(a_card(),))


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """A store with one case, in which a customer waits."""
    async with a_store(redis_url) as opened:
        await opened.cases.commit(Commit(None, CASE, NOON))
        yield opened


def a_desk(store: Store) -> AssigningDesk:
    """The desk of one process."""
    return AssigningDesk(a_context(store), AllowList())


def a_wish(to: str, way: str) -> AssignForm:
    """A manager's, always from the same form."""
    return AssignForm("form-1", CASE.id, MANAGER, way, to, "You know her")


def done(answer: Outcome | Problems) -> Case:
    """The case after a form that did what it says."""
    assert isinstance(answer, Outcome)
    assert answer.done
    assert answer.case is not None
    return answer.case


def called(case: Case) -> list[str]:
    """Who has a message about the case."""
    return [post.channel for post in case.posts if post.kind is PostKind.ALERT]


async def test_a_form_that_is_sent_again_with_another_choice_does_that(store: Store) -> None:
    """Slack said that the first try failed, while it counted: the form is still open, and closes over what is true."""
    desk = a_desk(store)
    assert called(done(await desk.call(a_wish(BEN.id, ESCALATE)))) == [BEN.id]
    assert called(done(await desk.call(a_wish(BEN.id, ESCALATE)))) == [BEN.id]
    assert called(done(await desk.call(a_wish(ANA.id, ESCALATE)))) == [BEN.id, ANA.id]
    first, case = [done(await desk.call(a_wish(user, ASSIGN))) for user in (BEN.id, ANA.id)]
    assert [each.claim and each.claim.by.id for each in (first, case)] == [BEN.id, ANA.id]
    lines = [post.text for post in case.posts if post.kind is PostKind.LINE]
    assert [line.split(":")[0].split(" to ")[-1] for line in lines[-2:]] == [f"Name of {BEN.id}", f"Name of {ANA.id}"]
    assert len(lines) == 4
