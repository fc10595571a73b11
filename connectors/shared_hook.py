"""The webhook of an app: one address for all accounts in it, and each is to have its own part of a delivery.

An account is in the app if it has one of the secrets that signed the delivery; nobody else hears anything of it.
"""

import json
from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bot.domain.models import Raw
from bot.domain.network import Accepted, Challenge, Refusal, Verdict, WebhookRequest
from connectors.base import Connector, ConnectorDeps
from connectors.lenient import each, table

NOT_GENUINE = Refusal(403, "not genuine")
"""One answer to everything that is forged: it does not say why."""


class SharedHook(Connector):
    """An account that its app's webhook tells of. `updates` names the list in a delivery that is dealt out."""

    updates: ClassVar[str]

    def __init__(self, deps: ConnectorDeps, secrets: tuple[bytes, ...]) -> None:
        super().__init__(deps)
        self.secrets = secrets
        self._beside: tuple[SharedHook, ...] = ()

    @abstractmethod
    def handshake(self, request: WebhookRequest) -> Challenge | Refusal:
        """Answer the network's look at the address."""

    @abstractmethod
    def is_genuine(self, request: WebhookRequest) -> bool:
        """Whether one of the secrets signed exactly these bytes; never raises."""

    @abstractmethod
    def is_about(self, delivery: Mapping[str, Any]) -> bool:
        """Whether a delivery of a single update is about this account."""

    def alone(self, entry: object) -> Iterable[object]:
        """Every update of an entry of `updates` as an entry of its own."""
        return (entry,)

    def meet(self, accounts: Collection[Connector]) -> None:
        """Learn of the other accounts in the same app."""
        others = (each for each in accounts if isinstance(each, SharedHook) and each is not self)
        self._beside = tuple(each for each in others if not set(self.secrets).isdisjoint(each.secrets))

    def verify(self, request: WebhookRequest) -> Verdict:
        """Judge one request: the handshake by GET, a signed delivery by POST.

        What concerns another account in the same app is stored for that one.
        """
        if request.method == "GET":
            return self.handshake(request)
        if request.method != "POST":
            return Refusal(405, "use POST")
        if not self.is_genuine(request):
            return NOT_GENUINE
        dealt = self._dealt(request.body, (self, *filter(lambda other: other.is_named(request), self._beside)))
        return Accepted(
            raws=tuple(
                Raw(network=who.network, account=who.account, source="webhook", body=body,
                    received_at=request.received_at)
                for who, body in dealt.items()
            )
        )  # fmt: skip

    def is_named(self, request: WebhookRequest) -> bool:
        """Whether a delivery may concern this account: it holds its id, and is genuine by its own secrets."""
        return self.identity.encode() in request.body and self.is_genuine(request)

    def _dealt(self, body: bytes, accounts: Sequence["SharedHook"]) -> dict["SharedHook", bytes]:
        """Which account is to have which part. What concerns none of them, or cannot be read, is for this one; what is
        for one account alone stays as it came. Never raises."""
        if len(accounts) == 1:
            return {self: body}
        try:
            delivery = json.loads(body)
            parts: dict[SharedHook, list[Any]] = {}
            for update in self._single(delivery):
                whose = next((who for who in accounts if who.is_about(update)), self)
                parts.setdefault(whose, []).extend(each(update.get(self.updates)))
            if len(parts) > 1:
                return {who: json.dumps({**delivery, self.updates: part}).encode() for who, part in parts.items()}
        except (ValueError, RecursionError):
            return {self: body}
        return {next(iter(parts), self): body}

    def _single(self, delivery: object) -> Iterator[Mapping[str, Any]]:
        """Every update of a delivery as a delivery of its own; one without the list is about one account alone."""
        if isinstance(delivery, dict) and self.updates in delivery:
            entries = (alone for entry in each(delivery[self.updates]) for alone in self.alone(entry))
            yield from ({**delivery, self.updates: [entry]} for entry in entries)
        else:
            yield table(delivery)
