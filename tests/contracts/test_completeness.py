"""Nothing is half there: what the code has is registered, handled, documented and tested."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot import accounts
from bot.app import open_service
from bot.cards.action_ids import ActionId, CallbackId, Verb
from bot.commands.pages import settings_page
from bot.domain.errors import NetworkError, SlackError
from bot.environment import variables
from bot.settings import Settings
from bot.slack.gateway import NEEDED_SCOPES
from bot.store.keys import Keys
from bot.telemetry import Metrics
from connectors.registry import NETWORKS
from handlers.menu import ACTS
from tests.support.folders import network_folders

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SOURCES = ("bot", "connectors", "handlers")
SHOWN_ONLY = {CallbackId.MORE, CallbackId.HISTORY, CallbackId.CASE, CallbackId.NOTICE, CallbackId.HOME}
"""Views without a Send button: there is nothing to handle but their closing."""
INPUTS = {ActionId.LIKE, ActionId.LINE, ActionId.SIGNATURE, ActionId.REASON, ActionId.LOOP, ActionId.NOTE}
INPUTS |= {ActionId.TITLE, ActionId.KNOWN, ActionId.WORDS, ActionId.COLLEAGUE, ActionId.WAY, ActionId.UNTIL}
"""Elements of input blocks: their values come with the form, they send nothing of their own."""
CONNECTOR_FILES = {"__init__.py", "README.md", "connector.py", "mapping.py", "quality.toml", "settings.py", "wire.py"}
QUALITY_RULES = {
    "settings_documented",
    "checks_before_start",
    "session_injected",
    "strict_typing",
    "webhook_signature",
    "appropriate_polling",
    "survives_downtime",
    "sweep",
    "own_echoes",
    "dedupe",
    "unknown_events_counted",
    "edits_noticed",
    "deletions_noticed",
    "fixtures_per_event",
    "hostile_input",
    "error_table_tested",
    "rate_limits",
    "sends_once",
    "read_back",
    "windows",
    "session_renewal",
    "like",
    "docs_setup",
    "docs_limits",
    "docs_troubleshooting",
    "docs_removal",
    "live_protocol_checked",
}
NAMES = network_folders()


def page(name: str) -> str:
    """A page of the documentation; a missing one fails the test that needs it."""
    path = DOCS / name
    assert path.is_file(), f"docs/{name} is missing"
    return path.read_text()


def sources(*folders: str) -> Iterator[tuple[Path, str]]:
    """Every Python file of these folders with its text."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, path.read_text()


# --- Connectors --------------------------------------------------------------------------------------------


def test_every_connector_folder_is_registered_once() -> None:
    """A folder that nobody registered would never be asked for anything."""
    assert sorted(network.name for network in NETWORKS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_connector_has_all_its_files(name: str) -> None:
    """The same file names everywhere: knowing one is knowing all."""
    there = {path.name for path in (ROOT / "connectors" / name).iterdir()}
    assert CONNECTOR_FILES - there == set()
    assert (DOCS / "connectors" / f"{name}.md").is_file(), "its page in docs/connectors is missing"
    assert list((ROOT / "tests" / "connectors" / name / "fixtures").glob("*__*.*")), "it has no fixtures"


@pytest.mark.parametrize("name", NAMES)
def test_a_connectors_page_names_its_variables(name: str) -> None:
    """Whoever sets the network up finds each variable on its page."""
    network = next(network for network in NETWORKS if network.name == name)
    text = page(f"connectors/{name}.md")
    assert [variable for variable in variables(network.settings) if f"`{variable}`" not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_quality_file_answers_every_rule(name: str) -> None:
    """Each known rule is done, exempt or to do, with a word on where to look or why not; no rule is invented."""
    path = ROOT / "connectors" / name / "quality.toml"
    assert path.is_file(), f"connectors/{name}/quality.toml is missing"
    rules: dict[str, Any] = tomllib.loads(path.read_text())["rules"]
    assert set(rules) == QUALITY_RULES
    for rule, answer in rules.items():
        assert set(answer) == {"state", "comment"}, rule
        assert answer["state"] in {"done", "exempt", "todo"}, rule
        assert len(answer["comment"]) >= 10, rule


# --- What Slack can send -----------------------------------------------------------------------------------


class Ears:
    """Asks a built Bolt app which of its listeners would take a payload; none of them is run."""

    def __init__(self, app: AsyncApp) -> None:
        self._listeners = app._async_listeners

    async def taker(self, body: dict[str, Any]) -> str | None:
        """The module of the first listener that takes it; the answers to what is old do not count."""
        request = AsyncBoltRequest(body=body, mode="socket_mode")
        for listener in self._listeners:
            if await listener.async_matches(req=request, resp=BoltResponse(status=200)):
                module = str(listener.ack_function.__module__)
                return None if module == "handlers.unmatched" else module
        return None


@pytest.fixture
async def ears(redis_url: str) -> Any:
    """The listeners of the real app, built by the composition root."""
    env = {
        "REDIS_URL": redis_url,
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "s",
        "SLACK_CHANNEL": "C0123ABCDEF",
    }
    settings, found = accounts.settings_of(env)
    async with open_service(settings, found, env) as service:
        yield Ears(service.bolt)


async def test_every_element_is_handled(ears: Ears) -> None:
    """A button without a listener would be answered "this card is old"."""
    deaf = []
    for action in set(ActionId) - INPUTS:
        body = {"type": "block_actions", "actions": [{"action_id": action.value, "block_id": "b", "type": "button"}]}
        if await ears.taker(body) is None:
            deaf.append(action)
    assert deaf == []


async def test_every_form_is_handled(ears: Ears) -> None:
    """Sending and, where a draft may be lost, closing; views that are only read need neither."""
    deaf = []
    for callback in set(CallbackId) - SHOWN_ONLY:
        view: dict[str, Any] = {"type": "modal", "callback_id": callback.value, "state": {"values": {}}}
        if await ears.taker({"type": "view_submission", "view": view}) is None:
            deaf.append(callback)
    assert deaf == []


def test_every_verb_of_the_menu_is_handled() -> None:
    """The menu has one listener; the verbs have a table."""
    assert set(ACTS) == set(Verb)


async def test_the_command_and_the_events_of_the_manifest_are_handled(ears: Ears) -> None:
    """What Slack was told to send is listened to, if only to log it."""
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text())
    for command in manifest["features"]["slash_commands"]:
        assert await ears.taker({"command": command["command"], "text": ""}) == "handlers.commands"
    known = [
        listener
        for event in manifest["settings"]["event_subscriptions"]["bot_events"]
        for listener in [await self_or_fallback(ears, event)]
    ]
    assert all(known)


async def self_or_fallback(ears: Ears, event: str) -> bool:
    """Whether any listener takes an event, those of handlers.unmatched included."""
    body = {"type": "event_callback", "event": {"type": event}}
    request = AsyncBoltRequest(body=body, mode="socket_mode")
    answers = [await each.async_matches(req=request, resp=BoltResponse(status=200)) for each in ears._listeners]
    return any(answers)


def test_every_id_is_documented() -> None:
    """docs/slack-cards.md lists exactly the ids and verbs that there are."""
    text = page("slack-cards.md")
    rows = set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    assert rows == {each.value for kind in (ActionId, CallbackId, Verb) for each in kind}


# --- Settings, metrics, keys -------------------------------------------------------------------------------


def test_the_settings_page_is_fresh() -> None:
    """`python -m bot settings > docs/settings.md` makes it anew."""
    assert page("settings.md").rstrip() == settings_page().rstrip()


def test_every_variable_is_on_the_settings_page() -> None:
    """Hark's own and those of every network, each with a word and an example."""
    text = page("settings.md")
    models: list[type[BaseModel]] = [Settings, *(network.settings for network in NETWORKS)]
    for model in models:
        for name, field in variables(model).items():
            assert f"| `{name}` |" in text
            assert field.description, name
            assert field.examples, name


def test_every_variable_of_app_json_exists() -> None:
    """A name that nobody reads would be asked of whoever installs; what has no default must be asked."""
    known = set(variables(Settings)) | {name for network in NETWORKS for name in variables(network.settings)}
    asked = json.loads((ROOT / "app.json").read_text())["env"]
    assert set(asked) - known == set()
    required = {name for name, field in variables(Settings).items() if field.is_required()}
    assert required <= {name for name, each in asked.items() if each.get("required")}
    assert asked["HARK_HOST"]["value"] == "0.0.0.0"  # noqa: S104 - what Heroku's router needs
    assert "PORT" not in asked


def test_every_metric_is_documented() -> None:
    """docs/metrics.md lists exactly what /metrics shows."""
    rows = set(re.findall(r"^\| `(hark_\w+)` \|", page("metrics.md"), re.MULTILINE))
    names = set()
    for metric in Metrics().registry.collect():
        names.add(f"{metric.name}_total" if metric.type == "counter" else metric.name)
    assert rows == names


def test_every_key_is_documented() -> None:
    """docs/redis-keys.md has a row for each pattern that bot/store/keys.py can make, and no other."""
    keys, given = Keys(7), {"hour": "<hour>"}
    made: set[str] = set()
    for name in vars(Keys):
        if name.startswith("_") or name in {"at", "shards", "shard_of"}:
            continue
        method = getattr(keys, name)
        names = [each for each in method.__annotations__ if each != "return"]
        result = method(*(0 if each == "shard" else given.get(each, f"<{each}>") for each in names))
        made |= {result} if isinstance(result, str) else set(result)
    rows = re.findall(r"^\| `([^`]+)` \|", page("redis-keys.md"), re.MULTILINE)
    assert {shape(each) for each in made} == {shape(each) for each in rows}


def shape(key: str) -> str:
    """A key or a pattern with a star for each part that varies."""
    body = re.sub(r"^hark:\{[^}]*\}:", "", key)
    return re.sub(r"<[^<>]+>|\b[0-9a-f]{24}\b", "*", body)


# --- Slack's rights ----------------------------------------------------------------------------------------


def test_the_manifest_asks_for_what_the_code_needs() -> None:
    """No scope too many, none too few."""
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text())
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == sorted(NEEDED_SCOPES)


def test_every_right_is_explained() -> None:
    """docs/security.md, to which README leads, says what each scope of the manifest is for, and names each event."""
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text())
    rights = page("security.md").partition("\n## Rights\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([a-z:]+)` \| .{5,} \|$", rights, re.MULTILINE)
    assert sorted(told) == sorted([*manifest["oauth_config"]["scopes"]["bot"], "connections:write"])
    (events,) = re.findall(r"^Events: (`[^.]+)\.", rights, re.MULTILINE)
    assert re.findall(r"`(\w+)`", events) == manifest["settings"]["event_subscriptions"]["bot_events"]
    assert "(docs/security.md)" in (ROOT / "README.md").read_text()


# --- Errors and leftovers ----------------------------------------------------------------------------------


def leaves(base: type[Exception]) -> list[type[Exception]]:
    """The errors below a base that code raises."""
    found = [leaf for child in base.__subclasses__() for leaf in (leaves(child) or [child])]
    return sorted(found, key=lambda each: each.__name__)


@pytest.mark.parametrize("error", leaves(SlackError) + leaves(NetworkError), ids=lambda each: each.__name__)
def test_every_error_is_made_and_tested(error: type[Exception]) -> None:
    """An error that nobody raises, or whose way nobody tested, is a promise in the dark."""
    makers = [path for path, text in sources(*SOURCES) if error.__name__ in calls(text)]
    assert [path for path in makers if path.name != "errors.py"]
    assert [path for path, text in sources("tests") if re.search(rf"\b{error.__name__}\b", text)]


def calls(text: str) -> set[str]:
    """The plain names that a module calls."""
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return {node.func.id for node in nodes if isinstance(node.func, ast.Name)}


def test_nothing_is_left_for_later() -> None:
    """What is not done is not in the code; it is an issue."""
    words = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" * 3 + r"\b", "HA" + "CK")))
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for folder in ("bot", "connectors", "handlers", "sandbox", "scripts", "docs", "tests")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".md", ".lua", ".js", ".css", ".html", ".toml"} and path.is_file()
        for line in path.read_text().splitlines()
        if words.search(line)
    ]
    assert found == []


def test_every_test_says_what_it_shows() -> None:
    """The docstring states the behaviour; the name alone is too short for it."""
    silent = [
        f"{path.relative_to(ROOT)}::{node.name}"
        for path, text in sources("tests")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []
