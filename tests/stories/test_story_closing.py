"""Closing a case whose public thread still waits for a word, whoever does it and whatever happens meanwhile."""

from tests.support.rig import ANA, BEN, Rig, a_rig
from tests.support.waiting import wait_until

COMPLAINT = "@acme.square.test my bag is lost since yesterday"
PUBLIC_LINE = "We have written to you. ^AK"


async def complains(rig: Rig) -> str:
    """Jamal's complaint stands on its card."""
    rig.square.post("jamalreed", COMPLAINT)
    return (await rig.card("my bag is lost")).ts


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
        ts = await complains(rig)
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
        ts = await complains(rig)
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
