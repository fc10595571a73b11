"""What the connectors of Meta's networks have in common: the door of the webhook, and how a check speaks of trouble."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from bot.domain.errors import Permanent, Transient
from bot.domain.models import Author, Health
from bot.domain.network import Challenge, Refusal, WebhookRequest
from connectors.base import ConnectorDeps
from connectors.graph import webhooks
from connectors.graph.settings import GraphSettings
from connectors.graph.webhooks import Change
from connectors.shared_hook import SharedHook

S = TypeVar("S", bound=GraphSettings)


class GraphConnector(SharedHook, Generic[S]):
    """One account on one of Meta's networks. `mends` are what to do, by the reason of a refusal; `away` while the
    network cannot be reached."""

    updates: ClassVar[str] = "entry"
    mends: ClassVar[Mapping[str, str]]
    away: ClassVar[str]

    def __init__(self, settings: S, deps: ConnectorDeps) -> None:
        super().__init__(deps, settings.secrets)
        self._settings = settings

    def handshake(self, request: WebhookRequest) -> Challenge | Refusal:
        """Answer whoever knows our verify token."""
        return webhooks.handshake(request.query, self._settings.verify_token.get_secret_value())

    def is_genuine(self, request: WebhookRequest) -> bool:
        """Whether one of the app secrets signed exactly these bytes."""
        return webhooks.is_genuine(request.headers, request.body, self.secrets)

    def alone(self, entry: object) -> Iterable[object]:
        """Every update of an entry as an entry of its own."""
        return webhooks.alone(entry)

    def is_about(self, delivery: Mapping[str, Any]) -> bool:
        """Whether a delivery of a single update is about this account."""
        return any(map(self.concerns, webhooks.told(delivery)))

    @abstractmethod
    def concerns(self, change: Change) -> bool:
        """Whether an update is about this account."""

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
                summary=error.text,
                mend=self.mends.get(error.reason, f"See docs/connectors/{self.network}.md."),
            )
        except Transient as error:
            return Health(ok=False, summary=str(error), mend=self.away)

    @abstractmethod
    async def _checked(self) -> Health:
        """Ask the network; may raise Transient and Permanent."""
