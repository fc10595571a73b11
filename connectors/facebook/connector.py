"""The Facebook connector: one Page, in public and on Messenger."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Final

from bot.domain.case import Send
from bot.domain.models import Capabilities, Event, Health, Raw, Sent
from bot.domain.network import Page
from connectors.base import ConnectorDeps
from connectors.facebook import mapping, names
from connectors.facebook.api import Api
from connectors.facebook.doors import LOOKS, Doors
from connectors.facebook.sending import CLOSED, PRIVATE_LENGTH, PUBLIC_LENGTH, Sender
from connectors.facebook.settings import FacebookSettings
from connectors.graph import tokens
from connectors.graph.client import Access, Graph
from connectors.graph.connector import GraphConnector
from connectors.graph.errors import Fate
from connectors.graph.webhooks import Change

FIELDS: Final = ("feed", "mention", "messages")
"""Without these nothing comes by webhook; others only add to it."""

RIGHTS: Final = (
    "pages_manage_engagement", "pages_manage_metadata", "pages_messaging", "pages_read_engagement",
    "pages_read_user_content",
)  # fmt: skip

WORDS: Final[Mapping[Fate, str]] = {
    Fate.WINDOW: CLOSED,
    Fate.GONE: "The post or comment is not there any more, or the Page may not see it. Close the case.",
    Fate.PERMISSION: "The app or the token lacks a permission for this: `python -m bot check` names it.",
}
RENEW: Final = "Make a new Page access token (docs/connectors/facebook.md) and set FACEBOOK_PAGE_TOKEN."
AWAY: Final = "Check META_GRAPH_URL and the way to it. If the network is only ill, Hark goes on by itself."
MENDS: Final[Mapping[str, str]] = {
    Fate.TOKEN: RENEW,
    Fate.PERMISSION: "Give the token's owner full control of the Page, and the token every permission of the guide.",
    Fate.GONE: "Check FACEBOOK_PAGE_ID, and that FACEBOOK_PAGE_TOKEN is a token of that Page.",
    Fate.RESTRICTED: "See on the Page's own site (Page quality) what the network has restricted.",
}


class FacebookConnector(GraphConnector[FacebookSettings]):
    """Takes webhooks, sweeps for what they missed, replies, likes, hides, and writes in private."""

    network: ClassVar[str] = names.NETWORK
    mends: ClassVar[Mapping[str, str]] = MENDS
    away: ClassVar[str] = AWAY
    capabilities: ClassVar[Capabilities] = Capabilities(
        public_reply=PUBLIC_LENGTH,
        private_message=PRIVATE_LENGTH,
        like=True,
        read_back=True,
        edit_events=True,
        delete_events=True,
        private_once=True,
        hide=True,
    )
    rechecks: ClassVar[int] = LOOKS

    def __init__(self, settings: FacebookSettings, deps: ConnectorDeps) -> None:
        super().__init__(settings, deps)
        window = names.HUMAN_AGENT if settings.human_agent else names.STANDARD
        self._page = names.Page(settings.page_id, deps.account, window)
        token = settings.page_token.get_secret_value()
        access = Access(settings.graph_url, settings.graph_version, token, settings.secrets[0])
        self._api = Api(Graph(deps.http, deps.clock, access, WORDS), settings.page_id)
        history = timedelta(hours=settings.history_hours)
        self._doors = Doors(self._page, deps, self._api, history)
        self._sender = Sender(self._page, deps, self._api)

    @property
    def identity(self) -> str:
        """The Page's id."""
        return self._page.id

    @property
    def title(self) -> str:
        """The Page's name, once it is known; until then its id."""
        return self.known_name or f"Page {self._page.id}"

    def concerns(self, change: Change) -> bool:
        """Whether an update is about this Page."""
        return change.object == mapping.OBJECT and change.owner == self.identity

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Read one stored delivery. Pure, and never raises."""
        return mapping.parse(raw, self._page)

    def sources(self) -> Mapping[str, float]:
        """The sweeps: posts with comments, mentions, private messages."""
        return self._doors.intervals()

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Sweep once; raises Transient or Permanent."""
        if not self.known_name:
            await self.learn_name(await self._api.name())
        return await self._doors.poll(source, cursor)

    async def recheck(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]]:
        """Look at known posts and comments again; raises Transient or Permanent."""
        return await self._doors.recheck(refs)

    async def look_up(self, what: str) -> Sequence[tuple[str, Raw]]:
        """Who somebody on Messenger is; raises Transient or Permanent."""
        kind, _, psid = what.partition(":")
        if kind != "person":
            return await super().look_up(what)
        found = {"what": "person", "person": psid, "item": await self._api.person(psid)}
        raw = self._doors.raw("lookup", found)
        return [(f"{what}:{names.seconds(raw.received_at)}", raw)]

    async def send(self, send: Send) -> Sent:
        """Carry out one send; raises Transient, Permanent or Unknown."""
        return await self._sender.send(send)

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send by its words; raises Transient or Permanent."""
        return await self._sender.read_back(send)

    async def _checked(self) -> Health:
        """Ask for the Page, the token's permissions and end, and the webhook's fields."""
        await self.learn_name(await self._api.name())
        token = await tokens.inspect(self._api.graph)
        fields = await self._api.subscribed_fields()
        trouble = tokens.trouble(token, RIGHTS, RENEW)
        if trouble is not None:
            return trouble
        if silent := [field for field in FIELDS if field not in fields]:
            mend = f"Subscribe the Page to {', '.join(silent)} (docs/connectors/facebook.md, step 6)."
            text = f"the webhook does not tell of {', '.join(silent)}; sweeps find it minutes later"
            return Health(ok=False, summary=text, mend=mend)
        window = "seven days (Human Agent)" if self._settings.human_agent else "24 hours"
        health = Health(ok=True, summary=f"webhook subscribed, messages answered for {window}")
        return tokens.warned(health, token, self.deps.clock.now(), RENEW)
