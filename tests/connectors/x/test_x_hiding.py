"""Hiding a reply on X: only below threads of ours, in X's own form, safe to repeat, each refusal in words."""

import json
from typing import Any

import pytest

from bot.domain.case import Purpose, Send
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Edited, Interaction
from connectors.x.connector import XConnector
from tests.support.x_rig import XRig, a_raw, answer_to
from tests.support.x_server import ANA, BEN, LOST, US, mention_event


def heard(connector: XConnector, event: dict[str, Any]) -> Interaction:
    """The interaction that an event becomes."""
    (found,) = connector.parse(a_raw(json.dumps(event).encode()))
    assert isinstance(found, Interaction)
    return found


def a_reply(rig: XRig, connector: XConnector, text: str = "@acme you are idiots") -> Interaction:
    """Ana answers a post of ours."""
    ours = rig.server.post(US, "Our new shoes are here")
    return heard(connector, mention_event(rig.server.post(ANA, text, reply_to=ours["id"]), "post.reply.create"))


def hiding(found: Interaction, purpose: Purpose = Purpose.HIDE) -> Send:
    """The act about a reply."""
    return answer_to(found, "", purpose=purpose)


def path(found: Interaction) -> str:
    """The call that it takes."""
    return f"/2/tweets/{found.ref['post']}/hidden"


async def test_a_reply_is_hidden_and_shown_again(rig: XRig, connector: XConnector) -> None:
    """A PUT with the account's own token, paid for."""
    found = a_reply(rig, connector)
    assert found.hideable
    sent = await connector.send(hiding(found))
    assert rig.server.hidden == {found.id}
    assert sent.id == f"hide:{found.id}"
    assert await connector._ledger.spent() == 5_000 + 5_000
    await connector.send(hiding(found, Purpose.UNHIDE))
    assert rig.server.hidden == set()
    puts = [call for call in rig.server.calls if call[0] == "PUT"]
    assert puts == [("PUT", path(found), {"hidden": True}), ("PUT", path(found), {"hidden": False})]


async def test_only_first_replies_in_threads_of_ours_are_offered(rig: XRig, connector: XConnector) -> None:
    """X does not say who began the thread of a deeper reply; mentions and other people's threads are not ours."""
    ours = rig.server.post(US, "Our new shoes are here")
    top = rig.server.post(ANA, "@acme idiots", reply_to=ours["id"])
    mine = rig.server.post(US, "@anarey sorry", reply_to=top["id"])
    deep = rig.server.post(ANA, "@acme idiots!", reply_to=mine["id"])
    other = rig.server.post(BEN, "@acme @anarey idiots", reply_to=top["id"])
    theirs = rig.server.post(ANA, "@acme where is it?")
    answer = rig.server.post(US, "@anarey on its way", reply_to=theirs["id"])
    below = rig.server.post(ANA, "@acme idiots", reply_to=answer["id"])
    wanted = {top["id"]: True, deep["id"]: False, other["id"]: False, theirs["id"]: False, below["id"]: False}
    posts = (top, deep, other, theirs, below)
    assert {each["id"]: heard(connector, mention_event(each)).hideable for each in posts} == wanted


async def test_the_same_wish_again_changes_nothing(rig: XRig, connector: XConnector) -> None:
    """X tells nobody what is hidden, so what is in doubt is certainly to be done again."""
    found = a_reply(rig, connector)
    rig.server.faults[f"PUT {path(found)}"] = [LOST, LOST]  # the HTTP client repeats a PUT once by itself
    with pytest.raises(Unknown):
        await connector.send(hiding(found))
    assert rig.server.hidden == {found.id}
    assert await connector.read_back(hiding(found)) is None
    await connector.send(hiding(found))
    assert rig.server.hidden == {found.id}


async def test_a_thread_that_is_not_ours_is_refused_in_words(rig: XRig, connector: XConnector) -> None:
    """Should it be tried all the same."""
    found = heard(connector, mention_event(rig.server.post(ANA, "@acme you are idiots")))
    with pytest.raises(Permanent, match="It says: You are not allowed to hide"):
        await connector.send(hiding(found))


async def test_changed_and_deleted_words_are_not_hidden(rig: XRig, connector: XConnector) -> None:
    """Each edit is a new post; the approval was for the old one. Showing again takes the newest."""
    found = a_reply(rig, connector)
    newest = rig.server.edit(found.id, "@acme I am sorry")
    with pytest.raises(Permanent, match="changed the words") as caught:
        await connector.send(hiding(found))
    assert caught.value.reason == "changed"
    rig.server.hidden = {newest["id"]}
    await connector.send(hiding(found, Purpose.UNHIDE))
    assert rig.server.hidden == set()
    for each in newest["edit_history_tweet_ids"]:
        del rig.server.posts[each]
    with pytest.raises(Permanent, match="not there any more"):
        await connector.send(hiding(found))


async def test_an_edit_carries_the_new_post(rig: XRig, connector: XConnector) -> None:
    """Found by a second look, what answering and hiding takes is the new id."""
    found = a_reply(rig, connector)
    newest = rig.server.edit(found.id, "@acme you are all idiots")
    refs = [{**found.ref, "id": found.id, "version": found.version}]
    [(_, raw)] = await connector.recheck(refs) or []
    [edit] = connector.parse(raw)
    assert isinstance(edit, Edited)
    assert edit.ref == {"post": newest["id"]}


@pytest.mark.parametrize(
    ("status", "detail", "error", "words"),
    [
        (403, "Missing required scope: tweet.moderate.write", Permanent, "may not do this"),
        (403, "Your account is suspended.", Permanent, "suspended"),
        (404, "Could not find tweet", Permanent, "not there any more"),
        (429, "Too Many Requests", Transient, "slow down"),
        (503, "Over capacity", Unknown, "503"),
        (402, "CreditsDepleted", Permanent, "credit"),
    ],
)
async def test_each_refusal(
    rig: XRig, connector: XConnector, status: int, detail: str, error: type[Exception], words: str
) -> None:
    """The table of all writes."""
    found = a_reply(rig, connector)
    body = {"title": "x", "detail": detail, "type": "about:blank", "status": status}
    rig.server.faults[f"PUT {path(found)}"] = [(status, body, {})]
    with pytest.raises(error, match=words):
        await connector.send(hiding(found))
    assert rig.server.hidden == set()


async def test_an_answer_that_says_otherwise(rig: XRig, connector: XConnector) -> None:
    """Taken, but not done: no success."""
    found = a_reply(rig, connector)
    rig.server.faults[f"PUT {path(found)}"] = [(200, {"data": {"hidden": False}}, {})]
    with pytest.raises(Permanent, match="left the reply as it was"):
        await connector.send(hiding(found))


async def test_without_a_post_nothing_is_called(rig: XRig, connector: XConnector) -> None:
    """A direct message cannot be hidden."""
    found = a_reply(rig, connector)
    with pytest.raises(Permanent, match="nothing here"):
        await connector.send(hiding(found.model_copy(update={"ref": {}})))
    assert [call for call in rig.server.calls if call[0] == "PUT"] == []
