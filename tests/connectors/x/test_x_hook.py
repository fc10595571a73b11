"""The watch over the webhook, and what `check` says."""

import json
from datetime import timedelta

import pytest

from bot.domain.errors import Transient
from connectors.x.connector import XConnector
from connectors.x.hook import pick
from connectors.x.wire import Hook
from tests.support.x_rig import XRig, events, fixture
from tests.support.x_server import ANA, US

REPLAY = "POST /2/webhooks/replay"


def a_hook(*, valid: bool) -> dict[str, object]:
    """Ours among the app's webhooks."""
    return {"id": "900", "url": "https://hark.example/webhooks/x", "valid": valid, "created_at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("account", "paths", "chosen"),
    [
        ("main", ["/other", "/webhooks/x"], 1),
        ("main", ["/webhooks/x/support", "/webhooks/x/main"], 1),
        ("support", ["/webhooks/x", "/webhooks/x/support/"], 1),
        ("support", ["/other", "/webhooks/x"], 1),
        ("main", ["/other", "/hark/webhooks/x/support"], 1),
        ("support", ["/gateway"], 0),
        ("support", ["/webhooks/xylophone", "/webhooks"], None),
        ("support", [], None),
    ],
)
def test_the_webhook_of_an_account_is_known_by_its_address(account: str, paths: list[str], chosen: int | None) -> None:
    """Its own, else that of another account in the same app: it brings the events of both."""
    hooks = [Hook(id=f"{number}", url=f"https://hark.example{path}") for number, path in enumerate(paths)]
    assert pick(hooks, account) == (None if chosen is None else hooks[chosen])


async def test_a_webhook_that_x_switched_off_is_switched_on_and_replayed(rig: XRig, connector: XConnector) -> None:
    """The gap reaches from the last look at which it was on to now; X allows the replay half an hour later."""
    rig.server.hooks = [{"id": "1", "url": "https://other.example/hook", "valid": False}, a_hook(valid=True)]
    page = await connector.poll("webhook", None)
    assert page.wait_s == 900
    rig.clock.advance(timedelta(minutes=15))
    rig.server.hooks[1]["valid"] = False
    page = await connector.poll("webhook", page.cursor)
    assert rig.server.hooks[1]["valid"]
    assert not rig.server.hooks[0]["valid"]
    for minutes in (15, 15, 15):
        assert not rig.server.replays
        rig.clock.advance(timedelta(minutes=minutes))
        page = await connector.poll("webhook", page.cursor)
    assert rig.server.replays == [{"webhook_id": "900", "from_date": "202603041200", "to_date": "202603041216"}]
    rig.clock.advance(timedelta(minutes=15))
    await connector.poll("webhook", page.cursor)
    assert len(rig.server.replays) == 1


async def test_a_webhook_that_stays_off_says_so_and_what_to_do(rig: XRig, connector: XConnector) -> None:
    """Tried again in a quarter of an hour; the gap's beginning is kept, because the cursor is."""
    rig.server.hooks, rig.server.hook_reachable = [a_hook(valid=False)], False
    with pytest.raises(Transient) as caught:
        await connector.poll("webhook", None)
    assert caught.value.retry_after == 900
    assert "can be reached" in str(caught.value)
    health = await connector.check()
    assert not health.ok
    assert "switched the webhook off" in health.summary
    assert "X_CONSUMER_SECRET" in health.mend


async def test_time_during_which_hark_was_away_is_replayed_too(rig: XRig, connector: XConnector) -> None:
    """X found nobody and did not switch it off; at most a day back."""
    rig.server.hooks = [a_hook(valid=True)]
    page = await connector.poll("webhook", None)
    rig.clock.advance(timedelta(hours=30))
    page = await connector.poll("webhook", page.cursor)
    rig.clock.advance(timedelta(minutes=33))
    await connector.poll("webhook", page.cursor)
    assert rig.server.replays == [{"webhook_id": "900", "from_date": "202603041848", "to_date": "202603051801"}]


async def test_a_refused_replay_is_told_and_not_repeated(rig: XRig, connector: XConnector) -> None:
    """Perhaps only some apps may; a busy X is asked again."""
    rig.server.hooks = [a_hook(valid=False)]
    page = await connector.poll("webhook", None)
    busy, forbidden = (json.loads(fixture(f"error__{name}")) for name in ("409_replay_running", "403_other"))
    rig.server.faults[REPLAY] = [(each["status"], each["body"], {}) for each in (busy, forbidden)]
    for _ in range(3):
        rig.clock.advance(timedelta(minutes=33))
        page = await connector.poll("webhook", page.cursor)
    assert rig.server.faults[REPLAY] == []
    assert rig.server.replays == []
    assert "Enterprise only" in (await connector.check()).mend


async def test_polls_are_rarer_while_the_webhook_works_and_say_what_it_missed(rig: XRig, connector: XConnector) -> None:
    """What is ten minutes old when a poll finds it was missed; younger things are only on their way."""
    rig.server.hooks = [a_hook(valid=True)]
    await connector.poll("webhook", None)
    rig.server.post(ANA, "@acme parcel")
    rig.server.message(ANA, US, "4711")
    for source, wait in (("mentions", 300), ("messages", 3600)):
        page = await connector.poll(source, None)
        assert page.wait_s == wait
        assert [raw.swept for _, raw in page.items] == [False]
    rig.clock.advance(timedelta(minutes=11))
    for source in ("mentions", "messages"):
        page = await connector.poll(source, None)
        assert [raw.swept for _, raw in page.items] == [True]
        assert events(connector, [raw for _, raw in page.items])


async def test_check_tells_who_speaks_what_works_and_what_was_spent(rig: XRig, connector: XConnector) -> None:
    """A webhook with all events subscribed leaves nothing to mend."""
    health = await connector.check()
    assert health.ok
    assert health.summary == "signed in as @acme, no webhook, polling only, $0.01 of $20.00 spent in March"
    assert "Register the webhook" in health.mend
    rig.server.hooks = [a_hook(valid=True)]
    kinds = ("post.mention.create", "post.reply.create", "post.quote.create", "like.create", "follow.follow")
    rig.server.subscriptions = [{"event_type": each, "filter": {"user_id": US}} for each in kinds]
    assert (await connector.check()).mend.startswith("Not subscribed: dm.received")
    rig.server.subscriptions.append({"event_type": "dm.received", "filter": {"user_id": US}})
    assert (await connector.check()).mend == ""
    other = await rig.connector(X_USER_ID="777").check()
    assert not other.ok
    assert "777" in other.summary


@pytest.mark.parametrize(
    ("status", "name", "words"),
    [(401, "401_token", "X_BEARER_TOKEN"), (402, "402_credits", "credit"), (403, "403_suspended", "Sign in on X")],
)
async def test_check_names_the_mend(rig: XRig, connector: XConnector, status: int, name: str, words: str) -> None:
    """For each way in which an account can be out of order."""
    rig.server.faults["GET /2/webhooks"] = [(status, json.loads(fixture(f"error__{name}"))["body"], {})]
    health = await connector.check()
    assert not health.ok
    assert words in health.mend


async def test_check_while_x_is_away(rig: XRig) -> None:
    """Hark goes on by itself."""
    health = await rig.connector(X_API_URL="http://127.0.0.1:9").check()
    assert not health.ok
    assert "could not be reached" in health.summary
