"""Slack away, and a token that was revoked: the whole bot, end to end."""

import json

import aiohttp

from bot.services.outage import OUTAGE
from tests.support.rig import Rig, a_rig
from tests.support.waiting import wait_until


async def test_slack_is_away_for_twelve_minutes(redis_url: str) -> None:
    """Customers go on writing; afterwards all stand, the complaint before the praise, and one line says so."""
    async with a_rig(redis_url) as rig:
        rig.sandbox.slack.set_fault("http_503", times=10**6)
        for n in range(6):
            rig.square.post("jamalreed", f"@acme.square.test lovely, thank you so much for number {n}")
        await wait_until(lambda: rig.service.signals.outage.state != "closed", "the outage is noticed", within_s=30)
        rig.square.post("jamalreed", "@acme.square.test my bag is lost and this is a scandal, I want my money back")
        rig.sandbox.clock.skip(12 * 60)

        async def seven() -> bool:
            return '"waiting":7' in (await rig.service.store.notes.get(OUTAGE) or "")

        await wait_until(seven, "all seven wait", within_s=30)
        assert rig.cards() == []
        rig.sandbox.slack.set_fault(None)
        await wait_until(lambda: len(rig.cards()) == 7, "all cards stand", within_s=60)
        await wait_until(lambda: any("Caught up" in line for line in rig.lines()), "the line stands", within_s=60)
        (line,) = [line for line in rig.lines() if "Caught up" in line]
        assert line.startswith("✅ Caught up: 7 cards after 1"), line


async def test_a_revoked_token_is_named_by_readyz(redis_url: str) -> None:
    """503 with Slack's word; ready again with a token that works."""
    async with a_rig(redis_url) as rig:
        api = rig.service.slack.api
        good, api.token = api.token, "xoxb-revoked"
        rig.square.post("jamalreed", "@acme.square.test where is my bag?")

        async def named() -> bool:
            return await readyz(rig) == (503, "invalid_auth")

        await wait_until(named, "readyz says why", within_s=30)
        assert rig.cards() == []
        api.token = good

        async def well() -> bool:
            rig.sandbox.clock.skip(61)
            return (await readyz(rig))[1] == "ok"

        await wait_until(well, "ready again", within_s=30)
        await rig.card("where is my bag?")


async def readyz(rig: Rig) -> tuple[int, str]:
    """The answer's status, and what it says of Slack."""
    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        http.get(f"http://127.0.0.1:{rig.port}/readyz") as answer,
    ):
        return answer.status, str(json.loads(await answer.text())["slack"])
