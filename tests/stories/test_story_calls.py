"""How many calls to Slack a case costs over its life, beside those that the team's own presses make."""

import asyncio

from aiohttp import web

from tests.support.loopback import catch_all
from tests.support.rig import ANA, COMPLAINT, Rig, a_rig
from tests.support.waiting import wait_until

PRESSES = {"views.open", "views.update", "users.info", "auth.test", "apps.connections.open", "response_url"}
"""What a press asks for itself, and what the bot asks once when it starts."""


def calls(rig: Rig) -> list[str]:
    """Every call that no press made, but for those of the hourly message, which stands when the hour turns."""
    made = [each for each in rig.sandbox.slack.calls if each.method not in PRESSES]
    return [each.method for each in made if "for an answer" not in str(each.args.get("text"))]


async def press_at_leisure(rig: Rig, ts: str, action: str, shown: str) -> None:
    """Press, and do nothing else before the card's redraw is noted: two drawings at once may cost a third."""

    async def drawn() -> str:
        (case,) = await rig.service.store.cases.waiting(1)
        return case.card.drawn if case.card else ""

    before = await drawn()

    async def noted() -> bool:
        return await drawn() not in ("", before)

    await rig.press(ANA, ts, action)
    await rig.shows(ts, shown)
    await wait_until(noted, "the redraw is noted")


async def test_a_typical_life_costs_six_calls_or_fewer(redis_url: str) -> None:
    """Post, follow-up, claim, reply, answered, read back, closed; the metric counts what Slack counted."""
    async with a_rig(redis_url, {"HARK_UNDO_SECONDS": "3"}) as rig:
        post = rig.square.post("jamalreed", COMPLAINT)
        card = await rig.card("my bag is lost")
        rig.square.post("jamalreed", "@acme.square.test It is the red one", reply_to=post.uri)
        await rig.shows(card.ts, "the red one")
        await wait_until(lambda: any("the red one" in line for line in rig.lines()), "the thread has it too")
        assert calls(rig) == ["chat.postMessage", "chat.update", "chat.postMessage"]
        await press_at_leisure(rig, card.ts, "hark:claim:v1", "Claimed by Ana")
        await press_at_leisure(rig, card.ts, "hark:reply:v1", "is writing")
        await rig.send(ANA, "So sorry, we have found it", signature="^AK")
        await rig.shows(card.ts, "read back")
        assert calls(rig)[3:] == ["chat.update", "chat.update"]
        before_close = len(calls(rig))
        await rig.choose(ANA, card.ts, "close")
        await rig.send(ANA, reason="solved")
        await rig.shows(card.ts, "Closed")
        assert len(calls(rig)) <= 6
        histogram = rig.service.metrics.case_calls.labels("all")
        assert histogram._sum.get() == before_close


async def test_a_presss_own_redraw_that_is_not_answered_is_done_again(redis_url: str) -> None:
    """Nobody knows when Slack carries it out: what the queue drew meanwhile may be covered by then."""
    async with a_rig(redis_url) as rig:
        drawn = asyncio.Event()

        async def hang_up(request: web.Request) -> web.Response:
            await drawn.wait()
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        async with catch_all(hang_up) as rig.sandbox.slack.hub.base_url:
            card = await rig.complains()
            await rig.press(ANA, card.ts, "hark:claim:v1")
            await rig.shows(card.ts, "Claimed by Ana")
            assert calls(rig).count("chat.update") == 1
            drawn.set()
            await wait_until(lambda: calls(rig).count("chat.update") == 2, "it is drawn once more", within_s=20)
            await rig.shows(card.ts, "Claimed by Ana")
