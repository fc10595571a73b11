"""What one Instagram account is told by the environment."""

from enum import StrEnum
from typing import ClassVar, Final

from pydantic import Field, field_validator

from connectors.fields import HistoryHours, Token, web_address
from connectors.graph.settings import GraphSettings

INSTAGRAM_URL: Final = "https://graph.instagram.com"


class Login(StrEnum):
    """How the token was made; it decides where calls go and what may be read."""

    INSTAGRAM = "instagram"
    FACEBOOK = "facebook"


class InstagramSettings(GraphSettings):
    """One professional account."""

    required: ClassVar[tuple[str, ...]] = ("INSTAGRAM_ACCOUNT_ID", "INSTAGRAM_TOKEN")

    account_id: str = Field(
        alias="INSTAGRAM_ACCOUNT_ID",
        pattern=r"^\d{5,32}$",
        description="The number of the professional account, as deliveries name it. `python -m bot check` compares it.",
        examples=["17841400000000001"],
    )
    token: Token = Field(
        alias="INSTAGRAM_TOKEN",
        description="With Instagram Login a long-lived token of the account, with Facebook Login a token of the Page "
        "that the account is linked to.",
        examples=["IGAAB0000000000000000000000"],
    )
    login: Login = Field(
        default=Login.INSTAGRAM,
        alias="INSTAGRAM_LOGIN",
        description="How the token was made: instagram or facebook. Only with facebook can mentions be read.",
        examples=["facebook"],
    )
    api_url: str = Field(
        default="",
        alias="INSTAGRAM_API_URL",
        description=f"The server that is called. Without it {INSTAGRAM_URL}, or META_GRAPH_URL for Facebook Login.",
        examples=[INSTAGRAM_URL],
    )
    human_agent: bool = Field(
        default=False,
        alias="INSTAGRAM_HUMAN_AGENT",
        description="Whether the app was granted the Human Agent feature: staff may then answer a direct message for "
        "seven days instead of 24 hours.",
        examples=["true"],
    )
    history_hours: HistoryHours = Field(default=24, alias="INSTAGRAM_HISTORY_HOURS")

    @field_validator("api_url")
    @classmethod
    def _is_api_address(cls, value: str) -> str:
        return web_address(value) if value.strip() else ""

    @property
    def base_url(self) -> str:
        """Where calls go."""
        return self.api_url or (INSTAGRAM_URL if self.login is Login.INSTAGRAM else self.graph_url)
