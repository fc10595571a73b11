"""A manager asks how fast customers were answered: from Slack, in Home and on the command line."""

import json

from tests.support.bot_process import a_sandbox, run_bot
from tests.support.rig import ANA, BEN, CARE, Rig, a_rig
from tests.support.waiting import wait_until

MINUTE_S = 60


async def ask(rig: Rig, words: str) -> None:
    """Ask until Ben alone is told these words: it is worked out once a minute."""

    async def told() -> bool:
        rig.sandbox.clock.skip(MINUTE_S + 1)
        await rig.sandbox.slack.command(BEN, CARE, "/hark speed")
        assert {each.ephemeral_to for each in rig.whispers()} <= {BEN}
        return any(words in str(each.blocks) for each in rig.whispers())

    await wait_until(told, f"/hark speed says {words!r}", within_s=20)


async def test_whoever_is_left_waiting_stays_in_the_figures(redis_url: str) -> None:
    """Two ask, one is answered after an hour and a half: that is half of them. The other half is "at least"."""
    async with a_rig(redis_url) as rig:
        rig.square.post("jamalreed", "@acme.square.test my bag is lost")
        rig.square.post("meitanaka", "@acme.square.test where is my parcel?")
        bag, parcel = await rig.card("bag is lost"), await rig.card("my parcel")
        rig.sandbox.clock.skip(90 * MINUTE_S)
        await rig.answer(bag.ts, "We are searching")
        await rig.shows(bag.ts, "read back")
        rig.sandbox.clock.skip(10 * 3600)
        await ask(rig, "1 customer had a first answer, 1 waits now, the oldest since")
        await ask(rig, "customer clock · half: 1 h 30 min · 9 of 10: at least 1")
        await ask(rig, "Promises kept: 0 of 2 (0 %)")
        await rig.sandbox.slack.open_home(ANA)
        homes = rig.sandbox.slack.hub.views.homes
        await wait_until(lambda: "`/hark speed` tells more" in str(homes.get(ANA)), "Home has a line")
        await rig.choose(ANA, parcel.ts, "dismiss")
        await rig.send(ANA)
        await rig.shows(parcel.ts, "not for us")
        await ask(rig, "1 customer had a first answer, nobody waits")
        await ask(rig, "Promises kept: 0 of 1 (0 %)")


async def test_the_command_line_says_it_for_people_and_for_programs(redis_url: str) -> None:
    """With nothing counted yet; a number of days that is not kept is a wrong command line."""
    async with a_sandbox(redis_url) as (_, env):
        code, said = await run_bot(env, "speed")
        assert (code, said.splitlines()[1]) == (0, "0 customers had a first answer, nobody waits")
        code, said = await run_bot(env, "speed", "--days", "31", "--json")
        told = json.loads(said)
        assert (code, told["waiting"], told["networks"]) == (0, 0, {})
        assert told["total"]["first_answer"] == {
            "customers": 0,
            "desk": {"p50": None, "p90": None},
            "customer": {"p50": None, "p90": None},
        }
        assert await run_bot(env, "speed", "--days", "32") == (2, "--days may be 1 to 31\n")
