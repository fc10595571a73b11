"""The calls of the Cloud API that Hark makes. After "Send Messages", "Phone Numbers" and "Webhook Subscriptions"."""

from typing import Final

from bot.domain.errors import Permanent, Unknown
from connectors.graph.client import Graph, Json, Params, rows
from connectors.graph.errors import Fate
from connectors.graph.values import identifier
from connectors.lenient import each, table
from connectors.whatsapp import templates
from connectors.whatsapp.settings import WhatsAppSettings

NO_ACCOUNT: Final = (
    "Hark does not know the WhatsApp Business Account, so it cannot list its templates. Set "
    "WHATSAPP_BUSINESS_ACCOUNT_ID and restart Hark, or send a template from WhatsApp Manager."
)
TEMPLATE_PAGES: Final = 6
FIELDS: Final = "id,display_phone_number,verified_name,quality_rating,status"


class Api:
    """One number's calls. All raise Transient or Permanent, those that send Unknown too."""

    def __init__(self, graph: Graph, settings: WhatsAppSettings) -> None:
        self.graph = graph
        self._settings = settings
        self._number = settings.phone_number_id

    async def number(self) -> Json:
        """The phone number: how it is written, the name that customers see, its quality and its state."""
        return await self.graph.get(self._number, {"fields": FIELDS}, staff=True)

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

    async def templates(self) -> list[Json]:
        """The templates of the account, the approved ones asked for. Raises Permanent without the account's id."""
        account = self._settings.business_account_id
        if not account:
            raise Permanent("no_account", NO_ACCOUNT)
        params: Params = {"fields": templates.FIELDS, "status": templates.APPROVED, "limit": 100}
        pages = self.graph.pages(f"{account}/message_templates", params, most=TEMPLATE_PAGES, staff=True)
        return [row async for page in pages for row in page]

    async def message(self, to: str, recipient: str, what: Json, callback: str) -> str:
        """Send to a phone number or, without one, to a business-scoped user id; the id of the message.

        `what` is its type, and under the name of that its words or the template.
        """
        whom = {"to": to} if to else {"recipient": recipient}
        body: Json = {"messaging_product": "whatsapp", "recipient_type": "individual", **whom, **what}
        answer = await self.graph.post(f"{self._number}/messages", body={**body, "biz_opaque_callback_data": callback})
        found = [identifier(table(one).get("id")) for one in each(answer.get("messages"))]
        if not found or not found[0]:
            msg = "WhatsApp took the message but did not name it"
            raise Unknown(msg)
        return found[0]
