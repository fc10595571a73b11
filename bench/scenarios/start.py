"""Cold start to ready, and memory at rest, of each role."""

import asyncio
from contextlib import AsyncExitStack

from bench.options import Options
from bench.processes import READY, free_port, rss_mb, running
from bench.report import Row
from bench.stage import Stage, open_stage
from bench.stats import median, spread

ROLES = ("web", "worker", "run")
REST_S, QUICK_REST_S = 5, 1
MOST_S, MOST_MB = 1.5, 110


async def run(options: Options) -> list[Row]:
    """Seconds from the start of the process until it says that it is ready; the slowest role counts.

    `run` starts a Redis of its own, which is part of its time but not of its memory.
    """
    seconds: dict[str, list[float]] = {role: [] for role in ROLES}
    memory: dict[str, float] = {}
    async with open_stage() as stage:
        for turn in range(options.rounds):
            for role in ROLES:
                took, memory[role] = await _started(stage, role, turn, options.pick(REST_S, QUICK_REST_S))
                seconds[role].append(took)
    value, most = max(median(each) for each in seconds.values()), max(memory.values())
    lines = [
        f"{role}: {median(seconds[role]):.2f} s ({spread(seconds[role])}), {memory[role]:.0f} MB" for role in ROLES
    ]
    goal = f"<= {MOST_S} s; <= {MOST_MB} MB at rest"
    return [Row("start", value, "s", None, None, goal, value <= MOST_S and most <= MOST_MB, "\n".join(lines))]


async def _started(stage: Stage, role: str, turn: int, rest_s: int) -> tuple[float, float]:
    env = stage.env(free_port())
    if role == "run":
        del env["REDIS_URL"]
        env["HARK_DATA_DIR"] = str(stage.folder / f"run-{turn}")
    async with AsyncExitStack() as stack:
        child = await stack.enter_async_context(running(stage.folder, ["bot", role], env))
        took = await child.says(READY)
        await asyncio.sleep(rest_s)
        return took, rss_mb(child.pid)
