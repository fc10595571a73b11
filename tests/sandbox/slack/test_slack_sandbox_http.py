"""A real Bolt app in HTTP mode against the local Slack: signatures, retries, forms."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from sandbox.slack.app import SlackSandbox
from sandbox.slack.base import SlackError
from sandbox.slack.workspace import ANA, BEN, CARE
from tests.support.slack_sandbox import HEARING, Served, bolt_app, http_endpoint
from tests.support.waiting import wait_until

Json = dict[str, Any]


def config(served: Served, **changes: Any) -> Any:
    """HTTP mode, with the minutes between retries taken out."""
    return replace(HEARING, events_url=served.url, http_retry_delays_s=(0.0, 0.0, 0.0), **changes)


async def test_handshake_events_presses_and_commands() -> None:
    """Bolt accepts the signatures of the handshake, events, interactions and commands, and its answers are used."""
    async with http_endpoint() as served, SlackSandbox(config(served)) as slack, bolt_app(slack) as app:
        served.app = app
        heard: list[str] = []

        @app.event("message")
        async def message(event: Json) -> None:
            heard.append(event["text"])

        @app.action("claim")
        async def claim(ack: Any, respond: Any) -> None:
            await ack()
            await respond(text="claimed", replace_original=True)

        @app.command("/hark")
        async def hark(ack: Any) -> None:
            await ack(text="Nothing waits", response_type="in_channel")

        await slack.hub.http.verify_url()
        await slack.say(BEN, CARE, "hello")
        await wait_until(lambda: heard == ["hello"], "the event was heard")
        button = {"type": "button", "action_id": "claim", "text": {"type": "plain_text", "text": "Claim"}}
        blocks = [{"type": "actions", "elements": [button]}]
        ts = (await app.client.chat_postMessage(channel=CARE, text="x", blocks=blocks))["ts"]
        assert (await slack.press_in(ANA, CARE, ts, "claim")).ok
        await wait_until(lambda: slack.message(CARE, ts).text == "claimed", "the card is redrawn")
        assert (await slack.command(ANA, CARE, "/hark")).ok
        assert slack.messages(CARE)[-1].text == "Nothing waits"


async def test_retries_carry_number_and_reason_and_stop_after_three() -> None:
    """A failing app is asked four times in all; the headers count and say why."""
    async with http_endpoint() as served, SlackSandbox(config(served)) as slack:
        served.failing = [web.Response(status=500) for _ in range(4)]
        await slack.say(BEN, CARE, "hello")
        record = slack.hub.http.log[0]
        await wait_until(lambda: record.outcome == "given_up", "Slack gave up")
        numbers = [headers.get("x-slack-retry-num") for headers in served.headers]
        reasons = [headers.get("x-slack-retry-reason") for headers in served.headers]
        assert numbers == [None, "1", "2", "3"]
        assert reasons == [None, "http_error", "http_error", "http_error"]


async def test_no_retry_header_stops_retries() -> None:
    """x-slack-no-retry on a failure is obeyed."""
    async with http_endpoint() as served, SlackSandbox(config(served)) as slack:
        served.failing = [web.Response(status=500, headers={"x-slack-no-retry": "1"})]
        await slack.say(BEN, CARE, "hello")
        record = slack.hub.http.log[0]
        await wait_until(lambda: record.outcome == "no_retry", "Slack stopped")
        assert len(served.headers) == 1


async def test_wrong_secret_is_refused_by_the_app() -> None:
    """An app with another signing secret refuses, and the handshake fails."""
    async with (
        http_endpoint() as served,
        SlackSandbox(config(served, signing_secret="other")) as slack,
        SlackSandbox(HEARING) as elsewhere,
        bolt_app(elsewhere) as app,
    ):
        served.app = app
        with pytest.raises(SlackError, match="url_verification_failed"):
            await slack.hub.http.verify_url()


async def test_app_that_is_away_is_a_visible_error() -> None:
    """With nothing at the address a press fails for the person and the event is given up in the end."""
    gone = replace(HEARING, events_url="http://127.0.0.1:9/slack/events", http_retry_delays_s=(0.0,))
    async with SlackSandbox(gone) as slack:
        assert not (await slack.command(ANA, CARE, "/hark")).ok
        assert slack.notices(ANA) == ['/hark failed with the error "dispatch_failed"']
        await slack.say(BEN, CARE, "hello")
        record = slack.hub.http.log[-1]
        await wait_until(lambda: record.outcome == "given_up", "Slack gave up")
