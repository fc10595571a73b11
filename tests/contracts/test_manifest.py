"""manifest.yaml, app.json and Procfile: what Slack and Heroku would refuse is found here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.slack.config import SandboxConfig

ROOT = Path(__file__).resolve().parents[2]
SCOPES = {"chat:write", "commands", "users:read", "im:write", "im:history", "channels:history", "groups:history"}
EVENTS = {"app_home_opened", "app_uninstalled", "tokens_revoked"}
# Slack's manifest schema (github.com/slackapi/manifest-schema): unknown keys fail, at every level.
KNOWN_KEYS = {
    "": {"_metadata", "display_information", "features", "oauth_config", "settings"},
    "display_information": {"name", "description", "background_color", "long_description"},
    "features": {"app_home", "bot_user", "shortcuts", "slash_commands", "unfurl_domains"},
    "features.app_home": {"home_tab_enabled", "messages_tab_enabled", "messages_tab_read_only_enabled"},
    "features.bot_user": {"display_name", "always_online"},
    "oauth_config": {"scopes"},
    "oauth_config.scopes": {"bot"},
    "settings": {
        "event_subscriptions",
        "interactivity",
        "org_deploy_enabled",
        "socket_mode_enabled",
        "token_rotation_enabled",
    },
    "settings.event_subscriptions": {"bot_events"},
    "settings.interactivity": {"is_enabled"},
}
COMMAND_KEYS = {"command", "description", "usage_hint", "should_escape"}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The manifest, as Slack reads it."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def app_json() -> dict[str, Any]:
    """Heroku's description of the app."""
    loaded: dict[str, Any] = json.loads((ROOT / "app.json").read_text())
    return loaded


def part(tree: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the mapping at a dotted path."""
    for name in filter(None, path.split(".")):
        tree = tree[name]
    return tree


@pytest.mark.parametrize(("path", "known"), KNOWN_KEYS.items())
def test_the_manifest_has_no_key_that_slack_does_not_know(manifest: dict[str, Any], path: str, known: set[str]) -> None:
    """One unknown key and Slack refuses the whole file."""
    assert set(part(manifest, path)) - known == set()


def test_the_manifests_texts_fit_slacks_limits(manifest: dict[str, Any]) -> None:
    """Lengths as in Slack's schema, in characters."""
    about = manifest["display_information"]
    assert 1 <= len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?", about["background_color"])
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80
    for command in manifest["features"]["slash_commands"]:
        assert set(command) <= COMMAND_KEYS
        assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000


def test_hark_asks_for_the_least_and_reads_no_message(manifest: dict[str, Any]) -> None:
    """A new scope or event is a decision about privacy: it is made here too, in the open."""
    scopes, events = manifest["oauth_config"]["scopes"]["bot"], part(manifest, "settings.event_subscriptions")
    assert sorted(scopes) == sorted(SCOPES)
    assert sorted(events["bot_events"]) == sorted(EVENTS)
    assert not [event for event in events["bot_events"] if event.startswith("message")]


def test_the_local_slack_grants_what_the_manifest_asks_for(manifest: dict[str, Any]) -> None:
    """A right that only the demo has would be missed in the first real workspace."""
    local, features = SandboxConfig(), manifest["features"]
    assert set(local.bot_scopes) == SCOPES
    assert set(local.bot_events) == EVENTS
    assert local.commands == tuple(command["command"] for command in features["slash_commands"])
    assert local.home_tab == features["app_home"]["home_tab_enabled"]
    assert local.messages_tab == features["app_home"]["messages_tab_enabled"]


def test_every_scope_says_what_it_is_for() -> None:
    """Whoever installs the app reads the reason beside each scope."""
    lines = (ROOT / "manifest.yaml").read_text().splitlines()
    for scope in SCOPES:
        assert any(re.fullmatch(rf"\s+- {scope} # .+", line) for line in lines), scope


def test_socket_mode_and_the_command_are_on(manifest: dict[str, Any]) -> None:
    """Without an address of one's own the app works at once."""
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert [command["command"] for command in manifest["features"]["slash_commands"]] == ["/hark"]
    assert manifest["features"]["slash_commands"][0]["usage_hint"] == "[queue|mine|speed|topics|problem|help]"


def test_the_procfile_has_the_three_processes() -> None:
    """web answers, worker works, release stops one that could not start."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert dict(line.split(": ", 1) for line in lines) == {
        "web": "python -m bot web",
        "worker": "python -m bot worker",
        "release": "python -m bot check --release",
    }


def test_app_json_fits_herokus_schema(app_json: dict[str, Any]) -> None:
    """Name within 30 characters, every variable described, what is required comes without a value."""
    assert len(app_json["name"]) <= 30
    assert set(app_json["formation"]) == {"web", "worker"}
    for name, variable in app_json["env"].items():
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
        assert variable["description"].endswith("."), name
        assert set(variable) <= {"description", "value", "required", "generator"}, name
        assert isinstance(variable.get("value", ""), str), name
        assert not (variable.get("required") and "value" in variable), name


def test_heroku_gets_a_redis_that_survives_a_restart(app_json: dict[str, Any]) -> None:
    """The mini plan keeps nothing on disk; premium-0 does. Its own certificate makes REDIS_TLS_VERIFY=false needed."""
    assert [addon["plan"] for addon in app_json["addons"]] == ["heroku-redis:premium-0"]
    assert app_json["env"]["REDIS_TLS_VERIFY"]["value"] == "false"
    assert not (ROOT / "uv.lock").exists() or "uv.lock" in (ROOT / ".gitignore").read_text().split()
