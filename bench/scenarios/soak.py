"""Whether anything is kept that nobody needs: the memory of each process after many events and presses."""

from bench.options import Options
from bench.processes import rss_mb
from bench.report import Row
from bench.scenarios.flow import flow
from bench.scenarios.press import pressed
from bench.stage import Stage, open_stage
from bench.stats import ratio

FIRST, QUICK_FIRST = 20_000, 60
MORE, QUICK_MORE = 60_000, 60
AT_ONCE = 4_000
PRESSES_FOR = 100
"""One press for so many events."""
MOST = 1.1


async def run(options: Options) -> list[Row]:
    """The memory of web and workers after 80,000 events, against that after the first 20,000; the worst one counts.

    Each event is a conversation of its own with a customer of its own, and one of a hundred is claimed: whatever was
    kept for each of them would show. Cases are in Redis, whose memory is the business of `scale`.
    """
    first, more = options.pick(FIRST, QUICK_FIRST), options.pick(MORE, QUICK_MORE)
    async with open_stage() as stage, stage.web() as (web, port), stage.workers() as workers:
        pids = {"web": web.pid} | {f"worker {n}": each.pid for n, each in enumerate(workers, 1)}
        await _live(stage, port, first)
        before = {name: rss_mb(pid) for name, pid in pids.items()}
        await _live(stage, port, more)
        after = {name: rss_mb(pid) for name, pid in pids.items()}
    grown = {name: ratio(after[name], before[name]) for name in pids}
    worst = max(grown, key=lambda name: grown[name])
    note = ", ".join(f"{name} {before[name]:.1f} to {after[name]:.1f} MB" for name in pids)
    note += f"; {more} events between the two"
    found = grown[worst]
    return [Row("soak", after[worst], "MB", before[worst], found, f"ratio <= {MOST}", found <= MOST, note)]


async def _live(stage: Stage, port: int, count: int) -> None:
    """So many events, and the presses that go with them."""
    while count > 0:
        together = min(AT_ONCE, count)
        await flow(stage, port, together)
        await pressed(stage, port, max(1, together // PRESSES_FOR))
        count -= together
