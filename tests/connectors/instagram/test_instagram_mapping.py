"""Mapping: each recorded delivery says what its file says, and nothing that arrives can raise."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.models import Interaction, Malformed, Raw
from connectors.instagram.mapping import parse
from connectors.instagram.names import Rules
from tests.support.cases import NOON
from tests.support.fixtures import a_raw, assert_as_expected, fixtures, load

FIXTURES = Path(__file__).parent / "fixtures"
OWN = "17841400000000001"
RULES = Rules(OWN, human_agent=False, reads_mentions=True)


@pytest.mark.parametrize("path", fixtures(FIXTURES), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    """A recorded delivery gives the events that its file expects."""
    doc = load(path)
    assert_as_expected(list(parse(a_raw("instagram", doc), RULES)), doc["expect"])


def test_the_same_comment_from_webhook_and_sweep_is_one() -> None:
    """Id, conversation and version agree, so the second is recognised; so do those of a direct message."""
    for told, swept in (
        ("comments__on_our_post", "sweep__comment"),
        ("comments__on_boosted_post", "sweep__comment"),
        ("messages__text", "sweep__message_from_customer"),
    ):
        [one] = parse(a_raw("instagram", load(FIXTURES / f"{told}.json")), RULES)
        [other] = parse(a_raw("instagram", load(FIXTURES / f"{swept}.json")), RULES)
        assert isinstance(one, Interaction)
        assert isinstance(other, Interaction)
        assert (one.id, one.key, one.version) == (other.id, other.key, other.version)


def test_the_human_agent_window_is_seven_days() -> None:
    """With the feature a direct message can be answered for a week, without it for a day."""
    raw = a_raw("instagram", load(FIXTURES / "messages__text.json"))
    [day] = parse(raw, RULES)
    [week] = parse(raw, Rules(OWN, human_agent=True, reads_mentions=True))
    assert isinstance(day, Interaction)
    assert isinstance(week, Interaction)
    assert day.reply_until is not None
    assert week.reply_until == day.reply_until + timedelta(days=6)


def test_a_mention_that_cannot_be_read_offers_no_answer() -> None:
    """With Instagram Login the words of a mention stay unknown: the card says so and has no Reply."""
    raw = a_raw("instagram", load(FIXTURES / "mentions__in_comment.json"))
    [event] = parse(raw, Rules(OWN, human_agent=False, reads_mentions=False))
    assert isinstance(event, Interaction)
    assert not event.answerable
    assert "Facebook Login" in event.attachments[0].description


def test_times_never_lie_in_the_future() -> None:
    """A clock that goes wrong on their side moves no target of ours."""
    doc = load(FIXTURES / "comments__on_our_post.json")
    doc["body"]["entry"][0]["time"] = 4102444800
    [event] = parse(a_raw("instagram", doc), RULES)
    assert isinstance(event, Interaction)
    assert event.posted_at == NOON


def test_the_part_that_could_not_be_read_can_be_read_again_after_a_fix() -> None:
    """What goes to the dead letter is a delivery of its own with only the broken change in it."""
    doc = load(FIXTURES / "comments__batch_with_one_broken.json")
    [broken] = [each for each in parse(a_raw("instagram", doc), RULES) if isinstance(each, Malformed)]
    mended = json.loads(broken.part)
    mended["entry"][0]["changes"][0]["value"]["id"] = "17902"
    raw = Raw(network="instagram", account="main", source="webhook", body=json.dumps(mended).encode(), received_at=NOON)
    [event] = parse(raw, RULES)
    assert isinstance(event, Interaction)
    assert (event.id, event.text) == ("17902", "no id")
