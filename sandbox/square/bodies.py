"""Reading a JSON body the way the reference server does, and safely."""

import json
from typing import Any

import regex
from aiohttp import web

from sandbox.square.errors import XrpcError, invalid_request

MAX_BYTES = 150 * 1024
MAX_DEPTH = 64
_LONE = regex.compile("[\ud800-\udfff]")


async def read_json(request: web.Request) -> Any:
    """The parsed body; raises XrpcError for a wrong content type, broken JSON, or one too large or too deep."""
    if request.content_type != "application/json":
        raise invalid_request(f"Wrong request encoding (Content-Type): {request.content_type}")
    raw = await _limited(request)
    try:
        return _clean(json.loads(raw), MAX_DEPTH)
    except RecursionError as error:
        raise invalid_request("The body is nested too deeply") from error
    except ValueError as error:
        raise XrpcError(400, "SyntaxError", f"The body is not JSON: {error}") from error


async def _limited(request: web.Request) -> bytes:
    """The bytes of the body, at most 150 KiB; raises XrpcError 413 for more."""
    if (request.content_length or 0) <= MAX_BYTES:
        raw = await request.content.read(MAX_BYTES + 1)
        while not request.content.at_eof() and len(raw) <= MAX_BYTES:
            raw += await request.content.read(MAX_BYTES + 1 - len(raw))
        if len(raw) <= MAX_BYTES:
            return raw
    raise XrpcError(413, "PayloadTooLargeError", "request entity too large")


def _clean(value: Any, depth: int) -> Any:
    """Replace halves of surrogate pairs, which UTF-8 cannot carry, by the replacement character."""
    if depth == 0:
        raise invalid_request("The body is nested too deeply")
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {_LONE.sub("\ufffd", key): _clean(item, depth - 1) for key, item in value.items()}
    return value
