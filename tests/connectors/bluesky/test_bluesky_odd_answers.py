"""Answers that no server should give: what they leave out is not gone, and no time in them stops the reading."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.errors import Permanent, Transient
from connectors.bluesky.connector import BlueskyConnector
from tests.support.bluesky_rig import Rig
from tests.support.cases import an_interaction

SESSION = {"accessJwt": "a", "refreshJwt": "r", "did": "did:plc:x", "handle": "x.test"}
POST = "at://did:plc:ana/app.bsky.feed.post/3k"


@asynccontextmanager
async def answering(rig: Rig, answer: dict[str, Any]) -> AsyncIterator[BlueskyConnector]:
    """A connector for a server that gives the same answer to all that is asked."""

    async def answered(_request: web.Request) -> web.Response:
        return web.json_response(SESSION | answer)

    app = web.Application()
    app.router.add_route("*", "/xrpc/{method}", answered)
    async with TestServer(app) as server:
        yield rig.connector(service_url=str(server.make_url("")), search="parcel")


@pytest.mark.parametrize("answer", [{}, {"posts": None}, {"posts": {}}, {"notifications": "none"}])
async def test_an_answer_without_the_list_takes_nothing_away(rig: Rig, answer: dict[str, Any]) -> None:
    """A post is not gone, and no list is at its end, because the server said nothing of it."""
    async with answering(rig, answer) as connector:
        with pytest.raises(Transient, match="holds no posts"):
            await connector.recheck([{"uri": POST, "cid": "c1", "conversation": POST}])
        for source, what in (
            ("search:parcel", "posts"),
            ("notifications", "notifications"),
            ("sweep", "notifications"),
        ):
            with pytest.raises(Transient, match=f"holds no {what}"):
                await connector.poll(source, None)


async def test_a_post_that_the_list_leaves_out_is_gone(rig: Rig) -> None:
    """That is how the network tells it."""
    async with answering(rig, {"posts": []}) as connector:
        [(key, _)] = await connector.recheck([{"uri": POST, "cid": "c1", "conversation": POST}])
        assert key == f"{POST}#deleted"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "", 7])
async def test_a_time_that_nobody_can_count_with_stops_nothing(rig: Rig, at: object) -> None:
    """It counts as now: the entry is read, and the next poll goes on."""
    author = {"did": "did:plc:ana", "handle": "ana.test"}
    note = {"uri": POST, "cid": "c1", "author": author, "reason": "mention", "indexedAt": at, "record": {"text": "hi"}}
    async with answering(rig, {"notifications": [note]}) as connector:
        page = await connector.poll("notifications", None)
        assert [key for key, _ in page.items] == [f"{POST}#c1"]
        assert (await connector.poll("notifications", page.cursor)).items == ()


async def test_where_replies_are_off_nothing_is_posted(rig: Rig) -> None:
    """The author has limited who may answer: staff are told, and the network is not asked to take it."""
    author = {"did": "did:plc:ana", "handle": "ana.test"}
    post = {"uri": POST, "cid": "c1", "author": author, "record": {"text": "hi"}, "viewer": {"replyDisabled": True}}
    written = {"uri": "at://did:plc:x/app.bsky.feed.post/3m", "cid": "c2"}
    async with answering(rig, {"posts": [post]} | written) as connector:
        mention = an_interaction("hi", id=POST, ref={"uri": POST, "cid": "c1"})
        with pytest.raises(Permanent, match="limited who may reply") as caught:
            await connector.send(rig.send(mention))
        assert caught.value.reason == "replies_off"
        post["viewer"] = {"replyDisabled": False}
        assert (await connector.send(rig.send(mention))).id == written["uri"]
