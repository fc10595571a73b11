"""Posting, changing and deleting messages, with all that follows: thread counts, pushes, events."""

from dataclasses import dataclass
from typing import Any, Final

from sandbox.slack.base import Json, SlackError
from sandbox.slack.blocks import message_blocks
from sandbox.slack.hub import Hub
from sandbox.slack.model import Conversation, Message
from sandbox.slack.notify import notify
from sandbox.slack.schema import json_size, parsed
from sandbox.slack.text import stored_blocks, stored_text

# What Slack writes when a message has blocks and no text; a phone shows just this.
NO_FALLBACK: Final = "This content can't be displayed."
METADATA_BYTES: Final = 8_192
LONGEST_TEXT: Final = 40_000


@dataclass(frozen=True, slots=True)
class Content:
    """The checked content of a message; None means that the argument was not given."""

    text: str | None
    blocks: list[Json] | None
    attachments: list[Json] | None
    metadata: Json | None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not ((self.text and self.text.strip()) or self.blocks or self.attachments)


def content(hub: Hub, args: Json) -> Content:
    """Read and check text, blocks, attachments and metadata.

    Raises SlackError: invalid_blocks, invalid_blocks_format, msg_blocks_too_long, too_many_attachments,
    markdown_text_conflict, invalid_metadata_format, metadata_too_large.
    """
    blocks = message_blocks(args.get("blocks"))
    text = args.get("text")
    markdown = str(args.get("markdown_text") or "")
    if markdown:
        if text or blocks:
            raise SlackError("markdown_text_conflict")
        if len(markdown) > 12_000:
            raise SlackError("msg_too_long")
        text = markdown
    return Content(
        None if text is None else stored_text(str(text))[:LONGEST_TEXT],
        None if blocks is None else stored_blocks(blocks, hub.workspace.new_id),
        _attachments(args.get("attachments")),
        _metadata(args.get("metadata")),
    )


def _attachments(value: Any) -> list[Json] | None:
    if value is None or value == "":
        return None
    attachments = parsed(value, SlackError("invalid_attachments"))
    if not isinstance(attachments, list) or not all(isinstance(item, dict) for item in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > 100:
        raise SlackError("too_many_attachments")
    for attachment in attachments:
        message_blocks(attachment.get("blocks"))
    return attachments


def _metadata(value: Any) -> Json | None:
    if value is None or value == "":
        return None
    metadata = parsed(value, SlackError("invalid_metadata_format"))
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if metadata == {}:
        return metadata
    known = isinstance(metadata.get("event_type"), str) and isinstance(metadata.get("event_payload"), dict)
    if not known or not metadata.keys() <= {"event_type", "event_payload", "entities"}:
        raise SlackError("invalid_metadata_format")
    if json_size(metadata) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return metadata


def parent_ts(channel: Conversation, thread_ts: Any) -> str | None:
    """The parent that a thread_ts means: a reply's ts means its parent. Raises SlackError thread_not_found."""
    if not thread_ts:
        return None
    known = channel.messages.get(str(thread_ts))
    if known is None:
        raise SlackError("thread_not_found")
    return known.thread_ts or known.ts


def post(hub: Hub, channel: Conversation, message: Message) -> Message:
    """Store a new message, ring phones and raise its events."""
    hub.workspace.store(channel, message)
    notify(hub.workspace, channel, message)
    if message.ephemeral_to is None:
        hub.events.posted(channel, message)
    return message


def bot_message(
    hub: Hub, body: Content, thread_ts: str | None, *, broadcast: bool = False, only_to: str | None = None
) -> Message:
    """A message of the bot's, not yet stored. Raises SlackError no_text."""
    if body.is_empty:
        raise SlackError("no_text")
    return Message(
        ts=hub.next_ts(),
        user=hub.config.bot_user_id,
        text=body.text or NO_FALLBACK,
        blocks=body.blocks or [],
        attachments=body.attachments or [],
        bot=True,
        thread_ts=thread_ts,
        broadcast=broadcast,
        subtype="thread_broadcast" if broadcast and thread_ts else None,
        metadata=body.metadata or None,
        ephemeral_to=only_to,
    )


def change(hub: Hub, channel: Conversation, message: Message, body: Content) -> Message:
    """Replace a message's content with chat.update's rules.

    Text without blocks deletes the blocks and shows "(edited)"; blocks show no such flag; metadata that is not
    given stays, and an empty object removes it. Nobody is notified.
    """
    if body.is_empty and body.metadata is None:
        raise SlackError("no_text")
    previous = hub.workspace.message_json(message)
    if not body.is_empty:
        message.text = body.text or (message.text if not body.blocks else NO_FALLBACK)
        message.blocks = body.blocks or []
        message.attachments = body.attachments or []
        if not message.blocks:
            message.edited = {"user": message.user, "ts": hub.next_ts()}
    if body.metadata is not None:
        message.metadata = body.metadata or None
    hub.workspace.changed()
    if message.ephemeral_to is None:
        hub.events.changed(channel, message, previous)
    return message


def delete(hub: Hub, channel: Conversation, message: Message) -> None:
    """Delete a message and raise its event; an ephemeral one just goes."""
    if message.ephemeral_to is not None:
        del channel.ephemerals[message.ts]
        hub.workspace.changed()
        return
    previous = hub.workspace.message_json(message)
    hub.workspace.remove(channel, message)
    hub.events.deleted(channel, previous)
