"""One exchange with a network over HTTP: made once, never redirected, and a broken connection in Hark's own words."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from bot.domain.errors import Transient, Unknown
from bot.http import Prompt
from connectors.clean import dump

TOTAL_S: Final = 20.0
CONNECT_S: Final = 5.0
"""As long connecting may take, and with it beginning to send."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=TOTAL_S, connect=CONNECT_S)
FORM: Final = "application/x-www-form-urlencoded"
MAX_ANSWER: Final = 8 * 1024 * 1024
"""Bytes of an answer, unpacked. A full page of the most talkative network has a tenth of that; in the twenty seconds
that an answer may take, whoever stands in for a network could fill the memory."""


def number(text: str | None) -> float | None:
    """A number in a header, such as seconds or an instant in seconds; None for anything else."""
    text = (text or "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


async def exchange(
    http: aiohttp.ClientSession,
    verb: str,
    url: str,
    *,
    params: Mapping[str, str] | Sequence[tuple[str, str]],
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
    writes: bool = False,
    who: str = "the network",
    link: str = "the connection",
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of the answer; raises Transient, or Unknown where a write's answer was lost.

    `who` and `link` are what the network and the connection to it are called in the error's text.
    """
    given = (
        {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}) | dict(headers or {})
    )
    try:
        async with http.request(
            verb, url, params=params, data=_body(form, json), headers=given, timeout=TIMEOUT, allow_redirects=False
        ) as answer:
            body = await _read(answer)
            status, given_back = answer.status, answer.headers
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        msg = f"{who} could not be reached ({type(error).__name__})"
        raise Transient(msg) from error
    except (TimeoutError, aiohttp.ClientError) as error:
        msg = f"{link} broke ({type(error).__name__})"
        raise (Unknown(msg) if writes else Transient(msg)) from error
    if len(body) > MAX_ANSWER:
        msg = f"{who} answered more than {MAX_ANSWER // 1024**2} MiB"
        raise Unknown(msg) if writes else Transient(msg)
    return status, given_back, body


def _body(form: Mapping[str, str] | None, value: Mapping[str, Any] | None) -> Prompt | None:
    """What is sent: a form, JSON, or nothing."""
    if value is not None:
        return Prompt(dump(value), "application/json", CONNECT_S)
    return None if form is None else Prompt(urlencode(form).encode(), FORM, CONNECT_S)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """The body; of one that is too long as much as tells so. The connection is then given up with the rest."""
    found = bytearray()
    async for chunk in answer.content.iter_any():
        found += chunk
        if len(found) > MAX_ANSWER:
            answer.close()
            break
    return bytes(found)
