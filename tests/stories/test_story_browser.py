"""The whole story in the sandbox's page: a real Chromium, the real bot, every step clicked or typed as people do."""

import asyncio
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import BROWSER
from tests.support.rig import a_rig
from tests.support.story_page import PHONE, Tab, at_the_same_moment, tabs

pytestmark = [*BROWSER, pytest.mark.timeout(150)]

UNDO = {"HARK_UNDO_SECONDS": "60"}
COMPLAINT = "@acme.square.test my bag is lost since yesterday and nobody answers the phone"
SORRY = "So sorry, Jamal. We are searching for it right now."


async def test_from_a_complaint_to_its_end(browser: Browser, redis_url: str) -> None:
    """Complaint, card, a race for the claim, reply, undo, reply again, follow-up, private, closing word."""
    async with a_rig(redis_url, UNDO) as rig:
        queries = ("?staff=ana&customer=jamal", "?staff=ben&customer=jamal")
        async with tabs(browser, rig.sandbox.url, *queries) as (ana, ben):
            await ana.picture("01-start")
            await ana.post("Jamal Reed", COMPLAINT)
            await expect(ana.card("my bag is lost")).to_be_visible()
            await ana.picture("02-card")
            winner, loser = await _race(ana, ben)
            await _reply_undo_reply(winner, loser)
            await _follow_up(winner)
            await _private(winner)
            await _close(winner)


async def _race(ana: Tab, ben: Tab) -> tuple[Tab, Tab]:
    """Both press Claim at once; the one who holds it, and the other, who is told."""
    for tab in (ana, ben):
        await expect(tab.card("my bag is lost").get_by_role("button", name="Claim this case")).to_be_visible()
    async with at_the_same_moment(ana, ben):
        await asyncio.gather(*(tab.press(tab.card("my bag is lost"), "Claim") for tab in (ana, ben)))
    for tab in (ana, ben):
        await expect(tab.card("my bag is lost")).to_contain_text("Claimed by")
    words = await ana.card("my bag is lost").inner_text()
    winner, loser, name = (ana, ben, "Ana Kovač") if "by Ana" in words else (ben, ana, "Ben Okafor")
    told = loser.channel.locator(".ephemeral")
    await expect(told).to_contain_text(f"{name} claimed this")
    await expect(winner.channel.locator(".ephemeral")).to_have_count(0)
    await expect(loser.card("my bag is lost")).to_contain_text(f"Claimed by {name}")
    await loser.picture("03-lost-the-race")
    await winner.page.bring_to_front()  # a tab in the background is drawn once a second, and waited for as long
    return winner, loser


async def _reply_undo_reply(tab: Tab, colleague: Tab) -> None:
    card = tab.card("my bag is lost")
    await tab.press(card, "Reply")
    dialog = await tab.modal("PUBLIC reply")
    await expect(dialog).to_contain_text("PUBLIC: ")
    await expect(colleague.card("my bag is lost")).to_contain_text("is writing")
    await dialog.get_by_label("Your public reply").fill(SORRY)
    await tab.picture("04-reply-modal")
    await dialog.get_by_label("Your signature").fill("^AK")
    await tab.send(dialog)
    await expect(card).to_contain_text("goes out at")
    await tab.picture("05-undo")
    await tab.press(card, "Undo")
    await expect(card).to_contain_text("taken back")
    await tab.press(card, "Reply")
    dialog = await tab.modal("PUBLIC reply")
    await expect(dialog.get_by_label("Your public reply")).to_have_value(SORRY)
    await tab.picture("07-draft-kept")
    await tab.send(dialog)
    await expect(card.get_by_role("button", name="Undo")).to_be_visible()
    await tab.skip("5 minutes")
    await expect(card).to_contain_text("read back")
    await expect(tab.posts(f"{SORRY} ^AK")).to_have_count(1)
    await tab.picture("08-read-back")


async def _follow_up(tab: Tab) -> None:
    await tab.answer(SORRY, "Acme Air", "Thank you. When will I hear from you?")
    await expect(tab.card("When will I hear")).to_be_visible()
    await tab.card("When will I hear").get_by_role("button", name="1 reply").click()
    await expect(tab.thread).to_contain_text("When will I hear")
    await tab.picture("09-thread")
    await tab.page.get_by_role("button", name="Close thread").click()


async def _private(tab: Tab) -> None:
    await tab.press(tab.card("When will I hear"), "Take private")
    dialog = await tab.modal("PRIVATE and PUBLIC")
    await dialog.get_by_label("Your private message").fill("Hi Jamal, could you send us your booking code?")
    await tab.picture("10-private-modal")
    await tab.send(dialog)
    await tab.skip("5 minutes")
    await expect(tab.posts("private message")).to_be_visible()
    sent = tab.card("booking code").locator(".block", has_text="Private message")
    await sent.get_by_role("link", name="is on Bluesky").click()
    await expect(tab.page.get_by_test_id("bubble")).to_contain_text("could you send us your booking code? ^AK")
    box = tab.page.get_by_role("textbox", name="Message to Acme Air")
    await box.fill("It is QX77TT, write to jamal@mail.example")
    await box.press("Enter")
    card = tab.card("It is QX77TT")
    await expect(card).to_contain_text("the public thread still waits for a closing word")
    await expect(card).not_to_contain_text("jamal@mail.example")
    await tab.picture("12-private-answer")


async def _close(tab: Tab) -> None:
    card = tab.card("It is QX77TT")
    await tab.choose(card, "Close…")
    dialog = await tab.modal("Close + PUBLIC line")
    await dialog.get_by_label("Why is this case closed?").select_option("Solved")
    await tab.picture("13-close-modal")
    await tab.send(dialog, "Send and close")
    await expect(card.get_by_role("button", name="Reopen")).to_be_visible()
    await tab.skip("5 minutes")
    await tab.place("Feed")
    await expect(tab.posts("We have taken care of this in private")).to_be_visible()
    await tab.picture("14-closed")


async def test_a_complaint_that_nobody_answers(browser: Browser, redis_url: str) -> None:
    """By the clock's buttons: warning, breach, escalation, the hourly message; the on-call person acts from the DM."""
    async with a_rig(redis_url) as rig, tabs(browser, rig.sandbox.url, "?staff=ana&customer=rosa") as (ana,):
        await ana.post("Rosa Díaz", "@acme.square.test where is my refund? I asked three times!")
        card = ana.card("where is my refund")
        await expect(card).to_contain_text("first word due")
        await ana.skip("15 minutes", "15 minutes", "15 minutes")
        await expect(card).to_contain_text("Due soon")
        push = ana.page.get_by_test_id("push")
        await expect(push.last).to_contain_text("due soon")
        await ana.picture("20-warning-push")
        await ana.skip("15 minutes")
        await expect(card).to_contain_text("Overdue")
        await expect(ana.channel).to_contain_text("1 customer waits for an answer")
        await ana.picture("21-breach")
        await ana.skip("1 hour")
        await expect(card).to_contain_text("the answer was due")
        await ana.skip("15 minutes", "15 minutes")
        await expect(ana.channel.get_by_text("Still no answer")).to_be_visible()
        await ana.picture("22-escalation")
        await push.filter(has_text="complaint").get_by_role("button").first.click()
        alert = ana.card("Still no answer")
        await expect(alert).to_be_visible()
        await ana.picture("23-direct-message")
        await ana.press(alert, "Claim")
        await expect(alert).to_contain_text("Claimed by Ana")
        await alert.get_by_role("link", name="Open the card in its channel").click()
        await expect(card).to_contain_text("Claimed by Ana")
        await expect(card).to_be_in_viewport()
        await ana.picture("24-claimed-from-dm")


async def test_the_story_on_a_phone(browser: Browser, redis_url: str) -> None:
    """In a phone's width: the card can be read, claimed and answered; the modal fills the screen."""
    async with (
        a_rig(redis_url, UNDO) as rig,
        tabs(browser, rig.sandbox.url, "?staff=ana&customer=mei&view=phone", size=PHONE, touch=True) as (ana,),
    ):
        await ana.post("Mei Tanaka", "@acme.square.test seat 12A did not recline for eleven hours. Is that normal?")
        sides = ana.page.get_by_role("navigation", name="Side")
        await sides.get_by_role("button", name="Team’s Slack").click()
        card = ana.card("seat 12A")
        await expect(card).to_be_visible()
        await ana.picture("31-phone-card")
        await ana.press(card, "Claim")
        await expect(card).to_contain_text("Claimed by Ana")
        await ana.press(card, "Reply")
        dialog = await ana.modal("PUBLIC reply")
        await dialog.get_by_label("Your public reply").fill("It is not, Mei. We are sorry.")
        await dialog.get_by_label("Your signature").fill("^AK")
        await ana.picture("32-phone-modal")
        await ana.send(dialog)
        await ana.skip("5 minutes")
        await expect(card).to_contain_text("read back")
        await ana.picture("33-phone-sent")
        await sides.get_by_role("button", name="Square").click()
        await expect(ana.posts("It is not, Mei. We are sorry. ^AK")).to_be_visible()
        await ana.picture("34-phone-square")


async def test_the_keyboard_is_enough(browser: Browser, redis_url: str) -> None:
    """Complaint, claim, a reply that is thought over, and Send, with Tab, Enter and Esc alone."""
    async with a_rig(redis_url) as rig, tabs(browser, rig.sandbox.url, "?staff=ana&customer=tom") as (ana,):
        keys = ana.page.keyboard
        await ana.tab_to("Skip to the square")
        await keys.press("Enter")
        await ana.tab_to("New post by Tom Becker")
        await keys.type("@acme.square.test your app lost my boarding pass")
        await keys.press("Control+Enter")
        card = ana.card("boarding pass")
        await expect(card.get_by_role("button", name="Claim this case for yourself")).to_be_visible()
        await ana.page.locator("body").evaluate("body => { body.tabIndex = -1; body.focus(); }")
        await ana.tab_to("Skip to the team’s Slack")
        await keys.press("Enter")
        await ana.tab_to("Claim this case")
        await ana.picture("40-keyboard-focus")
        await keys.press("Enter")
        await expect(card.get_by_role("button", name="Release the claim of Ana Kovač")).to_be_visible()
        await ana.tab_to("Reply in public")
        await keys.press("Enter")
        dialog = await ana.modal("PUBLIC reply")
        await expect(dialog.get_by_role("textbox", name="Your public reply")).to_be_focused()
        await keys.type("We are on it")
        await keys.press("Escape")
        await expect(dialog).to_have_count(0)
        await expect(card.get_by_role("button", name="Reply in public")).to_be_focused()
        await keys.press("Enter")
        dialog = await ana.modal("PUBLIC reply")
        text = dialog.get_by_role("textbox", name="Your public reply")
        await expect(text).to_have_value("We are on it")
        await expect(text).to_be_focused()
        await keys.press("End")
        await keys.type(", Tom.")
        await ana.tab_to("Your signature")
        await keys.type("^AK")
        await ana.tab_to("Send")
        await keys.press("Enter")
        await expect(card).to_contain_text("read back")
        await expect(ana.posts("We are on it, Tom. ^AK")).to_have_count(1)


async def test_links_and_the_guide_stay_inside(browser: Browser, redis_url: str) -> None:
    """A card's links lead to the post and back to the card without leaving the page; the guide names the webhook."""
    async with a_rig(redis_url) as rig:
        rig.sandbox.webhooks.url = f"http://127.0.0.1:{rig.port}/webhooks/webhook"
        async with tabs(browser, rig.sandbox.url, "?staff=ana&customer=rosa") as (ana,):
            await expect(ana.page.get_by_text("send a signed webhook to")).to_contain_text(str(rig.port))
            await ana.post("Rosa Díaz", "@acme.square.test is the late flight still going?")
            card = ana.card("late flight")
            await expect(card).to_be_visible()
            await ana.place("Messages")
            await card.get_by_role("link", name="Bluesky").click()
            await expect(ana.posts("late flight")).to_be_focused()
            await ana.choose(card, "Not for us…")  # the menu of an open case may have no room for the link
            await ana.send(await ana.modal("Not for us?"), "Not for us")
            await expect(card).to_contain_text("Closed")
            await ana.choose(card, "Open on Bluesky")
            await expect(ana.posts("late flight")).to_be_focused()
            assert len(ana.page.context.pages) == 1
            await ana.picture("50-guide")


async def test_a_case_is_snoozed_with_the_picker_and_woken(browser: Browser, redis_url: str) -> None:
    """The form begins with a time and takes another one; the card says which, and Wake ends it."""
    async with a_rig(redis_url) as rig, tabs(browser, rig.sandbox.url, "?staff=ana&customer=rosa") as (ana,):
        await ana.post("Rosa Díaz", "@acme.square.test is the late flight still going?")
        card = ana.card("late flight")
        await ana.choose(card, "Snooze…")
        form = await ana.modal("Snooze this case")
        picker = form.get_by_label("Snooze until")
        begins = datetime.fromisoformat(await picker.input_value())
        await picker.fill((begins - timedelta(days=9)).isoformat(timespec="minutes"))
        await form.get_by_role("button", name="Snooze", exact=True).click()
        await expect(form).to_contain_text("This time is over")
        await picker.fill((begins + timedelta(days=9)).isoformat(timespec="minutes"))
        await form.get_by_label("What is to be remembered then?").fill("Ask the gate")
        await ana.send(form, "Snooze")
        await expect(card).to_contain_text("by Ana Kovač: Ask the gate")
        await ana.press(card, "Wake")
        await expect(card).not_to_contain_text("Snoozed")
