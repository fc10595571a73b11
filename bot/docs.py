"""Pages of the documentation that are made from the code, so that they cannot disagree with it."""

from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.environment import variables
from bot.settings import Settings
from connectors.registry import NETWORKS

HEAD = """# Settings

Everything is set through environment variables. This page is made by `python -m bot settings > docs/settings.md`;
a test fails when it is out of date. A wrong or missing value ends the start with one message that names the
variable, says what was wrong and shows an example. An unknown variable that begins with `HARK_` is an error.

A second account of the same network uses the same variables with a suffix: `BLUESKY_IDENTIFIER__SUPPORT` and
`BLUESKY_APP_PASSWORD__SUPPORT` make the account "support" beside the account "main". Its webhooks arrive at
`/webhooks/<connector>/support`.
"""


def settings_page() -> str:
    """docs/settings.md."""
    parts = [HEAD, "## Hark and Slack\n", _table(Settings)]
    for network in NETWORKS:
        need = ", ".join(f"`{name}`" for name in network.settings.required)
        parts += [f"\n## {network.title}\n", f"The account is off without {need}.\n", _table(network.settings)]
    return "\n".join(parts)


def _table(model: type[BaseModel]) -> str:
    rows = ["| variable | default | what it is | example |", "|---|---|---|---|"]
    rows += [_row(name, field) for name, field in variables(model).items()]
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
