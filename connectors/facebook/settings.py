"""What one Facebook Page is told by the environment."""

from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from connectors.graph_settings import GraphSettings


class FacebookSettings(GraphSettings):
    """One Page, with its Messenger."""

    required: ClassVar[tuple[str, ...]] = ("FACEBOOK_PAGE_ID", "FACEBOOK_PAGE_TOKEN")

    page_id: str = Field(
        alias="FACEBOOK_PAGE_ID",
        pattern=r"^[0-9]{1,30}$",
        description="The Page's id (the Page, About, Page transparency).",
        examples=["110012345678901"],
    )
    page_token: SecretStr = Field(
        alias="FACEBOOK_PAGE_TOKEN",
        description="A Page access token that does not expire (see docs/connectors/facebook.md).",
        examples=["EAAGm0PX4ZCpsBAKZC"],
    )
    human_agent: bool = Field(
        default=False,
        alias="FACEBOOK_HUMAN_AGENT",
        description="Whether Meta has granted the app the Human Agent feature: staff may then answer messages for "
        "seven days instead of 24 hours.",
        examples=["true"],
    )
    history_hours: int = Field(
        default=24,
        ge=0,
        le=168,
        alias="FACEBOOK_HISTORY_HOURS",
        description="On the very first start: how many hours of what was there already become cards.",
        examples=["24"],
    )

    @field_validator("page_token")
    @classmethod
    def _is_token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value().strip()
        if not token or not token.isascii() or any(letter.isspace() for letter in token):
            msg = "must be one word without spaces"
            raise ValueError(msg)
        return SecretStr(token)
