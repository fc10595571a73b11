"""How X counts."""

import pytest

from bot.domain.text.weighing import has_link, weighted
from connectors.x.sending import comparable


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("hello", 5),
        ("a" * 280, 280),
        ("héllo wörld", 11),
        ("e\u0301", 1),
        ("Привет", 6),
        ("‘don’t’", 7),
        ("日本語", 6),
        ("한국어", 6),
        ("あ" * 140, 280),
        ("🙂", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("🇩🇪", 2),
        ("👍🏽", 2),
        ("1️⃣", 2),
        ("❤️", 2),
        ("https://acme.example/a/very/long/path?with=query&and=more#end", 23),
        ("see https://acme.example/help.", 28),
        ("see https://acme.example: now", 32),
        ("see acme.com", 27),
        ("see acme.com/help now", 31),
        ("t.co", 23),
        ("mail ana@acme.com", 17),
        ("well...maybe", 12),
        ("3.14 and v1.2.3", 15),
        ("end.Next", 8),
        ("two https://a.example https://b.example", 51),
        ("(https://acme.example)", 25),
        ("詳しくはhttps://acme.example/helpをご覧ください。", 47),
        ("https://acme.comへ、https://acme.example/?a=bで", 52),
        ("見てacme.co.jpをどうぞ", 35),
        ("https://acme.example/größe/заказ", 23),
        ("−", 2),
        ("€", 2),
    ],
)
def test_weights(text: str, weight: int) -> None:
    """Letters 1, Chinese, Japanese and Korean 2, an emoji 2 however it is made, a link 23."""
    assert weighted(text) == weight


def test_links_are_noticed_because_they_cost_more() -> None:
    """With and without a scheme."""
    assert has_link("go to acme.com")
    assert has_link("https://acme.example")
    assert not has_link("write to ana@acme.com")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Sorry & thanks ^AK", "@anarey Sorry &amp; thanks ^AK"),
        ("See https://acme.example/help now", "@anarey @benode See https://t.co/xyz now"),
        ("See acme.com/help", "See https://t.co/xyz"),
        ("見てacme.co.jp/helpをどうぞ", "見てhttps://t.co/xyzをどうぞ"),
        ("two  spaces\nand a line", "two spaces and a line"),
        ("@anarey hi", "@anarey hi"),
    ],
)
def test_our_words_are_known_again_as_x_gives_them_back(ours: str, theirs: str) -> None:
    """Links shortened, names put in front, markup written out."""
    assert comparable(ours) == comparable(theirs)
    assert comparable(ours) != comparable(theirs + " more")
