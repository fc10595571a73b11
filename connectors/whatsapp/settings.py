"""What one WhatsApp number is told by the environment."""

from typing import ClassVar

from pydantic import Field

from connectors.fields import Word
from connectors.graph.settings import GraphSettings


class WhatsAppSettings(GraphSettings):
    """One business phone number on the Cloud API."""

    required: ClassVar[tuple[str, ...]] = ("WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_TOKEN")

    phone_number_id: str = Field(
        alias="WHATSAPP_PHONE_NUMBER_ID",
        pattern=r"^\d{5,32}$",
        description="The id of the phone number (WhatsApp, API Setup); it is not the phone number itself.",
        examples=["106540350000001"],
    )
    token: Word = Field(
        alias="WHATSAPP_TOKEN",
        description="A token of a system user with whatsapp_business_messaging and whatsapp_business_management.",
        examples=["EAAGm0PX4ZCpsBAKZC"],
    )
    business_account_id: str = Field(
        default="",
        alias="WHATSAPP_BUSINESS_ACCOUNT_ID",
        pattern=r"^(\d{5,32})?$",
        description="The id of the WhatsApp Business Account. With it, `python -m bot check` sees whether deliveries "
        "are subscribed, and staff can answer with approved templates once the window of 24 hours is closed.",
        examples=["102290129340001"],
    )
