"""What somebody typed and did not send is there again; what nobody typed is not."""

from bot.cards.limits import INPUT_SURELY
from sandbox.slack import payloads
from sandbox.slack.delivery import INTERACTIVE, Ack
from tests.support.rig import ANA, Rig, a_rig
from tests.support.waiting import wait_until


async def opened(rig: Rig, ts: str, button: str) -> str:
    """Ana opens a form on the card; the words that it begins with."""
    await rig.press(ANA, ts, f"hark:{button}:v1")
    view = await rig.modal(ANA)
    (element,) = [each["element"] for each in view["blocks"] if each.get("block_id") == "text"]
    return str(element.get("initial_value", ""))


async def types(rig: Rig, text: str) -> None:
    """Ana types, and closes the form."""
    view = await rig.modal(ANA)
    await rig.sandbox.slack.press(ANA, "text", "hark:draft:v1", view_id=view["id"], value=text)


async def cancels(rig: Rig, ts: str) -> None:
    """Ana closes the form, and the card has forgotten that she was writing."""
    await rig.shows(ts, "is writing")
    await rig.sandbox.slack.close(ANA, (await rig.modal(ANA))["id"])
    await wait_until(lambda: "is writing" not in rig.text_of(ts), "the card forgets that Ana was writing")


async def test_a_suggestion_that_nobody_touched_is_no_draft(redis_url: str) -> None:
    """Ana looks at the thank-you and closes it: her reply does not begin with it."""
    async with a_rig(redis_url) as rig:
        rig.square.post("jamalreed", "@acme.square.test what a wonderful crew, thank you!")
        card = await rig.card("wonderful crew")
        assert await opened(rig, card.ts, "thank")
        await cancels(rig, card.ts)
        assert await opened(rig, card.ts, "reply") == ""


async def test_nobody_is_thanked_for_kind_words_who_wrote_none(redis_url: str) -> None:
    """Thank on a complaint begins with nothing: a thumb that slips must not find a cheerful line ready to send."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        assert await opened(rig, card.ts, "thank") == ""


async def test_on_it_that_was_taken_back_is_no_draft(redis_url: str) -> None:
    """Nobody wrote these words: a reply that began with them would count as an answer."""
    async with a_rig(redis_url, {"HARK_UNDO_SECONDS": "60"}) as rig:
        card = await rig.complains()
        await rig.choose(ANA, card.ts, "acknowledge")
        await rig.send(ANA, signature="^AK")
        await rig.shows(card.ts, "hark:undo:v1")
        await rig.press(ANA, card.ts, "hark:undo:v1")
        await rig.shows(card.ts, "taken back")
        assert await opened(rig, card.ts, "reply") == ""


async def test_private_words_never_begin_a_public_form(redis_url: str) -> None:
    """Typed or taken back, they wait for the next private form; what was drafted for the public may go on there."""
    async with a_rig(redis_url, {"HARK_UNDO_SECONDS": "60"}) as rig:
        card = await rig.complains()
        await opened(rig, card.ts, "reply")
        await types(rig, "Half a thought")
        await cancels(rig, card.ts)
        assert await opened(rig, card.ts, "private") == "Half a thought"
        assert (await rig.send(ANA, "Your code is QX77TT", signature="^AK", line="")).ok
        await rig.shows(card.ts, "hark:undo:v1")
        await rig.press(ANA, card.ts, "hark:undo:v1")
        await rig.shows(card.ts, "taken back")
        assert await opened(rig, card.ts, "reply") == ""
        assert "What you wrote in private is kept" in str(await rig.modal(ANA))
        await cancels(rig, card.ts)
        assert await opened(rig, card.ts, "private") == "Your code is QX77TT"


async def test_a_draft_that_was_deleted_is_gone(redis_url: str) -> None:
    """Slack tells of an empty field with null."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await opened(rig, card.ts, "reply")
        await types(rig, "Half a thought")
        await cancels(rig, card.ts)
        assert await opened(rig, card.ts, "reply") == "Half a thought"
        await types(rig, "")
        await cancels(rig, card.ts)
        assert await opened(rig, card.ts, "reply") == ""


async def test_the_last_letter_may_be_told_after_send(redis_url: str) -> None:
    """Slack keeps no order, and two processes listen: the words that were sent are no draft of the next reply."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await opened(rig, card.ts, "reply")
        await types(rig, "We have found")
        hub, view = rig.sandbox.slack.hub, dict(await rig.modal(ANA))
        element = next(each["element"] for each in view["blocks"] if each.get("block_id") == "text")
        typed = payloads.action("text", element, {"value": "We have found it"}, hub.next_ts())
        late = payloads.view_actions(hub, ANA, view, typed)
        assert (await rig.send(ANA, "We have found it", signature="^AK")).ok
        await rig.shows(card.ts, "read back")
        assert isinstance(await hub.transport.ask(INTERACTIVE, late), Ack)
        assert await opened(rig, card.ts, "reply") == ""


async def test_a_long_draft_comes_back_whole(redis_url: str) -> None:
    """Some networks take ten thousand characters: nothing of five thousand is lost."""
    long = "We have looked into it. " * 200
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await opened(rig, card.ts, "reply")
        await types(rig, long)
        await cancels(rig, card.ts)
        assert await opened(rig, card.ts, "reply") == long


async def test_a_long_draft_that_slack_refuses_is_opened_in_part(redis_url: str) -> None:
    """The form says what is missing, and the draft keeps it."""
    long = "We have looked into it. " * 200
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await opened(rig, card.ts, "reply")
        await types(rig, long)
        await cancels(rig, card.ts)
        rig.sandbox.slack.set_fault("invalid_arguments", "views.open")
        assert len(await opened(rig, card.ts, "reply")) == INPUT_SURELY
        assert "of your draft are not in this field" in str(await rig.modal(ANA))
        await cancels(rig, card.ts)
        assert await opened(rig, card.ts, "reply") == long
