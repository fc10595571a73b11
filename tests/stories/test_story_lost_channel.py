"""A known problem of a channel that is gone, end to end: its card stands in the main channel, and works there."""

from bot.domain.ports import Commit
from bot.domain.storm import Problem, Weather
from bot.services.storms import folding
from tests.support.cases import a_card, a_case, a_wait
from tests.support.rig import ANA, CARE, Rig, a_rig
from tests.support.waiting import wait_until

GONE = "C0GONE0001"
WHY = "Not in its own channel, because the channel does not exist"


async def a_problem_of_a_lost_channel(rig: Rig) -> str:
    """One customer waits behind it; the message that stands for it in the main channel."""
    store, now = rig.service.store, rig.sandbox.clock.now()
    case = a_case(wait=a_wait(now), posts=(a_card(channel=GONE),))
    problem = Problem(id="p1", title="Ferry cancelled", opened_at=now, opened_by="Ana", combed="done")
    await store.cases.commit(Commit(None, case, now))
    await store.storms.fold(GONE, problem.id, folding(case), now)
    await store.storms.swap(GONE, Weather(), Weather(problems=(problem,)))
    await store.upkeep.put(GONE, now)
    await wait_until(lambda: copies(rig), "it stands in the main channel", within_s=20)
    (ts,) = copies(rig)
    return ts


def copies(rig: Rig) -> list[str]:
    """What stands for a known problem in the main channel."""
    return [each.ts for each in rig.sandbox.slack.messages(CARE) if "'problem-" in str(each.blocks)]


async def test_it_is_pressed_and_solved_where_it_stands(redis_url: str) -> None:
    """It says why it is there, also once somebody has pressed on it; Solved is said there as well."""
    async with a_rig(redis_url) as rig:
        ts = await a_problem_of_a_lost_channel(rig)
        assert WHY in rig.text_of(ts)
        assert f"<#{GONE}>" in rig.text_of(ts)
        await rig.press(ANA, ts, "hark:storm-next:v1")
        await wait_until(lambda: "hark:storm-next:v1" not in rig.text_of(ts), "its case gets a card")
        assert WHY in rig.text_of(ts)
        await rig.card("My parcel")
        await rig.press(ANA, ts, "hark:problem-solved:v1")
        assert (await rig.send(ANA, line="It goes again.")).ok
        rig.sandbox.clock.skip(70)
        await rig.shows(ts, "Solved: Ferry cancelled")
        assert len(copies(rig)) == 1
