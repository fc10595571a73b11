"""Pages of the documentation that are made from the code, so that they cannot disagree with it."""

from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo

from bot.domain.models import LengthRule
from bot.environment import variables
from bot.settings import Settings
from connectors.base import Connector, Network
from connectors.registry import NETWORKS

HEAD = """# Settings

Everything is set through environment variables. Hark needs `SLACK_BOT_TOKEN`, `SLACK_CHANNEL`, and `SLACK_APP_TOKEN` or
`SLACK_SIGNING_SECRET` ([slack.md](slack.md)), and the variables of at least one network
([connectors](connectors/README.md)). Most teams also set when the desk is open (`HARK_HOURS`, `HARK_TIME_ZONE`), whose
phones ring (`SLACK_ALERT_USERS`, `HARK_MANAGER_USERS`), and what is their own and need not be masked
(`HARK_OWN_CONTACTS`, `HARK_PHONE_REGION`).

A wrong or missing value ends the start with one message that names the variable, says what was wrong and shows an
example. So do some but not all of an account's required variables, and an unknown variable that begins with `HARK_`.

A second account of the same network uses the same variables with a suffix: `BLUESKY_IDENTIFIER__SUPPORT` and
`BLUESKY_APP_PASSWORD__SUPPORT` make the account "support" beside the account "main". Its webhooks arrive at
`/webhooks/<connector>/support`. What one of your accounts writes becomes no card of another one on that network.

This page is made by `python -m bot settings > docs/settings.md`; a test fails when it is out of date.
"""

META_HEAD = """
## Meta's networks

Shared by Facebook, Instagram, Threads and WhatsApp. They alone switch nothing on. An account with a suffix may have its
own (`META_APP_SECRET__SUPPORT`); where it has none, the one without a suffix counts.
"""

CAPABILITIES_HEAD = """# What each network can do

A button that cannot work on a network is not shown on its cards. This page is made from the code by
`python -m bot capabilities > docs/connectors/capabilities.md`; a test fails when it is out of date.

- **in**: how words come in. "webhook": the network tells; "poll": Hark asks, also for what a webhook missed; "search":
  words that the team chose are looked for, wherever they are written.
- **public reply**, **private message**: the longest text, as the network counts it. "no": it cannot be done from Hark.
- **hide**: a customer's comment can be hidden from the public, with a reason and a second person.
- **read back**: after a send whose answer was lost, Hark looks whether it stands. "by its id": the send is repeated
  under the same id, and the other side knows it. "no": a member of staff is asked to look.
- **edits**, **deletions**: how Hark learns that a customer changed words or took them away. "yes": with what comes in;
  "second look": the words of open cases are read again.
- **pace**: how fast Hark sends for one account, all processes together, well within the network's own limit; what comes
  faster waits. A network that asks for a longer pause gets it.
- **templates**: once the network's reply window is closed, messages that it approved in advance can still be sent.
"""
COLUMNS = (
    "network",
    "in",
    "public reply",
    "private message",
    "like",
    "hide",
    "read back",
    "edits",
    "deletions",
    "pace",
    "templates",
)
UNITS = {
    "utf16": "UTF-16 units",
    "weighted": "weighted characters",
    "emoji_bytes": "characters (emoji as bytes)",
    "bytes": "bytes of UTF-8",
}


def settings_page() -> str:
    """docs/settings.md. What several networks share stands once, at its end."""
    parts, shared = [HEAD, "## Hark and Slack\n", _table(variables(Settings))], dict[str, FieldInfo]()
    for network in NETWORKS:
        need = ", ".join(f"`{name}`" for name in network.settings.required)
        more = " It also reads [what Meta's networks share](#metas-networks)." if network.settings.shared else ""
        fields = variables(network.settings)
        shared |= {name: fields.pop(name) for name in network.settings.shared}
        parts += [f"\n## {network.title}\n", f"The account is off without {need}.{more}\n", _table(fields)]
    return "\n".join([*parts, META_HEAD, _table(shared)])


def capabilities_page() -> str:
    """docs/connectors/capabilities.md."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *map(_abilities, NETWORKS)]
    return "\n".join([CAPABILITIES_HEAD, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _abilities(network: Network) -> tuple[str, ...]:
    can = network.build.capabilities
    otherwise = "second look" if _has(network, "recheck") else "no"
    return (
        f"[{network.title}]({network.name}.md)",
        ", ".join(_ways_in(network)),
        _length(can.public_reply),
        _length(can.private_message),
        "yes" if can.like else "no",
        "yes" if can.hide else "no",
        "yes" if can.read_back else "by its id" if can.idempotent_send else "no",
        "yes" if can.edit_events else otherwise,
        "yes" if can.delete_events else otherwise,
        f"{can.sends_per_minute:g} a minute, {can.send_burst} at once",
        "yes" if can.templates else "no",
    )


def _ways_in(network: Network) -> list[str]:
    searches = any(name.endswith("_SEARCH") for name in variables(network.settings))
    ways = {"webhook": _has(network, "verify"), "poll": _has(network, "poll"), "search": searches}
    return [name for name, there in ways.items() if there]


def _has(network: Network, method: str) -> bool:
    """Whether the network's connector does this itself; the contract's own method only says that it cannot."""
    return getattr(network.build, method) is not getattr(Connector, method)


def _length(rule: LengthRule | None) -> str:
    if rule is None:
        return "no"
    most = f"{rule.limit:,} {UNITS.get(rule.unit, rule.unit)}"
    return most if rule.max_bytes is None else f"{most}, {rule.max_bytes:,} bytes"


def _table(fields: Mapping[str, FieldInfo]) -> str:
    rows = ["| variable | default | what it is | example |", "|---|---|---|---|"]
    rows += [_row(name, field) for name, field in fields.items()]
    return "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else _code(field.default)
    example = _code(field.examples[0]) if field.examples else ""
    return f"| `{name}` | {default} | {_cell((field.description or '').rstrip('.'))} | {example} |"


def _code(value: Any) -> str:
    if value in (None, "", ()):
        return "none"
    return f"`{_cell(str(value).lower() if isinstance(value, bool) else str(value))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
