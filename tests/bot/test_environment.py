"""Reading a settings model from environment variables."""

from typing import ClassVar

import pytest
from pydantic import BaseModel, Field, SecretStr

from bot.accounts import find, misspelt
from bot.domain.errors import SettingsError
from bot.environment import accounts, read, variables


class Shop(BaseModel):
    """A small settings model."""

    required: ClassVar[tuple[str, ...]] = ("SHOP_NAME", "SHOP_KEY")

    name: str = Field(alias="SHOP_NAME", description="The name over the door.", examples=["Acme"])
    key: SecretStr = Field(alias="SHOP_KEY", description="Its key", examples=["k-..."])
    floors: int = Field(1, alias="SHOP_FLOORS", ge=1)


def test_values_are_trimmed_and_empty_ones_are_none() -> None:
    """A blank variable leaves the default in place."""
    shop = read(Shop, {"SHOP_NAME": " Acme ", "SHOP_KEY": "k", "SHOP_FLOORS": " "})
    assert (shop.name, shop.floors) == ("Acme", 1)


def test_an_account_reads_its_own_suffix_only() -> None:
    """The main account's values do not leak into another one."""
    env = {"SHOP_NAME": "Acme", "SHOP_KEY": "k", "SHOP_FLOORS": "9", "SHOP_NAME__EAST": "East", "SHOP_KEY__EAST": "e"}
    assert read(Shop, env, "east").floors == 1
    assert read(Shop, env).floors == 9


def test_the_message_names_variable_reason_purpose_and_example() -> None:
    """The very words, so that a change of them is seen."""
    with pytest.raises(SettingsError) as caught:
        read(Shop, {"SHOP_KEY__EAST": "k", "SHOP_FLOORS__EAST": "0"}, "east")
    assert str(caught.value) == (
        "SHOP_NAME__EAST is missing.\n"
        "  It is the name over the door.\n"
        "  Example: SHOP_NAME__EAST=Acme\n"
        "SHOP_FLOORS__EAST is wrong: it should be greater than or equal to 1."
    )


def test_accounts_are_found_by_any_required_variable_main_first() -> None:
    """One that is begun counts, so that what is missing of it can be named."""
    env = {"SHOP_KEY__WEST": "k", "SHOP_NAME__EAST": "East", "SHOP_NAME": "Acme", "SHOP_FLOORS__NORTH": "3"}
    assert accounts(Shop.required, env) == ["main", "east", "west"]
    assert accounts(Shop.required, {"SHOP_NAME": " "}) == []


def test_variables_are_the_aliases() -> None:
    """A field without an alias goes by its own name."""

    class Plain(BaseModel):
        size: int = 1

    assert list(variables(Shop)) == ["SHOP_NAME", "SHOP_KEY", "SHOP_FLOORS"]
    assert list(variables(Plain)) == ["size"]


def test_a_shared_variable_serves_accounts_that_have_none_of_their_own() -> None:
    """One app secret for two Pages is written once; an account's own value beats it."""
    env = {
        "META_APP_SECRET": "shared-secret-of-the-app",
        "META_VERIFY_TOKEN": "a-shared-word",
        "FACEBOOK_PAGE_ID__SUPPORT": "77",
        "FACEBOOK_PAGE_TOKEN__SUPPORT": "token",
        "META_VERIFY_TOKEN__SUPPORT": "a-word-of-its-own",
    }
    found = find(env)
    assert [(each.network.name, each.name) for each in found] == [("facebook", "support")]
    assert found[0].settings.app_secret.get_secret_value() == "shared-secret-of-the-app"
    assert found[0].settings.verify_token.get_secret_value() == "a-word-of-its-own"


@pytest.mark.parametrize(
    ("env", "found"),
    [
        ({"SLACK_ALERT_USER": "U1"}, {"SLACK_ALERT_USER": "SLACK_ALERT_USERS"}),
        ({"BLUESKY_SERCH__SUPPORT": "acme"}, {"BLUESKY_SERCH__SUPPORT": "BLUESKY_SEARCH"}),
        ({"REDIS_URI": "redis://db"}, {"REDIS_URI": "REDIS_URL"}),
        ({"REDIS_URI": "redis://db", "REDIS_URL": "redis://db"}, {}),  # what it may mean is set
        ({"SLACK_ALERT_USER": " "}, {}),
        ({"SLACK_ALERT_USERS": "U1", "BLUESKY_SEARCH__SUPPORT": "acme"}, {}),
        ({"SPORT": "1", "BLUE_SEARCH": "2", "SLACK_WEBHOOK": "3", "PATH": "/bin", "": "x", "_": "y", "__": "z"}, {}),
    ],
)
def test_a_slip_of_the_keyboard_is_guessed(env: dict[str, str], found: dict[str, str]) -> None:
    """What begins as one of our names does and differs by a letter or two; other programs' names are left in peace."""
    assert misspelt(env) == found
