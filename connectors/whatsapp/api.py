"""The calls of the Cloud API that Hark makes. After "Send Messages", "Phone Numbers" and "Webhook Subscriptions"."""

from typing import Final

from bot.domain.errors import Permanent, Unknown
from connectors.graph import Graph, Json, rows
from connectors.graph_errors import Fate
from connectors.graph_tokens import Token, inspect
from connectors.graph_webhooks import each, identifier, table
from connectors.whatsapp.settings import WhatsAppSettings

FIELDS: Final = "id,display_phone_number,verified_name,quality_rating,status"


class Api:
    """One number's calls. All raise Transient or Permanent, `text` Unknown too."""

    def __init__(self, graph: Graph, settings: WhatsAppSettings) -> None:
        self.graph = graph
        self._settings = settings
        self._number = settings.phone_number_id

    async def number(self) -> Json:
        """The phone number: how it is written, the name that customers see, its quality and its state."""
        return await self.graph.get(self._number, {"fields": FIELDS}, staff=True)

    async def token(self) -> Token | None:
        """What the network says about the token, where it does."""
        return await inspect(self.graph, self._settings.token.get_secret_value())

    async def subscribed(self) -> bool | None:
        """Whether an app hears of the account's messages; None where that is not known."""
        if not self._settings.business_account_id:
            return None
        try:
            answer = await self.graph.get(f"{self._settings.business_account_id}/subscribed_apps", staff=True)
        except Permanent as error:
            if error.reason in {Fate.TOKEN, Fate.GONE}:
                raise
            return None
        return bool(rows(answer))

    async def text(self, to: str, recipient: str, body: str, callback: str) -> str:
        """Send words to a phone number or, without one, to a business-scoped user id; the id of the message."""
        whom = {"to": to} if to else {"recipient": recipient}
        answer = await self.graph.post(
            f"{self._number}/messages",
            body={
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                **whom,
                "type": "text",
                "text": {"body": body, "preview_url": False},
                "biz_opaque_callback_data": callback,
            },
        )
        found = [identifier(table(one).get("id")) for one in each(answer.get("messages"))]
        if not found or not found[0]:
            msg = "WhatsApp took the message but did not name it"
            raise Unknown(msg)
        return found[0]
