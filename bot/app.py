"""The composition root: the only place where settings, store, Slack, networks, services and listeners meet."""

import asyncio
import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

import handlers
from bot import accounts
from bot.cards.card import render, render_plain
from bot.cards.hourly import HourlyData, hourly_message
from bot.cards.lists import listed
from bot.cards.notice import notice
from bot.cards.view import Rendered, View
from bot.clock import SystemClock
from bot.domain.case import Case, Post
from bot.domain.errors import SetupError
from bot.domain.models import Capabilities
from bot.domain.ports import Clock, Posted
from bot.domain.text.privacy import AllowList, mask
from bot.domain.text.tone import ToneReader
from bot.domain.text.triage import Triage
from bot.http import open_session
from bot.listening import build_bolt
from bot.services.casework import Casework
from bot.services.composing import Composing
from bot.services.desk import Desk
from bot.services.desk_context import DeskContext
from bot.services.drawing import Drawing
from bot.services.hourly import Hour, Hourly
from bot.services.intake import Intake, Reader
from bot.services.lookups import Lookups
from bot.services.moderation import Moderation
from bot.services.notices import Notices
from bot.services.people import People
from bot.services.polling import Polling
from bot.services.sending import Sending
from bot.services.templating import Templating
from bot.services.tempo import USUAL, Tempo, paced
from bot.services.timing import Timing
from bot.settings import Settings
from bot.slack import SlackGateway
from bot.store.embedded import Embedded
from bot.store.store import Store, open_store
from bot.telemetry import Metrics, configure_logging, redactor
from connectors.base import Connector
from connectors.registry import NETWORKS

SLACK_TIMEOUT_S = 10
SHARDS_KEPT = timedelta(days=3650)
NOTHING = Capabilities()


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
    connectors: Mapping[tuple[str, str], Connector]
    marked: asyncio.Event
    intake: Intake
    drawing: Drawing
    sending: Sending
    timing: Timing
    polling: Polling
    hourly: Hourly
    embedded: Embedded | None


@asynccontextmanager
async def open_service(
    settings: Settings,
    found: list[accounts.Account],
    env: Mapping[str, str],
    clock: Clock | None = None,
    tempo: Tempo = USUAL,
) -> AsyncIterator[Service]:
    """Build everything, and give it back in order. Raises SetupError or StoreUnavailable."""
    clock = clock or SystemClock()
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
        http = await stack.enter_async_context(open_session())
        yield _compose(settings, found, clock, tempo, instance, store, http, embedded)


def set_up_logging(settings: Settings, found: list[accounts.Account]) -> None:
    """Configure logs that hide this installation's secrets and mask personal data."""
    hidden = [settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret, settings.metrics_token]
    hidden += [secret for account in found for secret in account.secrets]
    allow = allow_list(settings)
    configure_logging(settings.log_level, settings.log_format, redactor(hidden, lambda text: mask(text, allow).text))


def allow_list(settings: Settings) -> AllowList:
    """The company's own addresses and numbers, told apart by their look."""
    own = settings.own_contacts
    emails = tuple(each for each in own if "@" in each)
    phones = tuple(each for each in own if "@" not in each and sum(map(str.isdigit, each)) >= 5)
    domains = tuple(each for each in own if each not in emails and each not in phones)
    return AllowList(emails=emails, domains=domains, phones=phones, regions=(settings.phone_region,))


def slack_client(settings: Settings, http: aiohttp.ClientSession, token: str | None) -> AsyncWebClient:
    """Slack's client on the shared session, without retries of its own; a server on this machine needs no proxy."""
    client = AsyncWebClient(
        token=token,
        base_url=settings.slack_api_url,
        session=http,
        timeout=SLACK_TIMEOUT_S,
        retry_handlers=[],
    )
    if urlsplit(settings.slack_api_url).hostname in ("127.0.0.1", "localhost", "::1"):
        client.proxy = None
    return client


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
    metrics, policy, allow = Metrics(), settings.policy, allow_list(settings)
    token = settings.slack_bot_token.get_secret_value()
    client = slack_client(settings, http, token)
    slack = SlackGateway(client, metrics, settings.slack_channel)
    connectors = accounts.connect(found, http, clock, store.notes, settings.poll_seconds)
    surroundings = Surroundings(settings, connectors, slack, clock, allow)
    marked = asyncio.Event()
    casework = Casework(store.cases, clock, marked)
    people = People(store.notes, slack)
    rng = random.SystemRandom()
    context = DeskContext(casework, people, store.notes, connectors, policy, clock)
    composing = Composing(context, allow, ToneReader.load(), rng)
    budgets = paced(store.budgets, tempo)
    drawing = Drawing(casework, slack, budgets, surroundings.draw, surroundings.draw_plainly, clock, metrics)
    hourly = Hourly(store.cases, store.notes, slack, surroundings.draw_hour, policy, clock)
    notices = Notices(store.notes, slack, notice, policy.channel, clock)
    lookups = Lookups(store.notes, store.polls, clock)
    signing = settings.slack_signing_secret
    # Bolt is told the token for each request; a client of its own with a token would only make it warn.
    bolt = build_bolt(slack_client(settings, http, None), slack, token, signing.get_secret_value() if signing else None)
    desk = Desk(context, composing, rng)
    handlers.register(bolt, _handler_deps(context, desk, composing, drawing, slack, http, surroundings))
    reader = Reader(Triage.load(), allow)
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
        intake=Intake(store.inbox, store.notes, casework, connectors, reader, policy, clock, metrics, lookups),
        drawing=drawing,
        sending=Sending(casework, store.notes, connectors, policy, clock, metrics),
        timing=Timing(casework, policy, clock, hourly.write),
        polling=Polling(store, connectors, clock, metrics, settings.poll_seconds, notices.tell, lookups),
        hourly=hourly,
        embedded=embedded,
    )


def _handler_deps(
    context: DeskContext,
    desk: Desk,
    composing: Composing,
    drawing: Drawing,
    slack: SlackGateway,
    http: aiohttp.ClientSession,
    surroundings: "Surroundings",
) -> handlers.Deps:
    """The service as the listeners see it."""
    return handlers.Deps(
        desk=desk,
        composing=composing,
        moderation=Moderation(context, surroundings.allow),
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
        new_id=lambda: secrets.token_hex(8),
        titles={network.name: network.title for network in NETWORKS},
    )


class Surroundings:
    """What a drawing needs besides the case: names, capabilities, links, the hour."""

    def __init__(
        self,
        settings: Settings,
        connectors: Mapping[tuple[str, str], Connector],
        slack: SlackGateway,
        clock: Clock,
        allow: AllowList,
    ) -> None:
        self._settings = settings
        self._connectors = connectors
        self._slack = slack
        self._clock = clock
        self.allow = allow
        self._titles = {network.name: network.title for network in NETWORKS}

    def view(self, case: Case) -> View:
        """The surroundings of a case now."""
        connector = self._connectors.get((case.key.network, case.key.account))
        card = case.card
        return View(
            now=self._clock.now(),
            network_title=self._titles.get(case.key.network, case.key.network),
            account_title=connector.title if connector else case.key.account,
            capabilities=connector.capabilities if connector else NOTHING,
            contact=self._settings.contact,
            team_language=self._settings.team_language,
            card_url=self._slack.permalink(Posted(card.place, card.ts)) if card and card.ts else "",
            allow=self.allow,
        )

    def draw(self, case: Case, post: Post, _now: datetime) -> Rendered:
        """One Slack message of a case."""
        return render(case, post, self.view(case))

    def draw_plainly(self, case: Case, post: Post, _now: datetime) -> Rendered:
        """The same, for when Slack refuses the drawing."""
        return render_plain(case, post, self.view(case))

    def draw_hour(self, hour: Hour) -> Rendered:
        """The hourly message."""
        waiting = hour.waiting
        return hourly_message(
            HourlyData(
                at=hour.now,
                waiting_total=len(waiting),
                overdue=sum(1 for case in waiting if case.wait and case.wait.answer_due < hour.now),
                oldest_since=min((case.wait.since for case in waiting if case.wait), default=None),
                waiting=listed(waiting, self.view),
                quiet=hour.quiet,
            )
        )
