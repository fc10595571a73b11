"""The Web API as the real SDK calls it: tokens, scopes, messages, history, limits, faults."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.app import SlackSandbox
from sandbox.slack.config import SandboxConfig
from sandbox.slack.workspace import ANA, CARE, CARE_ARCHIVE, RANDOM
from tests.support.slack_sandbox import UNLIMITED, ManualTime, web_client

SECTION = [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]


@pytest.fixture
async def client(slack: SlackSandbox) -> AsyncIterator[AsyncWebClient]:
    """The real SDK client with the bot's token."""
    async with web_client(slack) as made:
        yield made


async def refusal(call: Any) -> Any:
    """The answer of a call that must fail."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response


async def raw(slack: SlackSandbox, method: str, **options: Any) -> dict[str, Any]:
    """A call by hand."""
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.post(slack.url + method, **options) as response,
    ):
        assert response.status == 200
        body: dict[str, Any] = await response.json()
        return body


async def test_auth_test_names_the_bot_and_its_scopes(client: AsyncWebClient, slack: SlackSandbox) -> None:
    """auth.test gives the ids and the header that Bolt reads scopes from."""
    answer = await client.auth_test()
    assert answer["user_id"] == slack.config.bot_user_id
    assert answer["bot_id"] == slack.config.bot_id
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(
    ("method", "headers", "error"),
    [
        ("chat.postMessage", {}, "not_authed"),
        ("chat.postMessage?token=xoxb-sandbox-hark", {}, "not_authed"),
        ("chat.postMessage", {"Authorization": "Bearer xoxb-wrong"}, "invalid_auth"),
        ("chat.postMessage", {"Authorization": "Bearer xapp-sandbox-hark"}, "not_allowed_token_type"),
        ("apps.connections.open", {"Authorization": "Bearer xoxb-sandbox-hark"}, "not_allowed_token_type"),
        ("chat.postNothing", {"Authorization": "Bearer xoxb-sandbox-hark"}, "unknown_method"),
        ("chat.postMessage", {"Authorization": "Bearer xoxb-sandbox-hark"}, "invalid_arguments"),
    ],
)
async def test_tokens(slack: SlackSandbox, method: str, headers: dict[str, str], error: str) -> None:
    """Missing, wrong and wrongly used tokens are refused with HTTP 200 and Slack's words."""
    assert (await raw(slack, method, headers=headers))["error"] == error


async def test_token_in_a_form_is_taken(slack: SlackSandbox) -> None:
    """A form may carry the token; JSON strings in it are read as blocks."""
    form = {"token": slack.config.bot_token, "channel": CARE, "text": "hi", "blocks": json.dumps(SECTION)}
    answer = await raw(slack, "chat.postMessage", data=form)
    assert answer["ok"]
    assert answer["message"]["blocks"][0]["text"] == {"type": "mrkdwn", "text": "hello", "verbatim": False}
    assert "token" not in slack.calls[-1].args


async def test_broken_json_is_refused(slack: SlackSandbox) -> None:
    """A body that is not JSON, or not an object, is named."""
    headers = {"Authorization": f"Bearer {slack.config.bot_token}", "Content-Type": "application/json"}
    assert (await raw(slack, "chat.postMessage", data=b"{", headers=headers))["error"] == "invalid_json"
    assert (await raw(slack, "chat.postMessage", data=b"[]", headers=headers))["error"] == "json_not_object"


@pytest.mark.parametrize("method", ["conversations.history", "conversations.replies", "users.info"])
async def test_what_reads_takes_no_json(slack: SlackSandbox, method: str) -> None:
    """Its arguments stand in the query or in a form; in a JSON body they are not seen."""
    args = {"channel": CARE, "ts": "1.000000", "user": ANA}
    headers = {"Authorization": f"Bearer {slack.config.bot_token}"}
    assert (await raw(slack, method, json=args, headers=headers))["error"] == "invalid_arguments"
    for options in ({"data": args}, {"params": args}):
        assert (await raw(slack, method, headers=headers, **options)).get("error") in (None, "thread_not_found")


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("conversations.history", {"oldest": "soon"}, "invalid_ts_oldest"),
        ("conversations.history", {"latest": "late"}, "invalid_ts_latest"),
        ("conversations.history", {"limit": "0"}, "invalid_limit"),
        ("chat.postEphemeral", {"user": [ANA], "text": "x"}, "user_not_in_channel"),
        ("chat.postMessage", {"text": "x", "markdown_text": 7}, "markdown_text_conflict"),
    ],
)
async def test_odd_arguments_are_named(slack: SlackSandbox, method: str, args: dict[str, Any], error: str) -> None:
    """Whatever an argument holds, the answer is Slack's."""
    headers = {"Authorization": f"Bearer {slack.config.bot_token}"}
    how = "params" if method == "conversations.history" else "json"
    assert (await raw(slack, method, headers=headers, **{how: {"channel": CARE, **args}}))["error"] == error


async def test_missing_scope_names_needed_and_provided() -> None:
    """Without the scope a call is refused, with what is needed and what is held."""
    config = replace(UNLIMITED, bot_scopes=("chat:write", "users:read"))
    async with SlackSandbox(config) as slack, web_client(slack) as client:
        answer = await refusal(client.conversations_history(channel=CARE))
        assert answer["error"] == "missing_scope"
        assert answer["needed"] == "channels:history"
        assert answer["provided"] == "chat:write,users:read"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        (RANDOM, "not_in_channel"),
        (CARE_ARCHIVE, "is_archived"),
        ("C404", "channel_not_found"),
        ("U404", "channel_not_found"),
    ],
)
async def test_where_the_bot_may_not_write(client: AsyncWebClient, channel: str, error: str) -> None:
    """Channels it is not in, archived or unknown ones are refused."""
    assert (await refusal(client.chat_postMessage(channel=channel, text="x")))["error"] == error


async def test_private_channel_is_invisible(client: AsyncWebClient, slack: SlackSandbox) -> None:
    """A private channel without the bot does not exist for it."""
    slack.workspace.add_channel("C01SECRET", "secret", {ANA}, private=True)
    assert (await refusal(client.chat_postMessage(channel="C01SECRET", text="x")))["error"] == "channel_not_found"


async def test_nothing_to_say(client: AsyncWebClient) -> None:
    """No text and no blocks, or only blanks, is no_text."""
    for text in ("", " \n"):
        call = client.api_call("chat.postMessage", json={"channel": CARE, "text": text})
        assert (await refusal(call))["error"] == "no_text"


async def test_post_update_delete(client: AsyncWebClient, slack: SlackSandbox) -> None:
    """Blocks show no edited flag; text alone drops the blocks and does; deleting removes."""
    posted = await client.chat_postMessage(channel="#care", text="one", blocks=SECTION)
    ts = posted["ts"]
    assert posted["channel"] == CARE
    updated = await client.chat_update(channel=CARE, ts=ts, text="two", blocks=SECTION)
    assert "edited" not in updated["message"]
    updated = await client.chat_update(channel=CARE, ts=ts, text="three")
    assert "blocks" not in updated["message"]
    assert updated["message"]["edited"]["user"] == slack.config.bot_user_id
    assert (await refusal(client.chat_update(channel=CARE, ts=ts, text="x" * 4001)))["error"] == "msg_too_long"
    await client.chat_delete(channel=CARE, ts=ts)
    assert (await refusal(client.chat_update(channel=CARE, ts=ts, text="x")))["error"] == "message_not_found"


async def test_only_own_messages_change(client: AsyncWebClient, slack: SlackSandbox) -> None:
    """A person's message is not the bot's to update or delete."""
    said = await slack.say(ANA, CARE, "mine")
    assert (await refusal(client.chat_update(channel=CARE, ts=said.ts, text="x")))["error"] == "cant_update_message"
    assert (await refusal(client.chat_delete(channel=CARE, ts=said.ts)))["error"] == "cant_delete_message"


async def test_an_update_leaves_some_rich_text_where_there_was_some(client: AsyncWebClient) -> None:
    """Other blocks may come and go, and rich_text may come; text alone takes all blocks away."""
    line = {"type": "rich_text_section", "elements": [{"type": "text", "text": "rich"}]}
    rich = [{"type": "rich_text", "elements": [line]}]
    ts = (await client.chat_postMessage(channel=CARE, text="x", blocks=SECTION))["ts"]
    await client.chat_update(channel=CARE, ts=ts, text="x", blocks=rich)
    poorer = client.chat_update(channel=CARE, ts=ts, text="x", blocks=SECTION)
    assert (await refusal(poorer))["error"] == "block_mismatch"
    await client.chat_update(channel=CARE, ts=ts, text="x", blocks=[*SECTION, *rich])
    await client.chat_update(channel=CARE, ts=ts, text="x")


async def test_messages_of_an_archived_channel_stay_as_they_are(client: AsyncWebClient, slack: SlackSandbox) -> None:
    """An update is refused with a word of its own."""
    ts = (await client.chat_postMessage(channel=CARE, text="x"))["ts"]
    slack.workspace.conversations[CARE].archived = True
    assert (await refusal(client.chat_update(channel=CARE, ts=ts, text="y")))["error"] == "is_inactive"
    assert (await refusal(client.chat_postMessage(channel=CARE, text="y")))["error"] == "is_archived"


async def test_long_text_is_cut(client: AsyncWebClient) -> None:
    """A post above 40,000 characters is cut, not refused."""
    posted = await client.chat_postMessage(channel=CARE, text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000


async def test_metadata_is_kept_and_shown_only_on_request(client: AsyncWebClient) -> None:
    """Metadata comes back with include_all_metadata; an update without it keeps it; an empty one removes it."""
    metadata = {"event_type": "hark_card", "event_payload": {"case": "7", "attempt": 2}}
    posted = await client.chat_postMessage(channel=CARE, text="x", metadata=metadata)
    await client.chat_update(channel=CARE, ts=posted["ts"], text="y", blocks=SECTION)
    plain = await client.conversations_history(channel=CARE)
    assert "metadata" not in plain["messages"][0]
    full = await client.conversations_history(channel=CARE, include_all_metadata=True)
    assert full["messages"][0]["metadata"] == metadata
    wrong = client.chat_postMessage(channel=CARE, text="x", metadata={"event_type": "x"})
    assert (await refusal(wrong))["error"] == "invalid_metadata_format"
    await client.chat_update(channel=CARE, ts=posted["ts"], text="y", metadata={})
    full = await client.conversations_history(channel=CARE, include_all_metadata=True)
    assert "metadata" not in full["messages"][0]


async def test_threads(client: AsyncWebClient, slack: SlackSandbox) -> None:
    """Replies count on the parent, stay out of history, a reply's ts means its parent, a tombstone keeps a thread."""
    parent = (await client.chat_postMessage(channel=CARE, text="parent"))["ts"]
    reply = await client.chat_postMessage(channel=CARE, text="one", thread_ts=parent)
    second = await client.chat_postMessage(channel=CARE, text="two", thread_ts=reply["ts"])
    assert second["message"]["thread_ts"] == parent
    thread = await client.conversations_replies(channel=CARE, ts=parent)
    assert [m["text"] for m in thread["messages"]] == ["parent", "one", "two"]
    assert (thread["messages"][0]["reply_count"], thread["messages"][0]["latest_reply"]) == (2, second["ts"])
    history = await client.conversations_history(channel=CARE)
    assert [m["text"] for m in history["messages"]] == ["parent"]
    bad = client.chat_postMessage(channel=CARE, text="x", thread_ts="1.000000")
    assert (await refusal(bad))["error"] == "thread_not_found"
    await client.chat_delete(channel=CARE, ts=parent)
    assert slack.message(CARE, parent).subtype == "tombstone"
    await client.chat_delete(channel=CARE, ts=reply["ts"])
    await client.chat_delete(channel=CARE, ts=second["ts"])
    assert slack.messages(CARE) == []


async def test_ids_of_messages_increase_on_a_standing_clock() -> None:
    """ts is a string of seconds and micros that always grows."""
    async with SlackSandbox(UNLIMITED, ManualTime()) as slack, web_client(slack) as client:
        ids = [(await client.chat_postMessage(channel=CARE, text="x"))["ts"] for _ in range(8)]
    assert ids == sorted(set(ids))
    assert all(len(ts.partition(".")[2]) == 6 for ts in ids)


async def test_history_pages_and_bounds() -> None:
    """limit and cursor walk newest first; oldest and latest exclude their bounds unless inclusive."""
    async with SlackSandbox(UNLIMITED) as slack, web_client(slack) as client:
        ids = [(await client.chat_postMessage(channel=CARE, text=str(n)))["ts"] for n in range(5)]
        first = await client.conversations_history(channel=CARE, limit=2)
        assert [m["text"] for m in first["messages"]] == ["4", "3"]
        rest = await client.conversations_history(
            channel=CARE, limit=9, cursor=first["response_metadata"]["next_cursor"]
        )
        assert [m["text"] for m in rest["messages"]] == ["2", "1", "0"]
        assert rest["has_more"] is False
        inner = await client.conversations_history(channel=CARE, oldest=ids[1], latest=ids[3])
        assert [m["text"] for m in inner["messages"]] == ["2"]
        both = await client.conversations_history(channel=CARE, oldest=ids[1], latest=ids[3], inclusive=True)
        assert [m["text"] for m in both["messages"]] == ["3", "2", "1"]
        assert (await refusal(client.conversations_history(channel=CARE, cursor="!")))["error"] == "invalid_cursor"
        assert (await refusal(client.conversations_history(channel=RANDOM)))["error"] == "not_in_channel"


async def test_ephemeral_is_nobody_elses(client: AsyncWebClient, slack: SlackSandbox) -> None:
    """An ephemeral message is not in history, cannot be updated, and needs a member to see it."""
    shown = await client.chat_postEphemeral(channel=CARE, user=ANA, text="only you")
    assert (await client.conversations_history(channel=CARE))["messages"] == []
    update = client.chat_update(channel=CARE, ts=shown["message_ts"], text="x")
    assert (await refusal(update))["error"] == "message_not_found"
    outsider = client.chat_postEphemeral(channel=CARE, user="U404", text="x")
    assert (await refusal(outsider))["error"] == "user_not_in_channel"
    assert slack.message(CARE, shown["message_ts"]).ephemeral_to == ANA


async def test_people_and_direct_messages(client: AsyncWebClient) -> None:
    """Reading people, and opening a direct conversation twice gives one."""
    person = (await client.users_info(user=ANA))["user"]
    assert (person["profile"]["display_name"], person["tz"]) == ("Ana", "Europe/Zagreb")
    assert (await refusal(client.users_info(user="U404")))["error"] == "user_not_found"
    first = (await client.conversations_open(users=[ANA]))["channel"]["id"]
    assert first.startswith("D")
    assert (await client.chat_postMessage(channel=ANA, text="hi"))["channel"] == first


async def test_posts_are_one_a_second_per_channel_after_a_burst(client: AsyncWebClient, time: ManualTime) -> None:
    """Five come at once, the sixth is HTTP 429 with whole seconds; another channel is free; time helps."""
    for _ in range(5):
        await client.chat_postMessage(channel=CARE, text="x")
    limited = await refusal(client.chat_postMessage(channel=CARE, text="x"))
    assert limited.status_code == 429
    assert limited["error"] == "ratelimited"
    assert limited.headers["Retry-After"] == "1"
    assert (await client.chat_postMessage(channel=ANA, text="x"))["ok"]
    time.move(1)
    assert (await client.chat_postMessage(channel=CARE, text="x"))["ok"]


async def test_updates_are_fifty_a_minute(client: AsyncWebClient, time: ManualTime) -> None:
    """chat.update shares one bucket over all messages: a burst of 20, then 50 a minute."""
    ts = (await client.chat_postMessage(channel=CARE, text="x"))["ts"]
    for _ in range(20):
        await client.chat_update(channel=CARE, ts=ts, text="y")
    limited = await refusal(client.chat_update(channel=CARE, ts=ts, text="y"))
    assert limited.headers["Retry-After"] == "2"
    time.move(1.2)
    assert (await client.chat_update(channel=CARE, ts=ts, text="y"))["ok"]


async def test_rates_can_be_scaled() -> None:
    """A scale of ten gives ten times the burst."""
    async with SlackSandbox(SandboxConfig(rate_scale=10), ManualTime()) as slack, web_client(slack) as client:
        for _ in range(50):
            await client.chat_postMessage(channel=CARE, text="x")
        assert (await refusal(client.chat_postMessage(channel=CARE, text="x"))).status_code == 429


async def test_faults(client: AsyncWebClient, slack: SlackSandbox) -> None:
    """A forced 429, 503, and an answer lost after the message was posted."""
    slack.set_fault("ratelimited", "chat.postMessage", retry_after=7)
    assert (await refusal(client.chat_postMessage(channel=CARE, text="x"))).headers["Retry-After"] == "7"
    slack.set_fault("http_503", times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError):
            await client.auth_test()
    assert slack.messages(CARE) == []
    slack.set_fault("drop_after", "chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=CARE, text="lost answer")
    assert [m.text for m in slack.messages(CARE)] == ["lost answer"]
    assert (await client.auth_test())["ok"]
