"""views.open, push, update and publish."""

from typing import Final

from sandbox.slack.base import Json, SlackError, invalid_arguments
from sandbox.slack.hub import Hub
from sandbox.slack.limits import T4
from sandbox.slack.method import Method
from sandbox.slack.views import checked_view


def _modal(args: Json) -> Json:
    view = checked_view(args["view"])
    if view["type"] != "modal":
        raise invalid_arguments("must be one of: modal [json-pointer:/view/type]")
    return view


def _trigger_of(args: Json) -> object:
    given = args.get("trigger_id") or args.get("interactivity_pointer")
    if not given:
        raise invalid_arguments("missing required field: trigger_id")
    return given


def open_view(hub: Hub, args: Json) -> Json:
    """views.open. It replaces what is open: what Slack does with a trigger that came from a modal is told nowhere."""
    view = _modal(args)
    trigger = hub.grants.exchange(_trigger_of(args))
    return {"view": hub.views.open(trigger.user, view)}


def push_view(hub: Hub, args: Json) -> Json:
    """views.push: only with a trigger that came from a modal."""
    view = _modal(args)
    trigger = hub.grants.exchange(_trigger_of(args))
    if trigger.view_id is None:
        raise SlackError("invalid_trigger_id")
    return {"view": hub.views.push(trigger.user, view)}


def update_view(hub: Hub, args: Json) -> Json:
    """views.update, by view_id or external_id, with an optional hash."""
    view_id, external_id = args.get("view_id"), args.get("external_id")
    if bool(view_id) == bool(external_id):
        raise invalid_arguments("must provide one of: view_id, external_id")
    view = checked_view(args["view"])
    known = hub.views.find(view_id, external_id)
    if known is None:
        raise SlackError("not_found")
    return {"view": hub.views.update(known, view, args.get("hash") or None)}


def publish_view(hub: Hub, args: Json) -> Json:
    """views.publish: a person's Home tab."""
    view = checked_view(args["view"])
    if view["type"] != "home":
        raise invalid_arguments("must be one of: home [json-pointer:/view/type]")
    if not hub.config.home_tab:
        raise SlackError("not_enabled")
    user = hub.workspace.user(str(args["user_id"]))
    return {"view": hub.views.publish(user.id, view, args.get("hash") or None)}


METHODS: Final = {
    "views.open": Method(open_view, T4, required=("view",)),
    "views.push": Method(push_view, T4, required=("view",)),
    "views.update": Method(update_view, T4, required=("view",)),
    "views.publish": Method(publish_view, T4, required=("user_id", "view")),
}
