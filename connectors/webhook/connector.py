"""The webhook connector: one door for other systems, with a way back for the answers."""

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from bot.domain.case import Send
from bot.domain.errors import Permanent
from bot.domain.models import Capabilities, Event, Health, LengthRule, Malformed, Raw, Sent
from bot.domain.network import Accepted, Challenge, Refusal, Verdict, WebhookRequest
from connectors.base import Connector, ConnectorDeps
from connectors.guard import Guard
from connectors.webhook import callback, events, mapping, signing
from connectors.webhook.settings import WebhookSettings

MAX_BODY: Final = 256 * 1024
LENGTH: Final = LengthRule(limit=10_000, unit="characters")
NOT_GENUINE: Final = "the signature is missing, wrong or out of date"
NO_REPLY_URL: Final = "no_reply_url"
_ORIGIN: Final = re.compile(r"[A-Za-z0-9._:-]{1,255}")


class WebhookConnector(Connector):
    """Takes signed events, and posts the answers of staff, signed, to each event's reply_url."""

    network: ClassVar[str] = mapping.NETWORK
    capabilities: ClassVar[Capabilities] = Capabilities(
        public_reply=LENGTH,
        private_message=LENGTH,
        idempotent_send=True,
        sends_per_minute=600.0,
        send_burst=50,
        edit_events=True,
        delete_events=True,
    )

    def __init__(self, settings: WebhookSettings, deps: ConnectorDeps, guard: Guard | None = None) -> None:
        super().__init__(deps)
        self._settings = settings
        self._keys = settings.keys
        self._guard = guard or Guard(allowed=settings.hosts)

    @property
    def title(self) -> str:
        """The door as staff should see it."""
        return self._settings.title

    def verify(self, request: WebhookRequest) -> Verdict:
        """Judge one request; before the signature is known to be right, the answer says nothing of what was sent."""
        if request.method == "OPTIONS":
            return _handshake(request)
        if request.method != "POST":
            return Refusal(405, "use POST")
        if len(request.body) > MAX_BODY:
            return Refusal(413, f"at most {MAX_BODY // 1024} KiB")
        if not signing.is_genuine(request.headers, request.body, self._keys, request.received_at):
            return Refusal(401, NOT_GENUINE)
        return self._judge(request)

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Read one stored delivery. Pure, and never raises."""
        return mapping.parse(raw)

    def host(self, send: Send) -> str:
        """The host of its reply_url: each is a system of its own."""
        return callback.host(send.ref.get("reply_url", ""))

    async def send(self, send: Send) -> Sent:
        """Post one answer to its reply_url; raises Transient, Permanent or Unknown. Safe to repeat: same webhook-id."""
        url = send.ref.get("reply_url")
        if not url:
            text = "This system gave no reply_url, so it cannot be answered from here. Open it there."
            raise Permanent(NO_REPLY_URL, text)
        now = self.deps.clock.now()
        body = callback.payload(send)
        headers = {"Content-Type": events.JSON, **signing.headers(self._keys[0], send.id, now, body)}
        return callback.outcome(await self._guard.post(url, body, headers), send, now)

    async def check(self) -> Health:
        """How many secrets there are, whether they can have been drawn at random, and where answers may go."""
        count = len(self._keys)
        secrets = "one secret" if count == 1 else f"{count} secrets, the first signs"
        hosts = ", ".join(sorted(self._settings.hosts)) or "any host on the open internet"
        weak = any(signing.is_weak(key) for key in self._keys)
        mend = "A secret is easy to guess: put a random one first in WEBHOOK_SECRET, then take the old one out."
        return Health(ok=True, summary=f"{secrets}, answers to {hosts}", mend=mend if weak else "")

    def _judge(self, request: WebhookRequest) -> Verdict:
        """Judge what a genuine sender posted: nothing that cannot be read is stored, and the wrong field is named.

        A batch is taken when at least one of its events can be read; the others go to the dead letter.
        """
        headers = events.kept(request.headers)
        if not events.is_known_form(headers):
            return Refusal(415, f"use {events.JSON}, {events.STRUCTURED} or {events.BATCH}")
        found = list(events.read(headers, request.body))
        wrong = [each for each in found if isinstance(each, Malformed)]
        if wrong and len(wrong) == len(found):
            return Refusal(400, wrong[0].error)
        return Accepted(raws=(self._raw(request, headers),) if found else (), status=202)

    def _raw(self, request: WebhookRequest, headers: dict[str, str]) -> Raw:
        return Raw(
            network=self.network,
            account=self.account,
            source="webhook",
            body=request.body,
            headers=headers,
            received_at=request.received_at,
        )


def _handshake(request: WebhookRequest) -> Verdict:
    """The abuse check of "HTTP 1.1 Web Hooks for Event Delivery": anyone may send, because every delivery is signed.

    The callback address that such a request may carry is never called.
    """
    origin = request.headers.get("webhook-request-origin", "")
    if not _ORIGIN.fullmatch(origin):
        return Refusal(400, "WebHook-Request-Origin must name a host")
    return Challenge(headers={"Allow": "POST", "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})
