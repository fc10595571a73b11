"""What one Threads account is told by the environment."""

from typing import ClassVar, Final

from pydantic import Field, SecretStr, field_validator

from connectors.graph_settings import GraphSettings, web_address

THREADS_URL: Final = "https://graph.threads.net"
VERSION: Final = "v1.0"
"""Threads counts its versions by itself."""


class ThreadsSettings(GraphSettings):
    """One profile."""

    required: ClassVar[tuple[str, ...]] = ("THREADS_USER_ID", "THREADS_TOKEN")

    user_id: str = Field(
        alias="THREADS_USER_ID",
        pattern=r"^\d{2,32}$",
        description="The number of the profile. `python -m bot check` compares it with the token's.",
        examples=["24800000000000001"],
    )
    token: SecretStr = Field(
        alias="THREADS_TOKEN",
        description="A long-lived access token of the profile. It ends after 60 days and has to be renewed before.",
        examples=["THAAB0000000000000000000000"],
    )
    api_url: str = Field(
        default=THREADS_URL,
        alias="THREADS_API_URL",
        description="The server of the Threads API.",
        examples=[THREADS_URL],
    )
    history_hours: int = Field(
        default=24,
        ge=0,
        le=168,
        alias="THREADS_HISTORY_HOURS",
        description="On the very first start: how many hours of what was there already become cards.",
        examples=["24"],
    )

    @field_validator("token")
    @classmethod
    def _is_token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value().strip()
        if not token or any(letter.isspace() for letter in token):
            msg = "must be one token without spaces"
            raise ValueError(msg)
        return SecretStr(token)

    @field_validator("api_url")
    @classmethod
    def _is_api_address(cls, value: str) -> str:
        return web_address(value)
