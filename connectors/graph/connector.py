"""What the connectors of Meta's networks have in common: the door of the webhook, and how a check speaks of trouble."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from bot.domain.errors import Permanent, Transient
from bot.domain.models import Author, Health
from bot.domain.network import Accepted, Verdict, WebhookRequest
from connectors.base import Connector, ConnectorDeps
from connectors.graph import webhooks
from connectors.graph.settings import GraphSettings
from connectors.graph.webhooks import Change

S = TypeVar("S", bound=GraphSettings)


class GraphConnector(Connector, Generic[S]):
    """One account on one of Meta's networks. `mends` are what to do, by the reason of a refusal; `away` while the
    network cannot be reached."""

    mends: ClassVar[Mapping[str, str]]
    away: ClassVar[str]

    def __init__(self, settings: S, deps: ConnectorDeps) -> None:
        super().__init__(deps)
        self._settings = settings
        self._beside: tuple[GraphConnector[Any], ...] = ()

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The app secrets: accounts that share one are in the same app."""
        return self._settings.secrets

    def meet(self, accounts: Collection[Connector]) -> None:
        """Learn of the other accounts in the same app, which has one address for all of them."""
        others = (each for each in accounts if isinstance(each, GraphConnector) and each is not self)
        self._beside = tuple(each for each in others if not set(self.secrets).isdisjoint(each.secrets))

    def verify(self, request: WebhookRequest) -> Verdict:
        """Judge one request: the handshake, or a delivery signed over its raw bytes with one of the app secrets.

        What concerns another account in the same app is stored for that one.
        """
        token = self._settings.verify_token.get_secret_value()
        verdict = webhooks.verify(request, self.secrets, token, network=self.network, account=self.account)
        return self._dealt(request, verdict) if isinstance(verdict, Accepted) else verdict

    def is_named(self, request: WebhookRequest) -> bool:
        """Whether a delivery may concern this account: it holds its id, and is genuine by its own secrets."""
        return self.identity.encode() in request.body and webhooks.is_genuine(
            request.headers, request.body, self.secrets
        )

    @abstractmethod
    def concerns(self, change: Change) -> bool:
        """Whether an update is about this account."""

    def _dealt(self, request: WebhookRequest, verdict: Accepted) -> Accepted:
        """The delivery, or each part of it, for the account that it concerns."""
        others = [each for each in self._beside if each.is_named(request)]
        if not others:
            return verdict
        [raw] = verdict.raws
        parts = webhooks.dealt(raw.body, (self, *others))
        raws = (raw._replace(network=who.network, account=who.account, body=body) for who, body in parts.items())
        return verdict._replace(raws=tuple(raws))

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
