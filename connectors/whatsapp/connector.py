"""The WhatsApp connector: one business phone number. Deliveries in, private answers out."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from bot.domain.case import Purpose, Send
from bot.domain.errors import Permanent, Transient
from bot.domain.models import Capabilities, Event, Health, LengthRule, Raw, Sent
from bot.domain.templates import Templates, is_template
from connectors.base import ConnectorDeps
from connectors.graph.client import Access, Graph, Json
from connectors.graph.connector import GraphConnector
from connectors.graph.errors import Fate
from connectors.graph.tokens import inspect, trouble, warned
from connectors.graph.values import text
from connectors.graph.webhooks import Change
from connectors.whatsapp import mapping, templates
from connectors.whatsapp.api import Api
from connectors.whatsapp.settings import WhatsAppSettings

LENGTH: Final = LengthRule(limit=4096, unit="characters")
RIGHTS: Final = ("whatsapp_business_management", "whatsapp_business_messaging")
PENDING: Final = "PENDING"
"""Nobody has registered the number with the Cloud API yet: nothing comes in, and nothing goes out."""
LOST: Final = frozenset({"BANNED", "DELETED", "DISCONNECTED", "MIGRATED", PENDING, "RESTRICTED", "UNVERIFIED"})
"""States of a number in which it cannot send."""

PAIR: Final = "error 131056"
"""Too many messages to one customer, as the shared table names it: about one in six seconds is allowed for long."""
PAIR_S: Final = 6.0
LONGEST_PAIR_S: Final = 600.0

NOT_PUBLIC: Final = "WhatsApp has private messages only."
NO_LIKE: Final = "Hark does not put reactions on WhatsApp messages."
RENEW: Final = "Make a new token of the system user (docs/connectors/whatsapp.md) and set WHATSAPP_TOKEN."
REGISTER: Final = "Register the number: POST /{id}/register with the token (docs/connectors/whatsapp.md, step 6)."
MANAGER: Final = "See in WhatsApp Manager, Phone numbers, what the number needs."
SUBSCRIBE: Final = "Subscribe the app: POST /{id}/subscribed_apps with the token (docs/connectors/whatsapp.md, step 6)."
AWAY: Final = "Check META_GRAPH_URL and the way to it. If the network only has trouble, Hark goes on by itself."
MENDS: Final[Mapping[str, str]] = {
    Fate.TOKEN: RENEW,
    Fate.PERMISSION: "Give the system user the WhatsApp account with full control, then make a new WHATSAPP_TOKEN.",
    Fate.GONE: "Check WHATSAPP_PHONE_NUMBER_ID and WHATSAPP_BUSINESS_ACCOUNT_ID, and that the token may use both.",
}


class WhatsAppConnector(GraphConnector[WhatsAppSettings]):
    """Takes deliveries and answers; there is nothing to poll, and nothing is ever marked as read."""

    network: ClassVar[str] = mapping.NETWORK
    mends: ClassVar[Mapping[str, str]] = MENDS
    away: ClassVar[str] = AWAY
    capabilities: ClassVar[Capabilities] = Capabilities(
        private_message=LENGTH,
        edit_events=True,
        delete_events=True,
        templates=True,
        sends_per_minute=600.0,
        send_burst=20,
    )

    def __init__(self, settings: WhatsAppSettings, deps: ConnectorDeps) -> None:
        super().__init__(settings, deps)
        token = settings.token.get_secret_value()
        access = Access(settings.graph_url, settings.graph_version, token, settings.secrets[0])
        self._api = Api(Graph(deps.http, deps.clock, access, mapping.WORDS), settings)

    @property
    def identity(self) -> str:
        """The phone number's id."""
        return self._settings.phone_number_id

    @property
    def title(self) -> str:
        """The number's name, once it is known; until then its id."""
        return self.known_name or f"number {self._settings.phone_number_id}"

    def concerns(self, change: Change) -> bool:
        """Whether an update is about this number."""
        return change.object == mapping.OBJECT and mapping.number_of(change) == self.identity

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Read one stored delivery. Pure, and never raises."""
        return mapping.parse(raw, self._settings.phone_number_id)

    async def send(self, send: Send) -> Sent:
        """Carry out one send, once; raises Transient, Permanent or Unknown.

        There is no way to ask for a message of ours. If the answer is lost, the report of its delivery settles it.
        """
        if send.purpose is Purpose.LIKE:
            raise Permanent("no_like", NO_LIKE)
        to, recipient, conversation = (send.ref.get(name, "") for name in ("to", "recipient", "conversation"))
        if not send.private or not conversation or not (to or recipient):
            raise Permanent("not_public", NOT_PUBLIC)
        try:
            id_ = await self._api.message(to, recipient, _what(send), mapping.callback(send.id, conversation))
        except Transient as error:
            if PAIR not in str(error):
                raise
            # The waits that "Error codes" asks for; only this customer's messages have to wait.
            wait = min(max(PAIR_S, 4.0 ** min(send.attempt, 9)), LONGEST_PAIR_S)
            msg = "WhatsApp takes one message in six seconds to the same customer"
            raise Transient(msg, retry_after=wait, shared=False) from error
        return Sent(id=id_)

    async def templates(self) -> Templates:
        """What may be sent once the window of 24 hours is closed; raises Transient or Permanent."""
        return templates.listed(await self._api.templates())

    async def _checked(self) -> Health:
        """Ask for the number, what the token may do and until when, and the subscription."""
        number = await self._api.number()
        shown, name = text(number.get("display_phone_number")), text(number.get("verified_name"))
        await self.learn_name(" ".join(filter(None, (name, f"({shown})" if shown else ""))))
        state, quality = text(number.get("status")), text(number.get("quality_rating"))
        if state in LOST:
            mend = REGISTER.replace("{id}", self._settings.phone_number_id) if state == PENDING else MANAGER
            return Health(ok=False, summary=f"the number is {state.lower()}", mend=mend)
        token = await inspect(self._api.graph)
        wrong = trouble(token, RIGHTS, RENEW)
        if wrong is not None:
            return wrong
        subscribed = await self._api.subscribed()
        if subscribed is False:
            mend = SUBSCRIBE.replace("{id}", self._settings.business_account_id)
            return Health(ok=False, summary="no app hears of its messages", mend=mend)
        said = "webhook subscribed" if subscribed else "subscription not checked"
        rating = f", quality {quality.lower()}" if quality in {"YELLOW", "RED"} else ""
        health = Health(ok=True, summary=f"{said}, messages answered for 24 hours{rating}")
        return warned(health, token, self.deps.clock.now(), RENEW)


def _what(send: Send) -> Json:
    """The words of a message, or the approved template and what fills it."""
    if not is_template(send.ref):
        return {"type": "text", "text": {"body": send.text, "preview_url": False}}
    try:
        return {"type": "template", "template": templates.message(send.ref)}
    except (ValueError, KeyError) as error:
        raise Permanent(Fate.TEMPLATE, "The blanks of this template cannot be read. Choose it again.") from error
