"""What one Threads account is told by the environment."""

from typing import ClassVar, Final

from pydantic import Field

from connectors.fields import HistoryHours, Token, WebAddress
from connectors.graph.settings import GraphSettings

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
    token: Token = Field(
        alias="THREADS_TOKEN",
        description="A long-lived access token of the profile. It ends after 60 days and has to be renewed before.",
        examples=["THAAB0000000000000000000000"],
    )
    api_url: WebAddress = Field(
        default=THREADS_URL,
        alias="THREADS_API_URL",
        description="The server of the Threads API.",
        examples=[THREADS_URL],
    )
    history_hours: HistoryHours = Field(default=24, alias="THREADS_HISTORY_HOURS")
