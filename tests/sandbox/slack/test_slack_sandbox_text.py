"""Who is called by a text: hostile text calls nobody, and what does call somebody is seen."""

from typing import Any

import pytest

from sandbox.slack.base import SlackError
from sandbox.slack.config import SandboxConfig
from sandbox.slack.hub import Hub
from sandbox.slack.interactivity import say
from sandbox.slack.messages import bot_message, change, content, post
from sandbox.slack.model import Message
from sandbox.slack.text import escape, shown_text, stored_text, typed_text
from sandbox.slack.workspace import ANA, BEN, CARE, CHLOE, ON_CALL, RANDOM

HOSTILE = f"<!channel> <!here> <!everyone> <@{ANA}> <!subteam^{ON_CALL}> @here <https://evil.example|bank.com>"


@pytest.fixture
def hub() -> Hub:
    """A local Slack that is not on any port."""
    return Hub(SandboxConfig())


def posted(hub: Hub, channel_id: str = CARE, thread_ts: str | None = None, **args: Any) -> Message:
    """A message of the bot's."""
    channel = hub.workspace.conversations[channel_id]
    return post(hub, channel, bot_message(hub, content(hub, args), thread_ts))


def called(hub: Hub) -> set[tuple[str, str]]:
    """Whose phone rang, and why."""
    return {(push.user, push.reason) for push in hub.workspace.pushes}


def section(text: str, **fields: Any) -> list[dict[str, Any]]:
    """A section with mrkdwn."""
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text, **fields}}]


def header(text: str) -> list[dict[str, Any]]:
    """A header with plain_text."""
    return [{"type": "header", "text": {"type": "plain_text", "text": text}}]


def rich(text: str) -> list[dict[str, Any]]:
    """A rich_text quote with one text element."""
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "elements": [quote]}]


@pytest.mark.parametrize(
    "blocks",
    [
        rich(HOSTILE),
        section(escape(HOSTILE), verbatim=True),
        [{"type": "header", "text": {"type": "plain_text", "text": HOSTILE}}],
    ],
    ids=["rich_text", "escaped verbatim mrkdwn", "plain_text"],
)
def test_hostile_text_handled_well_calls_nobody(hub: Hub, blocks: list[dict[str, Any]]) -> None:
    """Mentions in rich_text text elements, plain_text and escaped verbatim mrkdwn are only characters."""
    posted(hub, text=escape(HOSTILE), blocks=blocks)
    assert called(hub) == set()


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"text": "<!channel> hello"}, "broadcast"),
        ({"text": "x", "blocks": section("<!here>")}, "broadcast"),
        ({"text": "x", "blocks": section("please @channel look")}, "broadcast"),
        ({"text": "x", "blocks": section(f"<@{BEN}>")}, "mention"),
        ({"text": f"<!subteam^{ON_CALL}|on-call>"}, "mention"),
    ],
    ids=["text", "mrkdwn", "plain @channel, not verbatim", "user in mrkdwn", "group"],
)
def test_careless_text_calls_people(hub: Hub, args: dict[str, Any], expected: str) -> None:
    """What real Slack would notify for is seen as a push."""
    posted(hub, **args)
    everyone = {ANA, BEN, CHLOE} if expected == "broadcast" else {BEN}
    assert called(hub) == {(user, expected) for user in everyone}


def test_rich_text_mention_elements_call(hub: Hub) -> None:
    """user and broadcast elements are meant as mentions."""
    elements = [{"type": "user", "user_id": CHLOE}]
    posted(
        hub, text="x", blocks=[{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}]
    )
    assert called(hub) == {(CHLOE, "mention")}


def test_plain_card_rings_nowhere_and_direct_message_does(hub: Hub) -> None:
    """A card in a channel gives no push; a direct message does, with the top-level text as a phone shows it."""
    posted(hub, text="New complaint")
    assert called(hub) == set()
    direct = hub.workspace.direct(hub.config.bot_user_id, ANA)
    posted(hub, direct.id, text=f"Breach &amp; more <https://a.example|link> <@{BEN}>", blocks=section("other words"))
    (push,) = hub.workspace.pushes
    assert (push.user, push.reason, push.conversation) == (ANA, "dm", direct.id)
    assert push.text == "Breach & more link @Ben Okafor"


def test_message_without_text_shows_nothing_on_a_phone(hub: Hub) -> None:
    """Forgetting `text` is visible: the push has Slack's stand-in words."""
    direct = hub.workspace.direct(hub.config.bot_user_id, ANA)
    posted(hub, direct.id, blocks=section("words"))
    assert hub.workspace.pushes[0].text == "This content can't be displayed."


def test_thread_followers_hear_replies(hub: Hub) -> None:
    """Who has written or was mentioned in a thread hears its replies; others do not."""
    card = posted(hub, text="card")
    say(hub, ANA, CARE, "mine", card.ts)
    say(hub, ANA, CARE, "what do you think, @chloe?", card.ts)
    hub.workspace.pushes.clear()
    posted(hub, text="customer wrote again", thread_ts=card.ts)
    assert called(hub) == {(ANA, "thread"), (CHLOE, "thread")}


def test_edit_and_ephemeral_ring_nowhere(hub: Hub) -> None:
    """A mention edited in, or shown to one person only, gives no push."""
    channel = hub.workspace.conversations[CARE]
    card = posted(hub, text="card")
    change(hub, channel, card, content(hub, {"text": f"<@{ANA}> <!channel>"}))
    post(hub, channel, bot_message(hub, content(hub, {"text": f"<@{ANA}>"}), None, only_to=ANA))
    assert called(hub) == set()


def test_a_person_s_typed_mention_and_markup(hub: Hub) -> None:
    """@name becomes a mention; typed angle brackets stay characters."""
    say(hub, ANA, RANDOM, "@ben see <!channel> & https://a.example/x.")
    message = next(iter(hub.workspace.conversations[RANDOM].messages.values()))
    assert message.text == f"<@{BEN}> see &lt;!channel&gt; &amp; <https://a.example/x>."
    assert called(hub) == {(BEN, "mention")}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plain", "plain"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("&lt;!here&gt;", "&lt;!here&gt;"),
        ("<foo>", "&lt;foo&gt;"),
        ("see https://a.example/?q=1.", "see <https://a.example/?q=1>."),
        ("<https://a.example|label>", "<https://a.example|label>"),
        ("<!date^1392734382^{date}|then>", "<!date^1392734382^{date}|then>"),
        ("<" * 50_000, "&lt;" * 50_000),
    ],
    ids=str,
)
def test_text_as_slack_keeps_it(given: str, kept: str) -> None:
    """Known entities stay, everything else is escaped, bare addresses become links."""
    assert stored_text(given) == kept


def test_shown_and_typed_are_inverse_for_plain_characters() -> None:
    """What a person types is what others see."""
    text = "5 < 6 & 7 > 2, \u202etrick\u202c, \U0001f600"
    assert shown_text(typed_text(text, {}), {}) == text


def test_unknown_person_cannot_type(hub: Hub) -> None:
    """Only members of a conversation type in it."""
    with pytest.raises(SlackError, match="channel_not_found"):
        say(hub, ANA, "C404", "x")
