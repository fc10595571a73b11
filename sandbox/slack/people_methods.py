"""auth.test, apps.connections.open and users.info."""

from typing import Final

from sandbox.slack.base import Json, SlackError
from sandbox.slack.hub import Hub
from sandbox.slack.limits import T3, T4
from sandbox.slack.method import Method
from sandbox.slack.model import User
from sandbox.slack.workspace import FOUNDED


def auth_test(hub: Hub, _args: Json) -> Json:
    """auth.test: who the token is."""
    config = hub.config
    return {
        "url": config.team_url,
        "team": config.team_name,
        "user": hub.workspace.users[config.bot_user_id].name,
        "team_id": config.team_id,
        "user_id": config.bot_user_id,
        "bot_id": config.bot_id,
        "is_enterprise_install": False,
    }


def open_connection(hub: Hub, _args: Json) -> Json:
    """apps.connections.open: a websocket address that works once."""
    if hub.config.http_mode:
        raise SlackError("socket_mode_not_enabled")
    base = hub.base_url.replace("http", "ws", 1)
    return {"url": f"{base}/sandbox/slack/socket?ticket={hub.sockets.ticket()}&app_id={hub.config.app_id}"}


def user_json(hub: Hub, user: User) -> Json:
    """A user object (no e-mail: the app has no users:read.email)."""
    team = user.team or hub.config.team_id
    organisation = user.organisation or ("" if user.team else hub.config.organisation_id)
    of_organisation = {"enterprise_user": {"enterprise_id": organisation}} if organisation else {}
    return of_organisation | {
        "id": user.id,
        "team_id": team,
        "name": user.name,
        "deleted": False,
        "color": user.colour,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": user.tz_label,
        "tz_offset": user.tz_offset,
        "profile": {
            "real_name": user.real_name,
            "real_name_normalized": user.real_name,
            "display_name": user.real_name.split()[0],
            "display_name_normalized": user.real_name.split()[0],
            "first_name": user.real_name.split()[0],
            "last_name": user.real_name.split()[-1],
            "team": team,
        },
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": FOUNDED,
    }


def user_info(hub: Hub, args: Json) -> Json:
    """users.info."""
    return {"user": user_json(hub, hub.workspace.user(str(args["user"])))}


METHODS: Final = {
    "auth.test": Method(auth_test),
    "apps.connections.open": Method(open_connection, T3, ("connections:write",), caller="app"),
    "users.info": Method(user_info, T4, ("users:read",), ("user",), reads=True),
}
