"""Two accounts of one company on one network: each speaks for itself, and neither is a customer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.slack.model import Message
from sandbox.square.schemas import POST
from tests.support.rig import ANA, BRAND, Rig, a_rig
from tests.support.waiting import wait_until

DESK = "tombecker"
"""Somebody on the square who is the company's second account here."""


@asynccontextmanager
async def two_accounts(redis_url: str) -> AsyncIterator[Rig]:
    """The brand, which also searches for its name, and its help desk."""
    settings = {
        "BLUESKY_SERVICE_URL__DESK": "{square}",
        "BLUESKY_IDENTIFIER__DESK": f"{DESK}.square.test",
        "BLUESKY_APP_PASSWORD__DESK": f"{DESK}-main-password",
    }
    async with a_rig(redis_url, settings) as rig:
        yield rig


def echoes(rig: Rig) -> float:
    """How much of our own has come back."""
    labels = {"network": "bluesky", "outcome": "echo"}
    return rig.service.metrics.registry.get_sample_value("hark_interactions_total", labels) or 0.0


def card_of(rig: Rig, account: str) -> Message:
    """The card on which this account is the one that is meant."""
    [card] = [each for each in rig.cards() if f"for @{account}.square.test" in str(each.blocks)]
    return card


async def test_a_post_that_names_both_has_a_card_of_each_and_each_answers_as_itself(redis_url: str) -> None:
    """Although the customer's words name both accounts, each card says whose it is."""
    async with two_accounts(redis_url) as rig:
        rig.square.post("anahorvat", f"@{BRAND} @{DESK} where is my bag?")
        await wait_until(lambda: len(rig.cards()) == 2, "two cards stand", within_s=20)
        card = card_of(rig, DESK)
        assert card_of(rig, BRAND) != card
        await rig.press(ANA, card.ts, "hark:reply:v1")
        assert f"@{DESK}.square.test" in str(await rig.modal(ANA))
        assert (await rig.send(ANA, "It is found", signature="^AK")).ok
        await rig.shows(card.ts, "read back")
        desk = rig.square.who(DESK).did
        assert [record.value["text"] for record in rig.square.world.of_kind(POST, desk)] == ["It is found ^AK"]
        assert rig.brand_posts() == []


async def test_what_one_account_writes_is_no_customers_post_to_the_other(redis_url: str) -> None:
    """The desk answers below a post of the brand, names it and likes it; the brand's search finds it as well."""
    async with two_accounts(redis_url) as rig:
        [post, *_] = rig.square.world.of_kind(POST, rig.square.who(BRAND).did)
        asked = rig.square.post("anahorvat", "where is my bag?", reply_to=post.uri)
        await rig.card("where is my bag?")
        rig.square.post(DESK, f"it is with us, says @{BRAND} acme", reply_to=asked.uri)
        rig.square.like(DESK, post.uri)
        rig.square.post("jamalreed", f"@{BRAND} and mine?", reply_to=asked.uri)
        await rig.card("and mine?")
        await wait_until(lambda: echoes(rig) >= 2, "the post and the like were heard", within_s=20)
        await rig.idle()
        assert [card for card in rig.cards() if "it is with us" in str(card.blocks)] == []
        assert await rig.digest() == []
