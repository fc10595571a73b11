"""What the connectors of Meta's networks have in common: the door of the webhook, and how a check speaks of trouble."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from bot.domain.errors import Permanent, Transient
from bot.domain.models import Author, Health
from bot.domain.network import Verdict, WebhookRequest
from connectors.base import Connector, ConnectorDeps
from connectors.graph import webhooks
from connectors.graph.settings import GraphSettings

S = TypeVar("S", bound=GraphSettings)


class GraphConnector(Connector, Generic[S]):
    """One account on one of Meta's networks. `mends` are what to do, by the reason of a refusal; `away` while the
    network cannot be reached."""

    mends: ClassVar[Mapping[str, str]]
    away: ClassVar[str]

    def __init__(self, settings: S, deps: ConnectorDeps) -> None:
        super().__init__(deps)
        self._settings = settings

    def verify(self, request: WebhookRequest) -> Verdict:
        """Judge one request: the handshake, or a delivery signed over its raw bytes with one of the app secrets."""
        token = self._settings.verify_token.get_secret_value()
        secrets = self._settings.secrets
        return webhooks.verify(request, secrets, token, network=self.network, account=self.account)

    def is_author(self, author: Author) -> bool:
        """By the account's id, or by its name where the network tells that of an author."""
        return author.id == self.identity or (self.known_name != "" and author.handle == self.known_name)

    async def check(self) -> Health:
        """Whether the account is in order. Raises no NetworkError: what is wrong is in the answer."""
        try:
            return await self._checked()
        except Permanent as error:
            return Health(
                ok=False,
                summary=self._about(error.text),
                mend=self.mends.get(error.reason, f"See docs/connectors/{self.network}.md."),
            )
        except Transient as error:
            return Health(ok=False, summary=self._about(str(error)), mend=self.away)

    @abstractmethod
    async def _checked(self) -> Health:
        """Ask the network; may raise Transient and Permanent."""

    def _about(self, trouble: str) -> str:
        """A trouble, said so that staff know whose it is."""
        return f"{self.title}: {trouble}"
