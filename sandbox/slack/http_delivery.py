"""HTTP mode: signed requests to the app's URLs, retried as the Events API does."""

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp

from sandbox.clock import Time
from sandbox.slack.background import Background
from sandbox.slack.base import Json, SlackError
from sandbox.slack.config import SandboxConfig
from sandbox.slack.delivery import COMMANDS, EVENTS, Ack, DeliveryRecord, Unanswered

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature of a raw body."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpDelivery:
    """Posts to the app's request URL. `wall` gives the time that signatures carry (the app checks it)."""

    def __init__(self, config: SandboxConfig, wall: Time, background: Background) -> None:
        """Keep the settings; the session is opened by `start`."""
        self._config = config
        self._wall = wall
        self._background = background
        self._session: aiohttp.ClientSession | None = None
        self.log: deque[DeliveryRecord] = deque(maxlen=config.log_size)

    async def start(self) -> None:
        """Open the HTTP session; proxies of the environment are not used."""
        self._session = aiohttp.ClientSession(trust_env=False)

    async def stop(self) -> None:
        """Close the HTTP session."""
        if self._session is not None:
            await self._session.close()

    def signed_headers(self, body: bytes, content_type: str) -> dict[str, str]:
        """The headers of a request."""
        moment = str(int(self._wall.now().timestamp()))
        return {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+sandbox)",
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": signature(self._config.signing_secret, moment, body),
        }

    async def verify_url(self) -> None:
        """Do the url_verification handshake. Raises SlackError url_verification_failed."""
        challenge = hashlib.sha256(self._config.signing_secret.encode()).hexdigest()[:40]
        body = {
            "token": self._config.verification_token,
            "challenge": challenge,
            "type": "url_verification",
        }
        outcome = await self._post(json.dumps(body).encode(), _JSON)
        answer = outcome.body if isinstance(outcome, Ack) else None
        if answer not in (challenge, {"challenge": challenge}):
            raise SlackError("url_verification_failed")

    def event(self, payload: Json) -> None:
        """Deliver an event with up to three retries."""
        record = DeliveryRecord(EVENTS, payload["event_id"], payload)
        self.log.append(record)
        self._background.start(self._deliver_event(record))

    async def _deliver_event(self, record: DeliveryRecord) -> None:
        body = json.dumps(record.payload).encode()
        retry: dict[str, str] = {}
        for delay in (None, *self._config.http_retry_delays_s):
            if delay is not None:
                await asyncio.sleep(delay)
            outcome = await self._post(body, _JSON, retry)
            record.attempts += 1
            if isinstance(outcome, Ack):
                record.outcome = "acknowledged"
                return
            if outcome.reason == "no_retry":
                record.outcome = "no_retry"
                return
            retry = {"x-slack-retry-num": str(record.attempts), "x-slack-retry-reason": outcome.reason}
        record.outcome = "given_up"

    async def ask(self, kind: str, payload: Json) -> Ack | Unanswered:
        """Post an interaction or a command once and wait for the answer until the deadline."""
        form = payload if kind == COMMANDS else {"payload": json.dumps(payload)}
        record = DeliveryRecord(kind, str(payload.get("trigger_id", "")), payload, attempts=1)
        self.log.append(record)
        outcome = await self._post(urlencode(form).encode(), _FORM)
        record.outcome = "acknowledged" if isinstance(outcome, Ack) else outcome.reason
        return outcome

    async def _post(self, body: bytes, content_type: str, more: Mapping[str, str] | None = None) -> Ack | Unanswered:
        """One signed POST; the reasons are those of `x-slack-retry-reason`, or no_retry."""
        url = self._config.events_url
        if self._session is None or url is None:
            return Unanswered("connection_failed")
        headers = self.signed_headers(body, content_type) | dict(more or {})
        timeout = aiohttp.ClientTimeout(total=self._config.ack_deadline_s)
        try:
            async with self._session.post(
                url, data=body, headers=headers, timeout=timeout, max_redirects=3
            ) as response:
                text = await response.text()
                if 200 <= response.status < 300:
                    return Ack(_body(text, response.content_type))
                no_retry = response.headers.get("x-slack-no-retry") == "1"
                return Unanswered("no_retry" if no_retry else "http_error")
        except TimeoutError:
            return Unanswered("http_timeout")
        except aiohttp.TooManyRedirects:
            return Unanswered("too_many_redirects")
        except aiohttp.ClientError:
            return Unanswered("connection_failed")


def _body(text: str, content_type: str) -> Any:
    if not text:
        return None
    if content_type != _JSON:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
