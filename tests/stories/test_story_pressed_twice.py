"""Submit is pressed again, because Hark's answer to the first press came too late: it is done once, and said so."""

from typing import Any

from sandbox.slack import payloads
from sandbox.slack.delivery import INTERACTIVE, Ack
from tests.support.rig import ANA, Rig, a_rig, typed
from tests.support.waiting import wait_until


async def submits_twice(rig: Rig, user: str, **fields: str) -> list[Any]:
    """Somebody fills in the open form and submits it; Slack never shows them the first of the two answers."""
    hub, view = rig.sandbox.slack.hub, await rig.modal(user)
    hub.views.remember(view, typed(view, fields))
    answers = [await hub.transport.ask(INTERACTIVE, payloads.view_submission(hub, user, view)) for _ in range(2)]
    return [each.body for each in answers if isinstance(each, Ack)]


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
