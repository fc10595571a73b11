"""The variables that the networks of Meta share."""

import pytest

from bot.domain.errors import SettingsError
from bot.environment import accounts, read
from connectors.graph.settings import GraphSettings

GOOD = {"META_APP_SECRET": "a" * 32, "META_VERIFY_TOKEN": "a-long-word"}


def test_defaults_and_several_secrets() -> None:
    """Server and version have defaults; secrets are parted by commas."""
    found = read(GraphSettings, GOOD | {"META_APP_SECRET": f"{'a' * 32}, {'b' * 32},"})
    assert (found.graph_url, found.graph_version) == ("https://graph.facebook.com", "v26.0")
    assert found.secrets == (b"a" * 32, b"b" * 32)
    assert "aaaa" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [("META_APP_SECRET", "short!"), ("META_APP_SECRET", ",,,,"),
     ("META_APP_SECRET", ",".join(f"{n:032}" for n in range(9))),
     ("META_VERIFY_TOKEN", "short"), ("META_GRAPH_URL", "graph.facebook.com"), ("META_GRAPH_VERSION", "26"),
     ("META_GRAPH_VERSION", "v26.0/../x")],
)  # fmt: skip
def test_what_is_wrong_is_named_without_its_value(name: str, value: str) -> None:
    """The message names the variable; a secret is never shown."""
    with pytest.raises(SettingsError, match=name) as caught:
        read(GraphSettings, GOOD | {name: value})
    assert "SECRET" not in name or value not in str(caught.value)


def test_shared_variables_alone_set_no_account_up() -> None:
    """Only a network's own variables count."""
    assert accounts(GraphSettings.required, GOOD) == []
