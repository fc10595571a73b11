"""What the load generator sends: signed webhooks, each with a token that travels through Hark into its card.

Two doors are used. `facebook` is a Page comment with X-Hub-Signature-256, whose body is not read before it is stored;
`webhook` is Hark's own generic connector (Standard Webhooks), which reads each body before it answers. Every event is
a conversation of its own, so every event must become exactly one card.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

from connectors.webhook import signing

Door = Literal["facebook", "webhook"]

SIZE: Final = 1450
"""Bytes of a body, as the other systems were measured with."""

KEY: Final = bytes((11 * n + 7) % 256 for n in range(32))
WEBHOOK_SECRET: Final = signing.PREFIX + base64.b64encode(KEY).decode()
META_SECRET: Final = "0123456789abcdef0123456789abcdef"  # noqa: S105 - for a server on this machine
PAGE: Final = "110012345678901"
PATHS: Final[dict[Door, str]] = {"facebook": "/webhooks/facebook", "webhook": "/webhooks/webhook"}

LETTERS: Final = "bcdfghjklmnpqrst"
TOKEN_DIGITS: Final = 7
TOKEN: Final = re.compile(rb"ev[bcdfghjklmnpqrst]{7}")

SUBJECTS: Final = (
    "My parcel",
    "The blue jacket",
    "Your app",
    "The invoice",
    "My refund",
    "The tracking page",
    "A chair",
)
HAPPENED: Final = (
    "has not arrived although the page says it was delivered",
    "came with a broken zip and a torn label",
    "shows an empty screen after the last update",
    "lists an item that I never ordered",
    "was promised for Monday and is still on its way",
    "does not open on my phone any more",
    "looks quite different from the photograph",
    "is two sizes smaller than the table said",
    "was left in the rain in front of the house",
    "cannot be changed although the order is new",
    "costs more than the offer in your newsletter",
)
ASKED: Final = (
    "Could you please look into it?",
    "When can I expect an answer?",
    "What should I do now?",
    "Who can help me with that?",
    "I would like my money back.",
    "Please send a new one to the same address.",
    "Is there a shop in town where I can change it?",
    "My daughter has been waiting for it all week.",
    "I have written twice and nobody answers.",
    "Otherwise I am a happy customer, thank you.",
    "How long does the check usually take?",
    "Thanks for your patience with me.",
    "It was a present, so this is rather sad.",
)
PRAISE: Final = "Great service again, thank you all so much, everything came early and well packed!"
COMPLAINT: Final = (
    "This is the worst service ever, I am very angry: my order was lost and nobody answers. Refund me now!"
)


def token(n: int) -> str:
    """The name of event `n`: seven letters that no filter for private numbers takes for one, and no word contains."""
    return "ev" + "".join(LETTERS[(n >> (4 * place)) & 15] for place in reversed(range(TOKEN_DIGITS)))


def number(name: str) -> int:
    """The event behind a token."""
    found = 0
    for letter in name[2:]:
        found = found * 16 + LETTERS.index(letter)
    return found


def words(n: int) -> str:
    """The customer's text, different for neighbours; about 200 characters."""
    first, second = HAPPENED[n % len(HAPPENED)], HAPPENED[(n // 7 + 5) % len(HAPPENED)]
    asked = ASKED[(n // 3) % len(ASKED)]
    return f"{SUBJECTS[n % len(SUBJECTS)]} {first}, and it {second}. {asked} Order {token(n)}."


def storm_words(n: int, complaint_every: int) -> str:
    """The text of an event in a storm: much the same praise from everybody, and now and then a complaint."""
    return f"{COMPLAINT if is_complaint(n, complaint_every) else PRAISE} {token(n)}"


def is_complaint(n: int, every: int) -> bool:
    """Whether event `n` of a storm is a complaint."""
    return n % every == every // 2


def body(door: Door, n: int, at: datetime, text: str | None = None) -> bytes:
    """One event of `SIZE` bytes."""
    said = words(n) if text is None else text
    value = _comment(n, at, said) if door == "facebook" else _event(n, at, said)
    bare = len(json.dumps(value | {"padding": ""}).encode())
    return json.dumps(value | {"padding": "x" * max(0, SIZE - bare)}).encode()


def conversation(n: int) -> str:
    """The conversation of event `n` at the webhook door."""
    return f"talk-{token(n)}"


def requests(door: Door, port: int, numbers: Sequence[int], at: datetime, texts: Iterable[str] = ()) -> list[bytes]:
    """Whole HTTP requests, signed now, in the order of the numbers; `texts` replaces the usual words."""
    given: list[str | None] = list(texts) or [None] * len(numbers)
    return [
        post(port, PATHS[door], content := body(door, n, at, text), headers(door, token(n), at, content))
        for n, text in zip(numbers, given, strict=True)
    ]


def headers(door: Door, name: str, at: datetime, content: bytes) -> dict[str, str]:
    """The headers that prove a body genuine."""
    if door == "facebook":
        digest = hmac.digest(META_SECRET.encode(), content, hashlib.sha256).hex()
        return {"X-Hub-Signature-256": f"sha256={digest}"}
    return signing.headers(KEY, name, at, content)


def post(port: int, path: str, content: bytes, extra: dict[str, str]) -> bytes:
    """One keep-alive POST request with a JSON body."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(content)}", *(f"{name}: {value}" for name, value in extra.items()), "", ""]
    return "\r\n".join(lines).encode() + content


def _event(n: int, at: datetime, text: str) -> dict[str, object]:
    name = token(n)
    author = {"id": f"customer-{name}", "name": "Robin Example", "handle": f"robin.{name}", "followers": n % 900}
    data = {
        "id": f"comment-{name}",
        "conversation": conversation(n),
        "text": text,
        "author": author | {"url": f"https://shop.example/people/{name}"},
        "url": f"https://shop.example/reviews/{name}",
        "reply_url": "https://crm.example/answers",
    }
    return {"type": "comment.created", "timestamp": at.isoformat(), "data": data}


def _comment(n: int, at: datetime, text: str) -> dict[str, object]:
    name, seconds = token(n), int(at.timestamp())
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": f"{PAGE}_{n}",
        "post_id": f"{PAGE}_1",
        "parent_id": f"{PAGE}_1",
        "from": {"id": f"user-{name}", "name": "Robin Example"},
        "message": text,
        "created_time": seconds,
    }
    changes = [{"field": "feed", "value": value}]
    return {"object": "page", "entry": [{"id": PAGE, "time": seconds, "changes": changes}]}
