"""From a webhook to the card in Slack, the whole way: parse, dedupe, mask, triage, commit, render, post."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from bench.load import Sent
from bench.options import Options
from bench.processes import cpu_ms
from bench.report import Row
from bench.stage import Stage, open_stage
from bench.stats import median, percentile, ratio, spread

COUNT, QUICK_COUNT = 4_000, 60
RATE, STEADY, QUICK_STEADY = 200, 2_000, 60
WARM = 60
DRAIN_S = 120.0


class Costs:
    """What processes spend between two moments."""

    def __init__(self, pids: Mapping[str, Sequence[int]]) -> None:
        self._pids = pids
        self._before = self._now()

    def each(self, events: int) -> str:
        """The processor time of each for an event, in words. The processes must still run."""
        spent = {name: (ms - self._before[name]) * 1000 / events for name, ms in self._now().items()}
        return ", ".join(f"{name} {us:.0f}" for name, us in spent.items())

    def _now(self) -> dict[str, float]:
        return {name: sum(map(cpu_ms, pids)) for name, pids in self._pids.items()}


async def most(options: Options) -> list[Row]:
    """Events a second, from the first one sent to the last card's arrival: one web process, a worker for each core."""
    count = options.pick(COUNT, QUICK_COUNT)
    ours: list[float] = []
    theirs: list[float] = []
    async with both(options) as (stage, port, base, costs):
        for _round in range(options.rounds):
            theirs.append(await flow(stage, base, count))
            ours.append(await flow(stage, port, count))
        spent = costs.each(count * options.rounds)
    value, baseline = median(ours), median(theirs)
    found = ratio(value, baseline)
    note = f"rounds: {spread(ours)} against {spread(theirs)}; processor us an event: {spent}"
    fine = found >= 0.3 and value >= 1000
    return [Row("flow-max", value, "events/s", baseline, found, "ratio >= 0.3 and >= 1,000 a second", fine, note)]


async def steady(options: Options) -> list[Row]:
    """The p99 from the time at which an event was to be sent to its card's arrival, at 200 a second."""
    count = options.pick(STEADY, QUICK_STEADY)
    ours: list[float] = []
    theirs: list[float] = []
    middles: list[float] = []
    async with both(options) as (stage, port, base, costs):
        for _round in range(options.rounds):
            theirs.append(percentile(await latencies(stage, base, count), 0.99))
            found = await latencies(stage, port, count)
            ours.append(percentile(found, 0.99))
            middles.append(percentile(found, 0.5))
        spent = costs.each(count * options.rounds)
    value, baseline = median(ours), median(theirs)
    share = ratio(value, baseline)
    note = (
        f"rounds: {spread(ours)} against {spread(theirs)} ms; Hark's p50 {median(middles):.1f} ms; "
        f"processor us an event: {spent}"
    )
    return [Row("flow-p99", value, "ms", baseline, share, "ratio <= 2 and < 10 ms", share <= 2 and value < 10, note)]


@asynccontextmanager
async def both(options: Options) -> AsyncIterator[tuple[Stage, int, int, Costs]]:
    """Hark and the forwarder, warm: the stage, the port of each, and what both ways spend from now on."""
    async with (
        open_stage(options.profile) as stage,
        stage.web() as (web, port),
        stage.workers() as workers,
        stage.baseline("forward", "webhook") as (forwarder, base),
    ):
        for each in (base, port):
            await flow(stage, each, WARM)
        pids = {
            "forwarder": [forwarder.pid],
            "web": [web.pid],
            f"{len(workers)} workers": [each.pid for each in workers],
            "server": [stage.redis_pid],
        }
        yield stage, port, base, Costs(pids)


async def flow(stage: Stage, port: int, count: int) -> float:
    """Send as fast as answers come; events a second until the last card stands."""
    await stage.slack.reset()
    sent = await stage.send("webhook", port, stage.numbers(count))
    await arrive(stage, sent)
    _, last = await stage.slack.count()
    return count / (last - min(each.due for each in sent))


async def latencies(stage: Stage, port: int, count: int) -> list[float]:
    """Send at `RATE`; the ms that each event took to Slack."""
    await stage.slack.reset()
    numbers = stage.numbers(count)
    sent = await stage.send("webhook", port, numbers, RATE)
    await arrive(stage, sent)
    return times_ms(numbers, sent, (await stage.slack.report()).cards())


async def arrive(stage: Stage, sent: Sequence[Sent]) -> None:
    """Wait until all that was sent stands in Slack. Raises RuntimeError when it does not come or was not taken."""
    if not all(each.is_acked for each in sent):
        msg = "not every event was acknowledged"
        raise RuntimeError(msg)
    if not await stage.slack.until(len(sent), DRAIN_S):
        msg = f"only {(await stage.slack.count())[0]} of {len(sent)} cards came within {DRAIN_S:g} s"
        raise RuntimeError(msg)


def times_ms(numbers: Sequence[int], sent: Sequence[Sent], cards: Mapping[int, Sequence[float]]) -> list[float]:
    """From the time at which each event was to be sent to its card's arrival."""
    return [(cards[n][0] - each.due) * 1000 for n, each in zip(numbers, sent, strict=True)]
