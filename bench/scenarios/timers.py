"""A million timers wait, 50,000 ring at once; and what an idle worker costs meanwhile."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from bench.options import Options
from bench.processes import cpu_ms
from bench.report import Row
from bench.stage import CLOCK, Stage, open_stage
from bench.stats import median, ratio, spread
from bot.domain.ports import Due
from bot.services.tempo import USUAL
from bot.services.worker import QueueWorker
from bot.store.keys import Keys, score
from bot.store.store import Store
from bot.telemetry import Metrics

PENDING, QUICK_PENDING = 1_000_000, 5_000
DUE, QUICK_DUE = 50_000, 500
BATCH = 100
LOADED_AT_ONCE = 2_000
IDLE_S, QUICK_IDLE_S = 15, 1
LATER = timedelta(days=30)
BARE = "bench:timers"


async def run(options: Options) -> list[Row]:
    """Timers a second through the worker's loop and the leased queue, with nothing done for each of them.

    The baseline takes the same ids with ZRANGEBYSCORE and removes them with a pipeline of ZREM, a hundred at a time:
    a crash in between would lose them.
    """
    pending, due = options.pick(PENDING, QUICK_PENDING), options.pick(DUE, QUICK_DUE)
    ours: list[float] = []
    theirs: list[float] = []
    async with open_stage() as stage, stage.store() as store:
        real = str(Keys(1).due(0, "timers")[0])
        for key in (real, BARE):
            await _load(store, key, "later", pending, CLOCK.now() + LATER)
        for _round in range(options.rounds):
            now = CLOCK.now()
            for key in (real, BARE):
                await _load(store, key, "due", due, now)
            theirs.append(await _bare(store, due))
            ours.append(await _worked(store, due))
        idle = await _idle(stage, options.pick(IDLE_S, QUICK_IDLE_S))
    value, baseline = median(ours), median(theirs)
    share = ratio(value, baseline)
    note = (
        f"rounds: {spread(ours)} against {spread(theirs)}; idle worker with {pending:,} pending: {idle:.2f} % of a core"
    )
    goal = "ratio >= 0.3; idle worker < 1 % of a core"
    return [Row("timers", value, "timers/s", baseline, share, goal, share >= 0.3 and idle < 1, note)]


async def _load(store: Store, key: str, word: str, count: int, at: datetime) -> None:
    """So many timers, named as long as a case's id."""
    value = score(0, at)
    for first in range(0, count, LOADED_AT_ONCE):
        names = [f"{word}{n:0{16 - len(word)}d}" for n in range(first, min(count, first + LOADED_AT_ONCE))]
        await store.link.do("ZADD", key, *(part for name in names for part in (value, name)))


async def _bare(store: Store, count: int) -> float:
    started, done = time.monotonic(), 0
    while done < count:
        now = score(0, CLOCK.now())
        ids: Sequence[bytes] = await store.link.do("ZRANGEBYSCORE", BARE, "-inf", now, "LIMIT", 0, BATCH)
        await store.link.many([("ZREM", BARE, each) for each in ids])
        done += len(ids)
    return count / (time.monotonic() - started)


async def _worked(store: Store, count: int) -> float:
    """The worker's own loop on the real queue."""
    stop, left = asyncio.Event(), count

    async def act(_due: Due) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            stop.set()

    started = time.monotonic()
    await QueueWorker("timers", store.timers, act, CLOCK, Metrics(), USUAL.lease).run(stop)
    return count / (time.monotonic() - started)


async def _idle(stage: Stage, seconds: int) -> float:
    """The share of a core, in percent, that a worker with nothing to do takes."""
    async with stage.worker(pace=1) as worker:
        await asyncio.sleep(min(2, seconds))
        before, started = cpu_ms(worker.pid), time.monotonic()
        await asyncio.sleep(seconds)
        return (cpu_ms(worker.pid) - before) / (time.monotonic() - started) / 10
