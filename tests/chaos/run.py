"""One run: everything started, the plan carried out, the faults ended, the ledgers compared."""

import asyncio
import math
import os
import re
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
import redis
from aiohttp import web

from bot.clock import SystemClock
from sandbox.demo import Sandbox, environment, open_sandbox
from sandbox.slack.config import SandboxConfig
from tests.chaos import customers, rooms
from tests.chaos.crew import Bot, Memory
from tests.chaos.customers import Customers, Receiver
from tests.chaos.hark import RATE_SCALE
from tests.chaos.ledger import compare
from tests.chaos.looking import Places, diary, look
from tests.chaos.proxy import Line, Trap, a_line
from tests.chaos.schedule import BOTS, STAFF, Event, Fault, Plan
from tests.chaos.staff import Staff
from tests.support import facebook_server
from tests.support.facebook_server import FacebookServer, a_page
from tests.support.loopback import on_loopback
from tests.support.real_servers import RealServer
from tests.support.rig import FAST, Scene
from tests.support.waiting import wait_until

READY_S = 30.0
SETTLE_S = 75.0
STEADY_S = 2.0
"""For how long everything must stay right: who was frozen may wake with something old on its lips."""
LOOK_EVERY_S = 0.3
AMBUSH_S = 4.0
BESIDE = "worker2"
"""The process that may be of another version."""
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of the run's own is made in it
"""Here the server's file costs no disk: processes are killed, the machine is not."""
MOMENTS = {
    "queued": (re.compile(rb'"to":"[^"]*",(?:"ref":\{[^}]*\},)?"created_at":'), "server"),
    "posting": (re.compile(rb'"attempt":"[0-9]+-[0-9a-f]+"\}'), "server"),
    "posted": (re.compile(rb"/chat.postMessage"), "slack"),
    "sending": (re.compile(rb'"state":"sending"'), "server"),
    "replied": (re.compile(rb"POST /v[0-9.]+/[^ ]+/comments"), "facebook"),
    "written": (re.compile(rb"/com.atproto.repo.putRecord"), "square"),
    "done": (re.compile(rb"XACK"), "server"),
}
"""What a bot says, and on which of its lines, at each moment that the schedule can name. Documents leave defaults out:
a queued send has no state, a message that is being posted ends with its attempt."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a run went; `last` is what settled last."""

    plan: Plan
    wrong: tuple[str, ...]
    seconds: float
    cases: int
    replies: int
    lives: int
    last: tuple[str, ...]
    logs: str = field(repr=False, default="")

    def text(self) -> str:
        """Everything that a person needs who looks into a failure."""
        again = f"Run it again: make chaos SEED={self.plan.seed}"
        return "\n".join([f"seed {self.plan.seed}:", *self.wrong, "", "The faults:", *self.plan.lines(), "", again])


@dataclass(eq=False)
class World:
    """Everything that a fault can reach."""

    memory: Memory
    bots: dict[str, Bot]
    lines: dict[str, Line]
    sandbox: Sandbox
    page: FacebookServer
    receiver: Receiver
    customers: Customers

    async def suffer(self, fault: Fault, began: float) -> None:
        """Let one thing go wrong, and end it."""
        await asyncio.sleep(max(0.0, began + fault.at - asyncio.get_running_loop().time()))
        if fault.whom in self.lines:
            self.lines[fault.whom].fail(fault.what)
            await asyncio.sleep(fault.lasts)
            self.lines[fault.whom].mend()
        elif fault.whom in self.bots or fault.whom == "server":
            await self._process(fault)
        else:
            self._answers(fault)

    async def _process(self, fault: Fault) -> None:
        one = self.memory if fault.whom == "server" else self.bots[fault.whom]
        if fault.when and not await self._ambush(fault, self.bots[fault.whom]):
            return
        if fault.what == "pause":
            one.signal(signal.SIGSTOP)
            await asyncio.sleep(fault.lasts)
            one.signal(signal.SIGCONT)
            return
        await (one.kill() if fault.what == "kill" else one.stop())
        await asyncio.sleep(fault.lasts)
        await asyncio.to_thread(one.start) if isinstance(one, Memory) else one.start()

    async def _ambush(self, fault: Fault, bot: Bot) -> bool:
        """Freeze a process at the moment that the fault names; whether the moment came."""
        pattern, line = MOMENTS[fault.when]
        way = self.lines[f"{fault.whom}-{line}"]
        way.trap = trap = Trap(pattern, partial(bot.signal, signal.SIGSTOP))
        try:
            async with asyncio.timeout(AMBUSH_S):
                await trap.sprung.wait()
        except TimeoutError:
            way.trap = None
        return trap.sprung.is_set()

    def _answers(self, fault: Fault) -> None:
        sides = {"slack": self.sandbox.slack.set_fault, "square": self.sandbox.square.set_fault}
        if fault.whom in sides:
            kind = {"429": "ratelimited", "500": "http_500", "lost": "drop_after"}[fault.what]
            sides[fault.whom](kind, times=fault.times, retry_after=int(fault.lasts))
        elif fault.whom == "facebook":
            match fault.what:
                case "429":
                    self.page.fail(4, status=400, times=fault.times)
                case "500":
                    self.page.fall_over(500, times=fault.times)
                case _:
                    self.page.lose_answer(times=fault.times, verb="POST")
        else:
            self.receiver.faults += [(fault.what, fault.lasts)] * fault.times

    def heal(self) -> None:
        """End every fault that waits for a call to meet it."""
        self.sandbox.slack.set_fault(None)
        self.sandbox.square.set_fault(None)
        self.page.faults.clear()
        self.receiver.faults.clear()


async def run(plan: Plan, beside: Path | None = None) -> Report:
    """Carry one plan out. Never raises for what Hark does wrong: that is in the report.

    `beside` is a working copy of another version, from which one of the workers lives, as in the middle of a deploy.
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    folder = a_folder()
    try:
        async with a_world(folder, beside) as world:
            return await _played(plan, world, start)
    finally:
        shutil.rmtree(folder)


def a_folder() -> Path:
    """A folder for the server's file and the logs."""
    return Path(tempfile.mkdtemp(prefix="hark-chaos-", dir=MEMORY if MEMORY.is_dir() else None))


async def _played(plan: Plan, world: World, start: float) -> Report:
    loop = asyncio.get_running_loop()
    places = Places(world.memory, world.sandbox, world.page, world.receiver, tuple(world.bots.values()))
    talks = {event.talk for event in plan.events}
    staff = Staff(world.sandbox, {talk: tuple(e.token for e in plan.events if e.talk == talk) for talk in talks})
    wrong: list[str] = []

    def ledgers(*, final: bool) -> list[str]:
        told = customers.told(plan.events, staff.replied, staff.claims)
        return compare(told, look(places, final=final))

    def unsettled() -> list[str]:
        waiting = [f"{deed.who} waits to {deed.what} conversation {deed.talk}" for deed in staff.open_deeds]
        if world.customers.unacknowledged:
            waiting.append(f"{world.customers.unacknowledged} webhooks are not acknowledged")
        try:
            return [*waiting, *ledgers(final=False)]
        except redis.RedisError as error:
            return [*waiting, f"the server does not answer: {error}"]

    began = loop.time()
    async with asyncio.TaskGroup() as group:
        shifts = [group.create_task(staff.work([d for d in plan.deeds if d.who == who], began)) for who in STAFF]
        told = [group.create_task(_later(world, event, began)) for event in plan.events]
        await asyncio.gather(*(world.suffer(fault, began) for fault in plan.faults))
        world.heal()
        deadline, late, settled = loop.time() + SETTLE_S, [], math.inf
        while loop.time() < deadline:
            if left := unsettled():
                late, settled = [f"{loop.time() - began:5.1f} s  {each}" for each in left], math.inf
            elif loop.time() - (settled := min(settled, loop.time())) >= STEADY_S:
                break  # two looks, and all that lies between: on a busy machine one may take longer than that
            world.memory.look()
            await asyncio.sleep(LOOK_EVERY_S)
        for task in (*shifts, *told):
            task.cancel()
    if world.customers.unacknowledged:
        wrong.append(f"{world.customers.unacknowledged} webhooks were never acknowledged")
    wrong += [f"{deed.who} could not {deed.what} conversation {deed.talk}" for deed in staff.open_deeds]
    wrong += world.customers.refused
    await asyncio.gather(*(bot.stop() for bot in world.bots.values()))
    wrong += ledgers(final=True)
    logs = "\n".join([*(f"--- {bot.name}\n{bot.said}" for bot in places.bots), f"--- diary\n{diary(places)}"])
    lives = sum(bot.lives for bot in places.bots)
    cards = len(Scene(world.sandbox).cards())
    spent = loop.time() - start
    return Report(plan, tuple(wrong), spent, cards, len(staff.replied), lives, tuple(late), logs)


async def _later(world: World, event: Event, began: float) -> None:
    await asyncio.sleep(max(0.0, began + event.at - asyncio.get_running_loop().time()))
    await world.customers.act(event)


def quiet_ports(count: int) -> list[int]:
    """Free ports below those that systems give to outgoing connections: nobody takes one while its process is down."""
    found: list[int] = []
    while len(found) < count:
        candidate = secrets.randbelow(10_000) + 20_000
        with suppress(OSError), socket.socket() as tried:
            tried.bind(("127.0.0.1", candidate))
            found.append(candidate)
    return found


@asynccontextmanager
async def a_world(folder: Path, beside: Path | None = None) -> AsyncIterator[World]:
    """Everything running and ready; of another version what lives beside this one."""
    async with AsyncExitStack() as stack:
        server_port, web_port = quiet_ports(2)
        memory = Memory(RealServer(folder, port=server_port))
        memory.start()
        stack.callback(memory.server.kill)
        config = SandboxConfig(rate_scale=RATE_SCALE)
        sandbox = await stack.enter_async_context(open_sandbox(None, 0, lambda _: None, config))
        if beside is None:
            rooms.open_second(sandbox)
        page = await stack.enter_async_context(a_page(SystemClock()))
        receiver = await stack.enter_async_context(a_receiver())
        fars = {"server": server_port, "slack": sandbox.port, "square": sandbox.port, "facebook": _port(page.url)}
        leads = {f"{bot}-{far}": port for bot in BOTS for far, port in fars.items()}
        leads |= {"hooks": web_port, "answers": _port(receiver.url)}
        lines = {name: await stack.enter_async_context(a_line(port)) for name, port in leads.items()}
        sandbox.slack.hub.base_url = _address(lines["web-slack"])
        http = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        people = Customers(
            _address(lines["hooks"]), f"{_address(lines['answers'])}/answers", sandbox.square, page, http
        )
        bots = {}
        for name in BOTS:
            env = _environment(sandbox, page, lines, folder, name) | {"PORT": str(web_port)}
            env |= {"HARK_ROUTES": rooms.ROUTES} if beside is None else {}  # the other version may not know of routes
            bots[name] = Bot(name, env, folder / f"{name}.log", beside if name == BESIDE else None)
            stack.callback(bots[name].end)
            bots[name].start()
        await wait_until(lambda: all(map(_is_ready, bots.values())), "all processes are ready", within_s=READY_S)
        await wait_until(lambda: bool(sandbox.slack.hub.sockets.open), "the socket is up", within_s=READY_S)
        yield World(memory, bots, lines, sandbox, page, receiver, people)


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    """The system that takes answers, on loopback."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/answers", receiver.handle)
    async with on_loopback(app) as receiver.url:
        yield receiver


def _environment(
    sandbox: Sandbox, page: FacebookServer, lines: Mapping[str, Line], folder: Path, name: str
) -> dict[str, str]:
    """What one process of the bot is told: every address leads through a line that can be cut."""
    own = {
        "REDIS_URL": f"redis://127.0.0.1:{lines[f'{name}-server'].port}",
        "SLACK_API_URL": f"{_address(lines[f'{name}-slack'])}/api/",
        "SLACK_ALERT_USERS": "",
        "BLUESKY_SERVICE_URL": _address(lines[f"{name}-square"]),
        "META_GRAPH_URL": _address(lines[f"{name}-facebook"]),
        "WEBHOOK_REPLY_HOSTS": "127.0.0.1",
        "HARK_LOG_LEVEL": "info",
        "HARK_STORMS": "false",  # every case is to have its card
        "HARK_LOG_FORMAT": "json",
        "PYTHONUTF8": "1",
        "PATH": os.environ["PATH"],
    }
    return {**environment(sandbox, folder), **facebook_server.environment(page), **FAST, **own}


def _is_ready(bot: Bot) -> bool:
    assert not bot.wrong, f"{bot.wrong}: {bot.said}"
    return '"event": "ready"' in bot.said


def _address(line: Line) -> str:
    return f"http://127.0.0.1:{line.port}"


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])
