"""The port to Slack's Web API: what Slack answers, in Hark's words, and posting exactly once."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.domain.attempts import new_attempt
from bot.domain.errors import SlackError, SlackRateLimited, SlackRefused, SlackUnavailable, SlackUnknown
from bot.domain.ports import Posted
from bot.services.tempo import USUAL
from bot.services.worker import RENEWALS
from bot.slack.api import TIMEOUT, SlackApi
from bot.slack.gateway import HISTORY_PAGE, SlackGateway
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.config import SandboxConfig
from sandbox.slack.workspace import ANA, CARE, CARE_ARCHIVE, RANDOM
from tests.support.loopback import catch_all
from tests.support.slack_sandbox import UNLIMITED, ManualTime, slack_api

TEXT = "Bluesky · mention · Carla: My bag is lost"
BLOCKS: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": "My bag is lost"}}]


@dataclass(frozen=True)
class Desk:
    """A gateway on a local Slack with a clock that stands still."""

    slack: SlackSandbox
    gateway: SlackGateway
    metrics: Metrics
    time: ManualTime

    def count(self, method: str, answer: str) -> float:
        """How often that was counted."""
        labels = {"method": method, "answer": answer}
        return self.metrics.registry.get_sample_value("hark_slack_calls_total", labels) or 0.0

    def attempt(self, after: timedelta = timedelta()) -> str:
        """A name for an attempt that began so long from now."""
        return new_attempt(self.time.now() + after)

    async def post(self, channel: str = CARE, attempt: str = "a1", thread_ts: str | None = None) -> Posted:
        """Post a card."""
        return await self.gateway.post(channel, TEXT, BLOCKS, attempt=attempt, thread_ts=thread_ts)


@asynccontextmanager
async def a_desk(config: SandboxConfig = UNLIMITED, token: str | None = None) -> AsyncIterator[Desk]:
    """A local Slack and the gateway to it."""
    time, metrics = ManualTime(), Metrics()
    async with SlackSandbox(config, time) as slack, slack_api(slack, token) as api:
        yield Desk(slack, SlackGateway(api, metrics), metrics, time)


@asynccontextmanager
async def answering(status: int, content_type: str, body: bytes, **headers: str) -> AsyncIterator[SlackGateway]:
    """A gateway to something that answers every call with the same."""

    async def handle(_request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, content_type=content_type, headers=named)

    async with catch_all(handle) as url, aiohttp.ClientSession() as http:
        yield SlackGateway(SlackApi(http, f"{url}/api/", "xoxb-1"), Metrics())


# --- What Slack says ---------------------------------------------------------------------------------------

ANSWERS: list[tuple[int, str, bytes, type[SlackError], str]] = [
    (429, "application/json", b'{"ok":false,"error":"ratelimited"}', SlackRateLimited, "pause"),
    (429, "text/plain", b"slow down", SlackRateLimited, "pause"),
    (429, "text/html", b"<html>", SlackRateLimited, "pause"),
    (200, "application/json", b'{"ok":false,"error":"ratelimited"}', SlackRateLimited, "pause"),
    (200, "application/json", b'{"ok":false,"error":"rate_limited"}', SlackRateLimited, "pause"),
    (200, "application/json", b'{"ok":false,"error":"message_limit_exceeded"}', SlackRateLimited, "pause"),
    (200, "application/json", b'{"ok":false,"error":"internal_error"}', SlackUnknown, "internal_error"),
    (200, "application/json", b'{"ok":false,"error":"fatal_error"}', SlackUnknown, "fatal_error"),
    (200, "application/json", b'{"ok":false,"error":"service_unavailable"}', SlackUnknown, "service_unavailable"),
    (200, "application/json", b'{"ok":false,"error":"request_timeout"}', SlackUnknown, "request_timeout"),
    (200, "application/json", b'{"ok":false,"error":"update_failed"}', SlackUnknown, "update_failed"),
    (200, "application/json", b'{"ok":false,"error":"org_login_required"}', SlackUnknown, "org_login_required"),
    (200, "application/json", b'{"ok":false,"error":"team_added_to_org"}', SlackUnknown, "team_added_to_org"),
    (500, "application/json", b'{"ok":false,"error":"oops"}', SlackUnknown, "oops"),
    (500, "text/plain", b"upstream error", SlackUnknown, "http_500"),
    (502, "text/html", b"<html>Bad gateway</html>", SlackUnknown, "http_502"),
    (503, "application/json", b"<html>", SlackUnknown, "http_503"),
    (404, "text/html", b"<html>", SlackUnknown, "http_404"),
    (200, "text/html", b"<html>Please sign in</html>", SlackUnknown, "http_200"),
    (200, "text/plain", b"hello", SlackUnknown, "cannot be read"),
    (200, "application/json", b"[1]", SlackUnknown, "cannot be read"),
    (200, "application/json", b"\xff", SlackUnknown, "cannot be read"),
    (200, "application/json", b"<html>", SlackUnknown, "http_200"),
    (200, "application/json", b"", SlackUnknown, "http_200"),
    (200, "application/json", b"{}", SlackUnknown, "cannot be read"),
    (302, "text/html", b"", SlackUnknown, "http_302"),
    (400, "application/json", b'{"ok":true}', SlackRefused, "http_400"),
    (200, "application/json", b'{"ok":false,"error":"channel_not_found"}', SlackRefused, "channel_not_found"),
    (
        200,
        "application/json",
        b'{"ok":false,"error":"missing_scope","needed":"im:write","provided":"chat:write"}',
        SlackRefused,
        "missing_scope: needs im:write",
    ),
    (
        200,
        "application/json",
        b'{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] one","[ERROR] two"]}}',
        SlackRefused,
        "invalid_blocks: [ERROR] one; [ERROR] two",
    ),
    (200, "application/json", b'{"ok":false,"error":"x","response_metadata":null}', SlackRefused, "x"),
]


@pytest.mark.parametrize(("status", "content_type", "body", "kind", "words"), ANSWERS)
async def test_every_answer_becomes_one_of_our_errors(
    status: int, content_type: str, body: bytes, kind: type[SlackError], words: str
) -> None:
    """What may have been carried out is unknown, a final no keeps Slack's own word and details."""
    async with answering(status, content_type, body) as gateway:
        with pytest.raises(SlackError, match=re.escape(words)) as caught:
            await gateway.post(CARE, TEXT, BLOCKS, attempt="a1")
        assert type(caught.value) is kind


async def test_half_a_character_is_refused_before_it_leaves() -> None:
    """No JSON in UTF-8 can hold it, so Slack is not asked; the refusal leads to the plain drawing."""
    async with a_desk() as desk:
        with pytest.raises(SlackRefused, match="invalid_json"):
            await desk.gateway.post(CARE, "half a \ud83d", BLOCKS, attempt="a1")
        assert desk.count("chat.postMessage", "refused") == 1


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("30", 30), ("0", 1), ("1", 1), ("soon", 10), ("-5", 10), ("nan", 10), ("inf", 10), ("3601", 3600)],
)
async def test_retry_after_is_obeyed_within_reason(given: str, seconds: float) -> None:
    """At least a second and at most an hour; ten seconds when Slack says nothing that can be read."""
    async with answering(429, "application/json", b'{"ok":false,"error":"ratelimited"}', Retry_After=given) as gateway:
        with pytest.raises(SlackRateLimited) as caught:
            await gateway.update(Posted(CARE, "1.2"), TEXT, BLOCKS)
        assert caught.value.retry_after == seconds


async def test_a_pause_without_a_time_is_ten_seconds() -> None:
    """Some answers that say "rate limited" carry no header."""
    async with answering(200, "application/json", b'{"ok":false,"error":"ratelimited"}') as gateway:
        with pytest.raises(SlackRateLimited) as caught:
            await gateway.name_of(ANA)
        assert caught.value.retry_after == 10


async def test_a_closed_port_means_that_nothing_was_done() -> None:
    """Without a connection the call cannot have arrived, so it may simply be tried again."""
    async with a_desk() as desk:
        await desk.slack.stop()
        with pytest.raises(SlackUnavailable, match="cannot be reached"):
            await desk.post()
        assert desk.count("chat.postMessage", "unreachable") == 1


async def test_the_sandboxs_own_faults_are_told_apart_and_counted() -> None:
    """A 429 with its wait, a 500, a refusal with Slack's details: each counts under its own answer."""
    async with a_desk() as desk:
        desk.slack.set_fault("ratelimited", "chat.postMessage", retry_after=7)
        with pytest.raises(SlackRateLimited) as limited:
            await desk.post()
        assert limited.value.retry_after == 7
        desk.slack.set_fault("http_500", "chat.postMessage")
        with pytest.raises(SlackUnknown):
            await desk.post()
        with pytest.raises(SlackRefused) as refused:
            await desk.gateway.post(CARE, TEXT, [{"type": "sektion"}], attempt="a1")
        assert refused.value.code == "invalid_blocks"
        assert refused.value.detail
        with pytest.raises(SlackRefused, match="is_archived"):
            await desk.post(CARE_ARCHIVE)
        await desk.post()
        answers = {name: desk.count("chat.postMessage", name) for name in ("ok", "rate_limited", "unknown", "refused")}
        assert answers == {"ok": 1, "rate_limited": 1, "unknown": 1, "refused": 2}


# --- Posting once ------------------------------------------------------------------------------------------


async def test_an_answer_that_is_lost_leaves_exactly_one_post() -> None:
    """The line breaks after the act: unknown, no second call, and the attempt is found where it stands."""
    async with a_desk() as desk:
        desk.slack.set_fault("drop_after", "chat.postMessage")
        with pytest.raises(SlackUnknown):
            await desk.post(attempt=(attempt := desk.attempt()))
        assert len(desk.slack.calls_of("chat.postMessage")) == 1
        (message,) = desk.slack.messages(CARE)
        assert await desk.gateway.find_attempt(CARE, attempt) == Posted(CARE, message.ts)
        assert await desk.gateway.find_attempt(CARE, desk.attempt()) is None


async def test_an_attempt_is_found_in_a_thread() -> None:
    """The parent's attempt is not the reply's, and the reply is not looked for in the channel."""
    async with a_desk() as desk:
        card = await desk.post(attempt=desk.attempt())
        line = await desk.post(attempt=(attempt := desk.attempt()), thread_ts=card.ts)
        assert await desk.gateway.find_attempt(CARE, attempt, card.ts) == line
        assert await desk.gateway.find_attempt(CARE, attempt) is None
        assert await desk.gateway.find_attempt(CARE, desk.attempt(), card.ts) is None


async def test_an_attempt_is_found_in_a_direct_message() -> None:
    """A person's id opens the conversation, once for all calls."""
    async with a_desk() as desk:
        alert = await desk.post(ANA, attempt=(attempt := desk.attempt()))
        assert alert.channel == desk.slack.direct(ANA)
        assert await desk.gateway.find_attempt(ANA, attempt) == alert
        assert len(desk.slack.calls_of("conversations.open")) == 1


async def test_an_attempt_is_found_below_a_page_of_other_messages() -> None:
    """A busy channel fills pages; they are read one after the other."""
    async with a_desk() as desk:
        first = await desk.post(attempt=(attempt := desk.attempt()))
        for _ in range(HISTORY_PAGE + 5):
            await desk.slack.say(ANA, CARE, "chatter")
        assert await desk.gateway.find_attempt(CARE, attempt) == first


async def test_too_many_to_look_through_is_not_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cannot look at all messages since an attempt must not say that it is not there."""
    monkeypatch.setattr("bot.slack.gateway.HISTORY_PAGES", 1)
    monkeypatch.setattr("bot.slack.gateway.HISTORY_PAGE", 2)
    async with a_desk() as desk:
        attempt = desk.attempt()
        for _ in range(3):
            await desk.slack.say(ANA, CARE, "chatter")
        with pytest.raises(SlackUnknown, match="more than 2"):
            await desk.gateway.find_attempt(CARE, attempt)


@pytest.mark.parametrize(
    ("began", "found"), [(timedelta(minutes=4, seconds=59), True), (timedelta(minutes=5, seconds=2), False)]
)
async def test_only_recent_messages_are_searched(began: timedelta, found: bool) -> None:
    """What was posted more than five minutes before the attempt began cannot be it."""
    async with a_desk() as desk:
        attempt = desk.attempt(began)
        posted = await desk.post(attempt=attempt)
        assert await desk.gateway.find_attempt(CARE, attempt) == (posted if found else None)


async def test_a_post_unfurls_nothing_and_keeps_its_blocks_when_redrawn() -> None:
    """Customers' links are never fetched by Slack; an update carries text and blocks together."""
    async with a_desk() as desk:
        posted = await desk.post()
        await desk.gateway.update(posted, "new text", BLOCKS)
        post, update = desk.slack.calls_of("chat.postMessage")[0], desk.slack.calls_of("chat.update")[0]
        assert not re.search("true", f"{post.args.get('unfurl_links')} {post.args.get('unfurl_media')}", re.IGNORECASE)
        assert update.args["text"] == "new text"
        assert update.args["blocks"]


# --- Checking ----------------------------------------------------------------------------------------------


async def test_all_well_is_three_good_lines() -> None:
    """Token, scopes, channel; and the workspace's address is known for links from then on."""
    async with a_desk() as desk:
        assert desk.gateway.permalink(Posted(CARE, "1.000200")) == ""
        results = await desk.gateway.check({CARE: "SLACK_CHANNEL"})
        assert [each.ok for each in results] == [True, True, True]
        assert desk.gateway.permalink(Posted(CARE, "1.000200")) == f"https://acme.slack.com/archives/{CARE}/p1000200"
        assert desk.gateway.bot_user == desk.slack.config.bot_user_id


@pytest.mark.parametrize(("channel", "word"), [(RANDOM, "not_in_channel"), ("C0NOWHERE0", "channel_not_found")])
async def test_a_channel_out_of_reach_says_how_to_get_in(channel: str, word: str) -> None:
    """The mend names the variable and the command that invites the bot; the one that is well is told as before."""
    async with a_desk() as desk:
        *_, well, last = await desk.gateway.check({CARE: "SLACK_CHANNEL", channel: "HARK_OPS_CHANNEL"})
        assert well.ok
        assert not last.ok
        assert word in last.summary
        assert "HARK_OPS_CHANNEL" in last.mend
        assert "/invite" in last.mend


async def test_names_come_from_the_profile() -> None:
    """The full name, not the handle."""
    async with a_desk() as desk:
        assert await desk.gateway.name_of(ANA) == desk.slack.workspace.users[ANA].real_name


def test_connecting_ends_before_a_lease_does() -> None:
    """Whoever sleeps while it connects has lost its lease when it wakes, and must not begin the call then."""
    assert TIMEOUT.connect is not None
    assert timedelta(seconds=TIMEOUT.connect) < USUAL.lease - USUAL.lease / RENEWALS
