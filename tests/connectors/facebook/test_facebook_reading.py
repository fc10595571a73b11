"""Sweeps, second looks, check and the door, against a running Page."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import pytest

from bot.domain.errors import Permanent, Transient
from bot.domain.models import Deleted, Edited, Event, Interaction, Raw
from bot.domain.network import Accepted, Challenge, Refusal
from connectors.facebook.connector import FacebookConnector
from tests.support.cases import NOON
from tests.support.facebook_server import PAGE, PAGE_NAME, Rig, delivery
from tests.support.graph_server import Json, a_delivery, a_handshake

ANA: Json = {"id": "9001", "name": "Ana Rey"}
BEN: Json = {"id": "9002", "name": "Ben Oduya"}


def events(connector: FacebookConnector, items: Iterable[tuple[str, Raw]]) -> list[Event]:
    """What swept items say, but for our own."""
    found = [event for _, raw in items for event in connector.parse(raw)]
    return [each for each in found if not (isinstance(each, Interaction) and each.by_us)]


def texts(found: list[Event]) -> list[str]:
    """The words, sorted."""
    return sorted(each.text for each in found if isinstance(each, Interaction))


async def test_a_sweep_finds_posts_comments_and_replies(rig: Rig) -> None:
    """Our own posts are not even stored; what was read carries the door's name."""
    connector = rig.connector()
    top = rig.server.comment(ANA, "one")
    rig.server.comment(BEN, "two", parent=top["comment_id"])
    rig.server.visitor_post(ANA, "three")
    page = await connector.poll("posts", None)
    assert texts(events(connector, page.items)) == ["one", "three", "two"]
    assert len(page.items) == 3
    assert all(raw.swept for _, raw in page.items)
    assert len({key for key, _ in page.items}) == 3
    assert page.cursor == str(int(NOON.timestamp()))


async def test_a_sweep_reads_back_to_the_last_one_with_an_overlap(rig: Rig) -> None:
    """What is older than ten minutes before the mark is not read again."""
    connector = rig.connector()
    rig.server.comment(ANA, "old")
    rig.clock.advance(timedelta(minutes=30))
    rig.server.comment(ANA, "new")
    rig.server.visitor_post(BEN, "newer")
    mark = str(int(rig.clock.now().timestamp()))
    page = await connector.poll("posts", mark)
    assert texts(events(connector, page.items)) == ["new", "newer"]


async def test_the_first_sweep_reads_the_history_that_was_asked_for(rig: Rig) -> None:
    """FACEBOOK_HISTORY_HOURS before the first start."""
    rig.server.comment(ANA, "yesterday")
    rig.clock.advance(timedelta(hours=5))
    page = await rig.connector(FACEBOOK_HISTORY_HOURS="4").poll("posts", None)
    assert page.items == ()
    page = await rig.connector(FACEBOOK_HISTORY_HOURS="6").poll("posts", None)
    assert len(page.items) == 1


async def test_a_post_with_many_new_comments_is_read_to_the_end(rig: Rig) -> None:
    """More than come with the post: page by page below it."""
    connector = rig.connector()
    for n in range(230):
        rig.server.comment(ANA, f"c{n}")
    page = await connector.poll("posts", None)
    assert len(page.items) == 230
    assert sum(call.path.endswith("/comments") for call in rig.server.calls) == 3


async def test_a_page_of_comments_with_gaps_is_not_the_last_one(rig: Rig) -> None:
    """What the Page may not see is left out of a page after it was counted; only the missing `next` is the end."""
    connector = rig.connector()
    for n in range(40):
        rig.clock.advance(timedelta(seconds=1))
        rig.server.comment(ANA, f"c{n}")
    comments = [each for each in rig.server.items.values() if each.message.startswith("c")]
    comments[-2].unseen = comments[4].unseen = True
    page = await connector.poll("posts", None)
    assert len(page.items) == 38


async def test_a_sweep_finds_mentions(rig: Rig) -> None:
    """Posts elsewhere that tag the Page."""
    connector = rig.connector()
    rig.server.visitor_post(ANA, "not a mention")
    rig.server.tags.append(rig.server._post(BEN, "@Acme Parcels again"))
    page = await connector.poll("mentions", None)
    assert texts(events(connector, page.items)) == ["@Acme Parcels again"]


async def test_a_sweep_finds_private_messages_and_stops_at_older_conversations(rig: Rig) -> None:
    """Latest first; each with the person's name."""
    connector = rig.connector()
    rig.server.write({"id": "7002", "name": "Ben"}, "long ago")
    rig.clock.advance(timedelta(days=2))
    rig.server.write({"id": "7001", "name": "Ana Rey"}, "first")
    rig.server.write({"id": "7001", "name": "Ana Rey"}, "second")
    page = await connector.poll("messages", None)
    found = events(connector, page.items)
    assert [each.text for each in found if isinstance(each, Interaction)] == ["first", "second"]
    assert {each.author.name for each in found if isinstance(each, Interaction) and each.author} == {"Ana Rey"}


async def test_sweeps_slow_down_with_the_limit_and_stop_before_it(rig: Rig) -> None:
    """Four times as seldom from 75 %, not at all from 90 %."""
    connector = rig.connector()
    assert (await connector.poll("posts", None)).wait_s == 300
    rig.server.use_up(80)
    assert (await connector.poll("posts", None)).wait_s == 1200
    rig.server.use_up(91)
    await connector.poll("posts", None)
    with pytest.raises(Transient, match="only answers of staff"):
        await connector.poll("posts", None)


async def test_a_dead_token_stops_a_sweep_with_words(rig: Rig) -> None:
    """Permanent: the card and App Home show what the network says."""
    rig.server.fail(190, subcode=460, times=9)
    with pytest.raises(Permanent, match="password was changed"):
        await rig.connector().poll("posts", None)


def known(found: Interaction, **changes: str) -> Mapping[str, str]:
    """A reference as the poller hands it over."""
    return {**found.ref, "id": found.id, "version": "", **changes}


async def seen(rig: Rig, connector: FacebookConnector, *words: str) -> list[Interaction]:
    """Comments that the desk knows."""
    body = delivery(*(rig.server.comment(ANA, each) for each in words))
    verdict = connector.verify(a_delivery(body))
    assert isinstance(verdict, Accepted)
    return [each for each in connector.parse(verdict.raws[0]) if isinstance(each, Interaction)]


async def test_a_second_look_finds_what_no_event_told(rig: Rig) -> None:
    """An edit and a deletion; what stayed the same says nothing."""
    connector = rig.connector()
    same, changed, gone = await seen(rig, connector, "same", "changed", "gone")
    rig.server.edit(changed.id, "changed indeed")
    rig.server.remove(gone.id)
    found = events(connector, await connector.recheck([known(each) for each in (same, changed, gone)]))
    assert [(type(each), each.id, each.key) for each in found if isinstance(each, Edited | Deleted)] == [
        (Edited, changed.id, changed.key), (Deleted, gone.id, gone.key),
    ]  # fmt: skip
    assert len(found) == 2


async def test_a_second_look_is_one_call_each_ten_minutes(rig: Rig) -> None:
    """All ids in one; not again before; an edit that is known says nothing."""
    connector = rig.connector()
    one, two = await seen(rig, connector, "one", "two")
    rig.server.edit(one.id, "one!")
    refs = [known(one), known(two), {"psid": "7001", "id": "m_1", "version": ""}]
    (found,) = events(connector, await connector.recheck(refs))
    assert isinstance(found, Edited)
    assert len(rig.server.calls) == 1
    assert await connector.recheck(refs) == []
    assert len(rig.server.calls) == 1
    rig.clock.advance(timedelta(minutes=11))
    assert await connector.recheck([known(one, version=found.version), known(two)]) == []
    assert len(rig.server.calls) == 2


async def test_a_lost_permission_is_not_taken_for_deletions(rig: Rig) -> None:
    """Everything seems gone, but the Page's own feed cannot be read either: nothing is believed."""
    connector = rig.connector()
    (one,) = await seen(rig, connector, "one")
    rig.server.remove(one.id)
    rig.server.fail(10, match="feed")
    with pytest.raises(Permanent):
        await connector.recheck([known(one)])
    rig.server.faults.clear()
    assert len(await connector.recheck([known(one)])) == 1


async def test_check_says_that_all_is_well(rig: Rig) -> None:
    """With the Page's name, which is the title from then on."""
    connector = rig.connector()
    assert connector.title == f"Page {PAGE}"
    health = await connector.check()
    assert (health.ok, health.summary) == (True, "webhook subscribed, messages answered for 24 hours")
    assert connector.title == PAGE_NAME


async def test_check_names_what_is_missing_and_the_mend(rig: Rig) -> None:
    """A field of the webhook, a permission, a token that ends or is dead, a wrong Page, a server that is away."""
    connector, server = rig.connector(), rig.server
    server.fields = ["feed"]
    health = await connector.check()
    assert (health.ok, "mention, messages" in health.mend) == (False, True)
    server.token_data = {"is_valid": True, "scopes": ["pages_messaging"]}
    assert "pages_read_user_content" in (await connector.check()).summary
    server.token_data = {"is_valid": False}
    assert "FACEBOOK_PAGE_TOKEN" in (await connector.check()).mend
    server.fields = ["feed", "mention", "messages"]
    server.token_data = {"is_valid": True, "expires_at": int(NOON.timestamp()) + 3 * 86400}
    health = await connector.check()
    assert (health.ok, "3 days" in health.summary) == (True, True)
    server.fail(190, subcode=463)
    health = await connector.check()
    assert (health.ok, "expired" in health.summary, "FACEBOOK_PAGE_TOKEN" in health.mend) == (False, True, True)
    server.fail(100, subcode=33)
    assert "FACEBOOK_PAGE_ID" in (await connector.check()).mend
    server.fall_over(503, times=9)
    assert "META_GRAPH_URL" in (await connector.check()).mend


async def test_the_door_knows_its_network(rig: Rig) -> None:
    """Handshake, genuine, forged."""
    connector = rig.connector()
    assert isinstance(connector.verify(a_handshake()), Challenge)
    verdict = connector.verify(a_delivery(b"{}"))
    assert isinstance(verdict, Accepted)
    assert (verdict.raws[0].network, verdict.raws[0].account, verdict.raws[0].source) == ("facebook", "main", "webhook")
    assert connector.verify(a_delivery(b"{}", "0" * 32)) == Refusal(403, "not genuine")
