"""A form that is refused stays open with all that was typed into it."""

import pytest
from redis.asyncio import Redis

from handlers.pressing import OLD_CARD
from tests.support.rig import ANA, BEN, CARE, COMPLAINT, Rig, a_rig
from tests.support.waiting import wait_until


async def is_set_aside(rig: Rig, ts: str) -> None:
    """Ben finds that the case is not for us."""
    await rig.choose(BEN, ts, "dismiss")
    await rig.send(BEN)
    await rig.shows(ts, "not for us")


async def test_a_message_and_its_public_line_wait_in_the_form_until_the_case_is_open_again(redis_url: str) -> None:
    """Ben sets the case aside while Ana writes: she reads why, reopens it, and sends what stands there."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        await rig.press(ANA, ts, "hark:private:v1")
        form = await rig.modal(ANA)
        await is_set_aside(rig, ts)
        answer = await rig.send(ANA, "Hi Jamal, your booking code?", signature="^AK", line="We wrote to you, Jamal.")
        assert "Not sent: This case is closed. Reopen it first. Your draft is kept." in answer.errors["text"]
        assert (await rig.modal(ANA))["id"] == form["id"]
        await rig.press(ANA, ts, "hark:reopen:v1")
        await rig.shows(ts, "hark:private:v1")
        assert (await rig.send(ANA)).ok
        await wait_until(lambda: rig.brand_posts() == ["We wrote to you, Jamal. ^AK"], "message and line are out")


async def test_a_reply_stays_in_the_form_and_is_a_draft_as_well(redis_url: str) -> None:
    """Ana cancels the form after she was refused: the next one begins with her words."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        await rig.press(ANA, ts, "hark:reply:v1")
        form = await rig.modal(ANA)
        await is_set_aside(rig, ts)
        answer = await rig.send(ANA, "We have found it", signature="^AK")
        assert "Your draft is kept" in answer.errors["text"]
        await rig.sandbox.slack.close(ANA, form["id"])
        await rig.press(ANA, ts, "hark:reopen:v1")
        await rig.shows(ts, "hark:reply:v1")
        await rig.press(ANA, ts, "hark:reply:v1")
        assert "We have found it" in str(await rig.modal(ANA))


async def test_the_words_in_a_form_of_another_version_can_be_copied(redis_url: str) -> None:
    """Two versions run side by side during an upgrade: what one of them has opened the other may not read."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        await rig.press(ANA, ts, "hark:reply:v1")
        form = await rig.modal(ANA)
        form["private_metadata"] = '{"v":2}'
        answer = await rig.send(ANA, "We have found it", signature="^AK")
        assert answer.errors == {"text": "Not sent: this form is old. Copy your words, and open it again."}


async def test_a_closing_line_stays_in_the_form_when_the_post_is_gone(redis_url: str) -> None:
    """Nobody can answer below it any more; the same form closes the case without a line."""
    async with a_rig(redis_url) as rig:
        post = rig.square.post("jamalreed", COMPLAINT)
        ts = (await rig.card("my bag is lost")).ts
        await rig.press(ANA, ts, "hark:private:v1")
        await rig.send(ANA, "Hi Jamal, what is your booking code?", signature="^AK", line="")
        await rig.shows(ts, "read back")
        rig.square.message("jamalreed", "acme", "My code is QX77TT")
        await rig.shows(ts, "QX77TT")
        await rig.choose(ANA, ts, "close")
        await rig.modal(ANA)
        rig.square.delete(post.uri)
        await wait_until(lambda: _deleted(rig), "Hark knows of it")
        answer = await rig.send(ANA, reason="solved", loop="post", line="All sorted, Jamal!")
        assert answer.errors["line"].startswith("Nothing changed: The customer cannot be answered here any more")
        assert (await rig.send(ANA, loop="waive")).ok
        await rig.shows(ts, "hark:reopen:v1")
        assert rig.brand_posts() == []


async def _deleted(rig: Rig) -> bool:
    (case,) = await rig.service.store.cases.waiting(2)
    return case.items[0].deleted


async def test_a_first_word_is_not_said_in_a_case_that_was_set_aside(redis_url: str) -> None:
    """Ana chooses how she signs meanwhile: what is wrong with it stands below it, then she is told why nothing went."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        await rig.choose(ANA, ts, "acknowledge")
        await rig.modal(ANA)
        await is_set_aside(rig, ts)
        assert list((await rig.send(ANA, signature=":party_parrot:")).errors) == ["signature"]
        await rig.send(ANA, signature="^AK")
        assert "This case was closed meanwhile. Reopen it to send." in str(await rig.modal(ANA))
        assert rig.brand_posts() == []


@pytest.mark.parametrize("drawn", [{"value": '{"v":2}'}, {"action_id": "hark:claim:v0"}])
async def test_a_button_that_another_version_drew_is_answered(redis_url: str, drawn: dict[str, str]) -> None:
    """Nothing happens to the case, and whoever pressed is told which card to use."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        blocks = rig.sandbox.slack.message(CARE, ts).blocks
        claim = next(each for block in blocks for each in block.get("elements", []) if "claim" in str(each))
        claim |= drawn
        await rig.press(ANA, ts, claim["action_id"])
        await wait_until(rig.whispers, "Ana is told")
        assert [each.text for each in rig.whispers()] == [OLD_CARD]
        (case,) = await rig.service.store.cases.waiting(1)
        assert case.claim is None


async def test_a_form_that_another_version_opened_is_answered(redis_url: str) -> None:
    """Nothing is sent, and whoever sent it is told to open it again."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        await rig.press(ANA, ts, "hark:reply:v1")
        (await rig.modal(ANA))["callback_id"] = "hark:reply:v0"
        await rig.send(ANA, "We have found it", signature="^AK")
        assert "belongs to an older version of Hark" in str(await rig.modal(ANA))
        assert rig.brand_posts() == []


async def test_no_draft_is_kept_of_a_case_that_was_erased(redis_url: str, redis: Redis) -> None:
    """Jamal is erased while Ana writes to him: her words stay in the open form, and nowhere else."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        await rig.press(ANA, ts, "hark:reply:v1")
        view = await rig.modal(ANA)
        await rig.shows(ts, "is writing")
        (case,) = await rig.service.store.cases.waiting(1)
        await redis.delete(*[key async for key in redis.scan_iter(f"*:case:{case.id}")])
        await rig.sandbox.slack.press(ANA, "text", "hark:draft:v1", view_id=view["id"], value="Dear Jamal")
        answer = await rig.send(ANA, "Dear Jamal, we have found it", signature="^AK")
        assert answer.errors == {"text": "Not sent: This case is no longer kept."}
        assert [key async for key in redis.scan_iter("*:draft:*")] == []
