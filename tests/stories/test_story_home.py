"""App Home, where no channel is to answer in: whoever presses there is told all the same what went wrong."""

from dataclasses import replace
from functools import partial

from bot.domain.case import Case
from bot.domain.ports import Commit
from bot.domain.storm import Storm, Weather
from sandbox.slack.app import block_of
from sandbox.slack.base import Json
from tests.support.cases import a_case, a_wait
from tests.support.rig import ANA, BEN, CARE, Rig, a_rig
from tests.support.stores import written_by_a_newer_version
from tests.support.waiting import wait_until

WORDS = "Hark could not do that just now. Nothing was sent; please try again."
TROUBLE = "Hark cannot show this page just now"


def home(rig: Rig) -> str:
    """Ana's App Home."""
    return str(rig.sandbox.slack.hub.views.homes.get(ANA))


async def a_case_in_home(rig: Rig) -> Json:
    """Ana sees a case in Home, which a newer version writes then; the block with its button."""
    now = rig.sandbox.clock.now()
    await rig.service.store.cases.commit(Commit(None, a_case(wait=a_wait(now)), now))
    await rig.sandbox.slack.open_home(ANA)
    await wait_until(lambda: "hark:home-open-case:v1" in home(rig), "Home lists the case")
    await written_by_a_newer_version(rig.service.store, a_case().id)
    blocks: list[Json] = rig.sandbox.slack.hub.views.homes[ANA]["blocks"]
    return next(each for each in blocks if "hark:home-open-case:v1" in str(each))


async def test_a_press_that_fails_is_told_in_a_modal(redis_url: str) -> None:
    """The case cannot be read, so it cannot be shown."""
    async with a_rig(redis_url) as rig:
        block = await a_case_in_home(rig)
        await rig.sandbox.slack.press(ANA, block["block_id"], "hark:home-open-case:v1", home=True)
        assert WORDS in str(await rig.modal(ANA))
        assert rig.direct(ANA) == []


async def test_a_press_that_fails_too_late_for_a_modal_is_told_in_a_direct_message(redis_url: str) -> None:
    """A form opens within three seconds of the press; the server may let Hark wait for longer."""
    async with a_rig(redis_url) as rig:
        block = await a_case_in_home(rig)
        rig.sandbox.slack.set_fault("invalid_arguments", "views.open")
        await rig.sandbox.slack.press(ANA, block["block_id"], "hark:home-open-case:v1", home=True)
        await wait_until(lambda: [each.text for each in rig.direct(ANA)] == [WORDS], "Ana is told")
        assert rig.sandbox.slack.views(ANA) == []


async def test_a_home_that_cannot_be_drawn_says_so(redis_url: str) -> None:
    """An old list would pass for what is true now; the next opening draws it in full."""
    async with a_rig(redis_url) as rig:
        rig.sandbox.slack.set_fault("invalid_arguments", "views.publish")
        await rig.sandbox.slack.open_home(ANA)
        await wait_until(lambda: TROUBLE in home(rig), "Home says that it cannot be shown")
        await rig.sandbox.slack.open_home(ANA)
        await wait_until(lambda: "My claims" in home(rig), "Home is drawn")


async def test_whoever_types_is_not_told_letter_by_letter(redis_url: str) -> None:
    """A draft that cannot be kept would put a modal over the form with each letter."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await wait_until(lambda: shown(rig), "it is noted what the card shows", within_s=20)
        first = await shown(rig)
        await rig.press(ANA, card.ts, "hark:reply:v1")
        view = await rig.modal(ANA)

        async def noted() -> bool:
            return await shown(rig) != first

        await wait_until(noted, "it is noted that the card shows who is writing", within_s=20)
        await written_by_a_newer_version(rig.service.store, (await the_case(rig)).id)
        await rig.sandbox.slack.press(ANA, "text", "hark:draft:v1", view_id=view["id"], value="We")
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await wait_until(lambda: any(WORDS in each.text for each in rig.whispers()), "the press is answered")
        assert [each["id"] for each in rig.sandbox.slack.views(ANA)] == [view["id"]]
        assert rig.direct(ANA) == []


async def test_a_press_in_a_form_that_fails_is_told_on_top_of_the_form(redis_url: str) -> None:
    """What is typed there stays."""
    async with a_rig(redis_url) as rig:
        await a_case_held_back(rig)
        await opened_from_home(rig, ANA)
        view = await rig.modal(ANA)
        await written_by_a_newer_version(rig.service.store, (await the_case(rig)).id)
        block = block_of(view["blocks"], "hark:claim:v1")
        await rig.sandbox.slack.press(ANA, block, "hark:claim:v1", view_id=view["id"])
        await wait_until(lambda: WORDS in str(rig.sandbox.slack.views(ANA)), "Ana is told")
        assert [each["id"] for each in rig.sandbox.slack.views(ANA)][:-1] == [view["id"]]


async def test_a_case_that_a_storm_holds_back_is_claimed_from_home(redis_url: str) -> None:
    """It has no card with a Claim; once somebody has it, it gets one. Who comes second is told who was first."""
    async with a_rig(redis_url) as rig:
        await a_case_held_back(rig)
        for user in (ANA, BEN):
            await opened_from_home(rig, user)
        for user in (ANA, BEN):
            view = await rig.modal(user)
            block = block_of(view["blocks"], "hark:claim:v1")
            await rig.sandbox.slack.press(user, block, "hark:claim:v1", view_id=view["id"])
            await wait_until(partial(sees, rig, user, "Claimed by Ana Kovač"), "the view shows who has it")
        assert sees(rig, BEN, "Ana Kovač claimed this")
        assert not sees(rig, BEN, "hark:claim:v1")
        assert "evening ferry" in str((await rig.card("Claimed by Ana Kovač")).blocks)


async def test_a_slack_that_is_slow_to_say_who_it_is_fails_no_signature(redis_url: str) -> None:
    """Whoever was never named sets one all the same: the form opens, and closes, within Slack's three seconds."""
    async with a_rig(redis_url) as rig:
        slack = rig.sandbox.slack
        slack.set_fault("internal_error", "users.info", times=2)
        await slack.open_home(ANA)
        await wait_until(lambda: "My claims" in home(rig), "Home is drawn")
        slack.set_fault("slow", "users.info", times=2, delay_s=4.0)
        block = block_of(slack.hub.views.homes[ANA]["blocks"], "hark:set-signature:v1")
        await slack.press(ANA, block, "hark:set-signature:v1", home=True)
        wordless = await rig.send(ANA, signature=" ")
        assert "Customers should know who speaks" in wordless.errors["signature"]
        answer = await rig.send(ANA, signature="^AK")
        assert answer.ok, answer
        await wait_until(lambda: "^AK" in home(rig), "Home shows it", within_s=20)


async def test_who_is_called_otherwise_now_opens_home(redis_url: str) -> None:
    """A press asks nobody for a name that is known; there is time for it here."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Ana Kovač")
        users = rig.sandbox.slack.workspace.users
        users[ANA] = replace(users[ANA], real_name="Ana Horvat", name="ana.horvat")
        await rig.sandbox.slack.open_home(ANA)
        await wait_until(lambda: "My claims" in home(rig), "Home is drawn")
        person = await rig.service.store.notes.person(ANA)
        assert person is not None
        assert person.name == "Ana Horvat"


async def a_case_held_back(rig: Rig) -> None:
    """A storm, and a customer whose case has no card because of it."""
    now = rig.sandbox.clock.now()
    storm = Storm(id="s1", began_at=now, because="wait")
    await rig.service.store.storms.swap(CARE, Weather(), Weather(storm=storm))
    await rig.service.calm.storms.tick()
    rig.square.post("jamalreed", "@acme.square.test does the evening ferry take bicycles?")
    await wait_until(lambda: folded(rig), "the case is held back", within_s=20)


async def folded(rig: Rig) -> bool:
    """Whether the storm holds anybody back."""
    return (await rig.service.store.storms.tally(CARE, "storm", rig.sandbox.clock.now())).folded > 0


async def opened_from_home(rig: Rig, user: str) -> None:
    """Somebody opens the one case that Home lists."""
    homes = rig.sandbox.slack.hub.views.homes
    await rig.sandbox.slack.open_home(user)
    await wait_until(lambda: "hark:home-open-case:v1" in str(homes.get(user)), "Home lists the case")
    block = next(each for each in homes[user]["blocks"] if "hark:home-open-case:v1" in str(each))
    await rig.sandbox.slack.press(user, block["block_id"], "hark:home-open-case:v1", home=True)
    await wait_until(partial(sees, rig, user, "evening ferry"), "the case is shown")


def sees(rig: Rig, user: str, words: str) -> bool:
    """Whether somebody's open view has these words."""
    return words in str(rig.sandbox.slack.views(user))


async def the_case(rig: Rig) -> Case:
    """The one case that waits."""
    (case,) = await rig.service.store.cases.waiting(1)
    return case


async def shown(rig: Rig) -> str:
    """What is known to stand on its card; empty at first."""
    card = (await the_case(rig)).card
    return card.drawn if card else ""
