"""Closing a case whose public thread still waits for a word, whoever does it and whatever happens meanwhile."""

from tests.support.rig import ANA, BEN, Rig, a_rig
from tests.support.waiting import wait_until

PUBLIC_LINE = "We have written to you. ^AK"


async def goes_private(rig: Rig, ts: str) -> None:
    """Ana takes it private, and Jamal answers there."""
    await rig.press(ANA, ts, "hark:private:v1")
    await rig.send(ANA, "Hi Jamal, what is your booking code?", signature="^AK", line="We have written to you.")
    await wait_until(lambda: rig.brand_posts() == [PUBLIC_LINE], "the public line stands")
    rig.square.message("jamalreed", "acme", "My code is QX77TT")
    await rig.shows(ts, "QX77TT")


async def test_a_newcomer_signs_the_closing_line_in_the_form(redis_url: str) -> None:
    """What is wrong with a signature stands below its field; a good one is sent, and kept for next time."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        await goes_private(rig, ts)
        await rig.choose(BEN, ts, "close")
        assert "^BO" in str(await rig.modal(BEN))
        wrong = await rig.send(BEN, reason="solved", loop="post", line="All sorted, Jamal!", signature=":wave_hello:")
        assert list(wrong.errors) == ["signature"]
        assert (await rig.send(BEN, reason="solved", loop="post", line="All sorted, Jamal!", signature="^BO")).ok
        await wait_until(lambda: rig.brand_posts() == [PUBLIC_LINE, "All sorted, Jamal! ^BO"], "the line stands")
        await rig.shows(ts, "hark:reopen:v1")
        ben = await rig.service.store.notes.person(BEN)
        assert ben is not None
        assert ben.signature == "^BO"


async def test_a_newcomers_signature_is_kept_where_no_line_is_needed(redis_url: str) -> None:
    """The field says that it is kept; one that is wrong is told, although nothing is sent."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        await goes_private(rig, ts)
        await rig.choose(BEN, ts, "close")
        wrong = await rig.send(BEN, reason="solved", loop="waive", signature=":wave_hello:")
        assert list(wrong.errors) == ["signature"]
        assert (await rig.send(BEN, reason="solved", loop="waive", signature="– Ben")).ok
        await rig.shows(ts, "hark:reopen:v1")
        ben = await rig.service.store.notes.person(BEN)
        assert ben is not None
        assert ben.signature == "– Ben"
        assert rig.brand_posts() == [PUBLIC_LINE]


async def test_a_form_that_was_opened_before_the_case_went_private_is_shown_anew(redis_url: str) -> None:
    """It had no place for a closing word: the new one has, tells what Ana wrote, and keeps the reason."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        await rig.choose(BEN, ts, "close")
        form = await rig.modal(BEN)
        await rig.press(ANA, ts, "hark:private:v1")
        await rig.send(ANA, "Hi Jamal, your booking code? Mail me: ana@acme.example", signature="^AK", line="")
        await rig.shows(ts, "public thread")
        assert (await rig.send(BEN, reason="duplicate")).ok
        anew = await rig.modal(BEN)
        assert (anew["id"], anew["title"]["text"]) == (form["id"], "Close + PUBLIC line")
        assert "Ana Kovač answered meanwhile: “Hi Jamal, your booking code?" in str(anew)
        assert "ana@acme.example" not in str(anew)
        assert (await rig.send(BEN, loop="post", line="All sorted, Jamal!", signature="^BO")).ok
        await wait_until(lambda: rig.brand_posts() == ["All sorted, Jamal! ^BO"], "the closing word stands")
        await rig.shows(ts, "duplicate of another case")
