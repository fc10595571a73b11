"""Block Kit's limits, as the builders heed them; tests/support/block_kit.py holds what is built to them.

Sources: Slack's reference pages "Blocks", "Block elements", "Composition objects" and "Views", and the models of
slack_sdk 3.47, which agree. The total size of a card has no documented limit; Slack answers `msg_blocks_too_long`
from about 13,000 characters on, so a card stays below 10,000 of JSON.
Lengths are counted in UTF-16 units, the most cautious of the ways in which Slack may count.
"""

from typing import Any, Final

from pydantic_core import to_json

CARD_TOTAL: Final = 10_000
MESSAGE_BLOCKS: Final = 50
VIEW_BLOCKS: Final = 100
VIEW_BYTES: Final = 250_000
FALLBACK_TEXT: Final = 4_000
SECTION_TEXT: Final = 3_000
HEADER_TEXT: Final = 150
CONTEXT_ELEMENTS: Final = 10
BUTTON_TEXT: Final = 75
BUTTON_TEXT_ON_PHONES: Final = 15
BUTTON_VALUE: Final = 2_000
BUTTON_URL: Final = 3_000
OPTION_TEXT: Final = 75
PRESS_VALUE: Final = 300
OPTION_VALUE: Final = 150
OVERFLOW_OPTIONS: Final = 5
SELECT_OPTIONS: Final = 100
RADIO_OPTIONS: Final = 10
ACTIONS_ELEMENTS: Final = 25
CARD_BUTTONS: Final = 4
IDENTIFIER: Final = 255
INPUT_LABEL: Final = 2_000
INPUT_VALUE: Final = 16_000
"""What a text field may begin with. Slack names no limit but the view's, which holds two such fields; a text that was
typed may be as long where the field has no `max_length` (3,000 at the most), as long replies on some networks are."""
INPUT_SURELY: Final = 3_000
"""What every text field may begin with."""
VIEW_TITLE: Final = 24
PRIVATE_METADATA: Final = 3_000


def units(text: str) -> int:
    """Length in UTF-16 units; a lone surrogate counts one."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def as_json(value: Any) -> bytes:
    """Compact JSON of plain data; several times quicker than the standard library's. Takes no lone surrogates."""
    return to_json(value)


def size(value: Any) -> int:
    """Length of the JSON that would be sent, in UTF-16 units."""
    return units(as_json(value).decode())
