"""What a customer writes while somebody fills in a form is read before the form counts."""

import pytest

from tests.support.rig import ANA, COMPLAINT, Rig, a_rig
from tests.support.waiting import wait_until

NEWS = "@acme.square.test and now the second bag is gone too"


async def writes(rig: Rig, ts: str, to: str) -> None:
    """The customer goes on, and the card shows it."""
    rig.square.post("jamalreed", NEWS, reply_to=to)
    await rig.shows(ts, "second bag")


async def a_private_case(rig: Rig) -> tuple[str, str]:
    """Ana has taken a complaint private: where its card and the customer's post stand."""
    post = rig.square.post("jamalreed", COMPLAINT)
    card = await rig.card("my bag is lost")
    await rig.press(ANA, card.ts, "hark:private:v1")
    await rig.send(ANA, "Hi Jamal, one moment please", signature="^AK", line="We have written to you.")
    await wait_until(rig.brand_posts, "the public line stands")
    return card.ts, post.uri


async def test_an_answer_goes_out_when_the_newer_words_were_read(redis_url: str) -> None:
    """The first Send shows them, the second one sends."""
    async with a_rig(redis_url) as rig:
        post = rig.square.post("jamalreed", COMPLAINT)
        card = await rig.card("my bag is lost")
        await rig.press(ANA, card.ts, "hark:reply:v1")
        await rig.modal(ANA)
        await writes(rig, card.ts, post.uri)
        await rig.send(ANA, "We have found it", signature="^AK")
        shown = str(await rig.modal(ANA))
        assert "Jamal Reed wrote meanwhile: “@acme.square.test and now the second bag is gone too”" in shown
        assert "We have found it" in shown
        assert rig.brand_posts() == []
        await rig.send(ANA, "We have found both", signature="^AK")
        await wait_until(lambda: rig.brand_posts() == ["We have found both ^AK"], "it is sent")


@pytest.mark.parametrize(("verb", "fields"), [("close", {"reason": "solved"}), ("dismiss", {})])
async def test_a_case_is_not_put_away_with_words_that_nobody_read(
    redis_url: str, verb: str, fields: dict[str, str]
) -> None:
    """They are shown instead, and the customer goes on waiting; opened again, the form does what it says."""
    async with a_rig(redis_url) as rig:
        post = rig.square.post("jamalreed", COMPLAINT)
        card = await rig.card("my bag is lost")
        await rig.choose(ANA, card.ts, verb)
        form = await rig.modal(ANA)
        await writes(rig, card.ts, post.uri)
        await rig.send(ANA, **fields)
        shown = str(await rig.modal(ANA))
        assert "Nothing changed" in shown
        assert "the second bag is gone too" in shown
        (case,) = await rig.service.store.cases.waiting(2)
        assert case.is_open
        await rig.choose(ANA, card.ts, verb)
        await wait_until(lambda: rig.sandbox.slack.views(ANA)[-1]["id"] != form["id"], "the form is open anew")
        await rig.send(ANA, **fields)
        await rig.shows(card.ts, "hark:reopen:v1")


async def test_what_was_written_in_private_never_stands_in_public(redis_url: str) -> None:
    """The form said PRIVATE; then the customer writes in public, to whom an answer would go now."""
    async with a_rig(redis_url) as rig:
        ts, uri = await a_private_case(rig)
        rig.square.message("jamalreed", "acme", "My code is QX77TT")
        await rig.shows(ts, "QX77TT")
        await rig.press(ANA, ts, "hark:reply:v1")
        assert "PRIVATE" in str((await rig.modal(ANA))["title"])
        await writes(rig, ts, uri)
        await rig.send(ANA, "Your bag goes to Elm Street")
        shown = str(await rig.modal(ANA))
        assert "it would go out in public now" in shown
        assert "Your draft is kept" in shown
        (case,) = await rig.service.store.cases.waiting(2)
        assert not [send for send in case.sends if "Elm Street" in send.text]
        await rig.press(ANA, ts, "hark:reply:v1")
        await wait_until(lambda: "PUBLIC" in str(rig.sandbox.slack.views(ANA)[-1]["title"]), "the form is open anew")
        anew = str(await rig.modal(ANA))
        assert "What you wrote in private is kept" in anew
        assert "Elm Street" not in anew
        await rig.press(ANA, ts, "hark:private:v1")
        await wait_until(lambda: "PRIVATE" in str(rig.sandbox.slack.views(ANA)[-1]["title"]), "there is a private way")
        assert "Your bag goes to Elm Street" in str(await rig.modal(ANA))


async def test_whoever_takes_it_private_as_the_customer_writes_there_is_told_to_reply(redis_url: str) -> None:
    """There is nothing to take private any more; that does not mean that Jamal cannot be answered."""
    async with a_rig(redis_url) as rig:
        ts, uri = await a_private_case(rig)
        await writes(rig, ts, uri)
        await rig.press(ANA, ts, "hark:private:v1")
        rig.square.message("jamalreed", "acme", "My code is QX77TT")
        await rig.shows(ts, "QX77TT")
        answer = await rig.send(ANA, "What is your code?")
        assert answer.errors == {
            "text": "Not sent: The customer has written in private meanwhile and can be answered there: press Reply. "
            "Your draft is kept."
        }


QUARREL = "As we already told you, that is not true. You should have read the terms."


async def test_a_quarrelsome_answer_is_advised_against_once(redis_url: str) -> None:
    """Ana may sleep on it; whoever presses Send again means it."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:reply:v1")
        await rig.send(ANA, QUARREL, signature="^AK")
        shown = str(await rig.modal(ANA))
        assert "This may read as an argument" in shown
        assert QUARREL in shown
        assert rig.brand_posts() == []
        await rig.send(ANA)
        await wait_until(lambda: rig.brand_posts() == [f"{QUARREL} ^AK"], "it is sent")


async def test_the_newer_words_come_before_any_advice(redis_url: str) -> None:
    """Each is shown before it goes out: what Jamal wrote meanwhile, then that this may read as an argument."""
    async with a_rig(redis_url) as rig:
        post = rig.square.post("jamalreed", COMPLAINT)
        card = await rig.card("my bag is lost")
        await rig.press(ANA, card.ts, "hark:reply:v1")
        await rig.modal(ANA)
        await writes(rig, card.ts, post.uri)
        for words in ("Jamal Reed wrote meanwhile", "This may read as an argument"):
            await rig.send(ANA, QUARREL, signature="^AK")
            assert words in str(await rig.modal(ANA))
        assert rig.brand_posts() == []
        await rig.send(ANA)
        await wait_until(lambda: rig.brand_posts() == [f"{QUARREL} ^AK"], "it is sent")
