"""Cards in several channels: each new case goes to the first route that fits it, and is worked on where it stands."""

from pathlib import Path

import pytest

from sandbox.demo import environment
from sandbox.slack.workspace import RANDOM
from tests.support.bot_process import run_bot
from tests.support.rig import ANA, BEN, CARE, CHLOE, Rig, a_rig
from tests.support.waiting import wait_until

PRIVATE, FOUND, GONE = "C0PRIVATE1", "C0FOUND001", "C0GONE0001"
ROUTES = {"HARK_ROUTES": f"message={PRIVATE}, bluesky:match={FOUND}"}
LINE = "We know of it, and are at it."


def two_more_channels(rig: Rig) -> None:
    """A private one for what customers write in private, and one for what a search finds."""
    bot = rig.sandbox.slack.config.bot_user_id
    rig.sandbox.slack.workspace.add_channel(PRIVATE, "care-private", {ANA, BEN, bot}, private=True)
    rig.sandbox.slack.workspace.add_channel(FOUND, "care-found", {ANA, BEN, CHLOE, bot})


async def test_each_case_is_shown_and_worked_on_in_its_channel(redis_url: str) -> None:
    """A message, a find and a mention stand in three channels; claim, answer and thread work in each of them."""
    async with a_rig(redis_url, ROUTES) as rig:
        two_more_channels(rig)
        rig.square.message("jamalreed", "acme", "My code is QX77TT")
        rig.square.post("rosadiaz", "acme lost my harp")
        rig.square.post("meitanaka", "@acme.square.test where is my drum?")
        secret = await rig.card("My code is", PRIVATE)
        found = await rig.card("lost my harp", FOUND)
        await rig.card("where is my drum", CARE)
        assert [len(rig.cards(each)) for each in (PRIVATE, FOUND, CARE)] == [1, 1, 1]
        await rig.press(BEN, found.ts, "hark:claim:v1", FOUND)
        await rig.shows(found.ts, "Ben", FOUND)
        rig.square.message("jamalreed", "acme", "And I wait since noon")
        await wait_until(lambda: any("in private" in line for line in rig.lines(PRIVATE)), "it stands in the thread")
        await rig.press(ANA, secret.ts, "hark:reply:v1", PRIVATE)
        assert (await rig.send(ANA, "It is on its way.", signature="^AK")).ok
        await rig.shows(secret.ts, "It is on its way.", PRIVATE)
        assert not any("QX77" in str(each.blocks) for each in rig.sandbox.slack.messages(CARE))


async def test_the_people_of_a_route_are_rung_and_nobody_else(redis_url: str) -> None:
    """Ben is on call for what is written in private, Ana for all else; what rings stands in his direct messages."""
    async with a_rig(redis_url, {"HARK_ROUTES": f"message={PRIVATE} {BEN}"}) as rig:
        two_more_channels(rig)
        rig.square.message("jamalreed", "acme", "My code is QX77TT")
        await rig.card("My code is", PRIVATE)
        rig.sandbox.clock.skip(46 * 60)
        await wait_until(lambda: rig.direct(BEN), "Ben is rung")
        assert "is waiting" in rig.direct(BEN)[0].text
        assert not rig.direct(ANA)
        rig.square.post("meitanaka", "@acme.square.test where is my drum?")
        await rig.card("where is my drum", CARE)
        rig.sandbox.clock.skip(46 * 60)
        await wait_until(lambda: rig.direct(ANA), "Ana is rung")
        assert not any("drum" in str(each.blocks) for each in rig.direct(BEN))


async def test_a_channel_that_is_gone_has_its_cards_in_the_main_one(redis_url: str) -> None:
    """With the reason; once the channel is there, the card stands in it, and the copy is taken away."""
    async with a_rig(redis_url, {"HARK_ROUTES": f"bluesky={GONE}"}) as rig:
        rig.square.post("meitanaka", "@acme.square.test where is my drum?")
        copy = await rig.card("where is my drum", CARE)
        await rig.shows(copy.ts, f"<#{GONE}>")
        rig.sandbox.slack.workspace.add_channel(GONE, "care-back", {ANA, rig.sandbox.slack.config.bot_user_id})
        rig.sandbox.clock.skip(3600)
        await rig.card("where is my drum", GONE)
        await rig.while_time_flies(lambda: not rig.cards(CARE), "the copy has gone")


async def test_a_problem_belongs_to_the_channel_where_it_is_opened(redis_url: str) -> None:
    """The form says so where there is more than one; elsewhere it is for the team's own channel."""
    async with a_rig(redis_url, ROUTES) as rig:
        two_more_channels(rig)
        await rig.sandbox.slack.command(ANA, RANDOM, "/hark problem")
        assert f"New cases of <#{CARE}>" in str((await rig.modal(ANA))["blocks"])
        rig.square.post("rosadiaz", "acme spring update closes everything")
        rig.square.post("meitanaka", "@acme.square.test your spring update closes everything")
        found = await rig.card("closes everything", FOUND)
        mention = await rig.card("closes everything", CARE)
        await rig.sandbox.slack.command(BEN, FOUND, "/hark problem")
        assert f"New cases of <#{FOUND}>" in str((await rig.modal(BEN))["blocks"])
        assert (await rig.send(BEN, None, title="Spring update", line=LINE, words="spring update")).ok
        await rig.while_time_flies(lambda: "Known problem" in rig.text_of(found.ts, FOUND), "the card says so")
        await rig.card("problem-", FOUND)
        assert "Known problem" not in rig.text_of(mention.ts)


@pytest.mark.parametrize("routes", [{}, ROUTES])
async def test_the_form_names_no_channel_where_there_is_one(redis_url: str, routes: dict[str, str]) -> None:
    """Whoever has one channel need not think of channels."""
    async with a_rig(redis_url, routes) as rig:
        await rig.sandbox.slack.command(ANA, CARE, "/hark problem")
        assert ("<#" in str((await rig.modal(ANA))["blocks"])) is bool(routes)


async def test_whoever_is_forgotten_is_looked_for_in_every_channel(redis_url: str, tmp_path: Path) -> None:
    """A channel that cards may go to by now is looked through, too; one that Hark may not look into is named."""
    async with a_rig(redis_url) as rig:
        rig.square.post("jamalreed", "@acme.square.test where is my drum?")
        await rig.card("where is my drum")
        env = {**environment(rig.sandbox, tmp_path), "REDIS_URL": redis_url, "HARK_ROUTES": f"review={RANDOM}"}
        code, said = await run_bot(env, "forget", "bluesky", "jamalreed.square.test", "--yes")
        assert code == 1
        assert f"Slack does not let Hark look through {RANDOM}" in said
        assert not rig.cards()
