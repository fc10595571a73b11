"""A manager asks what customers write about, and learns from it."""

from tests.support.rig import ANA, BEN, CARE, Rig, a_rig
from tests.support.waiting import wait_until


async def told(rig: Rig, command: str, *words: str) -> None:
    """Ask until Ben alone is told all of these words."""

    async def is_told() -> bool:
        await rig.sandbox.slack.command(BEN, CARE, command)
        newest = str(rig.whispers()[-1].blocks)
        return rig.whispers()[-1].ephemeral_to == BEN and all(each in newest for each in words)

    await wait_until(is_told, f"{command} says {words}", within_s=20)


async def test_complaints_and_praise_are_told_by_their_topics(redis_url: str) -> None:
    """Two complain of deliveries, one of whom is not for us; a week later these are the days before."""
    async with a_rig(redis_url) as rig:
        rig.square.post("jamalreed", "@acme.square.test my parcel is late again, this is terrible")
        rig.square.post("meitanaka", "@acme.square.test awful: the courier left my package in the rain")
        parcel = await rig.card("my parcel is late")
        await rig.card("in the rain")
        await told(rig, "/hark topics", "2 customers wrote", "2 complaints", "*delivery*: 2 customers · 2 complaints")
        await rig.choose(ANA, parcel.ts, "dismiss")
        await rig.send(ANA)
        await told(rig, "/hark Topics 31", "1 customer wrote", "*delivery*: 1 customer · 1 complaint")
        for days in (7, 1):
            rig.sandbox.clock.skip(days * 86_400)
        await told(rig, "/hark topics", "0 customers wrote to us or about us", "(as many days before: 1)")
        await told(rig, "/hark topics 32", "I can tell of 1 to 31 days")
