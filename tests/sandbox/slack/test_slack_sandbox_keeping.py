"""The local Slack over restarts: what comes back, what does not, and what a broken file does."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.domain.errors import SetupError
from sandbox.slack.app import SlackSandbox
from sandbox.slack.model import Message
from sandbox.slack.workspace import ANA, BEN, CARE, RANDOM
from tests.support.slack_sandbox import UNLIMITED, ManualTime, bolt_app, connected, web_client
from tests.support.waiting import wait_until

CARD: list[dict[str, Any]] = [
    {"type": "section", "block_id": "who", "text": {"type": "mrkdwn", "text": "*Maya*"}},
    {
        "type": "actions",
        "block_id": "acts",
        "elements": [{"type": "button", "action_id": "claim", "text": {"type": "plain_text", "text": "Claim"}}],
    },
]
HOME = {"type": "home", "blocks": CARD}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the state is kept; the folder is not there yet."""
    return tmp_path / "demo" / "slack.json"


def sandbox(path: Path, time: ManualTime | None = None, **more: Any) -> SlackSandbox:
    """A local Slack that keeps its state."""
    return SlackSandbox(replace(UNLIMITED, data_file=path, **more), time)


def put(path: Path, content: bytes) -> None:
    """Write a file and the folder around it."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def content_of(path: Path) -> bytes:
    """What a file holds."""
    return path.read_bytes()


def names_in(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(each.name for each in folder.iterdir())


async def post(slack: SlackSandbox, **message: Any) -> str:
    """Post as the bot and return the ts."""
    async with web_client(slack) as client:
        answer = await client.chat_postMessage(**{"channel": CARE, "text": "A card", **message})
        return str(answer["ts"])


async def test_messages_threads_and_direct_conversations_come_back(path: Path) -> None:
    """After a restart every message is as it was: blocks, metadata, edits, replies, followers."""
    async with sandbox(path) as slack:
        metadata = {"event_type": "case", "event_payload": {"attempt": "a"}}
        card = await post(slack, blocks=CARD, metadata=metadata)
        await post(slack, text="Internal", thread_ts=card)
        await slack.say(BEN, CARE, "On it", card)
        gone = await post(slack, text="Soon gone")
        direct = slack.direct(ANA)
        private = await post(slack, channel=direct, text="Only for Ana")
        async with web_client(slack) as client:
            await client.chat_update(channel=direct, ts=private, text="Only for you")
            await client.chat_delete(channel=CARE, ts=gone)
        before = slack.workspace.conversations
    async with sandbox(path) as slack:
        assert slack.workspace.conversations == before
        assert slack.message(CARE, card).reply_users == [UNLIMITED.bot_user_id, BEN]
        assert slack.direct(ANA) == direct
        async with web_client(slack) as client:
            thread = await client.conversations_replies(channel=CARE, ts=card, include_all_metadata=True)
            assert [each["text"] for each in thread["messages"]] == ["A card", "Internal", "On it"]
            assert thread["messages"][0]["metadata"] == metadata


async def test_a_card_from_before_can_be_pressed_and_redrawn(path: Path) -> None:
    """The buttons of a card that a former run posted reach the app, which can update the card."""
    async with sandbox(path) as slack:
        card = await post(slack, blocks=CARD)
    async with sandbox(path) as slack, bolt_app(slack) as app:

        @app.action("claim")
        async def claim(ack: Any, respond: Any) -> None:
            await ack()
            await respond(text="Claimed by Ana", replace_original=True)

        async with connected(app, slack):
            assert (await slack.press_in(ANA, CARE, card, "claim")).ok
            await wait_until(lambda: slack.message(CARE, card).text == "Claimed by Ana", "the card is redrawn")


async def test_read_marks_and_home_views_come_back(path: Path) -> None:
    """What a person has read stays read, and the Home tab shows what was published, with its id and hash."""
    async with sandbox(path) as slack:
        await post(slack)
        slack.workspace.mark_read(slack.workspace.conversations[CARE], ANA)
        async with web_client(slack) as client:
            view = (await client.views_publish(user_id=ANA, view=HOME))["view"]
    async with sandbox(path) as slack:
        channel = slack.workspace.conversations[CARE]
        assert (slack.workspace.unread(channel, ANA), slack.workspace.unread(channel, BEN)) == (0, 1)
        async with web_client(slack) as client:
            again = await client.views_publish(user_id=ANA, view=HOME, hash=view["hash"])
            assert again["view"]["id"] == view["id"]
            with pytest.raises(SlackApiError, match="hash_conflict"):
                await client.views_publish(user_id=ANA, view=HOME, hash=view["hash"])


async def test_what_is_of_the_moment_does_not_come_back(path: Path) -> None:
    """Ephemeral messages, notifications and errors on a screen are gone after a restart."""
    async with sandbox(path) as slack:
        async with web_client(slack) as client:
            await client.chat_postEphemeral(channel=CARE, user=ANA, text="Only you can see this")
        await post(slack, text=f"<@{BEN}> look")
        slack.workspace.notice(ANA, "Something went wrong")
        assert slack.workspace.pushes
    async with sandbox(path) as slack:
        assert slack.workspace.conversations[CARE].ephemerals == {}
        assert (list(slack.workspace.pushes), slack.notices(ANA), slack.views(ANA)) == ([], [], [])
        assert [each.text for each in slack.messages(CARE)] == [f"<@{BEN}> look"]


async def test_ids_are_never_given_twice(path: Path) -> None:
    """A later run's ts is greater even when the machine's clock went back, and other ids are new ones too."""
    time = ManualTime()
    async with sandbox(path, time) as slack:
        first, an_id = await post(slack), slack.workspace.new_id("Ev")
        url = slack.hub.grants.response_url(ANA, CARE, first, ephemeral=False)
    time.move(-3600)
    async with sandbox(path, time) as slack:
        assert await post(slack) > first
        later = [slack.workspace.new_id("Ev") for _ in range(100)]
        assert an_id not in later
        assert min(later) > an_id
        assert slack.hub.grants.response_url(ANA, CARE, first, ephemeral=False) != url


async def test_a_kill_loses_no_more_than_the_last_moment(path: Path) -> None:
    """A change is in the file within a second although nothing was stopped; ids go on beyond what was saved."""
    async with sandbox(path) as slack:
        await post(slack, text="keep me")
        await wait_until(lambda: path.exists() and "keep me" in path.read_text("utf-8"), "it is kept", within_s=2)
        lost = [slack.workspace.new_id("Ev") for _ in range(500)]
        async with sandbox(path) as after_a_kill:
            assert [each.text for each in after_a_kill.messages(CARE)] == ["keep me"]
            assert after_a_kill.workspace.new_id("Ev") not in lost
    assert names_in(path.parent) == ["slack.json"]


async def test_hostile_text_is_kept(path: Path) -> None:
    """Text that UTF-8 cannot carry, and marks that turn the direction, do not stop the file from being written."""
    async with sandbox(path) as slack:
        for text in ("half \ud800 a pair", "\u202eturned\u200b", "\x00 nil", "x" * 40_000):
            await slack.say(ANA, RANDOM, text)
        expected = [each.text.replace("\ud800", "?") for each in slack.messages(RANDOM)]
    async with sandbox(path) as slack:
        assert [each.text for each in slack.messages(RANDOM)] == expected


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version": 2}', b"\xff\xfe", b'{"version": 1, "conversations": [{}]}', b"[" * 100_000],
)
async def test_a_broken_file_is_set_aside(path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    """A file that is no state of the local Slack is put aside, untouched, with a message; work starts afresh."""
    put(path, content)
    async with sandbox(path) as slack:
        assert slack.messages(CARE) == []
        await post(slack)
    words = capsys.readouterr().err
    assert f"{path} could not be read" in words
    assert "slack.json.broken-1" in words
    assert content_of(path.with_name("slack.json.broken-1")) == content
    assert len(json.loads(content_of(path))["conversations"]) == 3


async def test_a_thread_without_its_replies_counts_as_broken(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that was cut by hand is not trusted; a second broken file gets a name of its own."""
    async with sandbox(path) as slack:
        card = await post(slack)
        await post(slack, thread_ts=card)
    whole = json.loads(content_of(path))
    for _ in range(2):
        care = next(each for each in whole["conversations"] if each["id"] == CARE)
        care["messages"] = {card: care["messages"][card]}
        put(path, json.dumps(whole).encode())
        async with sandbox(path) as slack:
            assert slack.messages(CARE) == []
    assert "has lost a reply" in capsys.readouterr().err
    assert names_in(path.parent) == ["slack.json.broken-1", "slack.json.broken-2"]


async def test_a_broken_file_that_cannot_be_moved_stops_the_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that somebody may want back is ever overwritten."""

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    put(path, b"{")
    monkeypatch.setattr(Path, "replace", refuse)
    slack = sandbox(path)
    with pytest.raises(SetupError, match="cannot be moved: Permission denied"):
        await slack.hub.start()
    assert content_of(path) == b"{"


async def test_a_full_disk_is_said_once_and_tried_again(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When the file cannot be written, work goes on; once it can, everything is in it."""
    async with sandbox(path) as slack:
        put(path.parent, b"a file where the folder should be")
        for number in range(2):
            await post(slack, text=f"number {number}")
            kept = slack.hub._kept
            assert kept is not None
            kept.close()
        path.parent.unlink()
        await post(slack, text="number 2")
    assert capsys.readouterr().err.count("could not be written") == 1
    async with sandbox(path) as slack:
        assert [each.text for each in slack.messages(CARE)] == ["number 0", "number 1", "number 2"]


async def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory is the default."""
    monkeypatch.chdir(tmp_path)
    async with SlackSandbox(UNLIMITED) as slack:
        message: Message = await slack.say(ANA, RANDOM, "Hello")
        assert slack.messages(RANDOM) == [message]
    assert names_in(tmp_path) == []
