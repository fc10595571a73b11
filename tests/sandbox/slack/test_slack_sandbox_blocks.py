"""Block Kit validation: each limit is taken, one past it is refused with Slack's words and pointer."""

from typing import Any

import pytest

from sandbox.slack.base import SlackError
from sandbox.slack.blocks import message_blocks
from sandbox.slack.views import checked_view

Block = dict[str, Any]
ADDRESS = "https://a.example/"


def plain(length: int) -> Block:
    """A plain_text of some length."""
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> Block:
    """A mrkdwn of some length."""
    return {"type": "mrkdwn", "text": "x" * length}


def button(**fields: Any) -> Block:
    """An actions block with one button."""
    return {"type": "actions", "elements": [{"type": "button", "text": plain(5), **fields}]}


def option(**fields: Any) -> Block:
    """An option."""
    return {"text": plain(3), "value": "v", **fields}


def overflow(count: int, **fields: Any) -> Block:
    """A section with an overflow menu of some options."""
    menu = {"type": "overflow", "options": [option(**fields) for _ in range(count)]}
    return {"type": "section", "text": mrkdwn(1), "accessory": menu}


def choice(kind: str, **fields: Any) -> list[Block]:
    """An actions block with one choice of a single option."""
    return [{"type": "actions", "elements": [{"type": kind, "options": [option()], **fields}]}]


def select(count: int) -> Block:
    """A select menu of some options."""
    return {"type": "actions", "elements": [{"type": "static_select", "options": [option()] * count}]}


LIMITS = [
    ("section text", lambda n: {"type": "section", "text": mrkdwn(n)}, 3000, "/text/text", "less than 3001 characters"),
    ("header", lambda n: {"type": "header", "text": plain(n)}, 150, "/text/text", "less than 151 characters"),
    (
        "section field",
        lambda n: {"type": "section", "fields": [mrkdwn(n)]},
        2000,
        "/fields/0/text",
        "less than 2001 characters",
    ),
    (
        "section fields",
        lambda n: {"type": "section", "fields": [mrkdwn(1)] * n},
        10,
        "/fields",
        "no more than 10 items allowed",
    ),
    (
        "context",
        lambda n: {"type": "context", "elements": [mrkdwn(1)] * n},
        10,
        "/elements",
        "no more than 10 items allowed",
    ),
    (
        "actions",
        lambda n: {"type": "actions", "elements": button()["elements"] * n},
        25,
        "/elements",
        "no more than 25 items allowed",
    ),
    ("button text", lambda n: button(text=plain(n)), 75, "/elements/0/text/text", "less than 76 characters"),
    ("button value", lambda n: button(value="v" * n), 2000, "/elements/0/value", "less than 2001 characters"),
    ("action_id", lambda n: button(action_id="a" * n), 255, "/elements/0/action_id", "less than 256 characters"),
    ("button url", lambda n: button(url=ADDRESS.ljust(n, "u")), 3000, "/elements/0/url", "less than 3001 characters"),
    ("block_id", lambda n: {"type": "divider", "block_id": "b" * n}, 255, "/block_id", "less than 256 characters"),
    ("overflow options", overflow, 5, "/accessory/options", "no more than 5 items allowed"),
    (
        "option text",
        lambda n: overflow(1, text=plain(n)),
        75,
        "/accessory/options/0/text/text",
        "less than 76 characters",
    ),
    (
        "option value",
        lambda n: overflow(1, value="v" * n),
        150,
        "/accessory/options/0/value",
        "less than 151 characters",
    ),
    ("select options", select, 100, "/elements/0/options", "no more than 100 items allowed"),
    ("markdown", lambda n: {"type": "markdown", "text": "x" * n}, 12_000, "/text", "less than 12001 characters"),
]


@pytest.mark.parametrize(("make", "limit", "pointer", "words"), [row[1:] for row in LIMITS], ids=[r[0] for r in LIMITS])
def test_limit_is_taken_and_one_past_is_refused(make: Any, limit: int, pointer: str, words: str) -> None:
    """Exactly the limit passes; one more is invalid_blocks at the exact field, in both places of the answer."""
    assert message_blocks([make(limit)])
    with pytest.raises(SlackError) as caught:
        message_blocks([make(limit + 1)])
    body = caught.value.body()
    assert body["error"] == "invalid_blocks"
    found = [line for line in body["errors"] if line.endswith(f"[json-pointer:/blocks/0{pointer}]")]
    assert found
    assert words in found[-1]
    assert body["response_metadata"]["messages"] == [f"[ERROR] {line}" for line in body["errors"]]


def test_text_of_a_section_also_fails_all_schemas() -> None:
    """A text that may be of two kinds is reported twice, as the real API does."""
    with pytest.raises(SlackError) as caught:
        message_blocks([{"type": "divider"}, {"type": "section", "text": mrkdwn(3001)}])
    assert caught.value.extra["errors"] == [
        "failed to match all allowed schemas [json-pointer:/blocks/1/text]",
        "must be less than 3001 characters [json-pointer:/blocks/1/text/text]",
    ]


BAD = [
    ([{"type": "container"}], "unsupported type: container [json-pointer:/blocks/0/type]"),
    ([{"type": "alert", "text": mrkdwn(2)}], "unsupported type: alert [json-pointer:/blocks/0/type]"),
    ([{"type": "section"}], "must define either `text` or `fields` [json-pointer:/blocks/0/type]"),
    ([{"type": "section", "text": mrkdwn(0)}], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ([{"type": "divider", "color": "red"}], "invalid additional property: color [json-pointer:/blocks/0]"),
    ([button(colour="red")], "invalid additional property: colour [json-pointer:/blocks/0/elements/0]"),
    ([{"type": "actions"}], "missing required field: elements [json-pointer:/blocks/0]"),
    ([{"type": "actions", "elements": []}], "must provide at least 1 items [json-pointer:/blocks/0/elements]"),
    ([{"type": "header", "text": mrkdwn(2)}], "must be one of: plain_text [json-pointer:/blocks/0/text/type]"),
    ([{"text": "x"}], "missing required field: type [json-pointer:/blocks/0]"),
    (["text"], "must be an object [json-pointer:/blocks/0]"),
    ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ([{"type": "divider", "block_id": "a"}] * 2, "`block_id` a is not unique [json-pointer:/blocks]"),
    (
        [{"type": "actions", "elements": button(action_id="a")["elements"] * 2}],
        "`action_id` a is not unique in the block [json-pointer:/blocks/0/elements]",
    ),
    (
        [{"type": "image", "alt_text": "x", "image_url": "http://example.com/a.png"}],
        "downloading image failed [json-pointer:/blocks/0/image_url]",
    ),
    (
        [{"type": "image", "alt_text": "x", "image_url": "https://127.0.0.1/a.png"}],
        "downloading image failed [json-pointer:/blocks/0/image_url]",
    ),
    (
        [{"type": "image", "alt_text": "x", "image_url": "http://["}],
        "downloading image failed [json-pointer:/blocks/0/image_url]",
    ),
    (
        choice("static_select", initial_option=option(value="w")),
        "must match one of the options [json-pointer:/blocks/0/elements/0/initial_option]",
    ),
    (
        choice("radio_buttons", initial_option=option(text=plain(4))),
        "must match one of the options [json-pointer:/blocks/0/elements/0/initial_option]",
    ),
    (
        choice("checkboxes", initial_options=[option(), option(value="w")]),
        "must match one of the options [json-pointer:/blocks/0/elements/0/initial_options]",
    ),
    ([button(url="a.example/x")], "invalid url [json-pointer:/blocks/0/elements/0/url]"),
    ([button(url="https://a.example:99999/x")], "invalid url [json-pointer:/blocks/0/elements/0/url]"),
    ([{"type": "image", "alt_text": "x"}], "must define either `image_url` or `slack_file` [json-pointer:/blocks/0]"),
]


@pytest.mark.parametrize(("blocks", "line"), BAD, ids=[row[1][:50] for row in BAD])
def test_bad_blocks_are_refused_with_a_pointer(blocks: list[Any], line: str) -> None:
    """Unknown types, unknown or missing fields, wrong numbers and repeated ids are named exactly."""
    with pytest.raises(SlackError) as caught:
        message_blocks(blocks)
    assert line in caught.value.extra["errors"]


def test_what_is_offered_may_be_chosen_at_first() -> None:
    """An option of the element itself, or of one of its groups."""
    groups = [{"label": plain(2), "options": [option()]}]
    grouped = {"type": "static_select", "option_groups": groups, "initial_option": option()}
    assert message_blocks(choice("checkboxes", initial_options=[option()]))
    assert message_blocks([{"type": "actions", "elements": [grouped]}])


@pytest.mark.parametrize("value", ["{", "[", '{"type":"divider"}', 7, "nonsense"])
def test_blocks_that_are_no_list_have_the_wrong_format(value: Any) -> None:
    """What is not a JSON list is invalid_blocks_format."""
    with pytest.raises(SlackError, match=r"^invalid_blocks_format$"):
        message_blocks(value)


def test_total_size_has_a_hidden_limit() -> None:
    """Blocks that are fine one by one are msg_blocks_too_long when their texts are above 13,000 characters."""
    full = [{"type": "section", "text": mrkdwn(2600)}] * 5
    assert message_blocks(full)
    with pytest.raises(SlackError, match=r"^msg_blocks_too_long$"):
        message_blocks([*full, {"type": "section", "text": mrkdwn(1)}])


def test_only_one_table() -> None:
    """A second table is refused."""
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}
    assert message_blocks([table])
    with pytest.raises(SlackError, match=r"^invalid_attachments$"):
        message_blocks([table, table])


def modal(**fields: Any) -> Block:
    """A modal with a divider."""
    return {"type": "modal", "title": plain(4), "blocks": [{"type": "divider"}], **fields}


def field(**fields: Any) -> Block:
    """An input block."""
    return {"type": "input", "label": plain(4), "element": {"type": "plain_text_input", **fields}}


VIEW_LIMITS = [
    ("title", lambda n: modal(title=plain(n)), 24, "/view/title/text"),
    ("submit", lambda n: modal(submit=plain(n)), 24, "/view/submit/text"),
    ("close", lambda n: modal(close=plain(n)), 24, "/view/close/text"),
    ("callback_id", lambda n: modal(callback_id="c" * n), 255, "/view/callback_id"),
    ("private_metadata", lambda n: modal(private_metadata="p" * n), 3000, "/view/private_metadata"),
    ("blocks", lambda n: modal(blocks=[{"type": "divider"}] * n), 100, "/view/blocks"),
    (
        "max_length",
        lambda n: modal(submit=plain(2), blocks=[field(max_length=n)]),
        3000,
        "/view/blocks/0/element/max_length",
    ),
]


@pytest.mark.parametrize(("make", "limit", "pointer"), [r[1:] for r in VIEW_LIMITS], ids=[r[0] for r in VIEW_LIMITS])
def test_view_limit(make: Any, limit: int, pointer: str) -> None:
    """Views answer invalid_arguments with pointers below /view."""
    assert checked_view(make(limit))
    with pytest.raises(SlackError, match=r"^invalid_arguments$") as caught:
        checked_view(make(limit + 1))
    assert any(line.endswith(f"[json-pointer:{pointer}]") for line in caught.value.extra["errors"])


BAD_VIEWS = [
    (modal(blocks=[field()]), "must define `submit` to use an `input` block in modals [json-pointer:/view]"),
    (modal(blocks=[]), "must provide at least 1 items [json-pointer:/view/blocks]"),
    (
        modal(blocks=[{"type": "markdown", "text": "x"}]),
        "unsupported type: markdown [json-pointer:/view/blocks/0/type]",
    ),
    ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
    ({"type": "page", "blocks": []}, "unsupported type: page [json-pointer:/view/type]"),
    ({"type": [], "blocks": []}, "unsupported type: [] [json-pointer:/view/type]"),
    (modal(submit_disabled=True), "invalid additional property: submit_disabled [json-pointer:/view]"),
    (
        {"type": "home", "blocks": [{"type": "divider"}], "submit": plain(2)},
        "invalid additional property: submit [json-pointer:/view]",
    ),
]


@pytest.mark.parametrize(("view", "line"), BAD_VIEWS, ids=[row[1][:40] for row in BAD_VIEWS])
def test_bad_view(view: Block, line: str) -> None:
    """A view is refused for what the real API refuses it for."""
    with pytest.raises(SlackError) as caught:
        checked_view(view)
    assert line in caught.value.extra["errors"]


def test_view_of_more_than_250_kilobytes() -> None:
    """A view that is fine field by field can be too large as a whole."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "é" * 1500}}] * 90
    with pytest.raises(SlackError, match=r"^view_too_large$"):
        checked_view(modal(blocks=blocks))
    assert checked_view(modal(blocks=blocks[:70]))
