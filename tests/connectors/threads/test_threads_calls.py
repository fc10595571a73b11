"""Threads over real HTTP: two steps that cannot double, sweeps, second looks, and what `check` says."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Deleted, Edited, Interaction
from bot.domain.network import Accepted
from connectors.threads.sending import GONE
from tests.support.cases import NOON, a_send
from tests.support.graph_server import a_delivery
from tests.support.threads_server import FIRST, NAME, OWN, Post, Rig, connect

TEXT = "On its way, sorry! ^AK"


def send_to(post: Post, **changes: Any) -> Any:
    """A reply to a post."""
    return a_send(ref={"id": post.id, "conversation": f"{FIRST}|{post.name}"}, to=post.id, **changes)


async def test_a_reply_is_handed_over_then_published(rig: Rig) -> None:
    """Two steps, one post, its address; a repetition by anybody finds it."""
    send = send_to(rig.server.reply("where is it?"))
    sent = await rig.connector.send(send)
    assert sent.url == f"https://www.threads.com/@{NAME}/post/{sent.id}"
    assert await rig.connector.read_back(send) == sent
    assert await rig.other_worker().send(send) == sent
    assert rig.texts() == [TEXT]


async def test_a_crash_between_the_steps_is_taken_up_by_another_worker(rig: Rig) -> None:
    """The container was noted: the next worker publishes that one and makes no other."""
    send = send_to(rig.server.reply("where is it?"))
    rig.server.fail(1, match="threads_publish", verb="POST")
    with pytest.raises(Unknown):
        await rig.connector.send(send)
    rig.server.reply(TEXT, NAME, send.to)  # a colleague's, in the app, in the same words
    worker = rig.other_worker()
    assert await worker.read_back(send) is None
    await worker.send(send)
    assert (rig.texts(), len(rig.server.containers)) == ([TEXT, TEXT], 1)


async def test_a_lost_answer_after_publishing_is_found_and_not_repeated(rig: Rig) -> None:
    """The reply stands although nobody heard: it is found, even when the list is late."""
    send = send_to(rig.server.reply("where is it?"))
    rig.server.lose_answer(match="threads_publish", verb="POST")
    with pytest.raises(Unknown):
        await rig.connector.send(send)
    rig.server.listed = False
    with pytest.raises(Transient):
        await rig.other_worker().read_back(send)
    with pytest.raises(Unknown):
        await rig.other_worker().send(send)
    rig.server.listed = True
    found = await rig.other_worker().read_back(send)
    assert found is not None
    assert (rig.texts(), len(rig.server.containers)) == ([TEXT], 1)
    assert [call.path for call in rig.server.calls].count(f"{OWN}/threads_publish") == 1
    rig.server.containers.clear()
    assert await rig.other_worker().send(send) == found  # even when the container is forgotten


async def test_a_container_that_says_too_late_that_it_was_published(rig: Rig) -> None:
    """The second publish is refused, since a container can be published once: then the first one is found."""
    send = send_to(rig.server.reply("where is it?"))
    rig.server.lose_answer(match="threads_publish", verb="POST")
    with pytest.raises(Unknown):
        await rig.connector.send(send)
    rig.server.late_states = 2
    assert await rig.other_worker().read_back(send) is None
    sent = await rig.other_worker().send(send)
    assert [post.id for post in rig.server.ours()] == [sent.id]


async def test_a_lost_answer_to_the_first_step_does_no_harm(rig: Rig) -> None:
    """A container that nobody noted is never published."""
    send = send_to(rig.server.reply("where is it?"))
    rig.server.lose_answer(match="/threads$", verb="POST")
    with pytest.raises(Transient):
        await rig.connector.send(send)
    await rig.connector.send(send)
    assert (rig.texts(), len(rig.server.containers)) == ([TEXT], 2)


@pytest.mark.parametrize(
    ("state", "error"), [("IN_PROGRESS", Transient), ("ERROR", Permanent), ("NEW_WORD", Transient)]
)
async def test_a_container_that_is_not_ready(rig: Rig, state: str, error: type[Exception]) -> None:
    """Not yet, never, or not understood: each says so, and nothing is published."""
    send = send_to(rig.server.reply("where is it?"))
    rig.server.fail(4, match="threads_publish", verb="POST")
    with pytest.raises(Transient):
        await rig.connector.send(send)
    [held] = rig.server.containers.values()
    held.state, held.error = state, "NOT_TODAY"
    with pytest.raises(error, match="NOT_TODAY" if error is Permanent else None):
        await rig.connector.send(send)
    assert rig.texts() == []


async def test_a_reply_that_threads_could_not_take_may_be_tried_anew(rig: Rig) -> None:
    """Whoever presses Retry gets another container: the one that failed stays as it is."""
    send = send_to(rig.server.reply("where is it?"))
    rig.server.fail(4, match="threads_publish", verb="POST")
    with pytest.raises(Transient):
        await rig.connector.send(send)
    [held] = rig.server.containers.values()
    held.state = "ERROR"
    with pytest.raises(Permanent):
        await rig.connector.send(send)
    await rig.connector.send(send)
    assert rig.texts() == [TEXT]


async def test_a_reply_stands_though_its_address_cannot_be_read(rig: Rig) -> None:
    """It has been published: the address comes with the next look."""
    post = rig.server.reply("where is it?")
    rig.server.fall_over(match=f"^{int(post.id) + 2}$", times=9)
    sent = await rig.connector.send(send_to(post))
    assert ([each.id for each in rig.server.ours()], sent.url) == ([sent.id], "")


async def test_what_the_profile_said_elsewhere_or_before_is_no_proof(rig: Rig) -> None:
    """The same words to another customer in the app; and however many replies of old there are."""
    post, other = (rig.server.reply("where is it?") for _ in range(2))
    for number in range(120):
        rig.server.reply(f"to somebody else {number}", NAME)
    rig.clock.advance(timedelta(hours=1))
    rig.server.reply(TEXT, NAME, other.id)
    assert await rig.connector.read_back(send_to(post, created_at=rig.clock.now())) is None


async def test_an_expired_container_is_replaced(rig: Rig) -> None:
    """After a day the first one is gone, unpublished: a retry hands the reply over again."""
    send = send_to(rig.server.reply("where is it?"))
    rig.server.fail(4, match="threads_publish", verb="POST")
    with pytest.raises(Transient):
        await rig.connector.send(send)
    rig.clock.advance(timedelta(hours=25))
    await rig.connector.send(send)
    assert (rig.texts(), len(rig.server.containers)) == ([TEXT], 2)


async def test_the_same_words_twice_are_two_sends(rig: Rig) -> None:
    """That the first stands proves nothing of the second, of which nobody knows a container. Lost ones are two, too."""
    post = rig.server.reply("where is it?")
    sends = [send_to(post, id=f"send-{number}") for number in range(3)]
    await rig.connector.send(sends[0])
    assert await rig.connector.read_back(sends[1]) is None
    rig.server.lose_answer(match="threads_publish", verb="POST")
    with pytest.raises(Unknown):
        await rig.connector.send(sends[1])
    for _ in range(2):
        found = await rig.connector.read_back(sends[1])
        assert found is not None
        assert found.id == rig.server.ours()[1].id
    assert await rig.connector.read_back(sends[2]) is None


async def test_a_network_whose_clock_is_behind_is_believed(rig: Rig) -> None:
    """By a minute: the reply seems older than the send, and stands all the same."""
    send = send_to(rig.server.reply("where is it?"), created_at=NOON + timedelta(minutes=1))
    await rig.connector.send(send)
    assert await rig.connector.read_back(send) is not None


async def test_a_look_that_ends_too_soon_proves_nothing(rig: Rig) -> None:
    """The container is forgotten, and more was answered since than one look takes: no second reply."""
    send = send_to(rig.server.reply("where is it?"))
    await rig.connector.send(send)
    rig.server.containers.clear()
    rig.clock.advance(timedelta(minutes=1))
    for number in range(100):
        rig.server.reply(f"to somebody else {number}", NAME)
    for act in (rig.connector.read_back, rig.connector.send):
        with pytest.raises(Unknown, match="look there"):
            await act(send)
    assert rig.texts().count(TEXT) == 1


async def test_a_post_that_is_gone_is_not_answered(rig: Rig) -> None:
    """The look before the first step finds it."""
    post = rig.server.reply("where is it?")
    del rig.server.posts[post.id]
    with pytest.raises(Permanent) as caught:
        await rig.connector.send(send_to(post))
    assert (caught.value.reason, caught.value.text) == ("gone", GONE)
    assert [call.verb for call in rig.server.calls] == ["GET"]


async def test_what_names_no_post_is_not_asked_for(rig: Rig) -> None:
    """There is nothing that a reply could stand below."""
    with pytest.raises(Permanent) as caught:
        await rig.connector.send(a_send(ref={}))
    assert caught.value.reason == "no_public_reply"
    assert not rig.server.calls


async def test_there_are_no_private_messages(rig: Rig) -> None:
    """The capabilities say so, and so does a send that comes all the same."""
    assert rig.connector.capabilities.private_message is None
    with pytest.raises(Permanent, match="no private messages"):
        await rig.connector.send(send_to(rig.server.reply("where?"), private=True))


async def test_the_sweep_reads_each_thing_once_and_pages(rig: Rig) -> None:
    """More than one page below one post, mentions, and our own words marked as ours."""
    for number in range(30):
        rig.server.reply(f"reply {number}")
    rig.server.reply("thanks all", NAME)
    page = await rig.connector.poll("replies", None)
    events = [event for _, raw in page.items for event in rig.connector.parse(raw)]
    assert len(events) == 31
    assert [event.text for event in events if isinstance(event, Interaction) and event.by_us] == ["thanks all"]
    rig.clock.advance(timedelta(minutes=5))
    again = await rig.connector.poll("replies", page.cursor)
    assert {name for name, _ in again.items} == {name for name, _ in page.items}  # the overlap, under the same keys
    rig.clock.advance(timedelta(hours=1))
    rig.server.mention("@acme hello?")
    later = (await rig.connector.poll("replies", again.cursor)).cursor
    assert (await rig.connector.poll("replies", later)).items == ()
    [(_, raw)] = (await rig.connector.poll("mentions", page.cursor)).items
    assert raw.swept


async def test_a_customers_own_thread_is_one_conversation_through_both_doors(rig: Rig) -> None:
    """A sweep does not learn whose thread it is, so the conversation may not depend on that."""
    first = rig.server.mention("@acme, a long story")
    told = [first, rig.server.mention("and @acme does not answer", parent=first.id)]
    heard = []
    for post in told:
        verdict = rig.connector.verify(a_delivery(rig.server.told(post, "mentions")))
        assert isinstance(verdict, Accepted)
        heard += list(rig.connector.parse(verdict.raws[0]))
    page = await rig.connector.poll("mentions", None)
    heard += [event for _, raw in page.items for event in rig.connector.parse(raw)]
    places = {(each.id, each.key.conversation) for each in heard if isinstance(each, Interaction)}
    assert len(heard) == 4
    assert places == {(post.id, f"{first.id}|ana.r") for post in told}


async def test_one_post_that_cannot_be_read_does_not_stop_the_others(rig: Rig) -> None:
    """Nor does it keep deletions elsewhere from being believed; if none can be read, that is a failure."""
    newest = Post("1001", "Taken down", NAME, rig.server.now(), root="1001")
    rig.server.posts[newest.id] = newest
    reply, gone = rig.server.reply("where is it?"), rig.server.reply("never mind")
    rig.server.withdraw("^1001/")
    page = await rig.connector.poll("replies", None)
    assert {name.partition(":")[0] for name, _ in page.items} == {reply.id, gone.id}
    del rig.server.posts[gone.id]
    ref = {"id": gone.id, "conversation": f"{FIRST}|ana.r", "version": "x"}
    assert len(await rig.connector.recheck([ref])) == 1
    rig.server.withdraw("/conversation$")
    with pytest.raises(Permanent, match="may not see it"):
        await rig.connector.poll("replies", None)


async def test_a_sweep_slows_down_with_the_limit(rig: Rig) -> None:
    """From 75 % four times slower, from 90 % not at all; a missing right shuts one door for an hour only."""
    rig.server.use_up(80)
    assert (await rig.connector.poll("mentions", None)).wait_s == 20 * 15 * 4
    rig.server.use_up(95)
    await rig.connector.poll("mentions", None)
    with pytest.raises(Transient, match="limit"):
        await rig.connector.poll("mentions", None)
    rig.clock.advance(timedelta(minutes=10))
    rig.server.use_up(1)
    rig.server.fail(10, match="mentions")
    page = await rig.connector.poll("mentions", "kept")
    assert (page.items, page.cursor, page.wait_s) == ((), "kept", 3600.0)


async def test_a_second_look_notices_edits_and_deletions(rig: Rig) -> None:
    """New words, gone, unchanged, and one that cannot be read: the last two give nothing."""
    posts = [rig.server.reply(f"words {number}") for number in range(4)]
    first = await rig.connector.poll("replies", None)
    refs = []
    for _, raw in first.items:
        [event] = rig.connector.parse(raw)
        assert isinstance(event, Interaction)
        refs.append({**event.ref, "version": event.version})
    posts[0].text = "other words"
    del rig.server.posts[posts[1].id]
    rig.server.fail(10, match=f"^{posts[2].id}$")
    events = [event for _, raw in await rig.connector.recheck(refs) for event in rig.connector.parse(raw)]
    assert {(type(event), event.id) for event in events if isinstance(event, Edited | Deleted)} == {
        (Edited, posts[0].id),
        (Deleted, posts[1].id),
    }


async def test_a_post_without_an_answer_does_not_stop_the_second_look_at_others(rig: Rig) -> None:
    """One of them is passed over; two are the network's trouble, and so is the only one."""
    posts = [rig.server.reply(f"words {number}") for number in range(3)]
    refs = [{"id": post.id, "conversation": f"{FIRST}|ana.r", "version": "x"} for post in posts]
    rig.server.fall_over(500, match=f"^{posts[0].id}$", times=99)
    assert {name.split(":")[1] for name, _ in await rig.connector.recheck(refs)} == {post.id for post in posts[1:]}
    with pytest.raises(Transient):
        await rig.connector.recheck(refs[:1])
    rig.server.fall_over(500, match=f"^{posts[1].id}$", times=99)
    with pytest.raises(Transient):
        await rig.connector.recheck(refs)


@pytest.mark.parametrize("right", [f"^(?!me$|{OWN}/mentions)", f"^20|^{OWN}/mentions"], ids=["replies", "mentions"])
async def test_a_lost_permission_is_no_deletion(rig: Rig, right: str) -> None:
    """What it hides looks as if it were gone: while nothing of the kind can be read, nothing counts as deleted."""
    posts = [rig.server.mention("@acme hello"), rig.server.reply("where is it?")]
    refs = [{"id": post.id, "conversation": f"{post.root}|{post.name}", "version": "x"} for post in posts]
    rig.server.withdraw(right)
    with pytest.raises(Permanent, match="lost a permission"):
        await rig.connector.recheck(refs)


async def test_a_profile_for_replies_only_still_notices_deletions(rig: Rig) -> None:
    """It never had the permission for mentions, and the network says so in other words."""
    post = rig.server.reply("where is it?")
    del rig.server.posts[post.id]
    rig.server.fail(10, match="mentions")
    ref = {"id": post.id, "conversation": f"{FIRST}|ana.r", "version": "x"}
    [(_, raw)] = await rig.connector.recheck([ref])
    assert [type(event) for event in rig.connector.parse(raw)] == [Deleted]


async def test_check_tells_of_the_limits_of_the_day(rig: Rig) -> None:
    """How many replies and posts are used, with the mend when it gets tight."""
    health = await rig.connector.check()
    assert health.ok
    assert health.summary == "signed in, 0 of 1,000 replies and 1 of 250 posts in 24 hours"
    rig.server.limit = 1
    rig.server.reply("one", NAME)
    assert "wait and go out later" in (await rig.connector.check()).mend


async def test_check_names_what_is_wrong_and_the_mend(rig: Rig) -> None:
    """Another profile's token, a missing right, an invalid token, one that ends soon or has ended, no answer."""
    other = connect(rig.server, rig.deps, THREADS_USER_ID="24899999999999999")
    assert f"THREADS_USER_ID={OWN}" in (await other.check()).mend
    rig.server.token_data = {"is_valid": True, "scopes": ["threads_basic"]}
    assert "threads_manage_replies" in (await rig.connector.check()).summary
    rig.server.token_data = {"is_valid": False}
    health = await rig.connector.check()
    assert (health.ok, "THREADS_TOKEN" in health.mend) == (False, True)
    ends = int((NOON + timedelta(days=3)).timestamp())
    rig.server.token_data = {"is_valid": True, "expires_at": ends}
    health = await rig.connector.check()
    assert health.ok
    assert "3 days" in health.summary
    assert "THREADS_TOKEN" in health.mend
    rig.server.fail(190, subcode=463)
    health = await rig.connector.check()
    assert not health.ok
    assert "expired" in health.summary
    assert "THREADS_TOKEN" in health.mend
    rig.server.fall_over(times=5)
    assert "goes on by itself" in (await rig.connector.check()).mend
