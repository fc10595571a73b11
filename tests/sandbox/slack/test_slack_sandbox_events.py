"""Which events the local Slack raises for what people and the app itself do."""

from dataclasses import replace

from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import BEN, CARE
from tests.support.slack_sandbox import HEARING, web_client


async def test_mention_in_a_channel_is_two_events() -> None:
    """With both subscribed, a mention of the bot is a message and an app_mention with one ts."""
    config = replace(HEARING, bot_events=("message.channels", "app_mention"))
    async with SlackSandbox(config) as slack:
        said = await slack.say(BEN, CARE, "@hark help")
        events = [record.payload["event"] for record in slack.hub.sockets.log]
        assert [(event["type"], event["ts"]) for event in events] == [
            ("message", said.ts),
            ("app_mention", said.ts),
        ]
        assert events[0]["channel_type"] == "channel"


async def test_own_changes_are_events_too() -> None:
    """The bot's own post, update and delete raise message events that carry its bot_id."""
    async with SlackSandbox(HEARING) as slack, web_client(slack) as client:
        ts = (await client.chat_postMessage(channel=CARE, text="one"))["ts"]
        await client.chat_update(channel=CARE, ts=ts, text="two")
        await client.chat_delete(channel=CARE, ts=ts)
        events = [record.payload["event"] for record in slack.hub.sockets.log]
        assert [event.get("subtype") for event in events] == [None, "message_changed", "message_deleted"]
        assert events[0]["bot_id"] == slack.config.bot_id
        assert (events[1]["message"]["text"], events[1]["previous_message"]["text"]) == ("two", "one")
        assert events[2]["deleted_ts"] == ts
