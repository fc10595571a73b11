"""Mapping: each recorded delivery says what its file says, and nothing that arrives can raise."""

import json
from pathlib import Path

import pytest

from bot.domain.models import Interaction, Malformed, Raw, SendReport, UnknownEvent
from connectors.whatsapp.mapping import callback, parse
from tests.support.cases import NOON
from tests.support.fixtures import a_raw, assert_as_expected, fixtures, load
from tests.support.whatsapp_server import ANA, NUMBER, delivery

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("path", fixtures(FIXTURES), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    """A recorded delivery gives the events that its file expects."""
    doc = load(path)
    assert_as_expected(list(parse(a_raw("whatsapp", doc), NUMBER)), doc["expect"])


def test_everything_of_a_customer_is_private_and_in_one_conversation() -> None:
    """Whatever the type; the phone number never names a conversation when there is a better id."""
    for path in fixtures(FIXTURES):
        for event in parse(a_raw("whatsapp", load(path)), NUMBER):
            if isinstance(event, Interaction):
                assert event.private
                assert event.author is not None
                assert event.key.conversation == f"dm|{event.author.id}"


def test_the_mark_of_a_send_comes_back_whole() -> None:
    """Send and conversation survive the way out and back, whatever stands in the customer's id."""
    conversation = "dm|DE.13|49"
    status = {"id": "wamid.B", "status": "read", "biz_opaque_callback_data": callback("s-1", conversation)}
    raw = Raw(
        network="whatsapp", account="main", source="webhook", body=delivery({"statuses": [status]}), received_at=NOON
    )
    [event] = parse(raw, NUMBER)
    assert isinstance(event, SendReport)
    assert (event.send, event.key.conversation) == ("s-1", conversation)


def test_a_file_is_described_and_never_linked() -> None:
    """The address of a file works with the account's token only: on a card it would be a dead link."""
    [event] = parse(a_raw("whatsapp", load(FIXTURES / "messages__image_with_caption.json")), NUMBER)
    assert isinstance(event, Interaction)
    assert [one.url for one in event.attachments] == [""]


def test_the_part_that_could_not_be_read_can_be_read_again_after_a_fix() -> None:
    """What goes to the dead letter is a delivery of its own with only the broken message, and with its contacts."""
    doc = load(FIXTURES / "messages__batch_with_one_broken.json")
    [broken] = [each for each in parse(a_raw("whatsapp", doc), NUMBER) if isinstance(each, Malformed)]
    mended = json.loads(broken.part)
    mended["entry"][0]["changes"][0]["value"]["messages"][0]["id"] = "wamid.A9"
    raw = Raw(network="whatsapp", account="main", source="webhook", body=json.dumps(mended).encode(), received_at=NOON)
    [event] = parse(raw, NUMBER)
    assert isinstance(event, Interaction)
    assert (event.id, event.text, event.author and event.author.id) == ("wamid.A9", "no id", ANA.user)


@pytest.mark.parametrize(
    ("mark", "what"), [(callback("s-1", "dm|49"), "status:warned"), ("", "status:warned:not_ours")]
)
def test_a_status_that_nobody_knows_is_counted_by_its_name(mark: str, what: str) -> None:
    """What another program sent from the same number is told apart."""
    body = delivery({"statuses": [{"id": "wamid.B", "status": "warned", "biz_opaque_callback_data": mark}]})
    raw = Raw(network="whatsapp", account="main", source="webhook", body=body, received_at=NOON)
    assert list(parse(raw, NUMBER)) == [UnknownEvent(what=what)]
