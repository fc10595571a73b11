"""The JSON that Slack sends for interactions and commands."""

from sandbox.slack.base import Json
from sandbox.slack.config import SandboxConfig
from sandbox.slack.hub import Hub
from sandbox.slack.model import Conversation, Message

_KEPT = ("text", "value", "style", "url", "confirm", "placeholder", "initial_option")
_TEXT_TYPES = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})


def _person(hub: Hub, user: str) -> Json:
    known = hub.workspace.user(user)
    return {"id": user, "username": known.name, "name": known.name, "team_id": known.team or hub.config.team_id}


def _common(hub: Hub, kind: str, user: str) -> Json:
    config: SandboxConfig = hub.config
    return {
        "type": kind,
        "user": _person(hub, user),
        "api_app_id": config.app_id,
        "token": config.verification_token,
        "team": None if config.org_wide else {"id": config.team_id, "domain": config.team_domain},
        "enterprise": {"id": config.organisation_id, "name": config.team_name} if config.organisation_id else None,
        "is_enterprise_install": config.org_wide,
    }


def channel_names(channel: Conversation) -> Json:
    """The short channel object of payloads."""
    return {"id": channel.id, "name": channel.name}


def message_actions(hub: Hub, user: str, channel: Conversation, message: Message, pressed: Json) -> Json:
    """block_actions from a message; an ephemeral message itself is not in it.

    `pressed` holds state, response_url and actions.
    """
    ephemeral = message.ephemeral_to is not None
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.is_reply:
        container["thread_ts"] = message.thread_ts
    body = (
        _common(hub, "block_actions", user)
        | {
            "container": container,
            "trigger_id": hub.grants.trigger(user),
            "channel": channel_names(channel),
        }
        | pressed
    )
    if not ephemeral:
        body["message"] = hub.workspace.message_json(message, with_metadata=True)
    return body


def view_actions(hub: Hub, user: str, view: Json, action: Json) -> Json:
    """block_actions from a modal or the Home tab."""
    return _common(hub, "block_actions", user) | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": hub.grants.trigger(user, view["id"] if view["type"] == "modal" else None),
        "view": dict(view),
        "actions": [action],
    }


def view_submission(hub: Hub, user: str, view: Json) -> Json:
    """view_submission; its trigger may push onto the modal's stack."""
    return _common(hub, "view_submission", user) | {
        "trigger_id": hub.grants.trigger(user, view["id"]),
        "view": dict(view),
        "response_urls": [],
    }


def view_closed(hub: Hub, user: str, view: Json, *, is_cleared: bool) -> Json:
    """view_closed. What was typed is not in it: that comes with a submission only (Bolt's own tests show one)."""
    return _common(hub, "view_closed", user) | {"view": {**view, "state": {"values": {}}}, "is_cleared": is_cleared}


def action(block_id: str, element: Json, chosen: Json, action_ts: str) -> Json:
    """One entry of `actions`: what was pressed, with what was chosen in it."""
    body: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": action_ts,
    }
    if element["type"] not in _TEXT_TYPES:
        body |= {name: element[name] for name in _KEPT if name in element}
    return body | chosen


def slash_command(hub: Hub, user: str, channel: Conversation, typed: str, url: str) -> Json:
    """A slash command; the text is not escaped (the manifest's should_escape is off)."""
    config = hub.config
    command, _, text = typed.strip().partition(" ")
    return {
        "token": config.verification_token,
        "team_id": config.team_id,
        "team_domain": config.team_domain,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": user,
        "user_name": hub.workspace.user(user).name,
        "command": command,
        "text": text.strip(),
        "api_app_id": config.app_id,
        "is_enterprise_install": "false",
        "response_url": url,
        "trigger_id": hub.grants.trigger(user),
    }
