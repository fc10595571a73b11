"""The Graph client over real sockets: tokens, proofs, pages, the pace, faults."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Health
from bot.http import open_session
from connectors.graph import tokens
from connectors.graph.client import Access, Graph, following
from connectors.graph.errors import Fate
from tests.support.cases import NOON
from tests.support.graph_server import APP_SECRET, Asked, GraphServer, Json, running
from tests.support.stores import TestClock


class Wall(GraphServer):
    """A server with one list and one act."""

    def __init__(self) -> None:
        super().__init__()
        self.items = [{"id": str(n)} for n in range(5)]
        self.posted: list[str] = []
        self.edge("GET", "{page}/feed", lambda asked: self.page(asked, self.items))
        self.edge("POST", "{page}/comments", self._post)
        self.edge("DELETE", "{page}/likes", lambda _: {"success": True})

    def _post(self, asked: Asked) -> Json:
        self.posted.append(asked.given("message"))
        return {"id": f"c{len(self.posted)}"}


@dataclass
class Scene:
    """A server and a client."""

    server: Wall
    http: aiohttp.ClientSession
    clock: TestClock

    def graph(self, **changes: object) -> Graph:
        """A client."""
        given = {"url": self.server.url, "version": "v26.0", "token": self.server.token, "secret": APP_SECRET.encode()}
        return Graph(self.http, self.clock, Access(**(given | changes)))  # type: ignore[arg-type]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Both, running."""
    async with running(Wall()) as server, open_session() as http:
        yield Scene(server, http, TestClock(NOON))


async def test_the_token_travels_in_the_header_with_its_proof(scene: Scene) -> None:
    """It is never part of the address."""
    await scene.graph().get("1100/feed")
    asked = scene.server.calls[-1]
    assert asked.headers["authorization"] == f"Bearer {scene.server.token}"
    assert len(asked.params["appsecret_proof"]) == 64
    assert "access_token" not in asked.params
    await scene.graph(secret=b"").get("1100/feed")
    assert "appsecret_proof" not in scene.server.calls[-1].params


async def test_a_proof_by_another_secret_is_told_in_words(scene: Scene) -> None:
    """The mend is in the text."""
    with pytest.raises(Permanent, match="META_APP_SECRET must begin"):
        await scene.graph(secret=b"another").get("1100/feed")


async def test_the_version_is_in_one_place(scene: Scene) -> None:
    """The server refuses any other."""
    with pytest.raises(Permanent, match="other than v26"):
        await scene.graph(version="v19.0").get("1100/feed")


async def test_pages_end_where_next_is_missing(scene: Scene) -> None:
    """Also behind an empty page in the middle, and no further than asked."""
    graph = scene.graph()
    found = [page async for page in graph.pages("1100/feed", {"limit": 2})]
    assert [[each["id"] for each in page] for page in found] == [["0", "1"], ["2", "3"], ["4"]]
    assert len([page async for page in graph.pages("1100/feed", {"limit": 2}, most=2)]) == 2
    assert all(scene.server.token not in json.dumps(call.params) for call in scene.server.calls)


async def test_an_error_is_none_the_less_one_with_status_200(scene: Scene) -> None:
    """It would be shown as sent."""
    scene.server.edge("POST", "{page}/comments", lambda _: {"error": {"code": 100, "error_subcode": 33}})
    with pytest.raises(Permanent):
        await scene.graph().post("1100/comments", {"message": "Hello"})


async def test_a_part_is_not_taken_for_the_whole(scene: Scene) -> None:
    """What proves that something is not there has to reach to the end, or to where the reader stops."""
    pages = scene.graph().pages("1100/feed", {"limit": 2}, most=2, whole=True)
    assert len(await anext(pages)) == len(await anext(pages)) == 2
    with pytest.raises(Unknown, match="look there"):
        await anext(pages)
    assert len([page async for page in scene.graph().pages("1100/feed", {"limit": 2}, most=3, whole=True)]) == 3


def test_a_feed_pages_by_time_where_it_has_no_cursor() -> None:
    """Only the parameters that page are taken out of `next`: never the token in it."""
    address = "https://graph.example/v26.0/1/feed?access_token=EAA&limit=25&until=1790&__paging_token=enc_1"
    assert following({"paging": {"next": address}}) == {"until": "1790", "__paging_token": "enc_1"}
    assert following({"paging": {"next": address, "cursors": {"after": "A"}}}) == {"after": "A"}
    odd: tuple[object, ...] = (
        None,
        [],
        {},
        {"next": ""},
        {"next": 7},
        {"next": "http://[::"},
        {"cursors": {"after": "A"}},
    )
    for paging in odd:
        assert following({"paging": paging}) == {}


async def test_a_page_that_points_at_itself_ends_the_walk(scene: Scene) -> None:
    """A cursor that does not move must not turn in circles."""
    paging = {"cursors": {"after": "same"}, "next": "https://graph.example/"}
    scene.server.edge("GET", "odd/feed", lambda _: {"data": [], "paging": paging})
    assert len([page async for page in scene.graph().pages("odd/feed")]) == 2


async def test_reads_are_tried_again_and_writes_are_not(scene: Scene) -> None:
    """A gateway's page of HTML: the read comes through, the write is in doubt after one try."""
    scene.server.fall_over(times=1)
    assert await scene.graph().get("1100/feed", {"limit": 9})
    scene.server.fall_over(times=1)
    with pytest.raises(Unknown, match="HTTP 502"):
        await scene.graph().post("1100/comments", body={"message": "hello"})
    assert scene.server.posted == []


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": {"id": "1"}}, {"paging": {}}])
async def test_an_answer_without_a_list_is_no_empty_page(scene: Scene, answer: Json) -> None:
    """A sweep that took it for one would never look there again, and a lost answer would count as not there."""
    scene.server.edge("GET", "{page}/odd", lambda _: answer)
    with pytest.raises(Transient, match="without the list"):
        await scene.graph().listed("1100/odd")
    with pytest.raises(Transient, match="without the list"):
        [page async for page in scene.graph().pages("1100/odd")]


async def test_an_answer_lost_after_the_act_is_unknown(scene: Scene) -> None:
    """The act was done once; the client says that it does not know."""
    scene.server.lose_answer(verb="POST")
    with pytest.raises(Unknown):
        await scene.graph().post("1100/comments", body={"message": "hello"})
    assert scene.server.posted == ["hello"]


async def test_a_server_that_is_not_there_took_nothing(scene: Scene) -> None:
    """No connection: a write may go out later."""
    with pytest.raises(Transient, match="could not be reached"):
        await scene.graph(url="http://127.0.0.1:9").post("1100/comments", body={"message": "hello"})


async def test_an_answer_that_cannot_be_read_is_in_doubt_only_for_writes(scene: Scene) -> None:
    """200 with something that is not an object."""
    scene.server.faults.clear()
    scene.server.fall_over(200, times=3)
    with pytest.raises(Transient):
        await scene.graph().get("1100/feed", tries=1)
    with pytest.raises(Unknown):
        await scene.graph().post("1100/comments", body={"message": "x"})
    with pytest.raises(Unknown):
        await scene.graph().delete("1100/likes")
    assert await scene.graph().delete("1100/likes") == {"success": True}


async def test_at_90_percent_only_staff_get_through(scene: Scene) -> None:
    """Polls are not even sent; an answer of staff is, and its headers open the way again."""
    scene.server.use_up(93)
    graph = scene.graph()
    await graph.get("1100/feed")
    count = len(scene.server.calls)
    with pytest.raises(Transient, match="only answers of staff") as caught:
        await graph.get("1100/feed")
    assert caught.value.retry_after == 300
    assert len(scene.server.calls) == count
    scene.server.use_up(40)
    await graph.post("1100/comments", body={"message": "we are on it"})
    await graph.get("1100/feed")


async def test_throttled_by_code_pauses_as_long_as_the_header_says(scene: Scene) -> None:
    """Twelve minutes for polls and for the throttled send."""
    scene.server.use_up(100, regain_min=12)
    scene.server.fail(80001, times=1)
    graph = scene.graph()
    with pytest.raises(Transient) as caught:
        await graph.post("1100/comments", body={"message": "x"})
    assert caught.value.retry_after == 720
    assert graph.pace.wait(NOON) == 720
    assert scene.server.posted == []


async def test_an_expired_token_is_final_and_never_shown(scene: Scene) -> None:
    """The text says what a person can do, and carries no token."""
    scene.server.fail(190, subcode=463, times=1, status=401)
    with pytest.raises(Permanent) as caught:
        await scene.graph().get("1100/feed")
    assert caught.value.reason == Fate.TOKEN
    assert scene.server.token not in str(caught.value) + repr(scene.graph().access)


async def test_a_token_tells_how_long_it_lives(scene: Scene) -> None:
    """The earlier of both ends counts; 0 is never; permissions are compared."""
    end = int(NOON.timestamp()) + 5 * 86400
    data = {"is_valid": True, "type": "PAGE", "expires_at": 0, "data_access_expires_at": end, "scopes": ["a", "b"]}
    scene.server.token_data = data
    token = await tokens.inspect(scene.graph())
    assert scene.server.calls[-1].params["input_token"] == scene.server.token
    assert token is not None
    assert (token.valid, token.lacks(["a", "c"])) == (True, ["c"])
    health = tokens.warned(Health(ok=True, summary="fine"), token, NOON, "make a new one")
    assert (health.ok, health.summary, health.mend) == (True, "fine, the token ends in 5 days", "make a new one")
    over = token.expires_at
    assert over is not None
    late = tokens.warned(Health(ok=True, summary="fine"), token, over, "make a new one")
    assert not late.ok
    scene.server.token_data = {"expires_at": "0"}
    other = await tokens.inspect(scene.graph())
    assert other is not None
    assert (other.expires_at, other.lacks(["a"])) == (None, [])


async def test_a_token_that_may_not_ask_about_itself_is_no_error(scene: Scene) -> None:
    """Unconfirmed for every kind of token; a dead token is told all the same."""
    scene.server.fail(100, match="debug_token")
    assert await tokens.inspect(scene.graph()) is None
    scene.server.fail(190, match="debug_token")
    with pytest.raises(Permanent):
        await tokens.inspect(scene.graph())
