"""Submit is pressed again, because Hark's answer to the first press came too late: it is done once, and said so."""

from typing import Any

from sandbox.slack import payloads
from sandbox.slack.delivery import INTERACTIVE, Ack
from tests.support.rig import ANA, BEN, Rig, a_rig, typed
from tests.support.waiting import wait_until


async def submits(rig: Rig, user: str, **fields: str) -> Any:
    """Somebody fills in the open form and submits it; Slack does not show them Hark's answer, and the form stays."""
    hub, view = rig.sandbox.slack.hub, await rig.modal(user)
    hub.views.remember(view, typed(view, fields))
    answer = await hub.transport.ask(INTERACTIVE, payloads.view_submission(hub, user, view))
    assert isinstance(answer, Ack)
    return answer.body


async def submits_twice(rig: Rig, user: str, **fields: str) -> list[Any]:
    """The same, and once more."""
    return [await submits(rig, user, **fields) for _ in range(2)]


async def test_an_acknowledgement_with_a_first_signature(redis_url: str) -> None:
    """Nobody is told that it was not sent: the form closes, and the customer reads one line."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.choose(ANA, card.ts, "acknowledge")
        assert await submits_twice(rig, ANA, signature="^AK") == [None, None]
        await rig.shows(card.ts, "read back")
        assert len(rig.brand_posts()) == 1


async def test_a_closing_line(redis_url: str) -> None:
    """The line stands once, and the case is closed."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:private:v1")
        await rig.send(ANA, "Hi Jamal, one moment please", signature="^AK", line="We have written to you.")
        await wait_until(rig.brand_posts, "the public line stands")
        await rig.choose(ANA, card.ts, "close")
        assert await submits_twice(rig, ANA, reason="solved", loop="post", line="All sorted!") == [None, None]
        await rig.shows(card.ts, "hark:reopen:v1")
        await wait_until(lambda: len(rig.brand_posts()) == 2, "the closing line stands")


async def test_a_reply_whose_draft_was_not_cleared(redis_url: str) -> None:
    """The process died between the two: the words that were sent are no draft of the next reply."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:reply:v1")
        assert await submits(rig, ANA, text="We have found it", signature="^AK") is None
        (case,) = await rig.service.store.cases.waiting(1)
        await rig.service.store.notes.save_draft(case.id, ANA, "We have found it", private=False)
        assert await submits(rig, ANA) is None
        assert await rig.service.store.notes.draft(case.id, ANA, private=False) == ""


async def test_a_reply_that_was_taken_back_in_between(redis_url: str) -> None:
    """Ben took it back: the form does not close as if it had been sent, and Ana's words stay her draft."""
    async with a_rig(redis_url, {"HARK_UNDO_SECONDS": "60"}) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:reply:v1")
        assert await submits(rig, ANA, text="We have found it", signature="^AK") is None
        await rig.shows(card.ts, "hark:undo:v1")
        await rig.press(BEN, card.ts, "hark:undo:v1")
        await wait_until(lambda: "hark:undo:v1" not in rig.text_of(card.ts), "it is taken back")
        told = await submits(rig, ANA)
        assert told["errors"] == {"text": "Not sent: This was taken back meanwhile. Open the form again to send it."}
        (case,) = await rig.service.store.cases.waiting(1)
        assert await rig.service.store.notes.draft(case.id, ANA, private=False) == "We have found it"
