"""Dead letters are told once for each kind of failure, and counted when they go unused."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import pytest

from bot.domain.dead import KEPT, error_class
from bot.domain.network import Titles
from bot.services.dead_watch import DEAD, KINDS, STATE, STATE_KEPT, DeadWatch
from bot.services.notices import Notices
from bot.store.keys import instant
from tests.support.cases import a_raw
from tests.support.notices import Desk, a_notice_desk

BODY = b'{"field": "mention", "value": {"text": "where is my parcel", "from": {"name": "Carla Rossi", "id": 99112233}}}'


@dataclass(frozen=True)
class Watched:
    """The watch, and where it speaks."""

    desk: Desk
    watch: DeadWatch

    async def bury(self, error: str, count: int = 1, network: str = "square", body: bytes = BODY) -> None:
        """Some dead letters."""
        for _ in range(count):
            await self.desk.store.inbox.bury(a_raw(body, network=network), error)

    async def look(self) -> list[str]:
        """One look, and everything that follows from it; what stands in the channel then."""
        await self.watch.act(DEAD)
        kinds = await self.desk.store.link.do("KEYS", "hark:{0}:notice:*")
        for key in sorted(kinds):
            await self.desk.due(key.decode().removeprefix("hark:{0}:notice:"))
        return [f"{each.text} {each.blocks}" for each in self.desk.said()]


@pytest.fixture
async def watched(redis_url: str) -> AsyncIterator[Watched]:
    """Letters in a real store; the test's clock agrees with the server's, which dates the letters."""
    async with a_notice_desk(redis_url) as desk:
        desk.clock.at = datetime.now(UTC)  # noqa: TID251
        yield watching(desk)


def watching(desk: Desk) -> Watched:
    """The watch of that desk."""
    return Watched(
        desk, DeadWatch(desk.store.dead, desk.store.notes, desk.notices, Titles(square="Square"), desk.clock)
    )


async def test_three_hundred_of_a_kind_are_one_message(watched: Watched) -> None:
    """It says how many, why and what to do, and shows the delivery's shape without its words."""
    await watched.bury("KeyError('from')", 250)
    await watched.bury("KeyError('to')", 50)
    since = watched.desk.clock.now().timestamp()
    watched.desk.clock.advance(timedelta(minutes=1))
    (said,) = await watched.look()
    told = re.search(r"300 times since <!date\^(\d+)\^", said)
    assert told
    assert abs(int(told[1]) - since) < 30, "since the first of them, which the server dated, not since the telling"
    assert "Deliveries of Square could not be used" in said
    assert "KeyError" in said
    assert "python -m bot replay" in said
    assert "(18 characters)" in said
    assert '"field": "mention"' in said
    for word in ("parcel", "Carla", "99112233"):
        assert word not in said


async def test_each_kind_of_failure_is_told(watched: Watched) -> None:
    """A kind is a network and a class of error; ids and quoted words in it make no new kind."""
    await watched.bury("no account 'a' of 'square' is set up")
    await watched.bury("no account 'b' of 'square' is set up")
    await watched.bury("comment 17841400008460056 has no time")
    await watched.bury("comment 17841400008460057 has no time")
    await watched.bury("KeyError('from')", network="pond")
    assert len(await watched.look()) == 3


async def test_a_second_look_says_nothing_new(watched: Watched) -> None:
    """Nothing is counted twice, by whichever worker looks."""
    await watched.bury("KeyError('from')", 3)
    assert len(await watched.look()) == 1
    watched.desk.clock.advance(timedelta(hours=7))
    assert len(await watched.look()) == 1
    await watched.bury("KeyError('from')", 2)
    assert "2 times since" in (await watched.look())[1]


async def test_a_crash_while_looking_keeps_no_kind_quiet(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between telling and remembering: the letters are read again, and the notice still stands once."""

    async def crash(*_: Any) -> None:
        raise asyncio.CancelledError

    await watched.bury("KeyError('from')")
    with monkeypatch.context() as patch:
        patch.setattr(DeadWatch, "_keep", crash)
        with pytest.raises(asyncio.CancelledError):
            await watched.look()
    assert len(await watched.look()) == 1


async def test_what_nobody_replayed_is_counted_when_it_goes(watched: Watched) -> None:
    """After 30 days, not a moment before; and the number stays for check and the metrics."""
    await watched.bury("KeyError('from')", 4)
    await watched.look()
    watched.desk.clock.advance(KEPT - timedelta(minutes=1))
    await watched.look()
    assert (await watched.desk.store.dead.count()).waiting == 4
    watched.desk.clock.advance(timedelta(minutes=2))
    said = await watched.look()
    assert any("4 dead letters were not replayed in time" in each for each in said)
    count = await watched.desk.store.dead.count()
    assert (count.waiting, count.gone) == (0, 4)


@pytest.mark.parametrize("earlier", [False, True])
async def test_a_crash_while_letters_go_keeps_nothing_quiet(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, *, earlier: bool
) -> None:
    """Killed once they went and before it was told: told by the next look, once; also after an update."""

    async def crash(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    await watched.bury("KeyError('from')", 4)
    await watched.look()
    if earlier:
        kept = (await watched.watch._looked()).model_dump(mode="json", exclude={"gone"})
        await watched.desk.store.notes.set(STATE, json.dumps(kept), STATE_KEPT)
    watched.desk.clock.advance(KEPT + timedelta(minutes=1))
    with monkeypatch.context() as patch:
        patch.setattr(Notices, "tell", crash)
        with pytest.raises(asyncio.CancelledError):
            await watched.look()
    for _ in range(2):
        said = [each for each in await watched.look() if "not replayed in time" in each]
        assert len(said) == 1
        assert "4 dead letters were" in said[0]
    watched.desk.clock.advance(timedelta(hours=7))
    assert len([each for each in await watched.look() if "not replayed in time" in each]) == 1, "it is not counted anew"


async def test_a_server_set_back_to_an_older_state_is_no_loss(watched: Watched) -> None:
    """Its count is lower then; what goes from there on is told."""
    key = watched.desk.store.dead.keys.dead_gone(0)
    await watched.desk.store.link.do("SET", key, 9)
    await watched.look()
    await watched.desk.store.link.do("SET", key, 2)
    assert await watched.look() == []
    await watched.desk.store.link.do("SET", key, 3)
    (said,) = await watched.look()
    assert "1 dead letter was not replayed in time" in said


async def test_a_shard_in_which_nothing_new_failed_is_not_told_of_again(redis_url: str) -> None:
    """Each shard has its own letters, and its own place up to which they were read."""
    async with a_notice_desk(redis_url, shards=4) as desk:
        desk.clock.at = datetime.now(UTC)  # noqa: TID251
        watched, shards = watching(desk), set[int]()
        for network in ("square", "pond", "lake", "sea", "river"):
            await watched.bury("KeyError('from')", network=network)
            shards.add(desk.store.inbox.keys.shard_of(network, "hark.example"))
        assert len(shards) > 1
        assert len(await watched.look()) == 5
        await watched.bury("KeyError('from')")
        for _ in range(2):
            desk.clock.advance(timedelta(hours=7))
            assert len(await watched.look()) == 6


@pytest.mark.parametrize(("shards", "limit", "most"), [(1, 4, 4), (3, 7, 6), (3, 2, 3)])
async def test_a_page_is_small_whatever_the_number_of_shards(
    redis_url: str, shards: int, limit: int, most: int
) -> None:
    """Letters may be large; page by page all of them are read, each once."""
    async with a_notice_desk(redis_url, shards=shards) as desk:
        watched, read, seen = watching(desk), list[str](), dict[int, str]()
        await watched.bury("KeyError('from')", 20)
        while page := await desk.store.dead.newer(seen, limit):
            assert len(page) <= most
            read += [each.id for each in page]
            seen |= {int(shard): entry for shard, _, entry in (each.id.partition(".") for each in page)}
        assert len(set(read)) == len(read) == 20


async def test_each_letter_goes_on_its_own_day(watched: Watched) -> None:
    """What a customer said stands no longer than that because of later letters beside it."""
    await watched.bury("the older one")
    await asyncio.sleep(0.005)
    await watched.bury("the newer one")
    dead = watched.desk.store.dead
    newer, _ = await dead.newest(9)
    came = int(newer.id.partition(".")[2].partition("-")[0])
    await dead.expire(instant(came) + KEPT)
    assert [letter.error for letter in await dead.newest(9)] == ["the newer one"]


async def test_when_all_were_replayed_a_word_says_so(watched: Watched) -> None:
    """Once, for each kind that was told."""
    await watched.bury("KeyError('from')", 2)
    await watched.look()
    await watched.desk.store.inbox.replay()
    assert len(await watched.look()) == 2
    said = await watched.look()
    assert len(said) == 2
    assert "No dead letter of Square waits any more" in said[1]
    assert (await watched.watch._looked()).kinds == {}, "there is room for new kinds"


async def test_a_flood_of_kinds_is_bounded(watched: Watched) -> None:
    """Errors that never look alike end up as one kind of their own."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    for n in range(KINDS + 10):
        await watched.bury(f"strange {letters[n // 26]}{letters[n % 26]}")
    assert len(await watched.look()) == KINDS + 1
    watched.desk.clock.advance(timedelta(hours=7))
    await watched.bury("strange aa")
    assert "· 2 in all" in (await watched.look())[-1], "one that is known stays a kind of its own"


def test_what_was_told_is_known_for_longer_than_letters_wait() -> None:
    """Nobody may bury anything for weeks: the letters of before are not to be told of and counted again."""
    assert STATE_KEPT > KEPT


async def test_check_and_home_say_how_many_wait(watched: Watched) -> None:
    """With the day on which the oldest goes; nothing when nothing waits."""
    assert await watched.watch.health() == []
    await watched.bury("KeyError('from')", 2)
    (health,) = await watched.watch.health()
    assert not health.ok
    assert "2 deliveries could not be used" in health.summary
    assert f"{watched.desk.clock.now() + KEPT:%Y-%m-%d}" in health.summary
    assert "replay" in health.mend


async def test_room_made_for_new_letters_is_counted(watched: Watched) -> None:
    """The oldest give way when there are too many, and are not forgotten silently."""
    store = watched.desk.store
    keys = (store.dead.keys.dead(0), store.dead.keys.dead_gone(0))
    await watched.look()
    for _ in range(400):
        await store.link.run(store.dead.scripts.inbox_bury, keys, (10, 10**9, "error", "x"))
    count = await store.dead.count()
    assert count.gone > 0
    assert count.waiting + count.gone == 400
    assert any(f"{count.gone} dead letters were not replayed in time" in each for each in await watched.look())


def test_the_kind_of_a_long_error_is_known_at_once() -> None:
    """A customer's word of thousands of letters may stand in it, and what is known of it took the square of that."""
    began = process_time()
    assert error_class("no reader for " + "x" * 20_000) == f"no reader for {'x' * 46}"
    assert process_time() - began < 1


def test_what_an_error_quotes_is_no_part_of_its_kind_however_long() -> None:
    """They may be a customer's words; and each delivery would be a kind of its own, and told of."""
    said = "My name is Carla and " + "it broke again, " * 40
    for quoted in (f"'{said}'", f'"{said} and it\'s cold"'):
        assert error_class(f"no reader for {quoted} there") == "no reader for … there"
