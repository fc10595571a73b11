"""Slack away, and a token that was revoked: the whole bot, end to end."""

import json

import aiohttp
import pytest

from bot.roles import Role
from bot.services.outage import AWAY, OUTAGE
from tests.support.bot_process import a_sandbox, serving
from tests.support.rig import a_rig
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
        await rig.while_time_flies(lambda: len(rig.cards()) == 7, "all cards stand")
        await rig.while_time_flies(lambda: any("Caught up" in line for line in rig.lines()), "the line stands")
        (line,) = [line for line in rig.lines() if "Caught up" in line]
        assert line.startswith("✅ Caught up: 7 cards after 1"), line


async def test_a_revoked_token_is_named_by_readyz(redis_url: str) -> None:
    """503 with Slack's word; ready again with a token that works."""
    async with a_rig(redis_url) as rig:
        api = rig.service.slack.api
        good, api.token = api.token, "xoxb-revoked"
        rig.square.post("jamalreed", "@acme.square.test where is my bag?")

        async def named() -> bool:
            return await readyz(rig.port) == (503, "invalid_auth")

        await wait_until(named, "readyz says why", within_s=30)
        assert rig.cards() == []
        api.token = good

        async def well() -> bool:
            rig.sandbox.clock.skip(61)
            return (await readyz(rig.port))[1] == "ok"

        await wait_until(well, "ready again", within_s=30)
        await rig.card("where is my bag?")


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_slack_out_of_reach_is_named_by_readyz(redis_url: str, mode: str) -> None:
    """Presses may still come in; what Slack should show does not go out."""
    async with a_sandbox(redis_url) as (sandbox, settings):
        env = settings | {"SLACK_SIGNING_SECRET": "s-0451"}
        if mode == "http":
            del env["SLACK_APP_TOKEN"]
        async with serving(env, Role.ALL, sandbox.clock) as (_, port):

            async def says(status: int, word: str) -> bool:
                return await readyz(port) == (status, word)

            await wait_until(lambda: says(200, "ok"), "it is ready", within_s=20)
            sandbox.slack.set_fault("http_503", times=10**6)
            for n in range(4):
                sandbox.square.post("jamalreed", f"@acme.square.test where is my bag number {n}?")
            await wait_until(lambda: says(503, AWAY), "it says why not", within_s=40)
            sandbox.slack.set_fault(None)
            await wait_until(lambda: says(200, "ok"), "it is ready again", within_s=40)


async def readyz(port: int) -> tuple[int, str]:
    """The answer's status, and what it says of Slack."""
    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        http.get(f"http://127.0.0.1:{port}/readyz") as answer,
    ):
        return answer.status, str(json.loads(await answer.text())["slack"])
