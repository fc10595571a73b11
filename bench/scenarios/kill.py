"""SIGKILL in the middle of work: what comes back, how soon, and whether each event has exactly one card."""

import asyncio
import time
from collections.abc import Collection
from contextlib import AsyncExitStack

from bench.ledger import Ledger, compare
from bench.options import Options
from bench.processes import READY, Child, free_port, start
from bench.report import Row
from bench.stage import Posts, Stage, open_stage, worker_command

WAITING, QUICK_WAITING = 10_000, 60
BEFORE_KILL, QUICK_BEFORE_KILL = 100, 5
EVENTS, QUICK_EVENTS = 1_500, 60
RATE, QUICK_RATE = 200, 20
LIMIT, QUICK_LIMIT = 100, 10
DOWN_S = 0.3
LONGEST_S = 600.0
LOOK_S = 0.25
PATIENT: tuple[str, ...] = ()
QUICK = ("--lease", "5", "--takeover", "5")
"""A short run does not wait for a whole minute until a dead worker's deliveries are taken over."""

OTHERS = "Node-RED lost 444, Hubot 370, n8n 287"


async def backlog(options: Options) -> list[Row]:
    """A worker is killed while 10,000 deliveries wait; the next one's first card, and all of them."""
    count, tempo = options.pick(WAITING, QUICK_WAITING), QUICK if options.quick else PATIENT
    async with open_stage() as stage, AsyncExitStack() as stack:
        async with stage.web() as (_, port):
            numbers = stage.numbers(count)
            sent = await stage.send("webhook", port, numbers)
        acked = [n for n, each in zip(numbers, sent, strict=True) if each.is_acked]
        first = await _worker(stage, stack, tempo)
        await stage.slack.until(options.pick(BEFORE_KILL, QUICK_BEFORE_KILL), LONGEST_S)
        await first.kill()
        killed = time.monotonic()
        second = await _worker(stage, stack, tempo)
        ledger, report = await _settled(stage, acked)
    after = [at for at, *_ in report.posts if at > killed]
    first_card = min(after, default=killed + LONGEST_S) - second.started
    drained = max(after, default=killed + LONGEST_S) - second.started
    note = f"drained {drained:.1f} s after the start; {ledger}; {len(report.posts) - len(after)} cards before the kill"
    goal = "first card <= 3 s after start; 0 lost, 0 doubled"
    return [Row("backlog", first_card, "s", None, None, goal, first_card <= 3 and ledger.is_clean, note)]


async def under_429(options: Options) -> list[Row]:
    """1,500 events at 200 a second, 429 above 100 a second, SIGKILL at half: web, then (anew) worker.

    Not judged where the machine is so slow that the limit was never reached.
    """
    web, web_limited, web_note = await _killed("web", options)
    worker, worker_limited, worker_note = await _killed("worker", options)
    wrong = len(web.lost) + len(web.doubled) + len(worker.lost) + len(worker.doubled)
    note = f"web killed: {web_note}\nworker killed: {worker_note}\n{OTHERS} acked events under this load"
    goal = "0 lost, 0 doubled"
    fine = web.is_clean and worker.is_clean and min(web.acked, worker.acked) > 0
    told = fine and min(web_limited, worker_limited) > 0
    return [Row("kill-429", wrong, "lost + doubled", None, None, goal, fine if told or not fine else None, note)]


async def _killed(role: str, options: Options) -> tuple[Ledger, int, str]:
    """The ledger, how often Slack said 429 (never, where Hark is slower than the limit), and both in words."""
    count, tempo = options.pick(EVENTS, QUICK_EVENTS), QUICK if options.quick else PATIENT
    rate = options.pick(RATE, QUICK_RATE)
    async with open_stage() as stage, AsyncExitStack() as stack:
        await stage.slack.behave(limit_per_s=options.pick(LIMIT, QUICK_LIMIT))
        port = free_port()
        web = await _web(stage, stack, port)
        worker = await _worker(stage, stack, tempo)
        numbers = stage.numbers(count)
        load = await stage.begin("webhook", port, numbers, rate)
        half = await load.begun() + count / 2 / rate
        await asyncio.sleep(max(0.0, half - time.monotonic()))
        await (web if role == "web" else worker).kill()
        await asyncio.sleep(DOWN_S)
        await (_web(stage, stack, port) if role == "web" else _worker(stage, stack, tempo))
        sent = await load.result()
        acked = [n for n, each in zip(numbers, sent, strict=True) if each.is_acked]
        ledger, report = await _settled(stage, acked)
    first = min(each.due for each in sent)
    took = max((at for at, *_ in report.posts), default=first) - first
    refused = len(sent) - len(acked)
    words = f"{ledger}, {refused} not acked (to be sent again), {report.limited} times 429, {took:.0f} s in all"
    return ledger, report.limited, words


async def _settled(stage: Stage, acked: Collection[int]) -> tuple[Ledger, Posts]:
    """The ledger once nothing is left to be done; what is missing after `LONGEST_S` counts as lost."""
    deadline = time.monotonic() + LONGEST_S
    async with stage.store() as store:
        while time.monotonic() < deadline:
            if (await stage.slack.count())[0] >= len(acked):
                report = await stage.slack.report()
                ledger = compare(acked, report.cards())
                if not ledger.lost and not await store.inbox.depth() and not await store.cards.depth():
                    return ledger, report
            await asyncio.sleep(LOOK_S)
    report = await stage.slack.report()
    return compare(acked, report.cards()), report


async def _web(stage: Stage, stack: AsyncExitStack, port: int) -> Child:
    child = await start(stage.folder, ["bot", "web"], stage.web_env(port))
    stack.push_async_callback(child.stop)
    await child.says(READY)
    return child


async def _worker(stage: Stage, stack: AsyncExitStack, tempo: tuple[str, ...]) -> Child:
    child = await start(stage.folder, worker_command(*tempo), stage.env())
    stack.push_async_callback(child.stop)
    await child.says(READY)
    return child
