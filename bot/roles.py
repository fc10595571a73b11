"""The roles that a process can take: `web` listens, `worker` works the queues off, `run` does both."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Flag, auto
from functools import partial
from pathlib import Path
from typing import Any, Self

import slack_bolt
import structlog
from aiohttp import web

from bot.app import Service
from bot.clock import within
from bot.domain.errors import SetupError, StoreUnavailable
from bot.domain.ports import WorkerQueue
from bot.services.outage import AWAY, FATAL_NOTE, OPEN_NOTE, PausableQueue
from bot.services.shared_clock import ask_if_shared
from bot.services.worker import RENEWALS, Act, QueueWorker
from bot.settings import Settings
from bot.slack.listening import Socket, http_route, keep_acquainted
from bot.web import WebDeps, build

REQUESTS_S = 4.0
WORK_S = 11.5
LISTENERS_S = 4.0
"""How long what is under way may take at the end: requests, then work, what stopped work looks at (`LOOKS_S`), Slack's
listeners; under 25 s in all. A call to Slack that began before the end is over by then."""
BOLT = Path(slack_bolt.__file__).parent
BEAT_S = 10.0
RESCHEDULE = timedelta(minutes=1)


class Role(Flag):
    """What one process does."""

    WEB = auto()
    WORKER = auto()
    ALL = WEB | WORKER


async def serve(
    service: Service, role: Role, stop: asyncio.Event, ready: Callable[[int], Awaitable[None]] | None = None
) -> None:
    """Take a role until told to stop, then finish what is under way. `ready` is told the port of the web server."""
    log = structlog.get_logger("hark")
    async with Crew(stop) as group:
        if Role.WORKER in role:
            for work in _workers(service, stop):
                group.start(work)
        socket = _socket(service) if Role.WEB in role else None
        group.start(keep_acquainted(service.slack, stop))
        if socket is not None:
            group.start(socket.run(stop))
        group.start(_heartbeat(service, role, stop))
        if service.embedded is not None:
            group.start(_watch_server(service.embedded.wait(), stop))
        app = _web(service, socket, public=Role.WEB in role)
        # What is sent packed is refused (see bot/web.py): 2 MB of it would take seconds to unpack, for nothing.
        runner = web.AppRunner(
            app, handle_signals=False, access_log=None, shutdown_timeout=REQUESTS_S, auto_decompress=False
        )
        await runner.setup()
        try:
            port = await _listen(service.settings, role, runner)
            if port is not None and ready is not None:
                await ready(port)
            log.info("ready", role=str(role.name).lower(), instance=service.instance, accounts=len(service.connectors))
            await stop.wait()
            log.info("draining")
        finally:
            await runner.cleanup()
    await _finish_listeners()
    log.info("stopped")


async def look_at_server(service: Service) -> None:
    """Refuse a server that is too old, or would forget open cases when it is full; say it of one that would forget
    smaller things. Raises SetupError or StoreUnavailable."""
    info = await service.store.info()
    if info.old:
        raise SetupError(f"the Redis server is too old ({info.version})", info.mend)
    if info.eviction.startswith("allkeys"):
        raise SetupError(f"the Redis server forgets open cases when it is full ({info.eviction})", info.mend)
    if not info.safe:
        log = structlog.get_logger("hark")
        log.error("the Redis server may forget", eviction=info.eviction, append_only=info.append_only)


class Crew:
    """Tasks that end together: the first failure tells the others to stop, lets them finish, and is raised then."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._tasks = asyncio.TaskGroup()
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._stop.set()
        try:
            async with asyncio.timeout(WORK_S):
                await self._tasks.__aexit__(None, None, None)
        except TimeoutError:
            # Whatever was held is still due: another worker, or the next start, takes it when its lease ends.
            structlog.get_logger("hark").warning("not all work was finished in time")
        if self._failure is not None:
            raise self._failure

    def start(self, work: Awaitable[None]) -> None:
        """Run something beside the others."""
        self._tasks.create_task(self._guard(work))

    async def _guard(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised once the others have finished
            self._failure = self._failure or error
            self._stop.set()


def _workers(service: Service, stop: asyncio.Event) -> list[Awaitable[None]]:
    store, clock, metrics = service.store, service.clock, service.metrics
    acts: dict[str, tuple[WorkerQueue, Act]] = {
        "cards": (PausableQueue(store.cards, service.signals.outage), service.drawing.act),
        "sends": (store.sends, service.sending.act),
        "timers": (store.timers, service.timing.act),
        "polls": (store.polls, service.polling.act),
        "storms": (store.upkeep, service.calm.act),
    }
    wakes, deadly = {"cards": service.marked}, service.signals.deadly
    workers = {
        name: QueueWorker(name, queue, deadly(name, act), clock, metrics, service.tempo.lease, wake=wakes.get(name))
        for name, (queue, act) in acts.items()
    }
    rounds = [service.signals.hearing.run(stop), service.calm.storms.run(stop), _schedule(service, stop)]
    return [_take_in(service, workers["cards"], stop), *rounds, *(worker.run(stop) for worker in workers.values())]


async def _take_in(service: Service, cards: QueueWorker, stop: asyncio.Event) -> None:
    """Work the inbox off; until the last batch is done, others are told that it is being worked on."""
    intake = await service.intake(cards)
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_renew_inbox(service, over))
        await intake.run(stop)
        over.set()


async def _renew_inbox(service: Service, over: asyncio.Event) -> None:
    log = structlog.get_logger("hark.inbox")
    while not await within(over, service.tempo.takeover.total_seconds() / RENEWALS):
        try:
            await service.store.inbox.renew()
        except StoreUnavailable as error:
            log.warning("could not renew, comes again", error=str(error))


async def _schedule(service: Service, stop: asyncio.Event) -> None:
    """Keep due what comes round: polls, the hourly message, watchers, looks at accounts, cards whose account is
    back. What is scheduled already stays."""
    log = structlog.get_logger("hark.schedule")
    while not stop.is_set():
        try:
            await service.polling.schedule(service.store.polls)
            await service.hourly.schedule(service.store.timers)
            await service.gate.mend(service.connectors)
            await service.signals.schedule(service.store.timers)
            await service.redrawing.look()
        except StoreUnavailable as error:
            log.warning("could not schedule, comes again", error=str(error))
        await within(stop, RESCHEDULE.total_seconds())


async def _heartbeat(service: Service, role: Role, stop: asyncio.Event) -> None:
    log = structlog.get_logger("hark.heartbeat")
    while not stop.is_set():
        try:
            for each in role:
                await service.store.notes.beat(str(each.name).lower(), service.instance)
            await ask_if_shared(service.clock, service.store.notes.time)
            for connector in service.connectors.values():
                await connector.introduce()
        except StoreUnavailable as error:
            log.warning("no heartbeat", error=str(error))
        await within(stop, BEAT_S)


async def _watch_server(gone: Awaitable[None], stop: asyncio.Event) -> None:
    """End the process when the server that it started is gone: without a memory it must not go on."""
    waiting = asyncio.ensure_future(gone)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    lost = waiting.done() and not stop.is_set()
    waiting.cancel()
    stopping.cancel()
    if lost:
        raise SetupError("the Redis server that Hark started has ended", "see server.log in HARK_DATA_DIR/redis")


def _socket(service: Service) -> Socket | None:
    token = service.settings.slack_app_token
    return Socket(service.bolt, token.get_secret_value(), service.client, service.clock) if token else None


def _web(service: Service, socket: Socket | None, *, public: bool) -> web.Application:
    return build(
        WebDeps(
            inbox=service.store.inbox,
            connectors=service.connectors,
            clock=service.clock,
            metrics=service.metrics,
            ready=partial(_ready, service, socket),
            measure=partial(_measure, service),
            metrics_token=service.settings.metrics_token,
            slack=None if service.settings.socket_mode else http_route(service.bolt),
            public=public,
        )
    )


async def _ready(service: Service, socket: Socket | None) -> dict[str, bool | str]:
    """What this process can reach, for /readyz."""
    notes = service.store.notes
    slack: bool | str = await socket.is_connected() if socket else bool(service.slack.bot_user)
    try:
        await service.store.ping()
        workers = await notes.alive("worker") > 0
        fatal, away = await notes.get_many((FATAL_NOTE, OPEN_NOTE))
    except StoreUnavailable:
        return {"server": False, "slack": slack, "workers": False}
    return {"server": True, "slack": fatal or (AWAY if away else slack), "workers": workers}


async def _measure(service: Service) -> None:
    """Set the gauges of what waits, for /metrics: the dead letters, the inbox, each queue."""
    store, metrics = service.store, service.metrics
    dead = await store.dead.count()
    metrics.dead.labels("waiting").set(dead.waiting)
    metrics.dead.labels("gone").set(dead.gone)
    metrics.depth.labels("inbox").set(await store.inbox.depth())
    for queue in (store.cards, store.sends, store.timers, store.polls, store.upkeep):
        metrics.depth.labels(queue.name).set(await queue.depth())


async def _listen(settings: Settings, role: Role, runner: web.AppRunner) -> int | None:
    """Listen where the role is to, if anywhere, and tell the port (which the system chose, if 0 is wanted)."""
    wanted, setting = (settings.port, "PORT") if Role.WEB in role else (settings.worker_port, "HARK_WORKER_PORT")
    if wanted is None:
        return None
    host = settings.host
    try:
        await web.TCPSite(runner, host, wanted).start()
    except OSError as error:
        raise SetupError(f"port {wanted} on {host} is taken or not allowed", f"set {setting} to a free port") from error
    port = int(runner.addresses[0][1])
    structlog.get_logger("hark").info("listening", host=host, port=port)
    return port


async def _finish_listeners() -> None:
    """Bolt's listeners run as tasks of their own: what staff pressed last is finished too."""
    mine = asyncio.current_task()
    rest = {task for task in asyncio.all_tasks() if task is not mine and _is_listener(task)}
    if rest:
        await asyncio.wait(rest, timeout=LISTENERS_S)


def _is_listener(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and Path(code.co_filename).is_relative_to(BOLT)
