"""The variables of an X account."""

import pytest

from bot.domain.errors import SettingsError
from bot.environment import accounts, read
from connectors.x.settings import XSettings

GOOD = {
    "X_USER_ID": "1111111111",
    "X_CONSUMER_SECRET": "new-secret, old-secret",
    "X_BEARER_TOKEN": "bearer",
    "X_CLIENT_ID": "client",
    "X_REFRESH_TOKEN": "refresh",
}


def test_the_least_that_is_needed() -> None:
    """Everything else has a default."""
    settings = read(XSettings, GOOD)
    assert settings.secrets == (b"new-secret", b"old-secret")
    assert (settings.api_url, settings.budget, settings.queries) == ("https://api.x.com", 20_000_000, ())
    assert accounts(XSettings.required, {}) == []
    assert accounts(XSettings.required, GOOD) == ["main"]


def test_searches_are_parted_by_commas_outside_of_quotes() -> None:
    """Each once."""
    settings = read(XSettings, {**GOOD, "X_SEARCH": '"shoes, acme" OR #acme, acme app , acme app,'})
    assert settings.queries == ('"shoes, acme" OR #acme', "acme app")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X_USER_ID", "@acme"),
        ("X_USER_ID", "1" * 20),
        ("X_CONSUMER_SECRET", ",, ,"),
        ("X_CONSUMER_SECRET", ",".join(f"secret{n}" for n in range(9))),
        ("X_BEARER_TOKEN", "two words"),
        ("X_REFRESH_TOKEN", "sécret"),
        ("X_MONTHLY_BUDGET_USD", "-1"),
        ("X_MONTHLY_BUDGET_USD", "a lot"),
        ("X_SEARCH", ",".join(f"word{n}" for n in range(11))),
        ("X_SEARCH", "x" * 513),
        ("X_API_URL", "api.x.com"),
    ],
)
def test_a_wrong_value_is_named_and_never_quoted_if_secret(name: str, value: str) -> None:
    """With an example; secrets stay out of the message."""
    with pytest.raises(SettingsError) as caught:
        read(XSettings, {**GOOD, name: value})
    assert name in str(caught.value)
    if "TOKEN" in name or "SECRET" in name:
        assert value not in str(caught.value)
