"""Whose phone rings for a new message, by Slack's default notification rules.

A direct message, a mention, a channel-wide mention, and a reply in a thread that one follows notify; a plain
message in a channel does not (Slack's guide to notifications). Edits and ephemeral messages never do.
"""

from typing import Final

from sandbox.slack.model import Conversation, Message
from sandbox.slack.text import Mentions, mentions, shown_text
from sandbox.slack.workspace import Workspace

PUSH_TEXT: Final = 300


def notify(workspace: Workspace, channel: Conversation, message: Message) -> dict[str, str]:
    """Record the pushes of a message just stored; the answer maps each user id to the reason.

    Mentioned people follow the thread from then on, as in Slack.
    """
    if message.ephemeral_to is not None:
        return {}
    called = mentions(message.text, message.blocks)
    people = _called_people(workspace, called)
    parent = channel.messages.get(message.thread_ts or "") or message
    readers = sorted(user for user in channel.members - {message.user} if not workspace.users[user].is_bot)
    followers = parent.followers if message.is_reply else set()
    reasons = dict.fromkeys((user for user in readers if user in followers), "thread")
    # Later rules are the stronger reasons and overwrite earlier ones.
    if called.broadcasts and channel.kind != "dm":
        reasons |= dict.fromkeys(readers, "broadcast")
    reasons |= {user: "mention" for user in readers if user in people}
    if channel.kind == "dm":
        reasons |= dict.fromkeys(readers, "dm")
    parent.followers |= people & channel.members
    text = shown_text(message.text, workspace.names)[:PUSH_TEXT]
    for user, reason in reasons.items():
        workspace.push(user, text, channel, message, reason)
    if reasons:
        workspace.changed()
    return reasons


def _called_people(workspace: Workspace, called: Mentions) -> set[str]:
    people = called.users & workspace.users.keys()
    for group_id in called.groups & workspace.groups.keys():
        people.update(workspace.groups[group_id].members)
    return people
