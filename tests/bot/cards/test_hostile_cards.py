"""Hostile and random cases: a card stays within the limits, can be sent, and calls nobody."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.action_ids import ModalState
from bot.cards.card import render
from bot.cards.dialogs import case_modal, close_modal, dismiss_modal, history_modal, notice_modal
from bot.cards.forms import WritingForm, private_modal, reply_modal
from bot.cards.limits import CARD_BUTTONS, OVERFLOW_OPTIONS
from bot.cards.snoozing import snooze_modal
from bot.domain.case import (
    Case,
    LogEntry,
    MarkName,
    Person,
    Post,
    PostKind,
    Purpose,
    Send,
    SendState,
    Snooze,
    Status,
    Writing,
)
from bot.domain.models import Attachment, Author, Capabilities, Kind, LengthRule
from bot.domain.reading import Reading
from tests.support.block_kit import check_message, check_view
from tests.support.card_cases import CARD, a_cycle, a_public_case, a_stranger, a_view, an_alert
from tests.support.cases import NOON, a_case, a_claim, a_log_entry, a_send, a_wait, an_item

HOSTILE = (
    "<!channel> <!here> <!everyone> <!subteam^S1> @here @channel @everyone",
    "<@U0ANA00001> <@W1|x> <#C0CARE0001> #general",
    "<https://evil.example|https://bank.example> mailto:a@b.example",
    "<!date^1^{date}|now>",
    "*bold* _it_ ~no~ `code` ```fence``` > quote :tada: &amp; &lt;!channel&gt;",
    "\u202egnp.exe\u202c \u2066x\u2069 a\u200bb\ufeff",
    "\ud800 lone \udfff surrogates \ud83d",
    "Z" + "\u0301" * 5000,
    "👩‍👩‍👧‍👦" * 3000,
    "\U0001f468" + "\u200d\U0001f468" * 9000,
    "&" * 5000,
    "a" * 100_000,
    "\x00\x07\x1b[31m \u2028\u2029\r\n",
    "   ",
    "\n" * 900,
)
MENTION = re.compile(r"<[!@#][^>]*>|@(?:here|channel|everyone)\b")
OWN_TOKENS = re.compile(r"<!date\^\d+\^\{[a-z_} {]+\}\|[0-9: UTC-]+>|<#C0CARE0001>")


def _mrkdwn(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for each in node:
            yield from _mrkdwn(each)
    elif isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield node
        for each in node.values():
            yield from _mrkdwn(each)


def _parts(node: Any, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [part for each in node for part in _parts(each, kinds)]
    if not isinstance(node, dict):
        return []
    below = [part for each in node.values() for part in _parts(each, kinds)]
    return [node, *below] if node.get("type") in kinds else below


def calls_nobody(blocks: Any, text: str) -> bool:
    """No mention token where Slack would obey it; every mrkdwn is verbatim; no rich_text part calls anybody."""
    tokens = [MENTION.findall(OWN_TOKENS.sub("", each["text"])) for each in _mrkdwn(blocks)]
    dangerous = [each for found in tokens for each in found if each.startswith("<")]
    plain_calls = [each for each in _mrkdwn(blocks) if not each["verbatim"]]
    escaped = not re.search(r"<(?!!date\^\d)", text)
    return not dangerous and not plain_calls and escaped and not _parts(blocks, ("user", "usergroup", "broadcast"))


def _dangerous_case(text: str) -> Case:
    """The text in every place that somebody else fills."""
    author = Author.model_construct(id="x", handle=text, name=text, url=text, followers=1)
    pictures = tuple(Attachment(kind="image", url=text, description=text) for _ in range(9))
    item = an_item(text, author=author, url=text, attachments=pictures, stream=text, rating=99, edited=True)
    person = Person(id="U0ANA00001", name=text)
    sends = tuple(
        a_send(id=f"{state}{n}", state=state, text=text, reason=text, url=text, by=person, private=n == 1)
        for state in SendState
        for n in range(2)
    )
    reading = Reading(language=text, topics=(text,) * 9, urgency=9, urgent_because=(text,) * 9)
    return a_case(
        items=(item,),
        author=author,
        sends=sends,
        reading=reading,
        claim=a_claim(by=person, asked=True),
        writing=Writing(by=person, until=NOON + timedelta(hours=9)),
        snooze=Snooze(by=person, at=NOON, until=NOON + timedelta(days=1), note=text),
        posts=(CARD,),
        close_reason=text,
    )


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", list(PostKind))
@pytest.mark.parametrize("status", list(Status))
def test_hostile_text_is_shown_as_data(text: str, kind: PostKind, status: Status) -> None:
    """In every place at once, on every kind of message: sendable, within the limits, calling nobody."""
    case = _dangerous_case(text).model_copy(update={"status": status})
    view = a_view(network_title=text, account_title=text, card_url=text, contact=text)
    drawn = render(case, Post(id="line-1", kind=kind, channel="C1", text=text), view)
    assert check_message(drawn.blocks, drawn.text) == []
    assert calls_nobody(drawn.blocks, drawn.text)


VIEWS: dict[str, Callable[[Case, str], dict[str, Any]]] = {
    "reply": lambda case, text: reply_modal(
        case, a_view(account_title=text), Person(id="U1", name=text, signature=text), ModalState(case=case.id),
        WritingForm(draft=text, warnings=(text,) * 9),
    ),
    "reply_unsigned": lambda case, text: reply_modal(
        case, a_view(), Person(id="U1"), ModalState(case=case.id), WritingForm(signature=text)
    ),
    "private": lambda case, text: private_modal(
        case, a_view(contact=text), Person(id="U1", signature=text), ModalState(case=case.id),
        WritingForm(draft=text, line=text),
    ),
    "contact": lambda case, text: private_modal(
        case, a_view(contact=text, capabilities=Capabilities(public_reply=LengthRule(limit=9))), Person(id="U1"),
        ModalState(case=case.id), WritingForm(draft=text),
    ),
    "close": lambda case, text: close_modal(
        case.model_copy(update={"loop_open": True}), a_view(), Person(id="U1", signature=text), ModalState()
    ),
    "snooze": lambda _, text: snooze_modal(NOON, text, ModalState(), (text,)),
    "dismiss": lambda case, _: dismiss_modal(case, a_view(), ModalState()),
    "history": lambda case, text: history_modal(case, [a_log_entry(text, detail=text, by="<!here>")] * 300, a_view()),
    "case": lambda case, text: case_modal(case, a_view(card_url=text)),
    "notice": lambda _, text: notice_modal(text, text),
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", sorted(VIEWS))
def test_hostile_text_breaks_no_modal(name: str, text: str) -> None:
    """The same in every modal."""
    view = VIEWS[name](_dangerous_case(text), text)
    assert check_view(view) == []
    assert calls_nobody(view["blocks"], "")


def test_the_words_survive_as_they_were_written() -> None:
    """Making text harmless changes nothing that a customer meant to say."""
    words = "<b>5 < 6 & *really* @here `x`</b>"
    drawn = render(a_public_case(items=(an_item(words),)), CARD, a_view())
    quoted = [part for block in drawn.blocks for part in _parts(block, ("rich_text_quote",))]
    assert quoted[0]["elements"] == [{"type": "text", "text": words}]


def test_a_name_cannot_act_as_markup() -> None:
    """A customer called like a mention is shown by that name, in a part that obeys nothing."""
    drawn = render(a_public_case(items=(an_item(author=a_stranger()),)), CARD, a_view())
    names = [part["text"] for part in _parts(drawn.blocks[0], ("text",)) if part.get("style")]
    assert "*Eve* <!channel> <@U0ANA00001>" in names
    assert "&lt;!channel&gt;" in drawn.text


_TEXT = st.text(st.characters(exclude_categories=()), max_size=80) | st.sampled_from([text[:3000] for text in HOSTILE])
_TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware
_MAYBE = _TIMES | st.none()
_PEOPLE = st.builds(Person, id=st.sampled_from(["U0ANA00001", "U0BEN00001"]), name=_TEXT)
_AUTHORS = st.none() | st.builds(
    Author, id=st.uuids().map(str), handle=_TEXT, name=_TEXT, followers=st.none() | st.integers(0, 10**9)
)
_RULES = st.none() | st.builds(LengthRule, limit=st.integers(1, 10_000), unit=st.sampled_from(["utf16", "bytes"]))
_ITEMS = st.builds(
    an_item,
    _TEXT,
    kind=st.sampled_from(Kind),
    author=_AUTHORS,
    url=_TEXT | st.just("https://square.example/1"),
    private=st.booleans(),
    deleted=st.booleans(),
    edited=st.booleans(),
    cut=st.booleans(),
    rating=st.none() | st.integers(-5, 99),
    reply_until=_MAYBE,
    posted_at=_TIMES,
    seen_at=_TIMES,
)
_SENDS: st.SearchStrategy[Send] = st.builds(
    a_send,
    id=st.text("abc:", min_size=1, max_size=400),
    state=st.sampled_from(SendState),
    purpose=st.sampled_from(Purpose),
    private=st.booleans(),
    text=_TEXT,
    reason=_TEXT,
    by=_PEOPLE,
    attempt=st.integers(0, 9),
    due_at=_TIMES,
    created_at=_TIMES,
    sent_at=_MAYBE,
    read_back=st.booleans(),
)
_CASES: st.SearchStrategy[Case] = st.builds(
    a_case,
    status=st.sampled_from(Status),
    author=_AUTHORS,
    items=st.lists(_ITEMS, min_size=1, max_size=4).map(tuple),
    people=st.integers(1, 9),
    reading=st.builds(Reading, urgency=st.integers(0, 9), topics=st.lists(_TEXT, max_size=5).map(tuple)),
    cycle=st.builds(
        a_cycle, n=st.integers(1, 9), answered_at=_MAYBE, acknowledged_at=_MAYBE, private_at=_MAYBE, closed_at=_MAYBE,
        missed=st.lists(st.sampled_from(MarkName), max_size=2).map(tuple),
    ),
    wait=st.none() | st.builds(a_wait, since=_TIMES, warned=st.booleans(), breached=st.booleans()),
    claim=st.none() | st.builds(a_claim, by=_PEOPLE, asked=st.booleans()),
    writing=st.none() | st.builds(Writing, by=_PEOPLE, until=_TIMES),
    sends=st.lists(_SENDS, max_size=6).map(tuple),
    loop_open=st.booleans(),
    close_reason=_TEXT,
)  # fmt: skip
_POSTS = st.builds(
    Post, id=st.text("abc:", min_size=1, max_size=400), kind=st.sampled_from(PostKind), channel=_TEXT, text=_TEXT
)
_SURROUNDINGS = st.builds(
    a_view,
    now=_TIMES,
    capabilities=st.builds(Capabilities, public_reply=_RULES, private_message=_RULES),
    contact=_TEXT,
)


@settings(max_examples=60)
@given(_CASES, _POSTS, _SURROUNDINGS)
def test_any_case_makes_a_sound_message(case: Case, post: Post, view: Any) -> None:
    """Never an error; always within the limits; four buttons, five options and short labels at most; same each time."""
    drawn = render(case, post, view)
    assert check_message(drawn.blocks, drawn.text) == []
    assert calls_nobody(drawn.blocks, drawn.text)
    assert render(case, post, view).digest == drawn.digest
    for actions in _parts(drawn.blocks, ("actions",)):
        kinds = [element["type"] for element in actions["elements"]]
        assert kinds.count("button") <= CARD_BUTTONS
        assert all(len(each["options"]) <= OVERFLOW_OPTIONS for each in actions["elements"] if "options" in each)


@settings(max_examples=30)
@given(_CASES, st.lists(st.builds(LogEntry, at=_TIMES, what=_TEXT, by=_TEXT, detail=_TEXT), max_size=5), _SURROUNDINGS)
def test_any_case_makes_sound_modals(case: Case, log: list[LogEntry], view: Any) -> None:
    """The modals of any case can be opened."""
    state = ModalState(case=case.id, purpose=Purpose.REPLY, send="s" * 40, seen="n" * 40)
    person = Person(id="U0ANA00001", name="Ana", signature="^AK")
    for drawn in (
        reply_modal(case, view, person, state, WritingForm()),
        private_modal(case, view, person, state, WritingForm()),
        close_modal(case, view, person, state),
        history_modal(case, log, view),
        case_modal(case, view),
    ):
        assert check_view(drawn) == []
        assert json.dumps(drawn, ensure_ascii=False).encode()


def test_the_check_itself_finds_what_is_wrong() -> None:
    """The limits are checked for real: each broken message and view is named."""
    good = render(a_public_case(), an_alert(), a_view())
    long_button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x" * 16}, "value": "v"}
    broken: list[tuple[list[dict[str, Any]], str]] = [
        ([], "no blocks"),
        (good.blocks, "  "),
        (good.blocks, "x" * 4001),
        ([good.blocks[0], good.blocks[0]], "ids repeat"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}], "long"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": ""}}], "empty"),
        ([{"type": "section"}], "nothing in it"),
        ([{"type": "actions", "elements": [long_button]}], "long label"),
        ([{"type": "actions", "elements": [long_button, long_button]}], "twice the same id"),
        ([{"type": "rich_text", "elements": []}], "empty rich text"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "\ud800"}}], "surrogate"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2600}} for _ in range(4)], "too much in all"),
        ([{"type": "divider"} for _ in range(51)], "too many blocks"),
    ]
    assert check_message(good.blocks, good.text) == []
    assert [text for blocks, text in broken if not check_message(blocks, text)] == []
    title = {"type": "plain_text", "text": "x" * 25}
    blocks = [{"type": "input", "label": {"type": "plain_text", "text": "x"}, "element": {}}]
    fine = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [{"type": "divider"}]}
    assert check_view(fine) == []
    for change in (
        {"title": title},
        {"blocks": blocks},
        {"private_metadata": "x" * 3001},
        {"type": "home", "close": 1},
    ):
        assert check_view({**fine, **change}) != []
