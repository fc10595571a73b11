"""What losing nothing costs by itself: Hark's ways, through the processes of bench/floor.py, which only store."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bench.options import Options
from bench.processes import Child, running
from bench.report import Row
from bench.scenarios import flow, press
from bench.stage import Stage, open_stage
from bench.stats import median, percentile, ratio, spread


async def most(options: Options) -> list[Row]:
    """`flow-max` of a relay."""
    count = options.pick(flow.COUNT, flow.QUICK_COUNT)
    ours: list[float] = []
    theirs: list[float] = []
    async with relayed() as (stage, port, base):
        for _round in range(options.rounds):
            theirs.append(await flow.flow(stage, base, count))
            ours.append(await flow.flow(stage, port, count))
    return [_row("floor-max", "events/s", ours, theirs)]


async def steady(options: Options) -> list[Row]:
    """`flow-p99` of a relay."""
    count = options.pick(flow.STEADY, flow.QUICK_STEADY)
    ours: list[float] = []
    theirs: list[float] = []
    async with relayed() as (stage, port, base):
        for _round in range(options.rounds):
            theirs.append(percentile(await flow.latencies(stage, base, count), 0.99))
            ours.append(percentile(await flow.latencies(stage, port, count), 0.99))
    return [_row("floor-p99", "ms", ours, theirs)]


async def pressed(options: Options) -> list[Row]:
    """`press` on a desk, while relays pass on the events."""
    presses = options.pick(press.PRESSES, press.QUICK_PRESSES)
    ours: list[float] = []
    theirs: list[float] = []
    async with relayed() as (stage, port, _), least(stage, "desk") as desk:
        door = await desk.port()
        for _round in range(options.rounds):
            cards = await press.new_cards(stage, port, presses)
            theirs.append(percentile(await press.round_trips(stage, port, presses), 0.99))
            ours.append(percentile(await press.press_all(stage, port, door, cards), 0.99))
    return [_row("floor-press", "ms", ours, theirs)]


def _row(name: str, unit: str, ours: Sequence[float], theirs: Sequence[float]) -> Row:
    value, baseline = median(ours), median(theirs)
    note = f"rounds: {spread(ours)} against {spread(theirs)}"
    return Row(name, value, unit, baseline, ratio(value, baseline), "none: where Hark's own work begins", None, note)


@asynccontextmanager
async def relayed() -> AsyncIterator[tuple[Stage, int, int]]:
    """The stage, warm, with the port for events that relays pass on (one for each core, as Hark has workers), and the
    naive forwarder's."""
    async with (
        open_stage() as stage,
        stage.baseline("forward", "webhook") as (_, base),
        stage.baseline("xadd", "webhook") as (_, port),
        AsyncExitStack() as relays,
    ):
        for _core in range(os.cpu_count() or 1):
            relay = await relays.enter_async_context(least(stage, "relay"))
            await relay.port()
        for each in (base, port):
            await flow.flow(stage, each, flow.WARM)
        yield stage, port, base


@asynccontextmanager
async def least(stage: Stage, kind: str) -> AsyncIterator[Child]:
    """One of bench/floor.py."""
    async with running(stage.folder, ["bench.floor", kind, stage.redis_url, stage.slack.api]) as child:
        yield child
