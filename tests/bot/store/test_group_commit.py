"""Group commit: many callers, one write at a time, an answer for each."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.domain.errors import StoreUnavailable
from bot.store.group_commit import CROWD, GroupCommit
from tests.support.waiting import wait_until


class Ledger:
    """Writes batches when the test lets it."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.batches: list[list[str]] = []
        self.under_way = 0

    async def let_through(self, number: int) -> None:
        """End that write, once it is under way; the next one waits again."""
        await wait_until(lambda: len(self.batches) == number, f"write {number}")
        gate, self.gate = self.gate, asyncio.Event()
        gate.set()

    async def write(self, things: Sequence[str]) -> None:
        """Note the batch, and wait for the gate."""
        self.under_way += 1
        assert self.under_way == 1
        self.batches.append(list(things))
        await self.gate.wait()
        self.under_way -= 1


async def test_whoever_comes_meanwhile_shares_the_next_write() -> None:
    """The first goes alone and at once; the rest share, in the order in which they came, up to the batch size."""
    ledger = Ledger()
    group = GroupCommit(ledger.write, batch=3)
    puts = [asyncio.ensure_future(group.put("0"))]
    await wait_until(lambda: ledger.batches, "the first write")
    puts += [asyncio.ensure_future(group.put(str(n))) for n in range(1, 6)]
    ledger.gate.set()
    await asyncio.gather(*puts)
    assert ledger.batches == [["0"], ["1", "2", "3"], ["4", "5"]]


async def test_half_of_a_crowd_is_answered_while_the_other_half_is_written() -> None:
    """Whoever was answered comes back at once: the halves stay halves, and a few are not split."""
    ledger = Ledger()
    group = GroupCommit(ledger.write)
    answered: list[int] = []

    async def customer(number: int) -> None:
        for _ in range(3):
            await group.put(str(number))
            answered.append(number)

    crowd = [asyncio.ensure_future(customer(number)) for number in range(CROWD * 4)]
    for number in range(1, 7):
        await ledger.let_through(number)
        assert len(answered) == CROWD * 2 * (number - 1)
    await asyncio.gather(*crowd)
    few = [asyncio.ensure_future(group.put("again")) for _ in range(CROWD)]
    await ledger.let_through(7)
    await asyncio.gather(*few)
    assert [len(batch) for batch in ledger.batches] == [CROWD * 2] * 6 + [CROWD]


async def test_a_failed_write_is_told_to_all_and_the_next_goes_on() -> None:
    """Everybody of the batch, and behind it, hears of the failure; whoever comes later gets a new write."""
    calls = 0

    async def write(_things: Sequence[str]) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise StoreUnavailable("away")

    group = GroupCommit(write, batch=2)
    results = await asyncio.gather(*(group.put(thing) for thing in "abc"), return_exceptions=True)
    assert [str(result) for result in results] == ["away"] * 3
    await group.put("d")


async def test_a_cancelled_caller_takes_nobody_along() -> None:
    """A caller that goes away during the write does not stop it; one that goes away before it is left out."""
    ledger = Ledger()
    group = GroupCommit(ledger.write)
    first = asyncio.ensure_future(group.put("first"))
    await wait_until(lambda: ledger.batches, "the first write")
    second, third = (asyncio.ensure_future(group.put(thing)) for thing in ("second", "third"))
    await wait_until(lambda: len(group._waiting) == 2, "both wait")
    first.cancel()
    second.cancel()
    ledger.gate.set()
    await third
    assert ledger.batches == [["first"], ["third"]]
    assert (first.cancelled(), second.cancelled()) == (True, True)


async def test_one_too_many_is_refused_at_once() -> None:
    """The queue is bounded: at the limit it takes one more only after a write."""
    ledger = Ledger()
    group = GroupCommit(ledger.write, batch=1, most_waiting=2)
    puts = [asyncio.ensure_future(group.put("0"))]
    await wait_until(lambda: ledger.batches, "the first write")
    puts += [asyncio.ensure_future(group.put(thing)) for thing in "12"]
    await wait_until(lambda: len(group._waiting) == 2, "the queue is full")
    with pytest.raises(StoreUnavailable, match="more than 2"):
        await group.put("3")
    ledger.gate.set()
    await asyncio.gather(*puts)
    await group.put("4")


async def test_nobody_hangs_on_a_write_that_never_ends() -> None:
    """After the timeout the caller is told that nothing is certain."""
    group = GroupCommit(Ledger().write, timeout_s=0.02)
    with pytest.raises(StoreUnavailable, match="not stored within"):
        await group.put("a")
    assert group._writer
    group._writer.cancel()


async def test_closing_waits_for_what_is_on_its_way() -> None:
    """A process that ends tells every network truly whether its delivery is stored."""
    ledger = Ledger()
    group = GroupCommit(ledger.write)
    put = asyncio.ensure_future(group.put("a"))
    await wait_until(lambda: ledger.batches, "the write")
    closing = asyncio.ensure_future(group.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    ledger.gate.set()
    await closing
    assert put.done()
    await GroupCommit(ledger.write).close()


async def test_a_writer_that_is_stopped_leaves_no_one_waiting() -> None:
    """If the loop ends in the middle of a write, its callers get an answer."""
    ledger = Ledger()
    group = GroupCommit(ledger.write)
    put = asyncio.ensure_future(group.put("a"))
    await wait_until(lambda: ledger.batches, "the write")
    assert group._writer
    group._writer.cancel()
    with pytest.raises(StoreUnavailable, match="interrupted"):
        await put
