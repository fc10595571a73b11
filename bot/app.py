"""The composition root: the only place where settings, store, Slack, networks, services and listeners meet."""

import asyncio
import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

import handlers
from bot import accounts
from bot.cards.notice import caught_up, notice_message
from bot.clock import SystemClock
from bot.domain.errors import SetupError
from bot.domain.network import Connectors
from bot.domain.ports import Clock
from bot.domain.text.tone import ToneReader
from bot.domain.text.triage import Triage
from bot.http import open_session
from bot.secrecy import allow_list, masker
from bot.services.assigning import AssigningDesk
from bot.services.calm import Calm, keep_calm
from bot.services.canary import CANARY, Canary
from bot.services.casework import Casework
from bot.services.composing import Composing
from bot.services.dead_watch import DEAD, DeadWatch
from bot.services.desk import Desk
from bot.services.desk_context import DeskContext
from bot.services.drawing import Drawing
from bot.services.events import Events
from bot.services.first_cards import FirstCards
from bot.services.gate import Gate, silent_hosts
from bot.services.hearing import Hearing
from bot.services.hiding import HidingDesk
from bot.services.hourly import HOURLY, Hourly
from bot.services.intake import Intake
from bot.services.lookups import Lookups
from bot.services.misplaced import MISPLACED, Misplaced
from bot.services.notices import Notices
from bot.services.once import Once
from bot.services.outage import OUTAGE, Outage
from bot.services.people import People
from bot.services.polling import Polling
from bot.services.quiet import QuietEvents
from bot.services.reader import Reader
from bot.services.recovery import Recovery
from bot.services.redrawing import Redrawing
from bot.services.sending import Sending
from bot.services.shared_clock import SharedClock, ask_if_shared
from bot.services.signals import Signals, holidays_over, unworked
from bot.services.slack_budget import SlackBudget
from bot.services.snoozing import SnoozingDesk
from bot.services.speed import Speeds
from bot.services.templating import Templating
from bot.services.tempo import USUAL, Tempo
from bot.services.timers import Timing
from bot.services.worker import QueueWorker
from bot.settings import Settings
from bot.slack.api import SlackApi
from bot.slack.gateway import SlackGateway
from bot.slack.listening import build_bolt, slack_client
from bot.store.embedded import Embedded
from bot.store.store import Store, open_store
from bot.surroundings import Surroundings
from bot.telemetry import Metrics

SHARDS_KEPT = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Service:
    """The whole service, ready to take a role."""

    settings: Settings
    clock: Clock
    tempo: Tempo
    instance: str
    metrics: Metrics
    store: Store
    slack: SlackGateway
    client: AsyncWebClient
    bolt: AsyncApp
    connectors: Connectors
    marked: asyncio.Event
    surroundings: Surroundings
    casework: Casework
    lookups: Lookups
    drawing: Drawing
    redrawing: Redrawing
    sending: Sending
    gate: Gate
    timing: Timing
    polling: Polling
    hourly: Hourly
    signals: Signals
    calm: Calm
    embedded: Embedded | None

    async def intake(self, cards: QueueWorker) -> Intake:
        """What takes deliveries in, and who listens to it. `cards` is this process's worker of the queue of cards.

        What it reads texts with (about 0.3 s) is loaded beside the loop, and only where deliveries are taken in.
        """
        events = Events(
            self.store.notes,
            self.casework,
            self.connectors,
            Reader(await asyncio.to_thread(Triage.load), self.surroundings.allow),
            self.settings.policy,
            self.clock,
            self.lookups,
            QuietEvents(self.store.notes, self.casework, self.clock, self.surroundings.titles),
            self.calm.storms.note,
            FirstCards(self.casework, self.drawing, cards).create,
        )
        heard = self.signals.hearing.heard
        return Intake(self.store.inbox, events, self.connectors, self.clock, self.metrics, heard)


@asynccontextmanager
async def open_service(
    settings: Settings,
    found: list[accounts.Account],
    env: Mapping[str, str],
    clock: Clock | None = None,
    tempo: Tempo = USUAL,
) -> AsyncIterator[Service]:
    """Build everything, and give it back in order. Raises SetupError or StoreUnavailable."""
    clock = clock or SharedClock(SystemClock())
    instance = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    async with AsyncExitStack() as stack:
        embedded = await _embedded(settings, env, stack)
        store = await open_store(
            settings.redis_url or (embedded.url if embedded else ""),
            shards=settings.shards,
            retention=timedelta(days=settings.retention_days),
            instance=instance,
            clock=clock,
            takeover=tempo.takeover,
            tls_verify=settings.redis_tls_verify,
        )
        stack.push_async_callback(store.close)
        await _same_shards(store, settings.shards)
        await ask_if_shared(clock, store.notes.time)
        http = await stack.enter_async_context(open_session())
        yield _compose(settings, found, clock, tempo, instance, store, http, embedded)


async def _embedded(settings: Settings, env: Mapping[str, str], stack: AsyncExitStack) -> Embedded | None:
    if settings.redis_url is not None:
        return None
    server = Embedded(settings.data_dir / "redis", on_heroku=bool(env.get("DYNO")), appendfsync=settings.fsync)
    return await stack.enter_async_context(server)


async def _same_shards(store: Store, shards: int) -> None:
    """The number of shards decides where keys are: with another one, what is stored would not be found."""
    known = await store.notes.get("shards")
    if known is not None and known != str(shards):
        raise SetupError(f"HARK_SHARDS is {shards}, but this data was written with {known}", f"set HARK_SHARDS={known}")
    await store.notes.set("shards", str(shards), SHARDS_KEPT)


def _compose(
    settings: Settings,
    found: list[accounts.Account],
    clock: Clock,
    tempo: Tempo,
    instance: str,
    store: Store,
    http: aiohttp.ClientSession,
    embedded: Embedded | None,
) -> Service:
    metrics, policy = Metrics(), settings.policy
    url, token = settings.slack_api_url, settings.slack_bot_token.get_secret_value()
    client = slack_client(url, http, token)
    slack = SlackGateway(SlackApi(http, url, token, client.proxy), metrics)
    connectors = accounts.connect(found, http, clock, store.notes, settings.poll_seconds)
    surroundings = Surroundings(settings, connectors, slack, clock, accounts.titles(), allow_list(settings))
    marked, titles = asyncio.Event(), surroundings.titles
    casework = Casework(store.cases, clock, marked, lambda case: metrics.case_closed(case.calls))
    gate = Gate(store.notes, store.budgets, clock, ZoneInfo(settings.time_zone), titles)
    people, speeds = People(store.notes, slack), Speeds(store.speed, connectors, policy.calendar, clock)
    context = DeskContext(casework, people, store.notes, connectors, policy, clock)
    budget = SlackBudget(store.budgets, clock, tempo.slack_pace)
    # A pace that is not Slack's own is for measuring: there every case is to have its card.
    storms = settings.storms and tempo.slack_pace == 1
    draw, plainly, places = surroundings.draw, surroundings.draw_plainly, settings.card_fallbacks
    calm = keep_calm(store, budget, casework, slack, people, surroundings, clock, metrics, places, on=storms)
    kept, lookups = (store.inbox, store.cases, store.notes), Lookups(store.notes, store.polls, store.inbox, gate, clock)
    redrawing = Redrawing(store.cases, store.cards, store.notes, connectors, clock)
    drawing = Drawing(casework, slack, budget, draw, plainly, clock, metrics, places, calm, redrawing.notice)
    hourly = Hourly(store.cases, speeds, store.notes, Once(slack, clock), surroundings.draw_hour, policy, clock)
    signals = _signals(settings, store, slack, surroundings, clock, metrics)
    signing = settings.slack_signing_secret
    bolt = build_bolt(slack, http, signing.get_secret_value() if signing else None)
    handlers.register(bolt, _handler_deps(context, drawing, slack, http, surroundings, signals, calm, speeds))
    return Service(
        settings=settings,
        clock=clock,
        tempo=tempo,
        instance=instance,
        metrics=metrics,
        store=store,
        slack=slack,
        client=client,
        bolt=bolt,
        connectors=connectors,
        marked=marked,
        surroundings=surroundings,
        casework=casework,
        lookups=lookups,
        drawing=drawing,
        redrawing=redrawing,
        sending=Sending(casework, store.notes, connectors, policy, clock, metrics, gate),
        gate=gate,
        timing=Timing(casework, policy, clock, {HOURLY: hourly.act, **signals.chores}),
        polling=Polling(*kept, connectors, clock, metrics, settings.poll_seconds, gate, signals.say, lookups, titles),
        hourly=hourly,
        signals=signals,
        calm=calm,
        embedded=embedded,
    )


def _signals(
    settings: Settings,
    store: Store,
    slack: SlackGateway,
    surroundings: Surroundings,
    clock: Clock,
    metrics: Metrics,
) -> Signals:
    """Everything that Hark says about itself."""
    policy, titles, hide = settings.policy, surroundings.titles, masker(surroundings.allow)
    once = Once(slack, clock)
    notices = Notices(store.notices, store.timers, once, notice_message, hide, settings.notice_places, clock)
    dead = DeadWatch(store.dead, store.notes, notices, titles, clock)
    outage = Outage(store.notes, store.timers, slack.connect, clock)
    slack.answered = outage.answered
    recovery = Recovery(outage, store.cards, store.notes, once, caught_up, policy.channel, clock)
    hearing = Hearing(store.heard, notices, titles, clock, metrics)
    canary = Canary(store.heard, notices, surroundings.connectors, titles, policy.calendar, clock)
    misplaced = Misplaced(store.cases, store.storms, store.notes, notices, settings.card_fallbacks, clock)
    watchers = {DEAD: dead.act, CANARY: canary.act, OUTAGE: recovery.act, MISPLACED: misplaced.act}
    zone = ZoneInfo(settings.time_zone)
    hosts = partial(silent_hosts, store.notes, store.cases, surroundings.connectors, titles, zone)
    idle, holidays = partial(unworked, store.notes), partial(holidays_over, policy.calendar, clock)
    looks = (idle, holidays, misplaced.health, dead.health, canary.health, hosts)
    return Signals(notices, store.notes, watchers, looks, hearing, outage, clock)


def _handler_deps(
    context: DeskContext,
    drawing: Drawing,
    slack: SlackGateway,
    http: aiohttp.ClientSession,
    surroundings: Surroundings,
    signals: Signals,
    calm: Calm,
    speeds: Speeds,
) -> handlers.Deps:
    """The service as the listeners see it, with all the verbs of the desk."""
    rng = random.SystemRandom()
    composing = Composing(context, surroundings.titles, surroundings.allow, ToneReader.load(), rng)
    return handlers.Deps(
        desk=Desk(context, composing, rng),
        composing=composing,
        hiding=HidingDesk(context, surroundings.allow),
        assigning=AssigningDesk(context, surroundings.allow),
        snoozing=SnoozingDesk(context, surroundings.allow),
        templating=Templating(context),
        drawing=drawing,
        people=context.people,
        cases=context.casework.cases,
        notes=context.notes,
        slack=slack,
        http=http,
        connectors=context.connectors,
        policy=context.policy,
        clock=context.clock,
        render=surroundings.draw,
        view_of=surroundings.view,
        troubles=signals.health,
        new_id=lambda: secrets.token_hex(8),
        storms=calm.desk,
        titles=surroundings.titles,
        speeds=speeds,
    )
