"""The X connector: one account that reads by webhook and by poll, and answers where X lets it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar, Final

from bot.domain.case import Send
from bot.domain.errors import Permanent, Transient
from bot.domain.models import Author, Capabilities, Event, Health, Raw, Sent
from bot.domain.network import Challenge, Page, Refusal, Remark, Verdict, WebhookRequest
from connectors.base import ConnectorDeps
from connectors.lenient import each
from connectors.shared_hook import SharedHook
from connectors.x import activity, hook, mapping, money, signing
from connectors.x.api import MAX_IDS, Api
from connectors.x.calls import Caller
from connectors.x.checking import Checker
from connectors.x.doors import Doors
from connectors.x.looking import YOUNGER, SecondLook
from connectors.x.sending import PRIVATE_LENGTH, PUBLIC_LENGTH, Sender
from connectors.x.settings import XSettings
from connectors.x.spending import Ledger
from connectors.x.tokens import Pairs

MAX_BODY: Final = 1024 * 1024
HOOK: Final = "webhook"
ASK_AGAIN: Final = timedelta(hours=1)
"""So often X is asked for the handle while nobody knows it: each time costs."""


class XConnector(SharedHook):
    """Takes signed events, polls within a budget, replies to those who called on the account, writes in private,
    hides replies in threads of ours."""

    network: ClassVar[str] = mapping.NETWORK
    updates: ClassVar[str] = "data"
    capabilities: ClassVar[Capabilities] = Capabilities(
        public_reply=PUBLIC_LENGTH,
        private_message=PRIVATE_LENGTH,
        read_back=True,
        edit_events=True,
        hide=True,
        sends_per_minute=5.0,
        send_burst=25,
    )
    rechecks: ClassVar[int] = MAX_IDS
    rechecks_for: ClassVar[timedelta] = YOUNGER

    def __init__(self, settings: XSettings, deps: ConnectorDeps) -> None:
        super().__init__(deps, settings.secrets)
        self._settings = settings
        caller = Caller(settings.api_url, deps.http, deps.clock)
        tokens = Pairs(settings, deps, caller)
        self._ledger = Ledger(deps, settings.budget)
        self._api = Api(settings.user_id, settings.bearer_token.get_secret_value(), tokens, caller, deps.clock)
        self._doors = Doors(settings, deps, self._api, self._ledger)
        self._hook = hook.HookWatch(deps, self._api)
        self._look = SecondLook(deps, self._api, self._ledger, self._doors)
        self._sender = Sender(settings.user_id, self._api, self._ledger, deps)
        self._checker = Checker(settings, deps, self._api, self._ledger, self.learn_name)

    @property
    def identity(self) -> str:
        """The account's id."""
        return self._settings.user_id

    @property
    def title(self) -> str:
        """The account's handle once it is known, its id before."""
        return f"@{self.known_name}" if self.known_name else f"account {self._settings.user_id}"

    def is_author(self, author: Author) -> bool:
        """By the account's id."""
        return author.id == self._settings.user_id

    def verify(self, request: WebhookRequest) -> Verdict:
        """Judge one request; a delivery of X is small."""
        return Refusal(413, "too large") if len(request.body) > MAX_BODY else super().verify(request)

    def handshake(self, request: WebhookRequest) -> Challenge | Refusal:
        """Answer X's check of the address (CRC)."""
        answer = signing.crc_answer(self.secrets[0], request.query.get("crc_token", ""))
        if answer is None:
            return Refusal(400, "crc_token is missing or no token")
        return Challenge(body=answer, content_type="application/json")

    def is_genuine(self, request: WebhookRequest) -> bool:
        """Whether one of the consumer secrets signed exactly these bytes."""
        signature = request.headers.get(signing.SIGNATURE_HEADER, "")
        return signing.is_genuine(signature, request.body, self.secrets)

    def is_about(self, delivery: Mapping[str, Any]) -> bool:
        """Whether an event comes by a subscription of this account."""
        return any(activity.subscriber(entry) == self.identity for entry in each(delivery.get(self.updates)))

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Read one stored delivery. Pure, and never raises."""
        return activity.parse(raw, self._settings.user_id)

    def sources(self) -> Mapping[str, float]:
        """Every door, and the watch over the webhook."""
        return {**self._doors.intervals(), HOOK: hook.WATCH_SECONDS}

    def searches(self) -> Collection[str]:
        """The queries, which take turns in one source."""
        return self._settings.queries

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read one page of a source; raises Transient or Permanent."""
        if source == HOOK:
            return await self._hook.poll(cursor)
        await self._ask_name()
        return await self._doors.poll(source, cursor)

    async def recheck(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]] | None:
        """Look at known posts again, once an hour; answers those that were edited or are gone."""
        return await self._look(refs)

    async def send(self, send: Send) -> Sent:
        """Carry out one send; raises Transient, Permanent or Unknown."""
        return await self._sender.send(send)

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send by its words; raises Transient or Permanent."""
        return await self._sender.read_back(send)

    async def check(self) -> Health:
        """Tokens, webhook, subscriptions and spending. Never raises a NetworkError: what is wrong is in the answer."""
        return await self._checker.check()

    async def remarks(self) -> Sequence[Remark]:
        """What the month has cost, and what that means for polling."""
        return await money.remarks(self._doors, self._ledger)

    async def received(self, raw: Raw) -> None:
        """Count what X charges for the events of a delivery."""
        await self._ledger.add("events", money.events_cost(raw))

    async def _ask_name(self) -> None:
        """Learn the handle, from the notes or else from X; without it the account goes by its id."""
        await self.introduce()
        if not self.known_name and await self.deps.notes.first_time(self._name_note, ASK_AGAIN):
            with suppress(Transient, Permanent):
                await self._checker.me()
