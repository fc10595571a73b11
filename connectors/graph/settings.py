"""What all accounts on the Graph API of Meta are told by the environment.

Facebook, Instagram, Threads and WhatsApp share these variables. An account counts as set up only by the variables
that its own network requires (such as FACEBOOK_PAGE_ID and FACEBOOK_PAGE_TOKEN): never list one of these there.
"""

from functools import cached_property
from typing import ClassVar, Final

from pydantic import Field, SecretStr, field_validator

from connectors.base import AccountSettings
from connectors.fields import Secrets, WebAddress, listed

DEFAULT_URL: Final = "https://graph.facebook.com"
DEFAULT_VERSION: Final = "v26.0"
"""The newest of 2026-07-29; each version lives about two years ("Changelog / Versions")."""


class GraphSettings(AccountSettings):
    """The part that every account on the Graph API has; each network's own settings extend it."""

    shared: ClassVar[tuple[str, ...]] = ("META_APP_SECRET", "META_VERIFY_TOKEN", "META_GRAPH_URL", "META_GRAPH_VERSION")

    app_secret: Secrets = Field(
        alias="META_APP_SECRET",
        description="The app secret (App settings, Basic), by which deliveries are known to be genuine. Several, "
        "separated by commas, are all accepted; the first also proves Hark's own calls.",
        examples=["3f2a9c0d1b7e4856a1c2d3e4f5061728"],
    )
    verify_token: SecretStr = Field(
        alias="META_VERIFY_TOKEN",
        description="A word of your own choice that you also enter where you subscribe the webhook.",
        examples=["long-random-words-of-your-own"],
    )
    graph_url: WebAddress = Field(
        default=DEFAULT_URL,
        alias="META_GRAPH_URL",
        description="The server of the Graph API.",
        examples=[DEFAULT_URL],
    )
    graph_version: str = Field(
        default=DEFAULT_VERSION,
        alias="META_GRAPH_VERSION",
        pattern=r"^v\d{1,3}\.\d{1,2}$",
        description="The version of the Graph API that is called.",
        examples=[DEFAULT_VERSION],
    )

    @field_validator("app_secret")
    @classmethod
    def _are_long_enough(cls, value: SecretStr) -> SecretStr:
        if any(len(each) < 16 for each in listed(value.get_secret_value())):
            msg = "a secret must have at least 16 characters"
            raise ValueError(msg)
        return value

    @field_validator("verify_token")
    @classmethod
    def _is_given(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value().strip()) < 8:
            msg = "must have at least 8 characters"
            raise ValueError(msg)
        return value

    @cached_property
    def secrets(self) -> tuple[bytes, ...]:
        """The app secrets, in the order given."""
        return tuple(each.encode() for each in listed(self.app_secret.get_secret_value()))
