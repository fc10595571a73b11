"""A sweep below a comment with more replies than come with it."""

from datetime import timedelta

from bot.domain.models import Interaction
from tests.support.graph_server import at_noon
from tests.support.instagram_server import InstagramServer, connect


async def test_all_replies_to_a_comment_are_read(redis_url: str) -> None:
    """The network sends the first 25 along, in an order that it does not tell; the others stand below the comment."""
    server = InstagramServer()
    async with at_noon(server, redis_url) as (clock, deps):
        connector = connect(server, deps)
        top = server.comment("where is it?")
        for n in range(60):
            clock.advance(timedelta(seconds=1))
            server.comment(f"mine too {n}", parent=top.id)
        page = await connector.poll("comments", None)
        events = [event for _, raw in page.items for event in connector.parse(raw)]
        below = [event for event in events if isinstance(event, Interaction) and event.ref["parent"] == top.id]
        assert {event.text for event in below} == {f"mine too {n}" for n in range(60)}
        assert len(events) == 61


async def test_a_comment_that_goes_meanwhile_takes_no_others_along(redis_url: str) -> None:
    """Its further replies cannot be read: what came with it counts, and so does all else below the post."""
    server = InstagramServer()
    async with at_noon(server, redis_url) as (_, deps):
        connector = connect(server, deps)
        server.comment("and mine?")
        top = server.comment("where is it?")
        for n in range(26):
            server.comment(f"mine too {n}", parent=top.id)
        server.fail(100, subcode=33, match=f"{top.id}/replies", type="GraphMethodException")
        page = await connector.poll("comments", None)
        assert len(page.items) == 27
