"""Personal data is found however it is written, masked once and for all, and the company's own is let be."""

from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.text import privacy
from bot.domain.text.privacy import AllowList, find, mask

NOTHING = AllowList()
OURS = AllowList(
    emails=("Help@shop.example",), domains=("hark.example",), phones=("+44 (0)800 123 4567", "+1 800-555-0100")
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to ana.b+x@mail.example, ok", "write to [e-mail hidden], ok"),
        ("ana (at) mail (dot) example", "[e-mail hidden]"),
        ("ana at mail dot com please", "[e-mail hidden] please"),
        ("ANA AT MAIL DOT COM please", "[e-mail hidden] please"),
        ("ana @ mail . com please", "[e-mail hidden] please"),
        ("写信ana@mail.com谢谢", "写信[e-mail hidden]谢谢"),
        ("card 4111 1111 1111 1111 12/26", "card [card ••1111] 12/26"),
        ("4111-1111-1111-1111", "[card ••1111]"),
        ("3782 822463 10005", "[card ••0005]"),
        ("４１１１\u200b１１１１１１１１１１１１", "[card ••1111]"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "[card ••1111]"),
        ("gb82 west 1234 5698 7654 32 is mine", "[IBAN ••5432] is mine"),
        ("DE89370400440532013000", "[IBAN ••3000]"),
        ("ssn 536-22-8726", "ssn [ID hidden]"),
        ("NI number AB 12 34 56 C", "NI number [ID hidden]"),
        ("dni 12345678Z", "dni [ID hidden]"),
        ("cpf 390.533.447-05", "cpf [ID hidden]"),
        ("call 07700 900123 07700 900456", "call [phone ••23] [phone ••56]"),
        ("+44 (0)7700 900123.", "[phone ••23]."),
        ("(212) 555-0199 or 212.555.0198x12", "[phone ••99] or [phone ••98]x12"),
        ("ring me on 12345678", "ring me on [phone ••78]"),
        ("0 7 7 0 0 9 0 0 1 2 3", "[phone ••23]"),
        ("07700\ud800900123", "[phone ••23]"),
        ("٠٧٧٠٠٩٠٠١٢٣", "[phone ••23]"),
        ("wa.me/447700900123", "wa.me[phone ••23]"),
        ("1/2 07700 900123 2/2", "1/2 [phone ••23] 2/2"),
        ("０９０ー１２３４ー５６７８に電話", "[phone ••78]に電話"),
        ("ｶｰﾄﾞ 4111ｰ1111ｰ1111ｰ1111", "ｶｰﾄﾞ [card ••1111]"),
        ("@acme我的卡号是4111111111111111", "@acme我的卡号是[card ••1111]"),
        ("@acmeさん電話は09012345678です", "@acmeさん電話は[phone ••78]です"),
        ("@acmeโทร0812345678ครับ", "@acmeโทร[phone ••78]ครับ"),
        ("https://t.co/abc电话13812345678", "https://t.co/abc电话[phone ••78]"),
        ("acme.co/helpを見た。電話09012345678", "acme.co/helpを見た。電話[phone ••78]"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    """Each kind is found in the ways that people, and people who mean to hide it, write it."""
    assert mask(text, NOTHING).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "order 2125550199",
        "order #12345678",
        "ref no: 4567891234 please",
        "my parcel 12345678901 is lost",
        "on 2015-02-24 11:15:59 or 24/02/2015",
        "open 2014-2016, also 2014 2015 2016",
        "10 000 000 people paid £12,345,678",
        "version 10.20.30.40 near 51.507351, -0.127758",
        "@user12345678901 and @ana@mastodon.example",
        "https://x.example/4111111111111111/07700900123",
        "https://x.example/Köln/заказ/4111111111111111",
        "card 4111111111111112",
        "0000 0000 0000 0000",
        "GB82WEST12345698765433",
        "call 911 now",
        "it took 45 minutes",
        "",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    """Orders, dates, prices, years, handles, links and numbers that fail their check are not personal data."""
    assert mask(text, NOTHING).text == text


def test_findings_say_what_and_where_but_not_the_data() -> None:
    """A finding has kind and place; the data is not in it, so it may be logged."""
    text = "me: ana@mail.com, 4111111111111111"
    found = find(text, NOTHING)
    assert [(one.kind, text[one.start : one.end]) for one in found] == [
        ("email", "ana@mail.com"),
        ("card", "4111111111111111"),
    ]
    assert "ana@" not in repr(found)
    assert "41111" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "call 0800 123 4567",
        "call +448001234567",
        "0044 800 123 4567",
        "1-800-555-0100",
        "(800) 555-0100",
        "mail help@SHOP.example",
        "mail desk@hark.example",
        "mail desk@eu.HARK.example",
    ],
)
def test_the_companys_own_is_allowed_however_written(text: str) -> None:
    """Our numbers, addresses and domains are never flagged, with or without country code."""
    assert mask(text, OURS).text == text
    assert mask(text, NOTHING).text != text


@pytest.mark.parametrize(
    "text", ["ana@nothark.example", "ana@hark.example.evil.com", "0800 123 4568", "help2@shop.example"]
)
def test_look_alikes_of_the_companys_own_are_masked(text: str) -> None:
    """Nearly ours is not ours."""
    assert mask(text, OURS).found


def test_home_regions_decide_on_bare_digits() -> None:
    """A bare national number counts only where a home region's plan has it."""
    assert not find("2125550199x", AllowList(regions=()))
    assert not find("so 2125550199 there", AllowList(regions=("FR",)))
    assert find("so 2125550199 there", AllowList(regions=("US",)))


_PIECES = st.one_of(
    st.sampled_from(
        ["4111111111111111", "4111 1111", "1111 1111", "07700 900123", "+44", "(0)", "GB82 WEST 1234 5698 7654 32"]
    ),
    st.sampled_from(
        ["078-05-1121", "0800 123 4567", "123456789", "12", "3", "000", "2125550199", "x45", "call ", "order "]
    ),
    st.sampled_from(
        ["a@b.com", "z@hark.example", "@user", "[at]", " at ", " dot com", "https://", "wa.me/", "bit.ly/", "www."]
    ),
    st.sampled_from([*"@x/ \n[].-①⑴１\u200b\ud800=é请½€", "1️⃣"]),
)
_TEXTS = st.one_of(st.lists(_PIECES, max_size=14).map("".join), st.text("0123456789 @.-()+[]x/a\u200b①", max_size=50))


@settings(max_examples=400)
@given(_TEXTS)
def test_a_masked_text_has_no_finding(text: str) -> None:
    """Masking is final: nothing is found in what it made, and findings are in order and apart."""
    masked = mask(text, OURS)
    assert not find(masked.text, OURS)
    assert all(one.start < two.start for one, two in pairwise(masked.found))


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_is_accepted(text: str) -> None:
    """No text raises, broken UTF-16 included; without findings it comes back unchanged."""
    masked = mask(text, NOTHING)
    assert masked.found or masked.text == text


_BAITS = ("1", "1 ", "4111 ", "1-1-11-", "a@", "a.", "@a", "GB82 ", "+", "１", "1\u200b", " at a", "a[at]b.", "http://")
_MORE_BAITS = ("\ud800", "\u0301", "ref 12345678 ", "1/1/", "x.co/", "[card ", "é@é.", "abcde1234f ")


@pytest.mark.parametrize("bait", [*_BAITS, *_MORE_BAITS])
def test_bulk_takes_time_in_proportion(bait: str) -> None:
    """100,000 characters made to trap a pattern cost a second of CPU time or so; a trap would cost minutes."""
    text = (bait * 100_000)[:100_000]
    before = process_time()
    find(text, NOTHING)
    assert process_time() - before < 5


_ADDRESS_PARTS = st.sampled_from(
    [
        "@",
        " @ ",
        " at ",
        " AT ",
        "(at)",
        "[ At ]",
        "{at}",
        "<at>",
        "at",
        " dot ",
        "(dot)",
        ".",
        "mail",
        "com",
        "ana",
        " ",
    ]
)


@given(st.lists(_ADDRESS_PARTS, max_size=9))
def test_the_quick_look_for_addresses_misses_none(parts: list[str]) -> None:
    """Where the pattern for addresses finds anything, the look that saves trying it says so."""
    text = "".join(parts)
    assert privacy._may_be_emails(text) or not privacy._EMAIL_TAIL.search(text)
