"""What staff are about to send is checked as its network counts it, before anybody reads it."""

import pytest

from bot.domain.models import LengthRule
from bot.domain.text.privacy import AllowList
from bot.services.wording import text_problems

GRAPHEMES = LengthRule(limit=10, max_bytes=20)
ALLOW = AllowList()


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("x" * 10, GRAPHEMES, ""),
        ("x" * 11, GRAPHEMES, "Too long for Square by 1: with the signature it has 11 of 10 characters."),
        ("é" * 10, GRAPHEMES, ""),
        ("€" * 6 + "éx", GRAPHEMES, "Too long for Square by 1: with the signature it has 21 of 20 bytes."),
        ("€" * 6 + "é", GRAPHEMES, ""),
        ("👍🏼" * 5, LengthRule(limit=10, unit="utf16"), "by 10: with the signature it has 20 of 10 characters."),
        ("é" * 6, LengthRule(limit=10, unit="bytes"), "by 2: with the signature it has 12 of 10 bytes."),
        ("Hi", None, "This network takes no such message."),
        ("Hi <@U0ANA>", GRAPHEMES, "Customers would see “<@U0ANA>” as it stands"),
        ("see :our_logo:", LengthRule(limit=99), "Customers would see “:our_logo:” as it stands"),
        ("at 9:30:00", GRAPHEMES, ""),
    ],
)
def test_a_text_is_measured_and_read_as_customers_will(text: str, rule: LengthRule | None, words: str) -> None:
    """To the last sign that fits; and the first problem is told in words."""
    problem = text_problems(text, rule, None, "Square")
    assert words in problem
    assert bool(words) == bool(problem)


def test_private_data_is_kept_out_of_what_everybody_reads() -> None:
    """Each kind is named once; in private it may be said."""
    text, rule = "Write to a@example.com or b@example.com, IBAN DE89 3704 0044 0532 0130 00", LengthRule(limit=999)
    problem = text_problems(text, rule, ALLOW, "Square")
    assert "(an e-mail address, a bank account’s number)" in problem
    assert text_problems(text, rule, None, "Square") == ""
    ours = AllowList(("a@example.com",))
    assert text_problems("Write to a@example.com", rule, ours, "Square") == ""
