"""Slack says no in its own way, and what Hark knows of its messages stays true."""

from dataclasses import replace

import pytest

from tests.support.rig import ANA, BEN, CALM, a_rig


async def test_a_press_whose_answer_slack_refuses_is_drawn_all_the_same(redis_url: str) -> None:
    """Slack answers a refused response_url with HTTP 200: the card is not taken for redrawn, and the queue draws it."""
    async with a_rig(redis_url, config=replace(CALM, response_url_uses=0)) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Ana")


@pytest.mark.parametrize("trouble", ["update_failed", "team_added_to_org"])
async def test_trouble_that_passes_by_itself_costs_a_card_seconds(redis_url: str, trouble: str) -> None:
    """Slack has an internal trouble, or moves the workspace: the card follows soon, and nobody gets a copy of it."""
    async with a_rig(redis_url, {"SLACK_ALERT_USERS": BEN}) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:reply:v1")
        rig.sandbox.slack.set_fault(trouble, "chat.update", times=2)
        await rig.send(ANA, "So sorry, we are searching", signature="^AK")
        await rig.shows(card.ts, "read back")
        assert "Not in its own channel" not in str(rig.direct(BEN))
