"""Customers who mean harm: whatever they write or call themselves is shown as data, pings nobody and breaks nothing."""

import re

import pytest
import redis.asyncio

from sandbox.slack.workspace import ANA, BEN, CARE
from tests.support.hostile import NAMES, STAFF, TEXTS, deliver, event, is_called, offences, offences_of
from tests.support.rig import Rig, a_rig
from tests.support.waiting import wait_until

SAFE_KEY = re.compile(r"hark:\{\d+\}:[A-Za-z0-9:._/+-]+")
SQUARE = ("broadcast", "person", "group", "link", "right-to-left", "zero-width", "marks", "emoji", "markup")


async def all_cards(rig: Rig, count: int) -> None:
    """Wait for that many cards; the clock skips so that Slack's pace of posting does not hold us up."""

    def there() -> bool:
        rig.sandbox.clock.skip(0.5)
        return len(rig.cards()) >= count

    await wait_until(there, f"{count} cards stand", within_s=40)


def refused(rig: Rig) -> list[tuple[str, str | None]]:
    """The calls that Slack would not take."""
    return [(call.method, call.error) for call in rig.sandbox.slack.calls if call.error]


async def test_hostile_words_and_names_are_shown_as_data(redis_url: str) -> None:
    """Through the webhook door, 100,000 characters included: a card each, nobody notified, no call refused."""
    async with a_rig(redis_url) as rig:
        for number, (name, text) in enumerate(TEXTS.items()):
            await deliver(rig, event(name, text, number))
        await all_cards(rig, len(TEXTS))
        assert len(rig.cards()) == len(TEXTS)
        assert not rig.sandbox.slack.workspace.pushes
        assert refused(rig) == []
        assert offences_of(rig.sandbox.slack.messages(CARE)) == []
        shown = str([card.blocks for card in rig.cards()])
        for words in (
            "<!channel> <!here|here> <!everyone>",
            "<https://evil.example|bank.example>",
            "*bold* _it_ ~gone~",
        ):
            assert words in shown
        await check_keys(redis_url)


async def check_keys(redis_url: str) -> None:
    """Foreign text is never part of a key's name as it came."""
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        keys = [key.decode() async for key in client.scan_iter(count=1000)]
    assert [key for key in keys if not SAFE_KEY.fullmatch(key) or "channel" in key or "U01ANA" in key] == []


async def test_everything_around_a_hostile_card_holds_too(redis_url: str) -> None:
    """Buttons, history, Home, the command, thread lines, alerts and the hourly message of hostile cases."""
    names = ("broadcast", "link", "surrogates", "long")
    async with a_rig(redis_url, {"HARK_STORMS": "false"}) as rig:  # each alert by itself, none gathered
        for number, name in enumerate(names):
            await deliver(rig, event(name, TEXTS[name], number))
        await all_cards(rig, len(names))
        for number, name in enumerate(names):
            again = event(name, TEXTS[name], number)
            again["data"]["id"] += "2"
            await deliver(rig, again)
        await wait_until(lambda: [m for m in rig.sandbox.slack.messages(CARE) if m.thread_ts], "lines stand")
        for card in rig.cards():
            await rig.press(ANA, card.ts, "hark:claim:v1")
            await rig.shows(card.ts, "hark:release:v1")
            await rig.press(BEN, card.ts, "hark:release:v1")
            await rig.choose(ANA, card.ts, "history")
            assert offences(await rig.modal(ANA), named=STAFF) == []
            await rig.sandbox.slack.close(ANA, rig.sandbox.slack.views(ANA)[-1]["id"])
        await rig.sandbox.slack.open_home(ANA)
        homes = rig.sandbox.slack.hub.views.homes
        await wait_until(lambda: homes.get(ANA), "Home is drawn")
        assert offences(homes[ANA]) == []
        for word in ("queue", "mine", "<!channel>"):
            assert (await rig.sandbox.slack.command(ANA, CARE, f"/hark {word}")).ok
        assert not rig.sandbox.slack.workspace.pushes
        rig.sandbox.clock.skip(3600)
        await wait_until(lambda: len(rig.direct(ANA)) >= len(names), "Ana is alerted of each", within_s=30)
        cards = rig.cards()
        await wait_until(
            lambda: [m for m in rig.sandbox.slack.messages(CARE) if not m.thread_ts and m not in cards], "the hour"
        )
        assert {(push.user, push.reason) for push in rig.sandbox.slack.workspace.pushes} == {(ANA, "dm")}
        assert offences_of([*rig.sandbox.slack.messages(CARE), *rig.direct(ANA), *rig.whispers()]) == []
        assert refused(rig) == []


async def test_hostile_posts_on_a_network_are_answered_like_any_other(redis_url: str) -> None:
    """On the square, at its 300 graphemes, from people with hostile names; the answer reaches them."""
    async with a_rig(redis_url) as rig:
        for number, name in enumerate(SQUARE):
            is_called(rig, "jamalreed", NAMES[number % 6])
            text = f"@acme.square.test {TEXTS[name]} "
            rig.square.post("jamalreed", text + "z" * (300 - min(300, len(text) + 40)))
            await all_cards(rig, number + 1)
        assert not rig.sandbox.slack.workspace.pushes
        assert offences_of(rig.sandbox.slack.messages(CARE)) == []
        assert "<@U01ANA4K7QX>" in str([card.blocks[0] for card in rig.cards()])
        card = rig.cards()[0]
        await rig.press(ANA, card.ts, "hark:reply:v1")
        assert offences(await rig.modal(ANA)) == []
        assert (await rig.send(ANA, "We are looking for it", signature="^AK")).ok
        await rig.shows(card.ts, "read back")
        assert refused(rig) == []


@pytest.mark.parametrize("field", ["text", "signature"])
async def test_staff_cannot_send_what_only_slack_understands(redis_url: str, field: str) -> None:
    """Mentions, groups, channels and custom emoji are refused where they were typed; the next try goes through."""
    async with a_rig(redis_url) as rig:
        rig.square.post("jamalreed", "@acme.square.test where is my bag?")
        card = await rig.card("where is my bag")
        await rig.press(ANA, card.ts, "hark:reply:v1")
        for words in ("<!channel>", "<@U01BEN2M9TR>", "<#C01CARE8N3V>", "<!subteam^S01ONCALL7B>", ":party_parrot:"):
            fields = {"text": "Hello", "signature": "^AK"} | {field: words}
            outcome = await rig.send(ANA, **fields)
            assert list(outcome.errors) == [field], (words, outcome)
        assert rig.brand_posts() == []
        assert (await rig.send(ANA, "Hello", signature="^AK")).ok
        await wait_until(rig.brand_posts, "the clean one stands")
        assert rig.brand_posts() == ["Hello ^AK"]


async def test_nobody_puts_a_name_of_their_making_into_our_mouth(redis_url: str) -> None:
    """The line of the menu's first entry goes out in public unread: no name is in it, for whatever it is, the company
    would say it."""
    async with a_rig(redis_url, {"HARK_UNDO_SECONDS": "0"}) as rig:
        is_called(rig, "jamalreed", "Boycott Acme")
        rig.square.post("jamalreed", "@acme.square.test where is my bag?")
        card = await rig.card("where is my bag")
        assert "Boycott Acme" in str(card.blocks[0])
        await rig.choose(ANA, card.ts, "acknowledge")
        assert (await rig.send(ANA, signature="^AK")).ok
        await wait_until(rig.brand_posts, "the line stands")
        assert "Boycott" not in rig.brand_posts()[0]
