"""WhatsApp, end to end: signed deliveries in by the real webhook route, answers out to the network's own form."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support.graph_door import assert_handshake, assert_only_genuine, deliver
from tests.support.graph_server import Json, running
from tests.support.rig import ANA as STAFF
from tests.support.rig import BEN, Rig, a_rig
from tests.support.waiting import wait_until
from tests.support.whatsapp_server import ANA, BO, WhatsAppServer, a_template, delivery, environment, failure


@dataclass(frozen=True)
class Story:
    """A number, and a bot that listens to it."""

    server: WhatsAppServer
    rig: Rig

    async def tell(self, *values: Json, field_: str = "messages") -> None:
        """Deliver, as the network does."""
        assert await deliver(self.rig, "whatsapp", delivery(*values, field_=field_)) == 200


@asynccontextmanager
async def a_story(redis_url: str, **more: str) -> AsyncIterator[Story]:
    """Everything running, the network's clock in step with the bot's."""
    async with running(WhatsAppServer()) as server, a_rig(redis_url, environment(server, **more)) as rig:
        server.clock = rig.sandbox.clock
        yield Story(server, rig)


async def test_a_message_becomes_a_card_and_the_answer_arrives(redis_url: str) -> None:
    """Handshake, delivery twice, one card; the answer goes out in the network's form; reports make no noise."""
    async with a_story(redis_url) as story:
        rig, server = story.rig, story.server
        await assert_handshake(rig, "whatsapp")
        value = server.says(ANA, "My parcel never came, where is it?")
        await story.tell(value)
        await story.tell(value)
        card = await rig.card("My parcel never came")
        assert "Ana Rey" in card.text
        assert ANA.phone not in rig.text_of(card.ts)
        assert "hark:private:v1" not in rig.text_of(card.ts)
        await story.rig.answer(card.ts, "So sorry, we are searching")
        await wait_until(server.texts, "the answer arrived")
        [sent] = server.world.sent
        assert (sent.to, sent.text) == (ANA.phone, "So sorry, we are searching ^AK")
        await story.tell(*(server.status(sent, each) for each in ("sent", "delivered", "read")))
        await story.tell(server.says(ANA, "Thank you, here is my order: QX77TT"))
        await rig.shows(card.ts, "QX77TT")
        assert len(rig.cards()) == 1
        assert [each.path.rpartition("/")[2] for each in server.calls if each.verb == "POST"] == ["messages"]


async def test_a_customer_with_another_number_stays_in_the_same_case(redis_url: str) -> None:
    """The thread says so without the number; the answer to the old words, and the next words, are of the new one."""
    async with a_story(redis_url) as story:
        rig, server = story.rig, story.server
        await story.tell(server.says(ANA, "My parcel never came"))
        card = await rig.card("My parcel never came")
        new = replace(ANA, phone="4915500000077", user="DE.1349120865530077")
        ids = {"wa_id": new.phone, "user_id": new.user, "previous_user_id": ANA.user}
        server.write(new)
        news = server.write(ANA, type="system", system={"type": "user_changed_number", **ids})
        await story.tell(news, news)
        await wait_until(lambda: any("Ana Rey has another number now" in each for each in rig.lines()), "it is said")
        assert new.phone not in rig.text_of(card.ts)
        await story.rig.answer(card.ts, "We are searching")
        await wait_until(server.texts, "the answer arrived")
        assert server.world.sent[0].to == new.phone
        await story.tell(server.says(new, "Here is my order: QX77TT"))
        await rig.shows(card.ts, "QX77TT")
        assert len(rig.cards()) == 1


async def test_a_late_failure_turns_the_card_red(redis_url: str) -> None:
    """After a 200 the network reports a failure: the reason in words, the writer told, the customer waits again; and
    Retry sends again."""
    async with a_story(redis_url) as story:
        rig, server = story.rig, story.server
        await story.tell(server.says(BO, "My app is broken"))
        card = await rig.card("My app is broken")
        await story.rig.answer(card.ts, "Please restart it")
        await wait_until(server.texts, "the network took it")
        await rig.shows(card.ts, "Answered")
        late = server.status(server.world.sent[0], "failed", failure(131026, "Message undeliverable"))
        await story.tell(late, server.status(server.world.sent[0], "sent"))
        await rig.shows(card.ts, "does not deliver to this person")
        await rig.shows(card.ts, "first word due")
        await wait_until(lambda: any("did not reach" in each.text for each in rig.direct(STAFF)), "the writer hears")
        await rig.press(STAFF, card.ts, "hark:retry:v1")
        await wait_until(lambda: len(server.texts()) == 2, "it goes out again")
        assert [each.to for each in server.world.sent] == [BO.user, BO.user]


async def test_a_second_device_that_misses_it_is_no_failure(redis_url: str) -> None:
    """One device of the customer has the answer, another one does not get it: nobody is told to send it again."""
    async with a_story(redis_url) as story:
        rig, server = story.rig, story.server
        await story.tell(server.says(BO, "My app is broken"))
        card = await rig.card("My app is broken")
        await story.rig.answer(card.ts, "Please restart it")
        await rig.shows(card.ts, "Answered")
        [sent] = server.world.sent
        await story.tell(server.status(sent, "delivered"))
        await story.tell(server.status(sent, "failed", failure(131026, "Message undeliverable")))
        await story.tell(server.says(BO, "That helped"))
        await rig.shows(card.ts, "That helped")
        assert "does not deliver to this person" not in rig.text_of(card.ts)
        assert not any("did not reach" in each.text for each in rig.direct(STAFF))


@pytest.mark.parametrize("status", ["sent", "delivered"])
async def test_a_lost_answer_is_settled_by_a_report(redis_url: str, status: str) -> None:
    """The message stands and the answer broke: not known at first, then sent; and there is one message."""
    async with a_story(redis_url) as story:
        rig, server = story.rig, story.server
        await story.tell(server.says(ANA, "My parcel never came"))
        card = await rig.card("My parcel never came")
        server.lose_answer(verb="POST")
        await story.rig.answer(card.ts, "We are searching")
        await rig.shows(card.ts, "not known whether it arrived")
        await story.tell(server.status(server.world.sent[0], status))
        await wait_until(lambda: "✓ " in rig.text_of(card.ts), "it is settled", within_s=20)
        assert server.texts() == ["We are searching ^AK"]


async def test_every_type_finds_its_place(redis_url: str) -> None:
    """A picture, a place and a choice on one card; a reaction, news and other fields make none; broken is kept."""
    async with a_story(redis_url) as story:
        rig, server = story.rig, story.server
        picture = {"caption": "it came like this", "mime_type": "image/jpeg", "id": "301"}
        await story.tell(server.write(ANA, type="image", image=picture))
        card = await rig.card("it came like this")
        await story.tell(
            server.write(ANA, type="location", location={"latitude": 52.5, "longitude": 13.4, "name": "Shop"})
        )
        await rig.shows(card.ts, "place: Shop")
        await story.tell(
            server.write(ANA, type="interactive", interactive={"button_reply": {"id": "b", "title": "Yes!"}})
        )
        await rig.shows(card.ts, "Yes!")
        await story.tell(
            server.write(BO, type="reaction", reaction={"message_id": "wamid.X", "emoji": "👍"}),
            server.write(BO, type="system", system={"type": "user_changed_number"}),
            server.write(BO, type="text", text={"body": "no id"}, id=""),
        )
        await story.tell({"event": "APPROVED"}, field_="message_template_status_update")
        await rig.idle()
        assert len(rig.cards()) == 1
        assert [each.error for each in await rig.service.store.dead.newest(10)] == ["a message must have an id"]
        assert await rig.digest() == ["Bo reacted with 👍 (WhatsApp)"]


async def test_edits_in_any_order_and_deletions(redis_url: str) -> None:
    """The edit before its message, everything twice: the new words stay. Deleted words leave Slack."""
    async with a_story(redis_url) as story:
        rig, server = story.rig, story.server
        first = server.says(ANA, "My parcel never came")
        changed = {"original_message_id": first["messages"][0]["id"]}
        words = {"message": {"type": "text", "text": {"body": "My parcel 88 never came"}}}
        edit = server.write(ANA, type="edit", edit=changed | words)
        await story.tell(edit, edit)
        await story.tell(first, first)
        card = await rig.card("My parcel 88 never came")
        await rig.idle()
        assert "My parcel 88 never came" in rig.text_of(card.ts)
        again = {"message": {"type": "text", "text": {"body": "My parcel 99 never came"}}}
        rig.sandbox.clock.skip(2)
        await story.tell(server.write(ANA, type="edit", edit=changed | again))
        await rig.shows(card.ts, "My parcel 99 never came")
        await story.tell(server.write(ANA, type="revoke", revoke=changed))
        await wait_until(lambda: "My parcel" not in rig.text_of(card.ts), "the words are gone from Slack", within_s=20)
        assert len(rig.cards()) == 1


async def test_the_window_takes_the_button_away_and_a_new_message_brings_it_back(redis_url: str) -> None:
    """After 24 hours only templates are offered; if only the network knows that it is closed, the card says so."""
    async with a_story(redis_url) as story:
        rig, server = story.rig, story.server
        await story.tell(server.says(ANA, "My app is broken"))
        card = await rig.card("My app is broken")
        server.fail(131047, match="messages")
        await story.rig.answer(card.ts, "Please restart it")
        await rig.shows(card.ts, "only approved templates may be sent")
        rig.sandbox.clock.skip(24 * 3600 + 60)
        await rig.shows(card.ts, "takes no more replies here but approved templates")
        assert "hark:thank:v1" not in rig.text_of(card.ts)
        await story.tell(server.says(ANA, "Hello? Still broken"))
        await rig.shows(card.ts, "hark:thank:v1")


async def test_nothing_but_a_genuine_delivery_is_stored(redis_url: str) -> None:
    """Forged, unsigned, truncated, written anew, too large: refused with the same words, and nothing is kept."""
    async with a_story(redis_url) as story:
        await assert_only_genuine(story.rig, "whatsapp", delivery(story.server.says(ANA, "forged")))


ORDER = "Hi {{1}}, your order {{2}} is on its way."


async def typed(story: Story, user: str = STAFF, **blanks: str) -> Any:
    """Somebody of the staff fills in blanks by their number in the form, and submits what is open."""
    view = await story.rig.modal(user)
    fields = [each for each in view["blocks"] if each["type"] == "input"]
    values = {each["block_id"]: blanks.get(f"b{n}") for n, each in enumerate(fields)}
    return await story.rig.send(user, None, **{name: text for name, text in values.items() if text is not None})


async def choose(story: Story, name: str, user: str = STAFF) -> None:
    """Choose a template in the open form, and wait until the form shows it."""
    await wait_until(lambda: "hark:template:v1" in str(story.rig.sandbox.slack.views(user)), "the templates are listed")
    view = await story.rig.modal(user)
    section = next(each for each in view["blocks"] if each.get("accessory"))
    option = next(each for each in section["accessory"]["options"] if name in each["text"]["text"])
    slack = story.rig.sandbox.slack
    await slack.press(user, section["block_id"], "hark:template:v1", view_id=view["id"], selected_option=option)
    await wait_until(lambda: slack.views(user)[-1].get("submit"), "the form shows the template")


async def closed_window(story: Story) -> str:
    """A customer wrote more than a day ago: the card."""
    await story.tell(story.server.says(ANA, "My parcel never came"))
    card = await story.rig.card("My parcel never came")
    story.rig.sandbox.clock.skip(24 * 3600 + 60)
    await story.rig.press(STAFF, card.ts, "hark:reply:v1")
    return card.ts


async def test_after_the_window_an_approved_template_is_sent(redis_url: str) -> None:
    """Reply, choose, fill in, read it as the customer will, send: the network gets the template with its blanks."""
    async with a_story(redis_url) as story:
        server, rig = story.server, story.rig
        server.templates = [
            a_template("order_update", ORDER, footer="Acme", header="Order {{1}}"),
            a_template("paused_one", "Hello", status="PAUSED"),
            a_template("refused_one", "Hello", status="REJECTED"),
            a_template(
                "picture", "Hi", components=[{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "x"}]
            ),
        ]
        ts = await closed_window(story)
        await choose(story, "order_update")
        shown = str(rig.sandbox.slack.views(STAFF)[-1])
        assert "paused_one" not in shown
        assert "refused_one" not in shown
        assert "1 more need pictures" in shown
        refused = await typed(story, b0="77", b1="Ana\nRey", b2=" ")
        assert sorted(map(str.split, refused.errors.values())) == sorted(
            map(str.split, ("No line breaks, tabs, or four spaces in a row: WhatsApp refuses them in a template.",
                            "Fill this in: WhatsApp takes no empty blanks."))
        )  # fmt: skip
        refused = await typed(story, b0="77", b1="Ana :party_parrot:", b2="QX77TT")
        assert ["only Slack understands it: leave it out" in each for each in refused.errors.values()] == [True]
        await typed(story, b0="77", b1="Ana", b2="QX77TT")
        await wait_until(lambda: "Send" in str(rig.sandbox.slack.views(STAFF)[-1]["submit"]), "the words are shown")
        whole = "Order 77\\n\\nHi Ana, your order QX77TT is on its way.\\n\\nAcme"
        assert whole in str(rig.sandbox.slack.views(STAFF)[-1])
        assert not server.world.sent
        await typed(story, b0="77", b1="Ana", b2="QX99")
        await wait_until(lambda: "QX99 is on its way" in str(rig.sandbox.slack.views(STAFF)[-1]), "the new words stand")
        assert not server.world.sent
        await typed(story)
        await wait_until(lambda: server.world.sent, "the template went out", within_s=20)
        [sent] = server.world.sent
        assert sent.template == {
            "name": "order_update",
            "language": {"code": "en"},
            "components": [
                {"type": "header", "parameters": [{"type": "text", "text": "77"}]},
                {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "QX99"}]},
            ],
        }
        await rig.shows(ts, "QX99 is on its way")
        await rig.shows(ts, "✓ ")
        await story.tell(server.status(sent, "failed", failure(131049, "not delivered to maintain healthy ecosystem")))
        await rig.shows(ts, "does not deliver to this person")


async def test_without_templates_the_form_says_what_to_do(redis_url: str) -> None:
    """No template, then no permission, then nobody answers: words that a person can act on."""
    async with a_story(redis_url) as story:
        ts = await closed_window(story)
        slack = story.rig.sandbox.slack
        await wait_until(lambda: "There is no approved template" in str(slack.views(STAFF)), "the form says so")
        assert not slack.views(STAFF)[-1].get("submit")
        story.rig.sandbox.clock.skip(180)
        story.server.fail(200, match="message_templates")
        await story.rig.press(STAFF, ts, "hark:reply:v1")
        await wait_until(lambda: "lacks a permission" in str(slack.views(STAFF)[-1]), "the form says so")
        story.server.fail(2, match="message_templates", times=9)
        await story.rig.press(STAFF, ts, "hark:reply:v1")
        await wait_until(
            lambda: "cannot be read now" in str(slack.views(STAFF)[-1]), "the form says what to do", within_s=20
        )


async def test_without_the_accounts_id_the_form_names_the_setting(redis_url: str) -> None:
    """The templates cannot be listed then."""
    async with a_story(redis_url, WHATSAPP_BUSINESS_ACCOUNT_ID="") as story:
        await closed_window(story)
        slack = story.rig.sandbox.slack
        await wait_until(lambda: "Set WHATSAPP_BUSINESS_ACCOUNT_ID" in str(slack.views(STAFF)), "the form says so")


async def test_a_template_that_is_paused_meanwhile_fails_in_words_and_can_be_sent_again(redis_url: str) -> None:
    """Between choosing and sending the network takes it away: the card says so; one without blanks needs one press."""
    async with a_story(redis_url) as story:
        server, rig = story.server, story.rig
        server.templates = [a_template("come_back", "Do you still need help? Answer here.")]
        ts = await closed_window(story)
        await choose(story, "come_back")
        server.templates[0]["status"] = "PAUSED"
        await typed(story)
        await rig.shows(ts, "The template is paused")
        server.templates[0]["status"] = "APPROVED"
        await rig.press(STAFF, ts, "hark:retry:v1")
        await wait_until(lambda: server.texts() == ["Do you still need help? Answer here."], "it went out", within_s=20)


async def test_what_was_filled_in_stays_in_a_form_that_is_refused(redis_url: str) -> None:
    """The case was set aside meanwhile: the first blank says so."""
    async with a_story(redis_url) as story:
        server, rig = story.server, story.rig
        server.templates = [a_template("order_update", ORDER)]
        ts = await closed_window(story)
        await choose(story, "order_update")
        await typed(story, b0="Ana", b1="QX77TT")
        await wait_until(lambda: "Send" in str(rig.sandbox.slack.views(STAFF)[-1]["submit"]), "the words are shown")
        await rig.choose(BEN, ts, "dismiss")
        await rig.send(BEN)
        await rig.shows(ts, "not for us")
        answer = await typed(story)
        assert list(answer.errors.values()) == ["Not sent: This case is closed. Reopen it first."]
        assert not server.world.sent


async def test_a_customer_who_writes_meanwhile_needs_no_template(redis_url: str) -> None:
    """The window is open again: nobody is told that the customer cannot be answered, but how."""
    async with a_story(redis_url) as story:
        server, rig = story.server, story.rig
        server.templates = [a_template("come_back", "Do you still need help? Answer here.")]
        ts = await closed_window(story)
        await choose(story, "come_back")
        await story.tell(server.says(ANA, "Hello? Still broken"))
        await rig.shows(ts, "hark:thank:v1")
        await typed(story)
        shown = str(await rig.modal(STAFF))
        assert "The customer has written in private meanwhile and can be answered there: press Reply." in shown
        assert not server.world.sent


async def test_a_template_goes_out_once_a_colleagues_newer_one_was_read(redis_url: str) -> None:
    """What Ana wrote before Ben opened his form is no news to him; what he sent meanwhile is to her."""
    async with a_story(redis_url) as story:
        server, rig = story.server, story.rig
        server.templates = [a_template("come_back", "Do you still need help?"), a_template("bye", "We close this now.")]
        await story.tell(server.says(ANA, "My parcel never came"))
        ts = (await rig.card("My parcel never came")).ts
        await story.rig.answer(ts, "We are looking for it")
        await wait_until(lambda: len(server.texts()) == 1, "the answer is out", within_s=20)
        rig.sandbox.clock.skip(24 * 3600 + 60)
        for user, name in ((STAFF, "bye"), (BEN, "come_back")):
            await rig.press(user, ts, "hark:reply:v1")
            await choose(story, name, user)
        await typed(story, BEN)
        await wait_until(lambda: len(server.texts()) == 2, "one press of Ben's is enough", within_s=20)
        await typed(story)
        assert "Ben Okafor answered meanwhile: “Do you still need help?”" in str(await rig.modal(STAFF))
        await typed(story)
        await wait_until(lambda: len(server.texts()) == 3, "Ana's is out, too", within_s=20)
        assert server.texts()[1:] == ["Do you still need help?", "We close this now."]


async def test_whoever_cancels_the_form_is_not_shown_as_writing(redis_url: str) -> None:
    """Colleagues need not wait for them."""
    async with a_story(redis_url) as story:
        ts = await closed_window(story)
        await story.rig.shows(ts, "is writing")
        await story.rig.sandbox.slack.close(STAFF, (await story.rig.modal(STAFF))["id"])
        await wait_until(lambda: "is writing" not in story.rig.text_of(ts), "the card forgets that Ana was writing")
