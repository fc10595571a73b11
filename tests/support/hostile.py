"""Texts and names that mean harm, a signed way in for them, and eyes that see whether Slack would obey any of them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import aiohttp

from sandbox.demo import WEBHOOK_SECRET
from sandbox.slack.model import Message
from sandbox.square.schemas import PROFILE
from tests.support.rig import ANA, BEN, Rig
from tests.support.webhook_rig import signed

PILE: Final = "\u0315" * 40
FAMILY: Final = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
TEXTS: Final[Mapping[str, str]] = {
    "broadcast": "<!channel> <!here|here> <!everyone> @channel @here my bag is lost",
    "person": "<@U01ANA4K7QX> <@U01BEN2M9TR|Ben> @Ana where is my bag?",
    "group": "<!subteam^S01ONCALL7B> <!subteam^S01ONCALL7B|@on-call> where is my bag?",
    "link": "<https://evil.example|bank.example> <javascript:alert(1)|press> <#C01CARE8N3V> where is my bag?",
    "date": "<!date^1700000000^{date}^https://evil.example|yesterday> where is my bag?",
    "entities": "&lt;!channel&gt; &amp;lt;!here&amp;gt; where is my bag?",
    "markup": "*bold* _it_ ~gone~ `code` ```block``` > quote\n>>> more\n* item :party_parrot: :bell: where is my bag?",
    "right-to-left": "\u202e\u2066gab ym si erehw\u2069\u202c \u200f\u061c where is my bag?",
    "zero-width": "<\u200b!channel> <\u2060@U01ANA4K7QX> w\u200bh\u200ce\u200dr\ufeffe is my bag?",
    "marks": f"wh{PILE}ere is m{PILE}y bag?",
    "control": "where\x00 is\x07 my\x1b[31m bag?\r\n\x85\u2028\u2029",
    "surrogates": "where \ud800 is \udfff my \udc00\ud800 bag?",
    "emoji": f"{FAMILY * 20} \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f where is my bag?",
    "json": '"}]}],"blocks":[{"type":"section"}] \\u003c!channel\\u003e where is my bag?',
    "long word": "where is my bag? " + "W" * 20_000,
    "long": ("where is my bag? <!channel> & " * 4000)[:100_000],
    "marks only": PILE * 500,
    "nothing": "\u200b\u2060\ufeff",
}
NAMES: Final = (
    "<!channel>",
    "<@U01ANA4K7QX>",
    "*Hark* _bot_ `care`",
    "<https://evil.example|Support>",
    "\u202eecila\u202c",
    f"Z{PILE}",
    "A\nB\nC",
    "N" * 200,
    "\ud83d\ud83d",
    "hark:claim:v1",
    " ",
)
FORBIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff]")
CALLS: Final = re.compile(r"<(?:@|#|!(?!date\^))|<[a-z]+:[^>|]*evil[^>|]*\||<javascript", re.IGNORECASE)
CALLING: Final = frozenset({"user", "usergroup", "broadcast", "channel", "team"})
STAFF: Final = frozenset({ANA, BEN})
"""A view may name them as those who did something; nobody is notified by a view."""


def event(name: str, text: str, number: int) -> dict[str, Any]:
    """A customer's comment with a hostile text, name, handle and ids."""
    stranger = NAMES[number % len(NAMES)]
    return {
        "type": "comment.created",
        "data": {
            "id": f"{name}:{{0}}*\n<!channel>",
            "conversation": f"hark:{{0}}:case:{name} \u202e<@U01ANA4K7QX>",
            "text": text,
            "author": {"id": f"{stranger}:{number}", "name": stranger, "handle": stranger},
            "attachments": [
                {"kind": "image", "url": "https://evil.example/x.png", "description": f"{stranger} {text[:99]}"}
            ],
        },
    }


async def deliver(rig: Rig, what: dict[str, Any]) -> None:
    """Sign an event and post it to the webhook door; JSON's own escapes carry what UTF-8 cannot."""
    body = json.dumps(what).encode()
    headers = signed(f"msg_{abs(hash(body))}", rig.sandbox.clock.now(), body, secret=WEBHOOK_SECRET)
    url = f"http://127.0.0.1:{rig.port}/webhooks/webhook"
    async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as answer:
        assert answer.status == 202, await answer.text()


def is_called(rig: Rig, handle: str, name: str) -> None:
    """Somebody on the square takes that name."""
    rig.square.world.put(rig.square.who(handle).did, PROFILE, "self", {"displayName": name})


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in some blocks, however deep."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(each)


def offences(what: Any, text: str = "", named: frozenset[str] = frozenset()) -> list[str]:
    """Whatever in a message or a view would call somebody but those `named`, lead astray, or hide something."""
    found = [f"text: {text!r}"] if CALLS.search(text) else []
    for part in parts(what):
        kind, said = part.get("type"), part.get("text")
        if kind in CALLING and part.get("user_id") not in named:
            found.append(f"{kind} element: {part}")
        if kind == "mrkdwn" and CALLS.search(str(said)):
            found.append(f"mrkdwn: {said!r}")
        if kind == "emoji":
            found.append(f"emoji element: {part}")
        if kind == "mrkdwn" and not part.get("verbatim"):
            found.append(f"not verbatim: {said!r}")
        found += [
            f"{name}: {value!r}" for name, value in part.items() if isinstance(value, str) and FORBIDDEN.search(value)
        ]
    return found


def offences_of(messages: list[Message]) -> list[str]:
    """The same of messages, their notification texts included."""
    return [offence for message in messages for offence in offences(message.blocks, message.text)]
