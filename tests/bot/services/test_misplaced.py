"""Who can be told of nothing is named: a person on call who has left, a channel that Hark was taken out of."""

from datetime import timedelta

from bot.domain.case import PostKind
from bot.domain.notices import kind_of
from bot.domain.ports import Commit
from bot.services.misplaced import MISPLACED, Misplaced
from tests.support.cases import NOON, a_card, a_case
from tests.support.notices import a_notice_desk
from tests.support.rig import CARE, a_rig
from tests.support.stores import forget
from tests.support.waiting import wait_until

LEFT = "U01LEFT0000"
KIND = kind_of(MISPLACED, LEFT, "user_disabled")


async def test_it_is_told_once_a_week_as_long_as_it_lasts(redis_url: str) -> None:
    """With how many messages wait, why, and what to do."""
    async with a_notice_desk(redis_url) as desk:
        alert = a_card(id="late", kind=PostKind.ALERT, channel=LEFT, error="user_disabled")
        case = a_case(posts=(a_card(), alert))
        await desk.store.cases.commit(Commit(before=None, after=case, at=NOON))
        store, places = desk.store, ((CARE,),)
        misplaced = Misplaced(store.cases, store.storms, store.notes, desk.notices, places, desk.clock)
        for _ in range(3):
            await misplaced.act(MISPLACED)
            await desk.due(KIND)
            desk.clock.advance(timedelta(days=2))
        (said,) = (f"{each.text} {each.blocks}" for each in desk.said())
        assert f"Slack user {LEFT}: 1 message waits, because this account is switched off" in said
        assert "set the id of a member" in said
        desk.clock.advance(timedelta(days=2))
        await forget(store, timedelta(days=7))
        await misplaced.act(MISPLACED)
        await desk.due(KIND)
        _, again = (str(each.blocks) for each in desk.said())
        assert "times" not in again, "looks are no troubles"


async def test_a_person_on_call_who_has_left_is_told_of_in_the_channel(redis_url: str) -> None:
    """The alerts of a whole week would go nowhere, and nobody would miss them."""
    async with a_rig(redis_url, {"SLACK_ALERT_USERS": LEFT}) as rig:
        await rig.complains()
        rig.sandbox.clock.skip(3 * 3600)

        async def refused() -> bool:
            return bool(await rig.service.store.cases.misplaced(1))

        await wait_until(refused, "Slack refuses an alert", within_s=20)
        rig.sandbox.clock.skip(600)
        told = f"Slack user {LEFT}"
        await wait_until(lambda: any(told in line for line in rig.lines(CARE)), "it is told", within_s=20)
