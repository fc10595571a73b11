"""A real Bolt app over Socket Mode against the local Slack."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from sandbox.slack.app import SlackSandbox
from sandbox.slack.delivery import DeliveryRecord
from sandbox.slack.interactivity import NO_ANSWER
from sandbox.slack.workspace import ANA, BEN, CARE, RANDOM
from tests.support.slack_sandbox import HEARING, ManualTime, bolt_app, connected, web_client
from tests.support.waiting import wait_until

Json = dict[str, Any]
SHORT = replace(HEARING, ack_deadline_s=0.3)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    """A local Slack without rate limits."""
    async with SlackSandbox(HEARING) as running:
        yield running


def card(block_id: str = "card:1") -> list[Json]:
    """A message with a button."""
    button = {"type": "button", "action_id": "claim", "value": "7", "text": {"type": "plain_text", "text": "Claim"}}
    return [{"type": "actions", "block_id": block_id, "elements": [button]}]


def modal() -> Json:
    """A modal with one input."""
    element = {"type": "plain_text_input", "action_id": "text"}
    label = {"type": "plain_text", "text": "Words"}
    return {
        "type": "modal",
        "callback_id": "reply",
        "title": label,
        "submit": label,
        "blocks": [{"type": "input", "block_id": "reply", "label": label, "element": element}],
    }


async def test_press_reaches_the_app_and_response_url_redraws_the_card(slack: SlackSandbox) -> None:
    """A press arrives as block_actions with message, trigger and response_url; the card is replaced by it."""
    async with bolt_app(slack) as app:
        seen: list[Json] = []

        @app.action("claim")
        async def claim(ack: Any, body: Json, respond: Any) -> None:
            await ack()
            seen.append(body)
            await respond(text="claimed", blocks=card("card:2"), replace_original=True)

        async with connected(app, slack):
            posted = await app.client.chat_postMessage(channel=CARE, text="A card", blocks=card())
            outcome = await slack.press_in(ANA, CARE, posted["ts"], "claim")
            assert outcome.ok
            await wait_until(lambda: slack.message(CARE, posted["ts"]).text == "claimed", "the card is redrawn")
    body = seen[0]
    assert body["type"] == "block_actions"
    assert body["user"]["id"] == ANA
    assert body["team"] == {"id": slack.config.team_id, "domain": "acme"}
    assert body["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": CARE,
        "is_ephemeral": False,
    }
    assert body["channel"] == {"id": CARE, "name": "care"}
    assert body["message"]["blocks"][0]["block_id"] == "card:1"
    assert body["actions"][0]["value"] == "7"
    assert body["actions"][0]["text"] == {"type": "plain_text", "text": "Claim", "emoji": True}
    assert slack.message(CARE, posted["ts"]).edited is None


async def test_modal_from_press_to_submission(slack: SlackSandbox) -> None:
    """A trigger opens a modal in time; its submission with errors keeps it, without closes it."""
    async with bolt_app(slack) as app:

        @app.action("claim")
        async def open_modal(ack: Any, body: Json, client: Any) -> None:
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=modal())

        @app.view("reply")
        async def sent(ack: Any, view: Json) -> None:
            text = view["state"]["values"]["reply"]["text"]["value"]
            if text == "rude":
                await ack(response_action="errors", errors={"reply": "Be kind"})
            else:
                await ack()

        async with connected(app, slack):
            posted = await app.client.chat_postMessage(channel=CARE, text="A card", blocks=card())
            await slack.press_in(ANA, CARE, posted["ts"], "claim")
            await wait_until(lambda: slack.views(ANA), "the modal is open")
            view_id = slack.views(ANA)[0]["id"]
            refused = await slack.submit(ANA, view_id, {"reply": {"text": {"value": "rude"}}})
            assert refused.errors == {"reply": "Be kind"}
            assert (await slack.submit(ANA, view_id, {"reply": {"text": {"value": "Hello"}}})).ok
            assert slack.views(ANA) == []


async def test_command_message_and_home_events(slack: SlackSandbox) -> None:
    """Commands, messages in the bot's channel and Home openings arrive; other channels and own posts do not."""
    async with bolt_app(slack) as app:
        heard: list[str] = []

        @app.command("/hark")
        async def queue(ack: Any, command: Json) -> None:
            await ack(f"You said {command['text']}")

        @app.event("message")
        async def message(event: Json) -> None:
            heard.append(event["text"])

        @app.event("app_home_opened")
        async def home(event: Json) -> None:
            heard.append(f"home of {event['user']}")

        async with connected(app, slack):
            await app.client.chat_postMessage(channel=CARE, text="own post")
            await slack.say(BEN, RANDOM, "not for the bot")
            await slack.say(BEN, CARE, "hello")
            await slack.open_home(ANA)
            assert (await slack.command(ANA, CARE, "/hark queue  now")).ok
            await wait_until(lambda: len(heard) == 2, "both events were heard")
            assert not (await slack.command(ANA, CARE, "/other")).ok
        assert sorted(heard) == ["hello", f"home of {ANA}"]
        (answer,) = slack.workspace.conversations[CARE].ephemerals.values()
        assert (answer.text, answer.ephemeral_to) == ("You said queue  now", ANA)


@pytest.mark.parametrize("fault", ["raises", "sleeps", "no listener"])
async def test_press_without_ack_is_a_visible_error(fault: str) -> None:
    """An app that raises, is late or does not listen gives the person an error after the deadline."""
    async with SlackSandbox(SHORT) as slack, bolt_app(slack) as app:
        waiting = asyncio.Event()

        async def claim(ack: Any) -> None:
            if fault == "raises":
                raise RuntimeError("broken on purpose")
            await waiting.wait()
            await ack()

        if fault != "no listener":
            app.action("claim")(claim)
        app.logger.disabled = True
        async with connected(app, slack):
            posted = await app.client.chat_postMessage(channel=CARE, text="A card", blocks=card())
            outcome = await slack.press_in(ANA, CARE, posted["ts"], "claim")
            waiting.set()
        assert outcome.error == NO_ANSWER
        assert slack.notices(ANA) == [NO_ANSWER]


async def test_events_without_ack_come_again_with_a_count() -> None:
    """A failed event is delivered four times in all, with retry_attempt 0 to 3 and the same event_id."""
    async with SlackSandbox(SHORT) as slack, bolt_app(slack) as app:
        tries: list[tuple[str, str]] = []

        @app.middleware
        async def fail(body: Json, request: Any) -> None:
            tries.append((body["event_id"], request.headers["x-slack-retry-num"][0]))
            raise RuntimeError("broken on purpose")

        app.logger.disabled = True
        async with connected(app, slack):
            await slack.say(BEN, CARE, "hello")
            record = slack.hub.sockets.log[0]
            await wait_until(lambda: record.outcome == "given_up", "Slack gave up")
            await wait_until(lambda: len(tries) == 4, "the app has seen every try")
    assert [number for _, number in tries] == ["0", "1", "2", "3"]
    assert len({event_id for event_id, _ in tries}) == 1


async def test_refresh_reconnects_and_loses_no_event() -> None:
    """Events said around a refresh arrive, on the new socket if need be; the app comes back by itself."""
    async with SlackSandbox(replace(HEARING, ack_deadline_s=1.0)) as slack, bolt_app(slack) as app:
        heard: set[str] = set()

        @app.event("message")
        async def message(event: Json) -> None:
            heard.add(event["text"])

        async with connected(app, slack):
            first = slack.hub.sockets.open[0]
            await slack.say(BEN, CARE, "before")
            await slack.hub.sockets.refresh(warning_s=0.05)
            await slack.say(BEN, CARE, "after")
            await wait_until(lambda: heard == {"before", "after"}, "both were heard")
            await wait_until(lambda: len(slack.hub.sockets.open) == 1, "one socket is open")
            assert slack.hub.sockets.open[0] is not first


async def test_events_are_held_while_no_socket_is_up() -> None:
    """What was said while the app was away is delivered when it comes."""
    async with SlackSandbox(HEARING) as slack, bolt_app(slack) as app:
        heard: list[str] = []

        @app.event("message")
        async def message(event: Json) -> None:
            heard.append(event["text"])

        await slack.say(BEN, CARE, "too early")
        async with connected(app, slack):
            await wait_until(lambda: heard == ["too early"], "the held event arrives")


async def test_held_events_expire_and_are_bounded() -> None:
    """Held events do not wait for ever, and the oldest give way to the newest."""
    time = ManualTime()
    async with SlackSandbox(replace(HEARING, hold_events_max=2), time) as slack, bolt_app(slack) as app:

        @app.event("message")
        async def message(event: Json) -> None:
            assert event["text"] == "four"

        for text in ("one", "two", "three"):
            await slack.say(BEN, CARE, text)
        time.move(slack.config.hold_events_s + 1)
        await slack.say(BEN, CARE, "four")
        log: list[DeliveryRecord] = list(slack.hub.sockets.log)
        async with connected(app, slack):
            await wait_until(lambda: log[3].outcome == "acknowledged", "the newest is delivered")
        assert [record.outcome for record in log] == ["dropped", "dropped", "expired", "acknowledged"]


async def socket_url(slack: SlackSandbox) -> str:
    """A ticket."""
    async with web_client(slack, slack.config.app_token) as client:
        return str((await client.apps_connections_open(app_token=slack.config.app_token))["url"])


async def test_tickets_work_once_and_sockets_are_ten(slack: SlackSandbox) -> None:
    """A used ticket is refused; the eleventh socket is told too_many_websockets."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        url = await socket_url(slack)
        sockets = [await session.ws_connect(url)]
        assert (await sockets[0].receive_json())["num_connections"] == 1
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
        sockets += [await session.ws_connect(await socket_url(slack)) for _ in range(10)]
        assert (await sockets[9].receive_json())["num_connections"] == 10
        assert (await sockets[10].receive_json())["reason"] == "too_many_websockets"
        for socket in sockets:
            await socket.close()


async def test_each_payload_goes_to_one_socket_in_turn(slack: SlackSandbox) -> None:
    """Two sockets share the events; an ack may come on the other one; pings are answered with the same data."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        one, two = [await session.ws_connect(await socket_url(slack)) for _ in range(2)]
        for socket in (one, two):
            assert (await socket.receive_json())["type"] == "hello"
        await slack.say(BEN, CARE, "first")
        await slack.say(BEN, CARE, "second")
        envelopes = [await one.receive_json(), await two.receive_json()]
        assert {e["payload"]["event"]["text"] for e in envelopes} == {"first", "second"}
        assert [(e["retry_attempt"], e["accepts_response_payload"]) for e in envelopes] == [(0, False)] * 2
        for envelope in envelopes:
            await one.send_json({"envelope_id": envelope["envelope_id"]})
        await one.send_json({"envelope_id": "unknown"})
        await one.send_str("[]")
        log = list(slack.hub.sockets.log)
        await wait_until(lambda: all(r.outcome == "acknowledged" for r in log), "both are acknowledged")
        await wait_until(lambda: len(slack.hub.sockets.problems) == 2, "both wrong answers are noted")
        for socket in (one, two):
            await socket.close()


async def test_response_url_has_five_uses_and_thirty_minutes() -> None:
    """Ephemeral by default, in_channel on request, in a thread; five uses; no refusal is an HTTP error."""
    time = ManualTime()
    async with (
        SlackSandbox(HEARING, time) as slack,
        aiohttp.ClientSession(trust_env=False) as session,
    ):
        said = await slack.say(ANA, CARE, "thread")
        grants = slack.hub.grants
        base = f"{slack.hub.base_url}/sandbox/slack/response/"
        url = base + grants.response_url(ANA, CARE, None, ephemeral=False)

        async def use(where: str, **body: Any) -> str:
            async with session.post(where, json=body) as response:
                answer = await response.json()
                assert response.status == 200
                return "ok" if answer["ok"] else answer["error"]

        assert await use(url, text="for you") == "ok"
        assert await use(url, text="for all", response_type="in_channel", thread_ts=said.ts) == "ok"
        assert await use(url, blocks=[{"type": "nothing"}]) == "invalid_blocks"
        assert await use(url, text="x", replace_original=True) == "no_original"
        assert await use(url, text="") == "no_text"
        assert await use(url, text="six") == "used_url"
        late = base + grants.response_url(ANA, CARE, None, ephemeral=False)
        time.move(1800)
        assert await use(late, text="just in time") == "ok"
        time.move(1)
        assert await use(late, text="late") == "expired_url"
        channel = slack.workspace.conversations[CARE]
        assert [m.text for m in channel.ephemerals.values()] == ["for you", "just in time"]
        assert [m.text for m in channel.messages.values()] == ["thread", "for all"]


async def test_two_people_press_at_once(slack: SlackSandbox) -> None:
    """Two presses are two payloads with triggers of their own."""
    async with bolt_app(slack) as app:
        seen: dict[str, str] = {}

        @app.action("claim")
        async def claim(ack: Any, body: Json) -> None:
            await ack()
            seen[body["user"]["id"]] = body["trigger_id"]

        async with connected(app, slack):
            posted = await app.client.chat_postMessage(channel=CARE, text="A card", blocks=card())
            presses = [slack.press_in(user, CARE, posted["ts"], "claim") for user in (ANA, BEN)]
            assert all(outcome.ok for outcome in await asyncio.gather(*presses))
            await wait_until(lambda: len(seen) == 2, "both were heard")
        assert seen[ANA] != seen[BEN]


async def test_stale_press_can_be_delivered_on_request() -> None:
    """With the flag, a press on a button that is gone arrives with the message as it now is."""
    config = replace(HEARING, deliver_stale_presses=True)
    async with SlackSandbox(config) as slack, bolt_app(slack) as app:
        seen: list[Json] = []

        @app.action("old")
        async def old(ack: Any, body: Json) -> None:
            await ack()
            seen.append(body)

        async with connected(app, slack):
            posted = await app.client.chat_postMessage(channel=CARE, text="A card", blocks=card("new"))
            where = {"conversation": CARE, "message_ts": posted["ts"]}
            assert (await slack.press(ANA, "gone", "old", value="7", **where)).ok
        assert seen[0]["actions"][0]["value"] == "7"
        assert seen[0]["message"]["blocks"][0]["block_id"] == "new"


async def test_ephemeral_is_replaced_and_deleted_by_its_response_url(slack: SlackSandbox) -> None:
    """An ephemeral message can be changed only through the response_url of a press on it."""
    async with bolt_app(slack) as app:

        @app.action("claim")
        async def claim(ack: Any, respond: Any) -> None:
            await ack()
            await respond(text="two", blocks=card("two"), replace_original=True)

        @app.action("done")
        async def done(ack: Any, respond: Any) -> None:
            await ack()
            await respond(delete_original=True)

        async with connected(app, slack):
            first = card()
            first[0]["elements"].append({**first[0]["elements"][0], "action_id": "done"})
            answer = await app.client.chat_postEphemeral(channel=CARE, user=ANA, text="one", blocks=first)
            ts = answer["message_ts"]
            assert (await slack.press_in(ANA, CARE, ts, "claim")).ok
            await wait_until(lambda: slack.message(CARE, ts).text == "two", "the message is replaced")
            answer = await app.client.chat_postEphemeral(channel=CARE, user=ANA, text="three", blocks=first)
            assert (await slack.press_in(ANA, CARE, answer["message_ts"], "done")).ok
            ephemerals = slack.workspace.conversations[CARE].ephemerals
            await wait_until(lambda: list(ephemerals) == [ts], "the message is deleted")


async def test_a_socket_s_life_ends_with_a_warning() -> None:
    """With a socket life set, Slack warns, asks for a refresh and closes; a disabled link says so."""
    config = replace(HEARING, socket_life_s=0.1, socket_warning_s=0.05)
    async with SlackSandbox(config) as slack, aiohttp.ClientSession(trust_env=False) as session:
        socket = await session.ws_connect(await socket_url(slack))
        reasons = [(await socket.receive_json()).get("reason") for _ in range(3)]
        assert reasons == [None, "warning", "refresh_requested"]
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        await slack.hub.sockets.disable_link()
        late = await session.ws_connect(await socket_url(slack))
        assert (await late.receive_json())["reason"] == "link_disabled"
        await late.close()
        await socket.close()
