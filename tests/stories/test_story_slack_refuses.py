"""Slack says no in its own way, and what Hark knows of its messages stays true."""

from dataclasses import replace

from tests.support.rig import ANA, CALM, a_rig

COMPLAINT = "@acme.square.test my bag is lost since yesterday"


async def test_a_press_whose_answer_slack_refuses_is_drawn_all_the_same(redis_url: str) -> None:
    """Slack answers a refused response_url with HTTP 200: the card is not taken for redrawn, and the queue draws it."""
    async with a_rig(redis_url, config=replace(CALM, response_url_uses=0)) as rig:
        rig.square.post("jamalreed", COMPLAINT)
        card = await rig.card("my bag is lost")
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Ana")
