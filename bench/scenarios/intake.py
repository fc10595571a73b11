"""Webhooks a second: checked, on the disk, answered."""

import time
from dataclasses import dataclass, field

from bench.events import Door
from bench.load import Sent
from bench.options import Options
from bench.processes import Child, cpu_ms
from bench.report import Row
from bench.stage import Stage, open_stage
from bench.stats import median, percentile, ratio, spread

DOOR: Door = "facebook"
COUNT, QUICK_COUNT = 10_000, 300
WARM = 200
"""Requests that are not measured: the first ones of a process cost more."""

P99_RATE, P99_COUNT, QUICK_P99_COUNT = 200, 2_000, 100


async def against_bare(options: Options) -> list[Row]:
    """Hark's web process against a handler that checks the signature and stores nothing."""
    return [await _against("intake-bare", "bare", 0.7, options)]


async def against_xadd(options: Options) -> list[Row]:
    """The same against a handler that does one XADD for each request."""
    return [await _against("intake-xadd", "xadd", 1.6, options)]


async def _against(name: str, kind: str, least: float, options: Options) -> Row:
    count = options.pick(COUNT, QUICK_COUNT)
    async with open_stage(options.profile) as stage, stage.web() as ours_at, stage.baseline(kind, DOOR) as theirs_at:
        ours, theirs = Side(*ours_at), Side(*theirs_at)
        for side in (theirs, ours):
            await side.fill(stage, WARM)
            side.forget()
        await _empty(stage, WARM)
        for _round in range(options.rounds):
            await theirs.fill(stage, count)
            await ours.fill(stage, count)
            await _empty(stage, count)
        p99 = await _calm(stage, ours.port, options.pick(P99_COUNT, QUICK_P99_COUNT))
    value, baseline = median(ours.rates), median(theirs.rates)
    found = ratio(value, baseline)
    note = (
        f"rounds: {spread(ours.rates)} against {spread(theirs.rates)}; processor {median(ours.cpu_us):.0f} against "
        f"{median(theirs.cpu_us):.0f} us a request; p99 of the answer at {P99_RATE} a second: {p99:.1f} ms"
    )
    return Row(name, value, "requests/s", baseline, found, f"ratio >= {least}", found >= least, note)


@dataclass(slots=True)
class Side:
    """One of the two that are compared, and its rounds."""

    child: Child
    port: int
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    async def fill(self, stage: Stage, count: int) -> None:
        """One round: so many requests as fast as answers come."""
        before = cpu_ms(self.child.pid)
        self.rates.append(per_second(await stage.send(DOOR, self.port, stage.numbers(count))))
        self.cpu_us.append((cpu_ms(self.child.pid) - before) * 1000 / count)

    def forget(self) -> None:
        """What was measured so far was only to warm up."""
        self.rates.clear()
        self.cpu_us.clear()


async def _empty(stage: Stage, count: int) -> None:
    """Everything acknowledged is in the stream; then the next round begins with an empty one."""
    if await stage.inbox() != count:
        msg = f"{count} deliveries were acknowledged and {await stage.inbox()} are stored"
        raise RuntimeError(msg)
    await stage.redis.xtrim("hark:{0}:inbox", maxlen=0, approximate=False)
    await stage.redis.delete("bench:naive")


async def _calm(stage: Stage, port: int, count: int) -> float:
    """The answer's p99 (ms) at a steady rate, while a worker takes in and draws what comes."""
    async with stage.worker():
        sent = await stage.send(DOOR, port, stage.numbers(count), P99_RATE)
    return percentile([each.ms for each in sent], 0.99)


def per_second(sent: list[Sent]) -> float:
    """Requests a second of a closed loop. Raises RuntimeError when one was not acknowledged."""
    refused = [each.status for each in sent if not each.is_acked]
    if refused:
        msg = f"{len(refused)} requests were not acknowledged (status {refused[0]})"
        raise RuntimeError(msg)
    first = min(each.due for each in sent)
    return len(sent) / max(max(each.answered for each in sent) - first, time.get_clock_info("monotonic").resolution)
