"""Two workers on one backlog against one."""

import os
import signal
from contextlib import AsyncExitStack

from bench.options import Options
from bench.report import Row
from bench.scenarios.flow import DRAIN_S
from bench.stage import Stage, open_stage
from bench.stats import median, ratio, spread

COUNT, QUICK_COUNT = 3_000, 60
CORES = 4
"""Two workers, the server and the fake Slack: with fewer cores they only take them from each other."""


async def run(options: Options) -> list[Row]:
    """Cards a second from the first to the last of a backlog that waited for them."""
    count, cores = options.pick(COUNT, QUICK_COUNT), os.cpu_count() or 1
    one: list[float] = []
    two: list[float] = []
    async with open_stage() as stage, stage.web() as (_, port):
        for _round in range(options.rounds):
            one.append(await _drained(stage, port, 1, count))
            two.append(await _drained(stage, port, 2, count))
    value, baseline = median(two), median(one)
    share = ratio(value, baseline)
    note = f"rounds: {spread(two)} against {spread(one)}; {cores} cores for workers, server and fake Slack"
    goal = f"ratio >= 1.7 where cores allow ({CORES} or more)"
    return [
        Row("two-workers", value, "events/s", baseline, share, goal, share >= 1.7 if cores >= CORES else None, note)
    ]


async def _drained(stage: Stage, port: int, workers: int, count: int) -> float:
    """The workers stand still, at the ready, while the backlog is built."""
    await stage.slack.reset()
    async with AsyncExitStack() as stack:
        pids = [(await stack.enter_async_context(stage.worker())).pid for _ in range(workers)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            await stage.send("webhook", port, stage.numbers(count))
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        if not await stage.slack.until(count, DRAIN_S):
            msg = f"{workers} workers did not draw {count} cards within {DRAIN_S:g} s"
            raise RuntimeError(msg)
        times = sorted(at for at, *_ in (await stage.slack.report()).posts)
    return (count - 1) / (times[-1] - times[0])
