"""Instagram over real HTTP: each answer in its own form, sweeps, second looks, and what `check` says."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Deleted, Edited, Event, Interaction
from connectors.base import ConnectorDeps
from connectors.instagram.connector import InstagramConnector
from tests.support.cases import NOON, a_send
from tests.support.graph_server import a_delivery, at_noon, stamp
from tests.support.instagram_server import OWN, InstagramServer, Said, connect
from tests.support.stores import TestClock

TEXT = "On its way, sorry! ^AK"
CUSTOMER = "6602000000000001"


@dataclass
class Rig:
    """An account and the network."""

    server: InstagramServer
    clock: TestClock
    deps: ConnectorDeps
    connector: InstagramConnector

    def parsed(self, body: bytes) -> Interaction:
        """The interaction of a delivery."""
        verdict: Any = self.connector.verify(a_delivery(body))
        [event] = self.connector.parse(verdict.raws[0]._replace(received_at=self.clock.now()))
        assert isinstance(event, Interaction)
        return event

    def send_to(self, event: Interaction, **changes: Any) -> Any:
        """A send that answers an interaction now."""
        at = self.clock.now()
        return a_send(**{"ref": event.ref, "to": event.id, "created_at": at, "due_at": at, **changes})

    def comment(self, text: str = "where is it?") -> tuple[Said, Interaction]:
        """Somebody's comment, and what Hark makes of it."""
        said = self.server.comment(text)
        return said, self.parsed(self.server.told_comment(said))

    def message(self, text: str = "where is it?") -> Interaction:
        """Somebody's message, as Hark sees it."""
        said = self.server.write(text, CUSTOMER)
        return self.parsed(self.server.told_message(CUSTOMER, message={"mid": said.id, "text": text}))

    async def looked_at(self, *events: Interaction) -> list[Event]:
        """What a second look at these finds."""
        refs = [{**event.ref, "id": event.id, "version": event.version} for event in events]
        return [found for _, raw in await self.connector.recheck(refs) for found in self.connector.parse(raw)]


@asynccontextmanager
async def a_rig(redis_url: str, *, facebook_login: bool = False, **more: str) -> AsyncIterator[Rig]:
    """A connector with a store, a clock at noon and a server."""
    login = {"INSTAGRAM_LOGIN": "facebook"} if facebook_login else {}
    server = InstagramServer(facebook_login=facebook_login)
    async with at_noon(server, redis_url) as (clock, deps):
        yield Rig(server, clock, deps, connect(server, deps, **login, **more))


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[Rig]:
    """An account with Instagram Login."""
    async with a_rig(redis_url) as ready:
        yield ready


@pytest.fixture
async def page_rig(redis_url: str) -> AsyncIterator[Rig]:
    """An account with Facebook Login."""
    async with a_rig(redis_url, facebook_login=True) as ready:
        yield ready


async def test_a_public_answer_is_read_back(rig: Rig) -> None:
    """Below the comment, once; one below a reply is found below the comment that starts it."""
    top, event = rig.comment()
    send = rig.send_to(event)
    sent = await rig.connector.send(send)
    assert rig.server.world.comments[sent.id].parent == top.id
    assert await rig.connector.read_back(send) == sent
    below = rig.server.comment("me too", who="6603", name="bo", parent=top.id)
    send = rig.send_to(rig.parsed(rig.server.told_comment(below)), text="You too, Bo ^AK", id="send-2")
    sent = await rig.connector.send(send)
    assert await rig.connector.read_back(send) == sent


async def test_a_lost_answer_is_found_and_nothing_is_repeated(rig: Rig) -> None:
    """In public, in private and as a private reply: unknown first, then found by our own words."""
    _, event = rig.comment()
    message = rig.message()
    for send, match in (
        (rig.send_to(event), "/replies$"),
        (rig.send_to(message, id="send-2", private=True), "/messages$"),
        (rig.send_to(event, id="send-3", private=True), "/messages$"),
    ):
        rig.server.lose_answer(match=match, verb="POST")
        with pytest.raises(Unknown):
            await rig.connector.send(send)
        found = await rig.connector.read_back(send)
        assert found is not None, match
    assert len(rig.server.written()) == 3


async def test_what_was_never_sent_is_certainly_not_there(rig: Rig) -> None:
    """The same words from before the send, or of somebody else, do not count."""
    top, event = rig.comment()
    rig.server.comment(TEXT, who=OWN, name="acme", parent=top.id)
    rig.clock.advance(timedelta(minutes=3))
    rig.server.comment(TEXT, parent=top.id)
    assert await rig.connector.read_back(rig.send_to(event)) is None
    assert await rig.connector.read_back(rig.send_to(rig.message(TEXT), private=True)) is None


@pytest.mark.parametrize("name", ["", ["acme"]])
async def test_a_customer_without_a_name_is_not_ourselves(rig: Rig, name: object) -> None:
    """Also where the network does not tell how the account is called: a customer may have the same words."""
    _, event = rig.comment()
    rig.server.edge("GET", "me", lambda _: {"id": "1", "user_id": OWN})
    theirs = {"id": "1802", "text": TEXT, "timestamp": stamp(rig.clock.now()), "username": name, "from": {"id": "77"}}
    rig.server.edge("GET", "{comment}/replies", lambda _: {"data": [theirs]})
    assert await rig.connector.read_back(rig.send_to(event)) is None


async def test_a_comment_is_looked_at_before_it_is_answered(rig: Rig) -> None:
    """Gone or hidden: said in words, and nothing is sent."""
    said, event = rig.comment()
    said.hidden = True
    with pytest.raises(Permanent, match="hidden"):
        await rig.connector.send(rig.send_to(event))
    del rig.server.world.comments[said.id]
    for private in (False, True):
        with pytest.raises(Permanent, match="not on Instagram any more"):
            await rig.connector.send(rig.send_to(event, private=private))
    assert rig.server.written() == []


async def test_a_private_reply_goes_out_once_and_names_the_conversation(rig: Rig) -> None:
    """By the comment's id; the same send may be asked again, another one is refused before any call."""
    said, event = rig.comment()
    sent = await rig.connector.send(rig.send_to(event, private=True))
    assert sent.conversation == f"dm|{said.who}"
    [call] = rig.server.written()
    assert call.body == {"recipient": {"comment_id": said.id}, "message": {"text": TEXT}}
    with pytest.raises(Permanent, match="once"):
        await rig.connector.send(rig.send_to(event, id="send-2", private=True))
    assert len(rig.server.written()) == 1


async def test_a_private_reply_has_seven_days(rig: Rig) -> None:
    """The clock stands on the interaction, and the network says the same afterwards."""
    _, event = rig.comment()
    assert event.private_until == NOON + timedelta(days=7)
    rig.clock.advance(timedelta(days=7, seconds=1))
    with pytest.raises(Permanent, match="only once"):
        await rig.connector.send(rig.send_to(event, private=True))


async def test_the_window_of_a_message(redis_url: str) -> None:
    """Closed after a day; with the Human Agent feature open for a week, and marked as a person's words."""
    async with a_rig(redis_url) as rig:
        event = rig.message()
        rig.clock.advance(timedelta(hours=25))
        with pytest.raises(Permanent) as caught:
            await rig.connector.send(rig.send_to(event, private=True))
        assert caught.value.reason == "window_closed"
    async with a_rig(redis_url, INSTAGRAM_HUMAN_AGENT="yes") as rig:
        event = rig.message()
        await rig.connector.send(rig.send_to(event, private=True))
        rig.clock.advance(timedelta(hours=25))
        await rig.connector.send(rig.send_to(event, private=True, id="send-2"))
        assert rig.server.world.tags == ["", "HUMAN_AGENT"]


async def test_a_message_has_a_thousand_bytes(rig: Rig) -> None:
    """The rule that the form checks is the one that the network has: bytes, not letters."""
    rule = rig.connector.capabilities.private_message
    assert rule is not None
    assert (rule.limit, rule.unit) == (1000, "bytes")
    event = rig.message()
    await rig.connector.send(rig.send_to(event, private=True, text="é" * 500))
    with pytest.raises(Permanent):
        await rig.connector.send(rig.send_to(event, private=True, text="é" * 501, id="send-2"))


async def test_a_mention_is_read_and_answered(page_rig: Rig) -> None:
    """Facebook Login: words, name and time are read by id; the answer goes to the mentions edge, and is not listed."""
    said = page_rig.server.mention("@acme these broke after a day")
    stand_in = page_rig.parsed(page_rig.server.told_mention(said))
    assert stand_in.answerable
    full, end = await page_rig.looked_at(stand_in)
    assert isinstance(full, Interaction)
    assert isinstance(end, Deleted)
    assert (full.text, full.key, end.key, end.id) == (said.text, stand_in.key, stand_in.key, stand_in.id)
    for each in (full, stand_in):
        send = page_rig.send_to(each)
        await page_rig.connector.send(send)
        with pytest.raises(Unknown, match="look there"):
            await page_rig.connector.read_back(send)
    assert await page_rig.looked_at(full) == []
    said.text = "@acme all is well"
    [edited] = await page_rig.looked_at(full)
    assert isinstance(edited, Edited)
    del page_rig.server.world.mentions[said.id]
    assert [type(event) for event in await page_rig.looked_at(full)] == [Deleted]
    with pytest.raises(Permanent, match="not on Instagram any more"):
        await page_rig.connector.send(page_rig.send_to(full, id="send-3"))


async def test_a_mention_that_cannot_be_read_stays_as_it_is(rig: Rig) -> None:
    """Instagram Login: no call is made for it."""
    stand_in = rig.parsed(rig.server.told_mention(rig.server.mention("@acme hello")))
    assert not stand_in.answerable
    assert await rig.looked_at(stand_in) == []
    assert rig.server.calls == []


async def test_facebook_login_proves_its_calls_and_speaks_as_the_page(page_rig: Rig) -> None:
    """The proof of the app secret, the Page's mailbox, and the type of the message."""
    await page_rig.connector.send(page_rig.send_to(page_rig.message(), private=True))
    [call] = page_rig.server.written()
    assert call.path == "me/messages"
    assert call.body["messaging_type"] == "RESPONSE"
    assert len(call.params["appsecret_proof"]) == 64


async def test_a_second_look_notices_edits_and_deletions(rig: Rig) -> None:
    """New words, gone, unchanged, and one that cannot be read: the last two give nothing."""
    pairs = [rig.comment(f"words {number}") for number in range(4)]
    pairs[0][0].text = "other words"
    del rig.server.world.comments[pairs[1][0].id]
    rig.server.fail(10, match=f"^{pairs[2][0].id}$")
    found = await rig.looked_at(*(event for _, event in pairs))
    assert {(type(event), event.id) for event in found if isinstance(event, Edited | Deleted)} == {
        (Edited, pairs[0][0].id),
        (Deleted, pairs[1][0].id),
    }


async def test_a_lost_permission_is_no_deletion(page_rig: Rig) -> None:
    """What it hides looks as if it were gone: while not even our own posts can be read, nothing counts as deleted."""
    _, comment = page_rig.comment()
    mention = page_rig.parsed(page_rig.server.told_mention(page_rig.server.mention("@acme hello")))
    await page_rig.connector.check()  # by now it knows its name
    page_rig.server.withdraw(f"^18|^{OWN}")
    for event in (comment, mention):
        with pytest.raises(Permanent, match="lost a permission"):
            await page_rig.looked_at(event)
    with pytest.raises(Permanent, match="lost a permission"):
        await page_rig.connector.look_up(mention.look_up)


async def test_the_sweep_finds_comments_replies_and_messages_once(rig: Rig) -> None:
    """Our own words are marked; a post whose count has not changed is not read again within the hour."""
    top, _ = rig.comment("top")
    rig.server.comment("below", parent=top.id)
    rig.server.comment("ours", who=OWN, name="acme", parent=top.id)
    rig.message("in private")
    comments = await rig.connector.poll("comments", None)
    events = [event for _, raw in comments.items for event in rig.connector.parse(raw)]
    shown = {(event.text, event.by_us, event.url) for event in events if isinstance(event, Interaction)}
    link = "https://www.instagram.com/p/Abc/"
    assert shown == {("top", False, link), ("below", False, link), ("ours", True, link)}
    [(_, raw)] = (await rig.connector.poll("messages", None)).items
    [event] = rig.connector.parse(raw)
    assert isinstance(event, Interaction)
    assert (event.text, event.private, raw.swept) == ("in private", True, True)
    before = len(rig.server.calls)
    await rig.connector.poll("comments", comments.cursor)
    assert [call.path for call in rig.server.calls[before:]] == [f"{OWN}/media"]
    rig.server.comment("a new one")
    rig.clock.advance(timedelta(minutes=5))
    again = await rig.connector.poll("comments", comments.cursor)
    assert len(again.items) == 4  # those of the last ten minutes come again, under the same keys


async def test_the_whole_reading_finds_what_the_numbers_do_not_tell(rig: Rig) -> None:
    """A comment that came while another went, and a reply below an old comment of the second page: within the hour."""
    tops = [rig.server.comment(f"number {n}") for n in range(60)]
    rig.clock.advance(timedelta(days=2))
    going = rig.server.comment("first!")
    cursor = (await rig.connector.poll("comments", None)).cursor
    rig.clock.advance(timedelta(minutes=5))
    del rig.server.world.comments[going.id]
    missed = {rig.server.comment("where is my parcel?").id, rig.server.comment("and mine?", parent=tops[0].id).id}
    found = set()
    for _ in range(12):
        rig.clock.advance(timedelta(minutes=5))
        page = await rig.connector.poll("comments", cursor)
        cursor = page.cursor
        found |= {
            event.id for _, raw in page.items for event in rig.connector.parse(raw) if isinstance(event, Interaction)
        }
    assert found == missed


async def test_one_post_that_cannot_be_read_does_not_stop_the_others(rig: Rig) -> None:
    """If none can be read, that is a failure, and the place where the sweep stood is kept."""
    rig.server.world.media["17701"] = "https://www.instagram.com/p/Bad/"
    rig.server.comment("below the bad one", media="17701")
    seen = rig.server.comment("where is it?")
    rig.server.withdraw("^17701/")
    page = await rig.connector.poll("comments", None)
    assert [name.split(":")[1] for name, _ in page.items] == [seen.id]
    rig.server.withdraw("/comments$")
    with pytest.raises(Permanent, match="may not see it"):
        await rig.connector.poll("comments", None)


async def test_a_cursor_that_cannot_be_read_starts_again(rig: Rig) -> None:
    """And a missing right shuts one door for an hour only."""
    rig.comment()
    assert len((await rig.connector.poll("comments", "{broken")).items) == 1
    rig.server.fail(10, match="conversations")
    assert (await rig.connector.poll("messages", None)).wait_s == 3600.0


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (lambda server: server.fail(80002), Transient),
        (lambda server: server.fail(2, match="replies"), Unknown),
        (lambda server: server.fall_over(503, match="replies"), Unknown),
        (lambda server: server.fail(190, subcode=460, status=401), Permanent),
        (lambda server: server.fail(200, match="replies"), Permanent),
    ],
)
async def test_troubles_of_an_answer(
    rig: Rig, trouble: Callable[[InstagramServer], None], error: type[Exception]
) -> None:
    """Throttled waits, a stumble is looked up, a dead token or a missing right is final; none of them sends twice."""
    _, event = rig.comment()
    trouble(rig.server)
    with pytest.raises(error):
        await rig.connector.send(rig.send_to(event))
    assert [said.who for said in rig.server.world.comments.values()] == ["6602"]


async def test_staff_are_served_when_the_limit_is_nearly_used_up(rig: Rig) -> None:
    """From 90 % sweeps and second looks wait, answers go out."""
    _, event = rig.comment()
    rig.server.use_up(95, kind="instagram")
    await rig.connector.send(rig.send_to(event))
    with pytest.raises(Transient, match="limit"):
        await rig.connector.poll("comments", None)
    with pytest.raises(Transient, match="limit"):
        await rig.looked_at(event)
    await rig.connector.send(rig.send_to(event, text="more ^AK", id="send-2"))


async def test_check_names_what_is_wrong_and_the_mend(rig: Rig) -> None:
    """All well; another account's token; a right that is missing; an invalid token, and one that ends."""
    health = await rig.connector.check()
    assert health.ok
    assert health.summary == "signed in, words of mentions only with Facebook Login"
    assert rig.connector.title == "@acme"
    other = connect(rig.server, rig.deps, INSTAGRAM_ACCOUNT_ID="17841499999999999")
    assert f"INSTAGRAM_ACCOUNT_ID={OWN}" in (await other.check()).mend
    rig.server.token_data = {"is_valid": True, "scopes": ["instagram_business_basic"]}
    assert "instagram_business_manage_comments" in (await rig.connector.check()).summary
    rig.server.token_data = {"is_valid": False}
    health = await rig.connector.check()
    assert (health.ok, "INSTAGRAM_TOKEN" in health.mend) == (False, True)
    rig.server.token_data = {"is_valid": True, "expires_at": int((NOON + timedelta(days=3)).timestamp())}
    health = await rig.connector.check()
    assert "3 days" in health.summary
    assert "INSTAGRAM_TOKEN" in health.mend
    rig.server.fields = []
    assert "no deliveries are subscribed" in (await rig.connector.check()).summary
    rig.server.fail(190, subcode=463, status=401)
    health = await rig.connector.check()
    assert not health.ok
    assert "expired" in health.summary
    assert "INSTAGRAM_TOKEN" in health.mend
    rig.server.fail(12)
    assert "docs/connectors/instagram.md" in (await rig.connector.check()).mend  # what nobody foresaw
    rig.server.fall_over(times=5)
    assert "goes on by itself" in (await rig.connector.check()).mend
