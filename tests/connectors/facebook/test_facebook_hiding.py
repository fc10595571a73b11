"""Hiding a comment on Facebook: in its own form, looked at before and after, each refusal in words."""

from datetime import timedelta

import pytest

from bot.domain.case import Purpose, Send
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Interaction
from connectors.facebook.connector import FacebookConnector
from tests.connectors.facebook.test_facebook_sending import ANA, commented, to
from tests.support.facebook_server import Rig


def hiding(found: Interaction, purpose: Purpose = Purpose.HIDE, **changes: object) -> Send:
    """The act about a comment."""
    return to(found, "", purpose=purpose, private=False, **changes)


def wishes(rig: Rig) -> list[dict[str, object]]:
    """What was asked of comments themselves."""
    return [each.body for each in rig.server.calls if each.verb == "POST"]


def here(rig: Rig) -> tuple[FacebookConnector, Interaction]:
    """A connector and a comment."""
    connector = rig.connector()
    return connector, commented(rig, connector)


async def test_a_comment_is_hidden_and_shown_again(rig: Rig) -> None:
    """`is_hidden` of the comment itself, read back both times."""
    connector, found = here(rig)
    item = rig.server.items[found.id]
    assert await connector.read_back(hiding(found)) is None
    sent = await connector.send(hiding(found))
    assert (item.hidden, sent.id) == (True, f"hide:{found.id}")
    assert await connector.read_back(hiding(found)) == sent
    assert await connector.read_back(hiding(found, Purpose.UNHIDE)) is None
    await connector.send(hiding(found, Purpose.UNHIDE))
    assert not item.hidden
    assert await connector.read_back(hiding(found, Purpose.UNHIDE)) is not None
    assert wishes(rig) == [{"is_hidden": True}, {"is_hidden": False}]
    assert (rig.server.calls[1].path, rig.server.replies()) == (found.id, [])


async def test_what_is_hidden_already_is_left_alone(rig: Rig) -> None:
    """Somebody was quicker: done, without a call that changes anything."""
    connector, found = here(rig)
    rig.server.items[found.id].hidden = True
    assert (await connector.send(hiding(found))).id == f"hide:{found.id}"
    assert wishes(rig) == []


async def test_changed_words_are_not_hidden(rig: Rig) -> None:
    """The approval was for others, even when no edit was told; showing again is for any words."""
    connector, found = here(rig)
    rig.server.edit(found.id, "I am sorry")
    with pytest.raises(Permanent, match="changed the words") as caught:
        await connector.send(hiding(found))
    assert caught.value.reason == "changed"
    assert wishes(rig) == []
    rig.server.items[found.id].hidden = True
    await connector.send(hiding(found, Purpose.UNHIDE))


async def test_what_facebook_does_not_let_us_hide(rig: Rig) -> None:
    """Said before anything is tried."""
    connector, found = here(rig)
    rig.server.items[found.id].can_hide = False
    with pytest.raises(Permanent, match="does not let the Page hide") as caught:
        await connector.send(hiding(found))
    assert caught.value.reason == "not_hideable"
    assert wishes(rig) == []


async def test_a_comment_that_is_gone(rig: Rig) -> None:
    """Told for good; of one in doubt, the next try learns it."""
    connector, found = here(rig)
    rig.server.remove(found.id)
    with pytest.raises(Permanent, match="not there any more") as caught:
        await connector.send(hiding(found))
    assert caught.value.reason == "gone"
    assert await connector.read_back(hiding(found)) is None


async def test_an_answer_lost_after_the_act(rig: Rig) -> None:
    """In doubt, then found hidden; a second try would change nothing."""
    connector, found = here(rig)
    rig.server.lose_answer(verb="POST")
    with pytest.raises(Unknown):
        await connector.send(hiding(found))
    assert rig.server.items[found.id].hidden
    assert await connector.read_back(hiding(found)) is not None
    await connector.send(hiding(found))
    assert wishes(rig) == [{"is_hidden": True}]


async def test_an_act_that_never_arrived(rig: Rig) -> None:
    """A gateway failed: in doubt, then certainly not done."""
    connector, found = here(rig)
    rig.server.fall_over(verb="POST")
    with pytest.raises(Unknown):
        await connector.send(hiding(found))
    assert await connector.read_back(hiding(found)) is None


@pytest.mark.parametrize(
    ("code", "subcode", "reason", "words"),
    [(190, 463, "token", "expired"), (200, None, "permission", "bot check"), (10, None, "permission", "bot check"),
     (100, 33, "gone", "not there any more"), (100, None, "refused", "refused this")],
)  # fmt: skip
async def test_refusals_are_final_and_say_why(
    rig: Rig, code: int, subcode: int | None, reason: str, words: str
) -> None:
    """The error table of all writes."""
    connector, found = here(rig)
    rig.server.fail(code, subcode=subcode, verb="POST")
    with pytest.raises(Permanent, match=words) as caught:
        await connector.send(hiding(found))
    assert caught.value.reason == reason
    assert not rig.server.items[found.id].hidden


@pytest.mark.parametrize(("verb", "code"), [("GET", 4), ("POST", 32), ("POST", 368)])
async def test_throttled_is_done_later(rig: Rig, verb: str, code: int) -> None:
    """Nothing was done; the look before counts as well."""
    connector, found = here(rig)
    rig.server.fail(code, verb=verb, times=3)
    with pytest.raises(Transient) as caught:
        await connector.send(hiding(found))
    assert caught.value.retry_after is not None
    assert not rig.server.items[found.id].hidden
    rig.clock.advance(timedelta(hours=2))
    rig.server.faults.clear()
    await connector.send(hiding(found))
    assert rig.server.items[found.id].hidden


async def test_a_passing_trouble_is_in_doubt_for_the_act_only(rig: Rig) -> None:
    """Error 2 on the write leaves its fate open."""
    connector, found = here(rig)
    rig.server.fail(2, verb="POST")
    with pytest.raises(Unknown):
        await connector.send(hiding(found))


async def test_without_a_comment_nothing_is_called(rig: Rig) -> None:
    """A reference of another form."""
    connector, found = here(rig)
    with pytest.raises(Permanent):
        await connector.send(hiding(found.model_copy(update={"ref": {}})))
    assert rig.server.calls == []


async def test_the_sweep_tells_of_hidden_comments(rig: Rig) -> None:
    """What was hidden before Hark came is not offered to be hidden."""
    connector = rig.connector()
    rig.server.comment(ANA, "rude")
    (item,) = (each for each in rig.server.items.values() if each.message == "rude")
    item.hidden, item.can_hide = True, False
    page = await connector.poll("posts", None)
    (found,) = (
        each
        for _, raw in page.items
        for each in connector.parse(raw)
        if isinstance(each, Interaction) and each.id == item.id
    )
    assert (found.hidden, found.hideable) == (True, False)


async def test_an_answer_that_does_not_say_proves_nothing(rig: Rig) -> None:
    """Neither that it is hidden nor that it is shown."""
    connector, found = here(rig)
    rig.server.edge("GET", found.id, lambda _: {"id": found.id})
    for purpose in (Purpose.HIDE, Purpose.UNHIDE):
        assert await connector.read_back(hiding(found, purpose)) is None


async def test_a_look_that_is_refused_is_no_look(rig: Rig) -> None:
    """With a token that has run out nothing is known of the comment; staff are told the reason."""
    connector, found = here(rig)
    rig.server.fail(190, subcode=463, verb="GET")
    with pytest.raises(Permanent) as caught:
        await connector.read_back(hiding(found))
    assert caught.value.reason == "token"
