"""A channel that is shared with another company: its people see the cards, and may not act on them."""

from dataclasses import replace

import pytest

from handlers.outsiders import NOT_YOURS
from sandbox.slack.model import User
from sandbox.slack.workspace import CARE
from tests.support.rig import ANA, CALM, Rig, a_rig
from tests.support.waiting import wait_until

MIA = "U09MIA5K2XW"
ACME_GROUP, OTHERS = "E01ACME7Q2X", "E09OTHERS1Z"


def with_mia(rig: Rig, organisation: str) -> None:
    """Mia is in the channel, from another workspace."""
    workspace = rig.sandbox.slack.workspace
    mia = User(MIA, "mia", "Mia Rossi", "Europe/Rome", "Central European Time", 3600, "7a4b2b", False, "T09")
    workspace.users[MIA] = replace(mia, organisation=organisation)
    workspace.conversations[CARE].members.add(MIA)


def whispers(rig: Rig) -> list[str]:
    """What was told to Mia alone."""
    return [each.text for each in rig.whispers() if each.ephemeral_to == MIA]


@pytest.mark.parametrize(("ours", "hers"), [("", ""), ("", OTHERS), (ACME_GROUP, ""), (ACME_GROUP, OTHERS)])
async def test_people_of_another_company_cannot_act(redis_url: str, ours: str, hers: str) -> None:
    """A press of theirs is answered to them alone; the card stays as it was, and no form opens."""
    async with a_rig(redis_url, config=replace(CALM, organisation_id=ours)) as rig:
        with_mia(rig, hers)
        card = await rig.complains()
        await rig.press(MIA, card.ts, "hark:claim:v1")
        await wait_until(lambda: NOT_YOURS in whispers(rig), "she is told why")
        await rig.press(MIA, card.ts, "hark:reply:v1")
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Ana")
        assert "Mia" not in rig.text_of(card.ts)
        assert not rig.sandbox.slack.views(MIA)


@pytest.mark.parametrize("hers", ["", OTHERS])
async def test_installed_for_the_whole_organisation_it_asks_once_whose_somebody_is(redis_url: str, hers: str) -> None:
    """Payloads name no workspace then: Ana's own press is looked up, too, but not each of them. Mia stays outside."""
    async with a_rig(redis_url, config=replace(CALM, organisation_id=ACME_GROUP, org_wide=True)) as rig:
        with_mia(rig, hers)
        card = await rig.complains()
        await rig.press(MIA, card.ts, "hark:claim:v1")
        await wait_until(lambda: NOT_YOURS in whispers(rig), "she is told why")
        for verb, shown in (("claim", "Claimed by Ana"), ("release", "hark:claim:v1"), ("claim", "Claimed by Ana")):
            await rig.press(ANA, card.ts, f"hark:{verb}:v1")
            await rig.shows(card.ts, shown)
        await rig.answer(card.ts, "It is on its way")
        asked = [call for call in rig.sandbox.slack.calls_of("users.info") if call.args["user"] == ANA]
        assert len(asked) == 2  # whose she is, and what she is called


async def test_a_colleague_of_another_workspace_may_act(redis_url: str) -> None:
    """An organisation has several workspaces, and a channel may belong to more than one of them."""
    async with a_rig(redis_url, config=replace(CALM, organisation_id=ACME_GROUP)) as rig:
        with_mia(rig, ACME_GROUP)
        card = await rig.complains()
        await rig.press(MIA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Mia")
