"""The schema of rich_text blocks: sections, lists, quotes, preformatted text and what stands in them."""

from typing import Final

from sandbox.slack.schema import Check, array, boolean, by_type, integer, one_of, shape, string

_TYPE: Final = {"type": string()}
_FLAGS: Final = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
_STYLE: Final = {"style": shape({}, dict.fromkeys(_FLAGS, boolean))}
_INLINE: Final[dict[str, Check]] = {
    "text": shape({**_TYPE, "text": string(None, 1)}, _STYLE),
    "link": shape({**_TYPE, "url": string(None, 1)}, {**_STYLE, "text": string(), "unsafe": boolean}),
    "emoji": shape({**_TYPE, "name": string()}, {**_STYLE, "unicode": string(), "skin_tone": integer(1, 6)}),
    "user": shape({**_TYPE, "user_id": string()}, _STYLE),
    "usergroup": shape({**_TYPE, "usergroup_id": string()}, _STYLE),
    "channel": shape({**_TYPE, "channel_id": string()}, _STYLE),
    "broadcast": shape({**_TYPE, "range": one_of("here", "channel", "everyone")}, _STYLE),
    "color": shape({**_TYPE, "value": string()}, _STYLE),
    "date": shape(
        {**_TYPE, "timestamp": integer(0, 9_999_999_999), "format": string()},
        {**_STYLE, "url": string(), "fallback": string()},
    ),
}
_ITEMS: Final = array(by_type(_INLINE))
_SECTION: Final = shape({**_TYPE, "elements": _ITEMS})
_PARTS: Final[dict[str, Check]] = {
    "rich_text_section": _SECTION,
    "rich_text_quote": shape({**_TYPE, "elements": _ITEMS}, {"border": integer(0, 1)}),
    "rich_text_preformatted": shape({**_TYPE, "elements": _ITEMS}, {"border": integer(0, 1), "language": string()}),
    "rich_text_list": shape(
        {
            **_TYPE,
            "style": one_of("bullet", "ordered"),
            "elements": array(by_type({"rich_text_section": _SECTION}), 1),
        },
        {"indent": integer(0, 8), "offset": integer(0, 10_000), "border": integer(0, 1)},
    ),
}
RICH_TEXT: Final = shape({**_TYPE, "elements": array(by_type(_PARTS), 1)}, {"block_id": string(255)})
