"""Open modals, each person's stack of them, and Home views, with Slack's ids, hashes and limits."""

from typing import Final

from sandbox.clock import Time
from sandbox.slack.base import Json, SlackError, invalid_arguments
from sandbox.slack.config import SandboxConfig
from sandbox.slack.state_values import carried, first_values, merged
from sandbox.slack.text import stored_blocks
from sandbox.slack.workspace import Workspace

STACK: Final = 3


class Views:
    """All views of the app. The JSON kept is what payloads and answers carry."""

    def __init__(self, config: SandboxConfig, time: Time, workspace: Workspace) -> None:
        """Start with nothing open."""
        self._config = config
        self._time = time
        self._workspace = workspace
        self.stacks: dict[str, list[Json]] = {}
        self.homes: dict[str, Json] = {}

    def open(self, user: str, view: Json) -> Json:
        """Open a modal as the root of a new stack."""
        self._check_external_id(view)
        built = self._built(view, None)
        self.stacks[user] = [built]
        self._workspace.changed()
        return built

    def push(self, user: str, view: Json) -> Json:
        """Put a modal on top of a person's stack. Raises SlackError push_limit_reached, not_found, ..."""
        stack = self.stacks.get(user)
        if not stack:
            raise SlackError("not_found")
        if view["type"] != stack[0]["type"]:
            words = "must match the `type` of the root view whose stack we're pushing onto"
            raise invalid_arguments(f"{words} [json-pointer:/view/type]")
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        self._check_external_id(view)
        built = self._built(view, None)
        built["root_view_id"], built["previous_view_id"] = stack[0]["id"], stack[-1]["id"]
        stack.append(built)
        self._workspace.changed()
        return built

    def update(self, known: Json, view: Json, view_hash: str | None) -> Json:
        """Replace an open modal or Home view in place, with the same id. Raises SlackError hash_conflict."""
        if view["type"] != known["type"]:
            raise invalid_arguments("must match the `type` of the view that is updated [json-pointer:/view/type]")
        if view_hash is not None and view_hash != known["hash"]:
            raise SlackError("hash_conflict")
        if view.get("external_id") != known["external_id"]:
            self._check_external_id(view)
        built = self._built(view, known)
        known.clear()
        known.update(built)
        self._workspace.changed()
        return known

    def publish(self, user: str, view: Json, view_hash: str | None) -> Json:
        """Set a person's Home view. Raises SlackError hash_conflict."""
        known = self.homes.get(user)
        if known is not None:
            return self.update(known, view, view_hash)
        self.homes[user] = built = self._built(view, None)
        self._workspace.changed()
        return built

    def find(self, view_id: str | None, external_id: str | None = None) -> Json | None:
        """An open modal or a Home view by one of its ids."""
        for view in self._all():
            if (view_id and view["id"] == view_id) or (external_id and view["external_id"] == external_id):
                return view
        return None

    def shown(self, user: str, view_id: str) -> Json | None:
        """The modal on top of a person's stack or their Home view, if it has this id."""
        stack = self.stacks.get(user)
        for view in (stack[-1] if stack else None, self.homes.get(user)):
            if view is not None and view["id"] == view_id:
                return view
        return None

    def close(self, user: str, *, whole_stack: bool) -> list[Json]:
        """Take the top view, or all of them, off a person's screen; the closed ones, top first."""
        stack = self.stacks.get(user, [])
        closed = list(reversed(stack)) if whole_stack else stack[-1:]
        del stack[len(stack) - len(closed) :]
        if not stack:
            self.stacks.pop(user, None)
        self._workspace.changed()
        return closed

    def remember(self, view: Json, given: Json) -> None:
        """Keep what a screen says was typed."""
        view["state"] = {"values": merged(view["state"]["values"], given)}

    def _all(self) -> list[Json]:
        return [view for stack in self.stacks.values() for view in stack] + list(self.homes.values())

    def _check_external_id(self, view: Json) -> None:
        external_id = view.get("external_id")
        if external_id and self.find(None, external_id) is not None:
            raise SlackError("duplicate_external_id")

    def _built(self, view: Json, known: Json | None) -> Json:
        blocks = stored_blocks(view["blocks"], self._workspace.new_id)
        values = first_values(blocks) if known is None else carried(blocks, known["state"]["values"])
        view_id = known["id"] if known else self._workspace.new_id("V01SBX")
        config = self._config
        return {
            "id": view_id,
            "team_id": config.team_id,
            "type": view["type"],
            "blocks": blocks,
            "private_metadata": view.get("private_metadata") or "",
            "callback_id": view.get("callback_id") or "",
            "state": {"values": values},
            "hash": f"{self._workspace.next_ts(self._time.now())}.{self._workspace.new_id('h')}",
            "title": view.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": view.get("clear_on_close", False),
            "notify_on_close": view.get("notify_on_close", False),
            "close": view.get("close"),
            "submit": view.get("submit"),
            "previous_view_id": known["previous_view_id"] if known else None,
            "root_view_id": known["root_view_id"] if known else view_id,
            "app_id": config.app_id,
            "external_id": view.get("external_id") or "",
            "app_installed_team_id": config.team_id,
            "bot_id": config.bot_id,
        }
