"""What people do: pressing, submitting, closing, commanding, opening the Home tab, and typing.

Each act that the app must acknowledge waits for it up to the deadline (3 s); without it the person sees an error.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.slack import payloads
from sandbox.slack.base import Json, SlackError
from sandbox.slack.delivery import COMMANDS, INTERACTIVE, Ack
from sandbox.slack.hub import Hub
from sandbox.slack.messages import parent_ts, post
from sandbox.slack.model import Conversation, Message
from sandbox.slack.responses import command_answer, new_url
from sandbox.slack.state_values import STATE_FIELDS, client_errors, elements, first_values, merged
from sandbox.slack.text import typed_text
from sandbox.slack.views import checked_view

NO_ANSWER: Final = "This didn't work: Hark did not answer in time. Try again."
CLOSED: Final = "This view is no longer open."
STALE: Final = "This button is no longer there. Look at the message again."


@dataclass(frozen=True)
class Press:
    """A press on an element. Give `message_ts` with its conversation, or `view_id`, or `home`."""

    user: str
    block_id: str
    action_id: str
    conversation: str | None = None
    message_ts: str | None = None
    view_id: str | None = None
    home: bool = False
    value: Any = None
    selected_option: Json | None = None
    state: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the person sees: `error` words, or `errors` by block_id in a modal."""

    error: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it worked."""
        return self.error is None and not self.errors


async def press(hub: Hub, act: Press) -> Outcome:
    """Press a button, choose from a menu, or type into an element that dispatches."""
    try:
        payload = _press_payload(hub, act)
    except SlackError as refused:
        return _refuse(hub, act.user, refused.code)
    outcome = await hub.transport.ask(INTERACTIVE, payload)
    return Outcome() if isinstance(outcome, Ack) else _refuse(hub, act.user, NO_ANSWER)


def _refuse(hub: Hub, user: str, words: str) -> Outcome:
    hub.workspace.notice(user, words)
    return Outcome(words)


def _press_payload(hub: Hub, act: Press) -> Json:
    """Raises SlackError with words for the person."""
    hub.workspace.user(act.user)
    if act.message_ts is not None:
        return _message_press(hub, act)
    view = hub.views.homes.get(act.user) if act.home else hub.views.shown(act.user, act.view_id or "")
    if view is None:
        raise SlackError(CLOSED)
    block, element = _find(hub, view["blocks"], act)
    chosen = _chosen(element, act)
    hub.views.remember(view, _given(act, block, chosen))
    entry = payloads.action(block["block_id"], element, chosen, hub.next_ts())
    return payloads.view_actions(hub, act.user, view, entry)


def _message_press(hub: Hub, act: Press) -> Json:
    channel = screen_conversation(hub, act.user, act.conversation)
    message = channel.messages.get(act.message_ts or "") or channel.ephemerals.get(act.message_ts or "")
    if message is None or message.ephemeral_to not in (None, act.user):
        raise SlackError("This message is no longer there.")
    block, element = _find(hub, message.blocks, act)
    chosen = _chosen(element, act)
    entry = payloads.action(block["block_id"], element, chosen, hub.next_ts())
    values = merged(first_values(message.blocks), _given(act, block, chosen))
    pressed = {
        "state": {"values": values},
        "response_url": new_url(hub, act.user, channel, message),
        "actions": [entry],
    }
    return payloads.message_actions(hub, act.user, channel, message, pressed)


def _given(act: Press, block: Json, chosen: Json) -> Json:
    """The state that the screen sends along, the press itself included."""
    block_id = block["block_id"]
    return {**act.state, block_id: {**act.state.get(block_id, {}), act.action_id: chosen}}


def _find(hub: Hub, blocks: list[Json], act: Press) -> tuple[Json, Json]:
    for block, element in elements(blocks):
        if block["block_id"] == act.block_id and element["action_id"] == act.action_id:
            if block["type"] == "input" and not block.get("dispatch_action"):
                raise SlackError("This field does not send anything before the form is submitted.")
            return block, element
    if hub.config.deliver_stale_presses:
        text = {"type": "plain_text", "text": act.action_id, "emoji": True}
        gone = {"type": "button", "action_id": act.action_id, "text": text, "value": str(act.value or "")}
        return {"type": "actions", "block_id": act.block_id}, gone
    raise SlackError(STALE)


def _chosen(element: Json, act: Press) -> Json:
    """What the press chose, as payloads name it. Raises SlackError for a choice that is not offered."""
    kind = element["type"]
    if kind == "button":
        return {}
    if kind in {"overflow", "static_select", "radio_buttons"}:
        return {"selected_option": _offered(element, act.selected_option)}
    if kind == "external_select":
        return {"selected_option": act.selected_option}
    name = STATE_FIELDS[kind][0] if kind in STATE_FIELDS else "value"
    typed = act.state.get(act.block_id, {}).get(act.action_id, {})
    value = typed.get(name) if act.value is None else act.value
    return {name: None if value == "" else value}


def _offered(element: Json, wanted: Json | None) -> Json:
    groups = element.get("option_groups", ())
    options: list[Json] = [*element.get("options", ()), *(o for group in groups for o in group["options"])]
    for option in options:
        if wanted is not None and option["value"] == wanted.get("value"):
            return option
    raise SlackError("This choice is not offered.")


async def submit(hub: Hub, user: str, view_id: str, state: Json) -> Outcome:
    """Submit a modal: Slack's own checks first, then the app's answer decides what the person sees."""
    view = hub.views.shown(user, view_id)
    if view is None or view["type"] != "modal":
        return _refuse(hub, user, CLOSED)
    if view["submit"] is None:
        return _refuse(hub, user, "This view has nothing to submit.")
    hub.views.remember(view, state)
    errors = client_errors(view["blocks"], view["state"]["values"])
    if errors:
        return Outcome(errors=errors)
    outcome = await hub.transport.ask(INTERACTIVE, payloads.view_submission(hub, user, view))
    if not isinstance(outcome, Ack):
        return _refuse(hub, user, NO_ANSWER)
    try:
        return _submitted(hub, user, view, outcome.body)
    except SlackError as refused:
        return _refuse(hub, user, f"We had some trouble connecting. Try again? ({refused.code})")


def _submitted(hub: Hub, user: str, view: Json, body: Any) -> Outcome:
    """Raises SlackError for an answer that Slack would not take; the view then stays."""
    if body is None or body in ({}, ""):
        if hub.views.shown(user, view["id"]) is view:
            hub.views.close(user, whole_stack=False)
        return Outcome()
    if not isinstance(body, dict):
        raise SlackError("invalid_response")
    match body.get("response_action"):
        case "clear":
            hub.views.close(user, whole_stack=True)
        case "errors":
            return Outcome(errors=_errors(view, body.get("errors")))
        case "update":
            hub.views.update(view, checked_view(body.get("view")), None)
        case "push":
            hub.views.push(user, checked_view(body.get("view")))
        case _:
            raise SlackError("invalid_response_action")
    return Outcome()


def _errors(view: Json, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
        raise SlackError("errors must be keyed by block_ids of input blocks")
    return {str(key): str(value) for key, value in errors.items()}


async def close(hub: Hub, user: str, view_id: str, *, clear: bool) -> Outcome:
    """Cancel (the top view) or the x (the whole stack); view_closed goes out only with notify_on_close."""
    view = hub.views.shown(user, view_id)
    if view is None or view["type"] != "modal":
        return _refuse(hub, user, CLOSED)
    whole = clear or bool(view["clear_on_close"])
    closed = hub.views.close(user, whole_stack=whole)
    told = closed[-1] if whole else closed[0]
    if not told["notify_on_close"]:
        return Outcome()
    payload = payloads.view_closed(hub, user, told, is_cleared=clear)
    outcome = await hub.transport.ask(INTERACTIVE, payload)
    return Outcome() if isinstance(outcome, Ack) else _refuse(hub, user, NO_ANSWER)


async def command(hub: Hub, user: str, conversation: str, typed: str) -> Outcome:
    """A slash command typed in a conversation."""
    try:
        channel = screen_conversation(hub, user, conversation)
    except SlackError as refused:
        return _refuse(hub, user, refused.code)
    name = typed.strip().partition(" ")[0]
    if name not in hub.config.commands:
        return _refuse(hub, user, f"{name} is not a valid command.")
    payload = payloads.slash_command(hub, user, channel, typed, new_url(hub, user, channel, None))
    outcome = await hub.transport.ask(COMMANDS, payload)
    if not isinstance(outcome, Ack):
        word = "operation_timeout" if "timeout" in outcome.reason else "dispatch_failed"
        return _refuse(hub, user, f'{name} failed with the error "{word}"')
    try:
        command_answer(hub, user, channel, outcome.body)
    except SlackError as refused:
        return _refuse(hub, user, f'{name} failed with the error "{refused.code}"')
    return Outcome()


def open_home(hub: Hub, user: str, tab: str = "home") -> Outcome:
    """Open the app's Home or Messages tab."""
    if tab == "home" and not hub.config.home_tab:
        return _refuse(hub, user, "This app has no Home tab.")
    channel = hub.workspace.direct(hub.config.bot_user_id, user)
    view = hub.views.homes.get(user) if tab == "home" else None
    hub.events.home_opened(user, channel.id, tab, dict(view) if view else None)
    return Outcome()


def say(hub: Hub, user: str, conversation: str, text: str, thread_ts: str | None = None) -> Message:
    """Type a message. Raises SlackError with words for the person."""
    channel = screen_conversation(hub, user, conversation)
    if channel.archived:
        raise SlackError("is_archived")
    if not text.strip():
        raise SlackError("no_text")
    names = {u.name: u.id for u in hub.workspace.users.values()}
    stored = typed_text(text, names)
    message = Message(hub.next_ts(), user, stored, _typed_blocks(hub, text), thread_ts=parent_ts(channel, thread_ts))
    return post(hub, channel, message)


def _typed_blocks(hub: Hub, text: str) -> list[Json]:
    """The rich_text block that Slack's message box makes; mentions stand in the text, so they count once."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "block_id": hub.workspace.new_id("b"), "elements": [section]}]


def screen_conversation(hub: Hub, user: str, conversation: str | None) -> Conversation:
    """A conversation on a person's screen. Raises SlackError channel_not_found, user_not_found."""
    hub.workspace.user(user)
    channel = hub.workspace.conversations.get(conversation or "")
    if channel is None or user not in channel.members:
        raise SlackError("channel_not_found")
    return channel
