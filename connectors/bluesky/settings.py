"""What one Bluesky account is told by the environment."""

from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from connectors.base import AccountSettings
from connectors.fields import HistoryHours, WebAddress, listed

DEFAULT_SERVICE = "https://bsky.social"
MAX_QUERIES = 20


class BlueskySettings(AccountSettings):
    """One account. Names and app password come from the account's settings page on Bluesky."""

    required: ClassVar[tuple[str, ...]] = ("BLUESKY_IDENTIFIER", "BLUESKY_APP_PASSWORD")

    service_url: WebAddress = Field(
        default=DEFAULT_SERVICE,
        alias="BLUESKY_SERVICE_URL",
        description="The server to sign in to. With the default, Hark moves on to the account's own server; "
        "any other address is used for every call.",
        examples=["https://bsky.social", "https://pds.example.com"],
    )
    identifier: str = Field(
        alias="BLUESKY_IDENTIFIER",
        description="The account's handle, without the @.",
        examples=["acme.example.com"],
    )
    app_password: SecretStr = Field(
        alias="BLUESKY_APP_PASSWORD",
        description="An app password of the account (Settings, Privacy and security, App passwords). Allow access "
        "to direct messages when making it if Hark should read and answer them.",
        examples=["abcd-efgh-ijkl-mnop"],
    )
    search: str = Field(
        default="",
        alias="BLUESKY_SEARCH",
        description=f"Monitoring streams: up to {MAX_QUERIES} searches, separated by commas.",
        examples=['acme airlines, "acme app"'],
    )
    web_url: WebAddress = Field(
        default="https://bsky.app",
        alias="BLUESKY_WEB_URL",
        description="Where links for people lead.",
        examples=["https://bsky.app"],
    )
    history_hours: HistoryHours = Field(default=24, alias="BLUESKY_HISTORY_HOURS")

    @field_validator("identifier")
    @classmethod
    def _is_handle(cls, value: str) -> str:
        value = value.strip().removeprefix("@")
        if not value or any(letter.isspace() for letter in value):
            msg = "must be the account's handle, such as acme.example.com"
            raise ValueError(msg)
        return value

    @field_validator("app_password")
    @classmethod
    def _is_given(cls, value: SecretStr) -> SecretStr:
        password = value.get_secret_value().strip()
        if not password:
            msg = "must not be empty"
            raise ValueError(msg)
        return SecretStr(password)

    @field_validator("search")
    @classmethod
    def _is_short_list(cls, value: str) -> str:
        if value.count(",") >= MAX_QUERIES:
            msg = f"at most {MAX_QUERIES} searches"
            raise ValueError(msg)
        return value

    @property
    def queries(self) -> tuple[str, ...]:
        """The monitoring searches, each once, in the order given."""
        return listed(self.search)

    @property
    def follows_did_document(self) -> bool:
        """Whether calls go to the account's own server; only the public entrance knows accounts of many servers."""
        return self.service_url == DEFAULT_SERVICE
