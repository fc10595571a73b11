"""What one Facebook Page is told by the environment."""

from typing import ClassVar

from pydantic import Field

from connectors.fields import HistoryHours, Word
from connectors.graph.settings import GraphSettings


class FacebookSettings(GraphSettings):
    """One Page, with its Messenger."""

    required: ClassVar[tuple[str, ...]] = ("FACEBOOK_PAGE_ID", "FACEBOOK_PAGE_TOKEN")

    page_id: str = Field(
        alias="FACEBOOK_PAGE_ID",
        pattern=r"^[0-9]{1,30}$",
        description="The Page's id (the Page, About, Page transparency).",
        examples=["110012345678901"],
    )
    page_token: Word = Field(
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
    history_hours: HistoryHours = Field(default=24, alias="FACEBOOK_HISTORY_HOURS")
