"""auth.test, api.test, apps.connections.open, users.* and usergroups.*."""

from typing import Final

from sandbox.slack.args import flag
from sandbox.slack.base import Json, SlackError
from sandbox.slack.conversation_methods import page
from sandbox.slack.hub import Hub
from sandbox.slack.limits import TIER_PER_MINUTE
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


def api_test(_hub: Hub, args: Json) -> Json:
    """api.test: says back what it was told, and fails with the error it is given."""
    if args.get("error"):
        raise SlackError(str(args["error"]), args=args)
    return {"args": args} if args else {}


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


def user_list(hub: Hub, args: Json) -> Json:
    """users.list."""
    people = [user_json(hub, user) for user in hub.workspace.users.values()]
    shown, metadata = page(people, args, "user", default=len(people))
    return {"members": shown, "cache_ts": FOUNDED, "response_metadata": metadata}


def group_users(hub: Hub, args: Json) -> Json:
    """usergroups.users.list."""
    group = hub.workspace.groups.get(str(args["usergroup"]))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


def group_list(hub: Hub, args: Json) -> Json:
    """usergroups.list."""
    groups = [
        {"id": group.id, "team_id": hub.config.team_id, "handle": group.handle, "name": group.handle}
        | {"is_usergroup": True, "user_count": len(group.members)}
        | ({"users": list(group.members)} if flag(args, "include_users") else {})
        for group in hub.workspace.groups.values()
    ]
    return {"usergroups": groups}


_T2, _T3, _T4 = TIER_PER_MINUTE[2], TIER_PER_MINUTE[3], TIER_PER_MINUTE[4]
METHODS: Final = {
    "api.test": Method(api_test, caller="anyone"),
    "auth.test": Method(auth_test),
    "apps.connections.open": Method(open_connection, _T3, ("connections:write",), caller="app"),
    "users.info": Method(user_info, _T4, ("users:read",), ("user",), reads=True),
    "users.list": Method(user_list, _T2, ("users:read",)),
    "usergroups.list": Method(group_list, _T2, ("usergroups:read",)),
    "usergroups.users.list": Method(group_users, _T2, ("usergroups:read",), ("usergroup",)),
}
