"""A due queue against the simplest model of what it should do."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.dead import SUSPECT, TRIES
from bot.domain.ports import Due
from bot.store.due import RedisDueQueue
from tests.support.cases import NOON
from tests.support.stores import a_store, end_leases

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
WAITS_S = (0, 60, 3600)
ENDED = st.tuples(st.integers(0, 9), st.one_of(st.none(), st.integers(0, 60)))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abc"), st.integers(-40, 40), st.integers(0, 4)),
        st.tuples(st.just("exchange"), st.lists(ENDED, max_size=3), st.integers(0, 4)),
        st.tuples(st.just("pass"), st.one_of(st.integers(1, 50), st.sampled_from(WAITS_S))),
        st.tuples(st.just("lapse")),
        st.tuples(st.just("die"), st.integers(1, TRIES + 1)),
        st.tuples(st.just("renew"), st.integers(0, 9)),
    ),
    max_size=25,
)


class Model:
    """What a due queue should do, said in the simplest way: seconds since noon instead of scores.

    `ended` are the held ones whose lease is over, `back` those of them that the queue has seen, and when they are due.
    """

    def __init__(self) -> None:
        self.now = 0
        self.due: dict[str, tuple[int, int]] = {}
        self.held: dict[str, Due] = {}
        self.again: dict[str, tuple[int, int]] = {}
        self.ended: set[str] = set()
        self.back: dict[str, int] = {}
        self.lapses = Counter[str]()

    def put(self, name: str, at: int, band: int) -> None:
        """Earlier and more urgent win, each by itself."""
        book = self.again if name in self.held else self.due
        old = book.get(name, (at, band))
        book[name] = (min(at, old[0]), min(band, old[1]))

    def takeable(self) -> dict[str, int]:
        """What may be taken now, with its band."""
        apart = 0
        for name in sorted(self.ended):
            self.lapses[name] += 1
            self.back[name] = self.now
            if self.lapses[name] >= SUSPECT:
                self.back[name] += apart + WAITS_S[min(self.lapses[name], TRIES) - SUSPECT]
                apart += 1
        self.ended.clear()
        free = {name: band for name, (at, band) in self.due.items() if at <= self.now and name not in self.held}
        return free | {name: self.held[name].priority for name, at in self.back.items() if at <= self.now}

    def take(self, taken: list[Due]) -> None:
        """Hold what was taken."""
        for due in taken:
            self.held[due.id] = due
            self.back.pop(due.id, None)

    def lapse(self) -> None:
        """All leases are over."""
        self.ended |= self.held.keys() - self.back.keys()

    def renewed(self, due: Due) -> bool:
        """Whether a lease is still its holder's, who has it anew then."""
        mine = due.id in self.held and self.held[due.id].token == due.token
        if mine:
            self.ended.discard(due.id)
            self.back.pop(due.id, None)
        return mine

    def give_back(self, due: Due, at: int | None) -> None:
        """Only the present holder can."""
        if not self.renewed(due):
            return
        del self.held[due.id], self.lapses[due.id]
        self.due.pop(due.id, None)
        if at is not None:
            self.due[due.id] = (at, due.priority)
        if due.id in self.again:
            self.put(due.id, *self.again.pop(due.id))


async def exchanged(queue: RedisDueQueue, model: Model, ended: dict[Due, int | None], limit: int) -> list[Due]:
    """What queue and model give for the same exchange, where they agree."""
    now = NOON + model.now * SECOND
    for due, wait in ended.items():
        model.give_back(due, None if wait is None else model.now + wait)
    expected = model.takeable() if limit else {}
    back = [(due, None if wait is None else now + wait * SECOND) for due, wait in ended.items()]
    taken = await queue.exchange(back, now, limit, LEASE)
    assert [due.priority for due in taken] == sorted(expected.values())[:limit]
    assert all((expected[due.id], model.lapses[due.id]) == (due.priority, due.lapses) for due in taken)
    model.take(taken)
    return taken


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_history_agrees_with_the_model(redis_url: str, steps: list[tuple[Any, ...]]) -> None:
    """Whatever is put, taken, given back or left to lapse, in any order: the queue and the simple model agree."""
    async with a_store(redis_url) as store:
        await store.link.do("FLUSHALL")
        queue, model, ever = store.cards, Model(), list[Due]()
        for step in steps:
            match step:
                case ("put", str(name), int(at), int(band)):
                    at += model.now
                    await queue.put(name, NOON + at * SECOND, band)
                    model.put(name, at, band)
                case ("exchange", list(over), int(limit)):
                    ended = {ever[n % len(ever)]: wait for n, wait in over if ever}
                    ever += await exchanged(queue, model, ended, limit)
                case ("pass", int(seconds)):
                    model.now += seconds
                case ("lapse",):
                    await end_leases(store)
                    model.lapse()
                case ("die", int(times)):
                    for _ in range(times):
                        ever += await exchanged(queue, model, {}, 4)
                        await end_leases(store)
                        model.lapse()
                case ("renew", int(n)) if ever:
                    due = ever[n % len(ever)]
                    assert await queue.renew([due], LEASE) == ([] if model.renewed(due) else [due])
                case _:
                    pass
        assert await queue.depth() == len(model.due.keys() | model.held.keys())
