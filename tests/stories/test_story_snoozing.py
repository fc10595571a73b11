"""Snoozing a case, end to end: the form and its picker, the card, the reminder, and clocks that go on."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.cards.action_ids import Press, Verb
from sandbox.slack.config import SandboxConfig
from sandbox.slack.model import Message
from tests.support.rig import ANA, BEN, CARE, CHLOE, COMPLAINT, Rig, a_rig
from tests.support.waiting import wait_until

WAKE = "hark:wake:v1"
DAY = 24 * 3600
HOUR = timedelta(hours=1)
SNOOZED = "*Snoozed until "


def ahead(rig: Rig, span: timedelta) -> str:
    """So far from now, as a person picks it: whole seconds since 1970."""
    return str(int((rig.sandbox.clock.now() + span).timestamp()))


async def answered(rig: Rig) -> tuple[str, str]:
    """Jamal has had an answer from Ana, who has the case: the address of his post, and his card."""
    post = rig.square.post("jamalreed", COMPLAINT)
    card = await rig.card("my bag is lost")
    await rig.answer(card.ts, "We will call you tomorrow")
    await rig.shows(card.ts, "*Answered*")
    return post.uri, card.ts


async def snooze(rig: Rig, ts: str, until: str, user: str = ANA, **more: str) -> Any:
    """Choose Snooze, and send the form."""
    await rig.choose(user, ts, "snooze")
    return await rig.send(user, until=until, **more)


def reminders(rig: Rig, user: str) -> list[Message]:
    """What somebody was reminded of."""
    return [each for each in rig.direct(user) if "Snoozed" in each.text and "until now" in each.text]


async def whispered(rig: Rig, words: str) -> None:
    """Somebody in the channel is told that alone."""
    await wait_until(lambda: any(words in str(each.blocks) + each.text for each in rig.whispers()), f"told {words!r}")


async def test_ana_promised_a_call_and_is_reminded_of_it(redis_url: str) -> None:
    """Set with a note, shown on the card, in Home and in her list; told once at its time; the history knows all."""
    async with a_rig(redis_url) as rig:
        _, card = await answered(rig)
        await rig.choose(ANA, card, "snooze")
        assert "No clock stops" in str(await rig.modal(ANA))
        note = "Call Jamal at +1 415 555 2671 <!channel>"
        assert (await rig.send(ANA, until=ahead(rig, 48 * HOUR), note=note)).ok
        await rig.shows(card, SNOOZED)
        assert "555 2671" not in rig.text_of(card)
        assert "&lt;!channel&gt;" in rig.text_of(card)
        await rig.sandbox.slack.command(ANA, CARE, "/hark mine")
        await whispered(rig, "💤 until")
        await rig.sandbox.slack.open_home(ANA)
        homes = rig.sandbox.slack.hub.views.homes
        await wait_until(lambda: "💤 until" in str(homes.get(ANA)), "Home says so")
        rig.sandbox.clock.skip(2 * DAY - 60)
        await rig.shows(card, SNOOZED)
        assert reminders(rig, ANA) == []
        rig.sandbox.clock.skip(120)
        await wait_until(lambda: SNOOZED not in rig.text_of(card), "the snooze is over", within_s=20)
        await wait_until(lambda: reminders(rig, ANA), "Ana is reminded", within_s=20)
        (told,) = reminders(rig, ANA)
        assert told.text.startswith("Snoozed until now: Call Jamal at [phone ••71] &lt;!channel&gt;")
        assert "hark:reply:v1" in str(told.blocks)
        rig.sandbox.clock.skip(DAY)
        await rig.idle()
        await rig.choose(BEN, card, "history")
        history = str(await rig.modal(BEN))
        assert "snoozed until" in history
        assert history.count("the snooze ended") == 1
        assert len(reminders(rig, ANA)) == 1


async def test_ben_has_the_case_by_then_and_it_is_he_who_is_told(redis_url: str) -> None:
    """Where nobody has it, whoever snoozed it is."""
    async with a_rig(redis_url) as rig:
        _, card = await answered(rig)
        assert (await snooze(rig, card, ahead(rig, 24 * HOUR))).ok
        await rig.shows(card, SNOOZED)
        await rig.press(ANA, card, "hark:release:v1")
        await rig.shows(card, "hark:claim:v1")
        await rig.press(BEN, card, "hark:claim:v1")
        await rig.shows(card, "Claimed by Ben")
        assert SNOOZED in rig.text_of(card)
        rig.sandbox.clock.skip(DAY + 60)
        await wait_until(lambda: reminders(rig, BEN), "Ben is told", within_s=20)
        assert reminders(rig, BEN)[0].text.startswith("Snoozed by Ana Kovač until now. What is next?")
        assert reminders(rig, ANA) == []


async def test_no_clock_stops_and_anybody_wakes_it(redis_url: str) -> None:
    """A customer waits: the card warns, who is on call is alerted. Of two who press Wake the second is told."""
    async with a_rig(redis_url, {"SLACK_ALERT_USERS": ANA}) as rig:
        rig.sandbox.slack.hub.config = replace(rig.sandbox.slack.config, deliver_stale_presses=True)
        assert isinstance(rig.sandbox.slack.hub.config, SandboxConfig)
        card = (await rig.complains()).ts
        assert (await snooze(rig, card, ahead(rig, 24 * HOUR))).ok
        await rig.shows(card, SNOOZED)
        assert "first word due" in rig.text_of(card)
        rig.sandbox.clock.skip(46 * 60)
        await rig.shows(card, "Due soon")
        await wait_until(lambda: any("due soon" in each.text for each in rig.direct(ANA)), "Ana is warned", within_s=20)
        assert SNOOZED in rig.text_of(card)
        block = next(b for b in rig.sandbox.slack.message(CARE, card).blocks if "accessory" in b)
        await rig.press(BEN, card, WAKE)
        await wait_until(lambda: WAKE not in rig.text_of(card), "it is awake", within_s=20)
        old = {"conversation": CARE, "message_ts": card, "value": block["accessory"]["value"]}
        await rig.sandbox.slack.press(ANA, block["block_id"], WAKE, **old)
        await whispered(rig, "not snoozed any more")


async def test_the_customers_next_words_end_it_and_nothing_else_does(redis_url: str) -> None:
    """A like and an edit leave it alone; new words bring the case back with its ordinary wait."""
    async with a_rig(redis_url) as rig:
        post, card = await answered(rig)
        assert (await snooze(rig, card, ahead(rig, 24 * HOUR))).ok
        await rig.shows(card, SNOOZED)
        rig.square.repost("rosadiaz", post)
        rig.square.edit(post, "@acme.square.test my red bag is lost")
        await rig.shows(card, "my red bag")
        assert SNOOZED in rig.text_of(card)
        rig.square.post("jamalreed", "@acme.square.test nobody called!", reply_to=post)
        await rig.shows(card, "nobody called!")
        await wait_until(lambda: SNOOZED not in rig.text_of(card), "the snooze is over")
        assert len(await rig.service.store.cases.waiting(9)) == 1
        rig.sandbox.clock.skip(DAY + 60)
        await rig.shows(card, "Overdue")
        assert reminders(rig, ANA) == []


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (-timedelta(minutes=5), "This time is over. Choose one that is still ahead."),
        (timedelta(days=91), "This is too far ahead. Choose a time within 90 days."),
        (None, "required"),
    ],
)
async def test_a_time_that_cannot_be_is_told_below_the_picker(
    redis_url: str, span: timedelta | None, words: str
) -> None:
    """The form stays open with everything in it, and takes a better time."""
    async with a_rig(redis_url) as rig:
        card = (await rig.complains()).ts
        wrong = await snooze(rig, card, ahead(rig, span) if span else "", note="Ask the warehouse")
        assert words in wrong.errors["until"]
        assert (await rig.send(ANA, until=ahead(rig, HOUR))).ok
        await rig.shows(card, "Ask the warehouse")


async def test_what_is_set_is_changed_in_the_same_form(redis_url: str) -> None:
    """It begins with it; two people with a form each: the last one stands, and both are in the history."""
    async with a_rig(redis_url) as rig:
        card = (await rig.complains()).ts
        until = ahead(rig, 24 * HOUR)
        assert (await snooze(rig, card, until, note="Ask the warehouse")).ok
        await rig.shows(card, SNOOZED)
        for user in (ANA, BEN):
            await rig.choose(user, card, "snooze")
            form = str(await rig.modal(user))
            assert f"'initial_date_time': {until}" in form
            assert "Ask the warehouse" in form
        times = ahead(rig, 30 * HOUR), ahead(rig, 40 * HOUR)
        done = await asyncio.gather(rig.send(ANA, until=times[0]), rig.send(BEN, until=times[1]))
        assert all(each.ok for each in done)
        await wait_until(lambda: any(at in rig.text_of(card) for at in times), "one of them stands")
        assert until not in rig.text_of(card)
        await rig.choose(ANA, card, "history")
        assert str(await rig.modal(ANA)).count("snoozed until") == 3


async def test_a_form_that_was_opened_before_the_case_was_closed(redis_url: str) -> None:
    """Refused in words: a note stays in its field, without one the reason takes the form's place; so is an old menu."""
    async with a_rig(redis_url) as rig:
        card = (await rig.complains()).ts
        for user in (ANA, BEN):
            await rig.choose(user, card, "snooze")
            await rig.modal(user)
        (case,) = await rig.service.store.cases.waiting(2)
        await rig.choose(CHLOE, card, "dismiss")
        await rig.send(CHLOE)
        await rig.shows(card, "not for us")
        assert "💤" not in rig.text_of(card)
        late = await rig.send(ANA, until=ahead(rig, HOUR), note="Ask the warehouse")
        assert late.errors["note"] == "Nothing was snoozed: This case was closed meanwhile. Reopen it first."
        await rig.send(BEN, until=ahead(rig, HOUR))
        assert "Nothing was snoozed" in str(await rig.modal(BEN))
        stored = await rig.service.store.cases.load(case.id)
        assert stored is not None
        assert stored.snooze is None
        menu = next(b for b in rig.sandbox.slack.message(CARE, card).blocks if b["type"] == "actions")
        menu["elements"][-1]["options"][0]["value"] = Press(case=case.id, post="card", verb=Verb.SNOOZE).encode()
        await rig.choose(ANA, card, "snooze")
        await whispered(rig, "This case is closed. Reopen it first.")


async def test_what_the_customer_wrote_meanwhile_is_shown_in_the_form_first(redis_url: str) -> None:
    """With what was chosen and typed; sent once more, it counts."""
    async with a_rig(redis_url) as rig:
        post, card = await answered(rig)
        await rig.choose(ANA, card, "snooze")
        await rig.modal(ANA)
        rig.square.post("jamalreed", "@acme.square.test why did nobody call?", reply_to=post)
        await rig.shows(card, "why did nobody call?")
        until = ahead(rig, 24 * HOUR)
        await rig.send(ANA, until=until, note="Call Jamal")
        shown = str(await rig.modal(ANA))
        assert "wrote meanwhile: “@acme.square.test why did nobody call?”" in shown
        assert f"'initial_date_time': {until}" in shown
        assert "Call Jamal" in shown
        assert SNOOZED not in rig.text_of(card)
        assert (await rig.send(ANA)).ok
        await rig.shows(card, "Call Jamal")
        assert until in rig.text_of(card)
        assert len(await rig.service.store.cases.waiting(9)) == 1
