"""The Instagram connector: one professional account, with a token of either kind of login."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Final

from bot.domain.case import Send
from bot.domain.models import Capabilities, Event, Health, Raw, Sent
from bot.domain.network import Page
from connectors.base import ConnectorDeps
from connectors.graph.client import Graph, Json
from connectors.graph.connector import GraphConnector
from connectors.graph.errors import Fate
from connectors.graph.sweeps import LOOKS, Sweeps
from connectors.graph.tokens import inspect, trouble, warned
from connectors.graph.values import identifier, text
from connectors.graph.webhooks import Change
from connectors.instagram import mapping, names
from connectors.instagram.api import WORDS, Api, access
from connectors.instagram.doors import COMMENTS, MESSAGES, Doors
from connectors.instagram.sending import PRIVATE_LENGTH, PUBLIC_LENGTH, Sender
from connectors.instagram.settings import InstagramSettings, Login
from connectors.lenient import table

RIGHTS: Final[Mapping[Login, tuple[str, ...]]] = {
    Login.INSTAGRAM: (
        "instagram_business_basic", "instagram_business_manage_comments", "instagram_business_manage_messages"
    ),
    Login.FACEBOOK: (
        "instagram_basic", "instagram_manage_comments", "instagram_manage_messages", "pages_read_engagement"
    ),
}  # fmt: skip
RENEW: Final = "Make a new token as docs/connectors/instagram.md says and set INSTAGRAM_TOKEN."
MENDS: Final[Mapping[str, str]] = {Fate.TOKEN: RENEW, Fate.PERMISSION: RENEW}
SUBSCRIBE: Final = "Subscribe the account to the webhook's fields, as docs/connectors/instagram.md says."
AWAY: Final = "Check INSTAGRAM_API_URL and the way to it. If Instagram only has trouble, Hark goes on by itself."


class InstagramConnector(GraphConnector[InstagramSettings]):
    """Takes deliveries, sweeps for those that were missed, looks again at what is open, and answers."""

    network: ClassVar[str] = names.NETWORK
    mends: ClassVar[Mapping[str, str]] = MENDS
    away: ClassVar[str] = AWAY
    capabilities: ClassVar[Capabilities] = Capabilities(
        public_reply=PUBLIC_LENGTH,
        private_message=PRIVATE_LENGTH,
        read_back=True,
        private_once=True,
        hide=True,
        answers_hidden=False,
    )
    rechecks: ClassVar[int] = LOOKS

    def __init__(self, settings: InstagramSettings, deps: ConnectorDeps) -> None:
        super().__init__(settings, deps)
        reads_mentions = settings.login is Login.FACEBOOK
        self._rules = names.Rules(settings.account_id, human_agent=settings.human_agent, reads_mentions=reads_mentions)
        self._api = Api(Graph(deps.http, deps.clock, access(settings), words=WORDS), settings)
        history = timedelta(hours=settings.history_hours)
        self._sweeps = Sweeps(names.NETWORK, deps, self._api, history)
        self._doors = Doors(self._api, self._sweeps)
        self._sender = Sender(settings, deps, self._api)

    @property
    def identity(self) -> str:
        """The account's id."""
        return self._settings.account_id

    @property
    def title(self) -> str:
        """The account's name, once it is known."""
        return f"@{self.known_name}" if self.known_name else f"account {self._settings.account_id}"

    def concerns(self, change: Change) -> bool:
        """Whether an update is about this account."""
        return change.object == names.NETWORK and change.owner == self.identity

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Read one stored delivery. Pure, and never raises."""
        return mapping.parse(raw, self._rules)

    def sources(self) -> Mapping[str, float]:
        """The two sweeps."""
        return {COMMENTS: self._sweeps.every_s, MESSAGES: self._sweeps.every_s}

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read what one sweep finds; raises Transient or Permanent."""
        page = await self._doors.poll(source, cursor)
        await self.learn_name(self._api.known_name)
        return page

    async def recheck(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]]:
        """Read the words of new mentions, and look at known comments again: nothing tells of edits and deletions.

        Raises Transient, and Permanent when the token is refused.
        """
        stand_ins = [ref for ref in refs if ref.get("kind") == "stand_in" and self._rules.reads_mentions]
        known = [ref for ref in refs if ref.get("kind") == "comment"]
        known += [ref for ref in refs if ref.get("kind") == "mention" and self._rules.reads_mentions]
        return await self._sweeps.all_again([*stand_ins, *known], self._look)

    async def look_up(self, what: str) -> Sequence[tuple[str, Raw]]:
        """Who a customer is, or the words of a mention; raises Transient or Permanent."""
        kind, _, rest = what.partition(":")
        if kind == names.PERSON:
            raw = await self._sweeps.raw("lookup", {"customer": rest, "person": await self._api.person(rest)})
            return [(f"{what}:{int(raw.received_at.timestamp())}", raw)]
        if kind != names.MENTION or not self._rules.reads_mentions:
            return await super().look_up(what)
        media, _, comment = rest.partition(":")
        found = await self._look(
            {"kind": "stand_in", "id": f"mention|{comment or media}", "media_id": media, "comment_id": comment}
        )
        return [found] if found is not None else []

    async def send(self, send: Send) -> Sent:
        """Carry out one send, once; raises Transient, Permanent or Unknown."""
        return await self._sender.send(send)

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send by our own words; raises Transient, Permanent or Unknown."""
        return await self._sender.read_back(send)

    async def _checked(self) -> Health:
        """Whose token it is, what it may do and until when, and whether deliveries come."""
        me = await self._api.me()
        await self.learn_name(self._api.known_name)
        ids = {identifier(me.get(name)) for name in ("id", "user_id")}
        if self._settings.account_id not in ids:
            right = identifier(me.get("user_id") or me.get("id"))
            summary = f"the token belongs to the account {right}"
            return Health(ok=False, summary=summary, mend=f"Set INSTAGRAM_ACCOUNT_ID={right}, or use another token.")
        token, now = await inspect(self._api.graph), self.deps.clock.now()
        wrong = trouble(token, RIGHTS[self._settings.login], RENEW)
        if wrong is not None:
            return wrong
        if await self._api.subscribed() == set():
            return Health(ok=False, summary="no deliveries are subscribed", mend=SUBSCRIBE)
        mentions = "" if self._rules.reads_mentions else ", words of mentions only with Facebook Login"
        usage = f", {self._api.graph.pace.percent:.0f} % of the limit used" if self._api.graph.pace.percent else ""
        health = Health(ok=True, summary=f"signed in{mentions}{usage}")
        return warned(health, token, now, RENEW)

    # --- looking again ---

    async def _look(self, ref: Mapping[str, str]) -> tuple[str, Raw] | None:
        """What became of one comment or mention."""
        return await self._sweeps.again(ref, f"{ref.get('kind')}:{ref.get('id')}", self._read(ref))

    async def _read(self, ref: Mapping[str, str]) -> tuple[Json, str | None]:
        """What stands there now, and its words; an answer without it tells nothing."""
        body: Json = (
            {"comment": await self._api.comment(ref.get("id", ""))}
            if ref.get("kind") == "comment"
            else await self._api.mentioned(ref.get("media_id", ""), ref.get("comment_id", ""))
        )
        found = table(body.get("comment") or body.get("caption"))
        return body, text(found.get("text") or found.get("caption")) if found else None
