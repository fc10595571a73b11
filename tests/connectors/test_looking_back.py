"""Whose an account's own words are: noted for each send, and no reason to lose one."""

from datetime import timedelta

import pytest

from bot.domain.case import Send
from bot.domain.errors import StoreUnavailable
from bot.store.notes import RedisNotes
from connectors.looking_back import KEPT
from tests.support.cases import a_send
from tests.support.stores import forget
from tests.support.x_rig import an_x_rig
from tests.support.x_server import ANA


def to_ana(id_: str = "send-1") -> Send:
    """A private message."""
    return a_send(id=id_, ref={"user": ANA}, private=True)


async def test_a_send_stands_though_the_store_goes_away_meanwhile(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network's answer is worth more than the note: it is given back."""

    async def is_away(_notes: RedisNotes, _name: str, _value: str, _ttl: timedelta) -> str:
        raise StoreUnavailable("gone")

    async with an_x_rig(redis_url) as rig:
        monkeypatch.setattr(RedisNotes, "agree", is_away)
        sent = await rig.connector().send(to_ana())
        assert sent.id == f"dm:{rig.server.messages[-1]['id']}"


async def test_whose_it_was_is_known_for_as_long_as_a_send_is_looked_for(redis_url: str) -> None:
    """Two days of looking, and another day after somebody has pressed Retry."""
    async with an_x_rig(redis_url) as rig:
        await rig.connector().send(to_ana())
        await forget(rig.store, timedelta(days=3))
        assert await rig.connector().read_back(to_ana("send-2")) is None
        await forget(rig.store, KEPT)
        assert await rig.connector().read_back(to_ana("send-2")) is not None
