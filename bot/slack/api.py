"""One call of Slack's Web API over HTTP: arguments out, Slack's JSON or one of Hark's errors back.

Nothing is tried again here: whoever holds the lease decides that (docs/slack.md). A call says whether Slack may have
carried it out: SlackUnavailable means that it never left, SlackUnknown that nobody knows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic_core import PydanticSerializationError, from_json, to_json

from bot.domain.errors import SlackError, SlackRateLimited, SlackRefused, SlackUnavailable, SlackUnknown
from bot.http import Prompt

CONNECT_S = 3.5
"""Connecting, and beginning to send, takes less than is left of any lease: whoever slept meanwhile does not make a call
that is another's."""
TIMEOUT = aiohttp.ClientTimeout(total=10, connect=CONNECT_S)
LONGEST_PAUSE_S = 3600.0
USUAL_PAUSE_S = 10.0
RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
UNCERTAIN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "update_failed"})
"""Slack may have carried the call out although it says this, so a post is looked for before it is made again."""
MOVING = frozenset({"org_login_required", "team_added_to_org"})
"""The workspace is being moved into an organisation: that passes for all calls at once, and is taken for an outage."""
READS = frozenset({"conversations.history", "conversations.replies", "users.info"})
"""Methods that take no JSON: their arguments stand in the query."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Slack said yes with."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]


class SlackApi:
    """The Web API at one address (`https://slack.com/api/`), as the app that the token stands for."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str, token: str, proxy: str | None = None) -> None:
        self._http = http
        self.base_url = base_url
        self._proxy = proxy
        self.token = token

    async def call(self, method: str, arguments: Mapping[str, Any], token: str = "") -> Answer:
        """Make one call; arguments that are None are left out. Raises SlackError of the kind that fits."""
        try:
            status, headers, content = await self._exchange(method, arguments, token or self.token)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise SlackUnavailable(f"{method}: Slack cannot be reached") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackUnknown(f"{method}: no answer ({type(error).__name__})") from error
        body = _read(content)
        if status == 200 and body.get("ok") is True:
            return Answer(body, headers)
        raise _trouble(method, status, headers, body)

    async def _exchange(
        self, method: str, arguments: Mapping[str, Any], token: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Authorization": f"Bearer {token}"}
        given = {name: value for name, value in arguments.items() if value is not None}
        verb, query, content = "POST", None, None
        if method in READS:
            verb, query = "GET", {name: _word(value) for name, value in given.items()}
        else:
            content = Prompt(_written(method, given), "application/json; charset=utf-8", CONNECT_S)
        async with self._http.request(
            verb,
            f"{self.base_url.rstrip('/')}/{method}",
            params=query,
            data=content,
            headers=headers,
            proxy=self._proxy,
            timeout=TIMEOUT,
            allow_redirects=False,
        ) as response:
            return response.status, response.headers, await response.read()


def _written(method: str, arguments: Mapping[str, Any]) -> bytes:
    try:
        return to_json(arguments)
    except PydanticSerializationError as error:  # half a character, which no JSON in UTF-8 can hold
        raise SlackRefused("invalid_json", f"{method}: {error}") from error


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(content: bytes) -> Mapping[str, Any]:
    """Slack's JSON; empty for what was not Slack's (a proxy's error page)."""
    try:
        body = from_json(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _trouble(method: str, status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> SlackError:
    code = str(body.get("error") or f"http_{status}")
    if status == 429 or code in RATE_LIMITED:
        return SlackRateLimited(method, _seconds(headers.get("Retry-After")))
    if not body:
        return SlackUnknown(f"{method}: an answer that cannot be read ({code})")
    if status >= 500 or code in UNCERTAIN | MOVING:
        return SlackUnknown(f"{method}: {code}")
    details = (body.get("response_metadata") or {}).get("messages") or []
    needed = body.get("needed")
    return SlackRefused(code, "; ".join(map(str, details)) or (f"needs {needed}" if needed else ""))


def _seconds(value: object) -> float:
    """What Retry-After asks for, between a second and an hour; ten seconds where it says nothing readable."""
    text = str(value)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return min(max(1.0, float(text)), LONGEST_PAUSE_S)
    return USUAL_PAUSE_S
