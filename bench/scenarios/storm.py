"""Ten thousand items in a minute into one channel, at Slack's real budget."""

import asyncio
import time

from bench import events
from bench.options import Options
from bench.report import Row
from bench.stage import Posts, Stage, open_stage
from bench.stats import percentile

ITEMS, QUICK_ITEMS = 10_000, 50
SECONDS, QUICK_SECONDS = 60, 2
COMPLAINT_EVERY, QUICK_COMPLAINT_EVERY = 333, 25
WAIT_S, QUICK_WAIT_S = 60.0, 5.0
INTAKE_S = 300.0
LOOK_S = 0.25


async def run(options: Options) -> list[Row]:
    """The p99 of the complaints' wait for their cards while much the same praise pours in; whether all is kept."""
    count, seconds = options.pick(ITEMS, QUICK_ITEMS), options.pick(SECONDS, QUICK_SECONDS)
    every = options.pick(COMPLAINT_EVERY, QUICK_COMPLAINT_EVERY)
    patience = QUICK_WAIT_S if options.quick else WAIT_S
    async with open_stage() as stage, stage.web() as (_, port), stage.worker(pace=1):
        numbers = stage.numbers(count)
        texts = [events.storm_words(n, every) for n in numbers]
        load = await stage.begin("webhook", port, numbers, count / seconds, texts=texts)
        sent = await load.result()
        due = {n: each.due for n, each in zip(numbers, sent, strict=True) if events.is_complaint(n, every)}
        report = await _carded(stage, set(due), patience)
        ended = time.monotonic()
        acked = sum(each.is_acked for each in sent)
        kept, dead = await _kept(stage, acked)
        report = await stage.slack.report()
    cards = report.cards()
    waits = [cards.get(n, [ended])[0] - at for n, at in due.items()]
    missing = sum(n not in cards for n in due)
    value, lost = percentile(waits, 0.99), acked - kept
    note = (
        f"{len(due)} complaints, {missing} of them without a card {patience:g} s after the last item (their wait is at "
        f"least that); {acked:,} acked, {lost} lost, {dead} dead letters; calls: {report.calls}"
    )
    fine = value <= 30 and not missing and not lost and not dead
    return [Row("storm", value, "s", None, None, "complaints' p99 wait <= 30 s; nothing lost", fine, note)]


async def _carded(stage: Stage, wanted: set[int], within_s: float) -> Posts:
    """What stands in Slack once every complaint does, or after a while."""
    deadline = time.monotonic() + within_s
    report = await stage.slack.report()
    while not wanted <= report.cards().keys() and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_S)
        report = await stage.slack.report()
    return report


async def _kept(stage: Stage, acked: int) -> tuple[int, int]:
    """How many cases are open once intake is done, and how many deliveries could not be used."""
    deadline = time.monotonic() + INTAKE_S
    async with stage.store() as store:
        while True:
            left = await store.inbox.depth()
            if not left or time.monotonic() > deadline:
                return await store.cases.count_open("webhook", "main"), len(await store.dead.newest(acked))
            await asyncio.sleep(LOOK_S)
