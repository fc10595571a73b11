"""Where a customer's links lead is said by Hark, never by the link alone."""

from typing import Any

import pytest

from bot.cards.customer import quote
from bot.cards.escape import shown_host
from bot.domain.models import Attachment
from tests.support.cases import an_item


def shown(attachment: Attachment) -> str:
    """What a card says of something that came with the words."""
    lines: list[dict[str, Any]] = quote(an_item("Look", attachments=(attachment,)), 600, 4)["elements"]
    return "".join(part["text"] for part in lines[-1]["elements"])


def test_a_link_says_whose_it_is_before_what_it_calls_itself() -> None:
    """Its title is the customer's: without the host it could pass for one of the card's own ways."""
    link = Attachment(kind="link", url="https://evil.example/signin", description="Open on Bluesky")
    assert shown(link) == "🔗 Link to evil.example: Open on Bluesky"


def test_a_picture_is_on_the_networks_own_host() -> None:
    """Which says nothing."""
    picture = Attachment(kind="image", url="https://cdn.example/1.png", description="A torn box")
    assert shown(picture) == "🖼️ Picture: A torn box"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Shop.Example:8443/a?b#c", "shop.example"),
        ("https://bank.example.evil.example/", "bank.example.evil.example"),
        ("https://аррle.com/", "xn--le-6kc8da.com"),
        ("https://faß.example/", "xn--fa-hia.example"),
        ("https://[2001:db8::1]/", "2001:db8::1"),
        (f"https://bank.example{'.a' * 40}.evil.example/", f"…{'a.' * 14}evil.example"),
    ],
)
def test_a_host_can_be_told_from_one_that_looks_like_it(url: str, host: str) -> None:
    """In ASCII; of a long one the end, which says whose it is."""
    assert shown_host(url) == host
