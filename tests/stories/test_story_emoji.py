"""Emoji that staff pick in Slack's menu reach customers as what they are."""

import pytest

from bot.services.wording import from_slack
from sandbox.slack.app import block_of
from tests.support.rig import ANA, a_rig
from tests.support.waiting import wait_until

CODES = {
    ":slightly_smiling_face:": "🙂",
    ":+1::skin-tone-2:": "👍🏻",
    ":point_up::skin-tone-6:": "☝🏿",
    ":woman-shrugging::skin-tone-3:": "🤷🏼\u200d♀️",
    ":flag-at:": "🇦🇹",
    ":flag-wales:": "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    ":rainbow-flag:": "🏳️\u200d🌈",
    ":female-technologist:": "👩\u200d💻",
    ":large_green_circle:": "🟢",
    ":smiling_face_with_3_hearts:": "🥰",
    ":party_parrot:": ":party_parrot:",
    ":our_wave::skin-tone-3:": ":our_wave::skin-tone-3:",
    "from 9:30:00 on": "from 9:30:00 on",
}


@pytest.mark.parametrize(("code", "sign"), CODES.items())
def test_each_code_of_slack_s_becomes_its_character(code: str, sign: str) -> None:
    """With the skin tone that somebody chose; flags and people have names of Slack's own; a workspace's own stay."""
    assert from_slack(f"Thanks {code}") == f"Thanks {sign}"


async def test_a_thumb_in_somebody_s_own_skin_tone_is_sent(redis_url: str) -> None:
    """Whoever has chosen a skin tone in Slack picks it with every hand."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:reply:v1")
        outcome = await rig.send(ANA, "Found :+1::skin-tone-3: it is in Vienna :flag-at:", signature="^AK")
        assert outcome.ok, outcome
        await wait_until(lambda: rig.brand_posts() == ["Found 👍🏼 it is in Vienna 🇦🇹 ^AK"], "the answer stands")


async def test_a_signature_may_hold_an_emoji(redis_url: str) -> None:
    """Ana signs her first reply with a flower, and changes it in Home later."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:reply:v1")
        outcome = await rig.send(ANA, "We have found it", signature=":sunflower: Ana")
        assert outcome.ok, outcome
        await wait_until(lambda: rig.brand_posts() == ["We have found it 🌻 Ana"], "the answer stands")
        slack = rig.sandbox.slack
        await slack.open_home(ANA)
        await wait_until(lambda: "🌻 Ana" in str(slack.hub.views.homes.get(ANA)), "Home shows the signature")
        block = block_of(slack.hub.views.homes[ANA]["blocks"], "hark:set-signature:v1")
        await slack.press(ANA, block, "hark:set-signature:v1", home=True)
        assert (await rig.send(ANA, signature=":tulip: Ana")).ok
        await wait_until(lambda: "🌷 Ana" in str(slack.hub.views.homes[ANA]), "Home shows the new one")
