"""What one event costs a worker while a thousand, a hundred thousand, a million cases are open; and their memory."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from bench import preload
from bench.options import Options
from bench.processes import Child, cpu_ms
from bench.report import Row
from bench.scenarios.flow import arrive
from bench.stage import Stage, open_stage
from bench.stats import median, ratio, spread

SIZES, QUICK_SIZES = (1_000, 100_000, 1_000_000), (50, 1_200)
EVENTS, QUICK_EVENTS = 600, 10
RATE = 50
FIRST_COPY = 1_000_000
"""Copies are numbered from here, new events from 0."""


@dataclass(slots=True)
class Loaded:
    """A running Hark with so many open cases."""

    size: int
    stage: Stage
    port: int
    worker: Child
    bytes_per_case: float = 0.0
    worker_ms: list[float] = field(default_factory=list)
    redis_ms: list[float] = field(default_factory=list)


async def run(options: Options) -> list[Row]:
    """The worker's processor time for each event, in turn at every size; the worst against the smallest size."""
    sizes = QUICK_SIZES if options.quick else SIZES
    count = options.pick(EVENTS, QUICK_EVENTS)
    async with AsyncExitStack() as stack:
        places = [await _loaded(stack, size) for size in sizes]
        for _round in range(options.rounds):
            for place in places:
                await _measure(place, count)
    small, *others = places
    value, baseline = max(median(each.worker_ms) for each in others), median(small.worker_ms)
    share, memory = ratio(value, baseline), places[-1].bytes_per_case
    lines = [
        f"{each.size:,} open: worker {median(each.worker_ms):.2f} ms ({spread(each.worker_ms)}), server "
        f"{median(each.redis_ms):.2f} ms an event; {each.bytes_per_case:,.0f} bytes a case"
        for each in places
    ]
    goal = "ratio <= 1.2; <= 2 kB a case"
    fine = share <= 1.2 and memory <= 2000
    return [Row("scale", value, "CPU ms/event", baseline, share, goal, fine, "\n".join(lines))]


async def _loaded(stack: AsyncExitStack, size: int) -> Loaded:
    stage = await stack.enter_async_context(open_stage())
    _, port = await stack.enter_async_context(stage.web())
    worker = await stack.enter_async_context(stage.worker())
    place = Loaded(size, stage, port, worker)
    template = await preload.learn(stage, port, stage.numbers(1)[0])
    await preload.same_as_genuine(stage, port, template)
    # A rewrite of the append-only file in the middle of a measurement would be measured with it.
    await stage.redis.config_set("auto-aof-rewrite-percentage", 0)
    await stage.redis.config_set("appendfsync", "no")
    before = await _memory(stage)
    await preload.load(preload.socket_of(stage), template, range(FIRST_COPY, FIRST_COPY + size))
    place.bytes_per_case = (await _memory(stage) - before) / size
    await stage.redis.config_set("appendfsync", "always")
    async with stage.store() as store:
        if (found := await store.cases.count_open("webhook", "main")) != size + 3:
            msg = f"{found} cases are open after {size} were loaded"
            raise RuntimeError(msg)
    return place


async def _measure(place: Loaded, count: int) -> None:
    stage = place.stage
    await stage.slack.reset()
    worker, server = cpu_ms(place.worker.pid), cpu_ms(stage.redis_pid)
    await arrive(stage, await stage.send("webhook", place.port, stage.numbers(count), RATE))
    place.worker_ms.append((cpu_ms(place.worker.pid) - worker) / count)
    place.redis_ms.append((cpu_ms(stage.redis_pid) - server) / count)


async def _memory(stage: Stage) -> int:
    return int((await stage.redis.info("memory"))["used_memory"])
