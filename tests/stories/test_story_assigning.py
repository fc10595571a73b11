"""A colleague is brought in, end to end: from the card's menu, by anybody, to anybody who works here."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from sandbox.slack.model import User
from sandbox.slack.workspace import CARE
from tests.support.rig import ANA, BEN, CALM, CHLOE, Rig, a_rig
from tests.support.waiting import wait_until

MIA, OTHERS, ACME_GROUP = "U09MIA5K2XW", "T09OTHERS1Z", "E01ACME7Q2X"
NUMBER = "4111 1111 1111 1111"


async def bring(rig: Rig, ts: str, colleague: str, way: str = "assign", user: str = ANA, **more: str) -> Any:
    """Choose it in the menu, and send the form."""
    await rig.choose(user, ts, "assign")
    return await rig.send(user, colleague=colleague, way=way, **more)


def told(rig: Rig, user: str) -> list[str]:
    """The direct messages to somebody that are about a case of theirs."""
    return [each.text for each in rig.direct(user) if "assigned" in each.text or "help" in each.text]


async def test_a_case_goes_to_a_colleague_who_answers_it_from_the_message(redis_url: str) -> None:
    """Card, thread, message and history say so; the note is masked and pings nobody; Release is Ben's now."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        note = f"<!channel> he paid with {NUMBER}"
        assert (await bring(rig, card.ts, BEN, note=note)).ok
        await rig.shows(card.ts, "Claimed by Ben")
        await wait_until(lambda: told(rig, BEN), "Ben is told")
        assert "Ana Kovač assigned this to you" in told(rig, BEN)[0]
        await wait_until(lambda: any("assigned this to Ben" in each for each in rig.lines()), "the thread says so")
        said = " ".join([*(each.text for each in rig.direct(BEN)), *rig.lines()])
        assert NUMBER not in said
        assert "<!channel>" not in said
        direct = rig.direct(BEN)[-1]
        await rig.press(BEN, direct.ts, "hark:reply:v1", conversation=rig.sandbox.slack.direct(BEN))
        assert (await rig.send(BEN, "So sorry, we are looking for it.", signature="^BO")).ok
        await wait_until(rig.brand_posts, "the answer stands")
        await rig.choose(ANA, card.ts, "history")
        assert "assigned the case" in str(await rig.modal(ANA))


async def test_help_is_asked_for_and_the_case_stays(redis_url: str) -> None:
    """Without a note the form says what is missing, below it; what was chosen stays."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Ana")
        answer = await bring(rig, card.ts, CHLOE, "escalate")
        assert "Say what you need" in str(answer.errors)
        assert (await rig.send(ANA, colleague=CHLOE, way="escalate", note="May I give him a voucher?")).ok
        await wait_until(lambda: told(rig, CHLOE), "Chloe is called")
        assert "asks for your help: May I give him a voucher?" in told(rig, CHLOE)[0]
        assert "Claimed by Ana" in rig.text_of(card.ts)


async def test_of_two_who_give_it_away_at_once_one_does(redis_url: str) -> None:
    """The other is told who has it by now, and keeps the note."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.choose(ANA, card.ts, "assign")
        await rig.choose(BEN, card.ts, "assign")
        answers = await asyncio.gather(
            rig.send(ANA, colleague=CHLOE, note="You know him"), rig.send(BEN, colleague=BEN, note="I do")
        )
        (loser,) = [each for each in answers if each.errors]
        assert "Nobody was told" in str(loser.errors)
        await rig.shows(card.ts, "Claimed by")


@pytest.mark.parametrize(("organisation", "hers", "taken"), [("", "", False), (ACME_GROUP, ACME_GROUP, True)])
async def test_only_people_who_work_here_get_a_case(
    redis_url: str, organisation: str, hers: str, *, taken: bool
) -> None:
    """Another company's people and bots do not; colleagues of another workspace of the same organisation do."""
    async with a_rig(redis_url, config=replace(CALM, organisation_id=organisation)) as rig:
        workspace = rig.sandbox.slack.workspace
        mia = User(MIA, "mia", "Mia Rossi", "Europe/Rome", "Central European Time", 3600, "7a4b2b", False, OTHERS)
        workspace.users[MIA] = replace(mia, organisation=hers)
        workspace.conversations[CARE].members.add(MIA)
        card = await rig.complains()
        bot = rig.sandbox.slack.hub.config.bot_user_id
        await rig.choose(ANA, card.ts, "assign")
        assert "required" in str((await rig.send(ANA, note="Whoever")).errors)
        assert "a person who works here" in str((await rig.send(ANA, colleague=bot)).errors)
        assert "Slack does not know" in str((await rig.send(ANA, colleague="U0NOBODY99")).errors)
        answer = await rig.send(ANA, colleague=MIA)
        assert bool(answer.errors) is not taken
        if taken:
            await rig.shows(card.ts, "Claimed by Mia")


async def test_a_form_that_comes_too_late_keeps_the_note(redis_url: str) -> None:
    """The case was closed meanwhile."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.choose(ANA, card.ts, "assign")
        await rig.choose(BEN, card.ts, "dismiss")
        await rig.send(BEN)
        await rig.shows(card.ts, "not for us")
        answer = await rig.send(ANA, colleague=CHLOE, note="You know him")
        assert "closed meanwhile" in str(answer.errors)
        assert told(rig, CHLOE) == []


async def test_a_slack_that_is_slow_to_say_who_it_is_loses_nothing(redis_url: str) -> None:
    """The form is answered in time and keeps everything; nobody has got the case behind it. Once more, and it goes."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.choose(ANA, card.ts, "assign")
        rig.sandbox.slack.set_fault("slow", "users.info", delay_s=4.0)
        answer = await rig.send(ANA, colleague=CHLOE, note="You know him")
        assert "Try again in a moment" in str(answer.errors)
        assert (await rig.send(ANA, colleague=BEN, note="You know him")).ok
        await rig.shows(card.ts, "Claimed by Ben")
        await wait_until(lambda: told(rig, BEN), "Ben is told")
        assert told(rig, CHLOE) == []
