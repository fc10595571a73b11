"""The few Block Kit shapes that Hark uses, as plain functions.

Cards are made of section, context, actions, input and rich_text blocks only: newer blocks are still being rolled
out and many workspaces refuse them. Every mrkdwn object is `verbatim` (Slack parses no plain @here or #channel in
it), every plain_text has `emoji` off (a customer's `:codes:` stay as written).
"""

from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from bot.cards.action_ids import ActionId, InputId
from bot.cards.escape import DAY_AND_TIME, fallback_time, plain, safe_url, stamp
from bot.cards.limits import BUTTON_TEXT, CARD_TOTAL, OPTION_TEXT, as_json, units
from bot.domain.ports import Blocks

Block = dict[str, Any]
Parts = list[tuple[str, Block]]
"""Blocks with the role each plays in its message; the role becomes part of the block_id."""


class Sheet(NamedTuple):
    """The blocks of a message, and their JSON as it would be sent: written once, then measured and hashed."""

    blocks: Blocks
    json: bytes

    @property
    def fits(self) -> bool:
        """Whether Slack takes a card of this size. No text has more UTF-16 units than bytes."""
        return len(self.json) < CARD_TOTAL or units(self.json.decode()) < CARD_TOTAL


def mrkdwn(text: str) -> Block:
    """A mrkdwn object. Foreign parts of `text` must have gone through `escape`."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_text(text: str) -> Block:
    """A plain_text object."""
    return {"type": "plain_text", "text": text, "emoji": False}


def section(text: str, accessory: Block | None = None) -> Block:
    """A section of mrkdwn, with a button beside it if given."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    if accessory:
        block["accessory"] = accessory
    return block


def context(text: str) -> Block:
    """One small line of mrkdwn."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def header(text: str) -> Block:
    """A headline of our own words."""
    return {"type": "header", "text": plain_text(text)}


def divider() -> Block:
    """A thin line."""
    return {"type": "divider"}


def actions(elements: list[Block]) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": elements}


def button(action: ActionId, label: str, value: str, *, style: str = "", describe: str = "") -> Block:
    """A button that carries `value`; `describe` says to screen readers what the short label cannot."""
    block: Block = {"type": "button", "action_id": action.value, "text": plain_text(label), "value": value}
    if style:
        block["style"] = style
    if described := plain(describe, BUTTON_TEXT, BUTTON_TEXT):
        block["accessibility_label"] = described
    return block


def option(label: str, value: str) -> Block:
    """One choice of a menu."""
    return {"text": plain_text(plain(label, OPTION_TEXT, OPTION_TEXT)), "value": value}


def overflow(action: ActionId, options: list[Block]) -> Block:
    """The menu behind the three dots."""
    return {"type": "overflow", "action_id": action.value, "options": options}


def text_part(text: str, *styles: str) -> Block:
    """Text in a rich_text block: shown exactly as it is, whatever it says. Must not be empty."""
    part: Block = {"type": "text", "text": text}
    if styles:
        part["style"] = dict.fromkeys(styles, True)
    return part


def link_part(url: str, label: str) -> Block:
    """A link in a rich_text block; plain text where the address is not safe."""
    return {"type": "link", "url": url, "text": label} if safe_url(url) else text_part(label)


def date_part(at: datetime) -> Block:
    """An instant in a rich_text block, in each reader's own time zone."""
    fallback = fallback_time(at, DAY_AND_TIME)
    return {"type": "date", "timestamp": stamp(at), "format": DAY_AND_TIME, "fallback": fallback}


def user_part(user: str) -> Block:
    """A member of staff in a rich_text block, shown by name. In a message this calls them."""
    return {"type": "user", "user_id": user}


def rich(*containers: Block) -> Block:
    """A rich_text block."""
    return {"type": "rich_text", "elements": list(containers)}


def rich_line(*parts: Block) -> Block:
    """One paragraph of a rich_text block."""
    return {"type": "rich_text_section", "elements": list(parts)}


def paragraph(*parts: Block) -> Block:
    """A rich_text block of one paragraph."""
    return rich(rich_line(*parts))


def rich_quote(text: str) -> Block:
    """A quotation in a rich_text block."""
    return {"type": "rich_text_quote", "elements": [text_part(text)]}


def field(block_id: str, label: str, element: Block) -> Block:
    """A field of a form."""
    return {"type": "input", "block_id": block_id, "label": plain_text(label), "element": element}


def radios(action: ActionId, options: list[Block], *, chosen: Block | None = None) -> Block:
    """Buttons of which one can be chosen, or is to begin with."""
    element: Block = {"type": "radio_buttons", "action_id": action.value, "options": options}
    return element | ({"initial_option": chosen} if chosen else {})


def select(action: ActionId, options: list[Block], *, chosen: Block | None = None, placeholder: str = "") -> Block:
    """A list from which one option can be chosen, or is to begin with."""
    element: Block = {"type": "static_select", "action_id": action.value}
    element |= {"placeholder": plain_text(placeholder)} if placeholder else {}
    return element | {"options": options} | ({"initial_option": chosen} if chosen else {})


def text_input(
    block: InputId,
    action: ActionId,
    label: str,
    *,
    hint: str = "",
    initial: str = "",
    optional: bool = False,
    multiline: bool = False,
    report_typing: bool = False,
    most: int = 0,
) -> Block:
    """A text field that takes `most` characters (0: as many as Slack takes; the network's rule stands in the hint).

    With `report_typing` Slack reports while the person types, so that the draft can be kept.
    """
    element: Block = {
        "type": "plain_text_input",
        "action_id": action.value,
        "multiline": multiline,
    }
    if most:
        element["max_length"] = most
    if initial:
        element["initial_value"] = initial
    if report_typing:
        element["dispatch_action_config"] = {"trigger_actions_on": ["on_character_entered"]}
    extras = {"hint": plain_text(hint) if hint else None, "optional": optional, "dispatch_action": report_typing}
    return field(block.value, label, element) | {name: value for name, value in extras.items() if value}


def with_ids(scope: str, parts: Parts) -> Sheet:
    """The blocks with their ids: `<scope>:<role>:<hash of the content>`.

    Slack advises a new block_id when a message is updated. This one is new exactly when the block has changed, and the
    same on every worker, so that equal states are equal messages.
    """
    blocks: Blocks = []
    written: list[bytes] = []
    for role, block in parts:
        content = as_json(block)
        block_id = f"{scope}:{role}:{name_of(content)[:8]}"
        blocks.append({**block, "block_id": block_id})
        written.append(b'%b,"block_id":%b}' % (content[:-1], as_json(block_id)))
    return Sheet(blocks, b"[" + b",".join(written) + b"]")


def name_of(content: bytes) -> str:
    """A stable name of what would be sent: 80 bits of BLAKE2b."""
    return blake2b(content, digest_size=10).hexdigest()


def digest(value: Any) -> str:
    """A stable name of plain data, by its JSON in the order in which it was built."""
    return name_of(as_json(value))
