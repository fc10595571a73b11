"""Mapping: each recorded delivery says what its file says, and nothing that arrives can raise."""

from pathlib import Path

import pytest

from bot.domain.models import Interaction
from connectors.threads.mapping import parse
from tests.support.cases import NOON
from tests.support.fixtures import a_raw, assert_as_expected, fixtures, load

FIXTURES = Path(__file__).parent / "fixtures"
OWN = "24800000000000001"


@pytest.mark.parametrize("path", fixtures(FIXTURES), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    """A recorded delivery gives the events that its file expects."""
    doc = load(path)
    assert_as_expected(list(parse(a_raw("threads", doc), OWN)), doc["expect"])


@pytest.mark.parametrize("shape", ["replies__values_is_a_list", "replies__entry_with_changes", "sweep__reply"])
def test_every_shape_and_the_sweep_name_the_same_thing(shape: str) -> None:
    """Id, conversation and version agree, so whatever comes second is recognised."""
    [one] = parse(a_raw("threads", load(FIXTURES / "replies__values_is_an_object.json")), OWN)
    [other] = parse(a_raw("threads", load(FIXTURES / f"{shape}.json")), OWN)
    assert isinstance(one, Interaction)
    assert isinstance(other, Interaction)
    assert (one.id, one.key, one.version, one.ref) == (other.id, other.key, other.version, other.ref)


def test_a_post_told_as_reply_and_as_mention_is_one() -> None:
    """Both fields may tell of the same post below ours: the conversation does not depend on the field."""
    doc = load(FIXTURES / "replies__values_is_an_object.json")
    [reply] = parse(a_raw("threads", doc), OWN)
    doc["body"]["values"]["field"] = "mentions"
    [mention] = parse(a_raw("threads", doc), OWN)
    assert isinstance(reply, Interaction)
    assert isinstance(mention, Interaction)
    assert (reply.id, reply.key) == (mention.id, mention.key)


def test_times_never_lie_in_the_future() -> None:
    """A clock that goes wrong on their side moves no target of ours."""
    doc = load(FIXTURES / "replies__values_is_an_object.json")
    doc["body"]["values"]["value"]["timestamp"] = "2099-01-01T00:00:00+0000"
    [event] = parse(a_raw("threads", doc), OWN)
    assert isinstance(event, Interaction)
    assert event.posted_at == NOON
