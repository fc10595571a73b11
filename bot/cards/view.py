"""What a renderer needs besides the case, and what it gives back."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.cards.build import Sheet, name_of
from bot.cards.limits import as_json
from bot.domain.case import Case
from bot.domain.models import Capabilities
from bot.domain.offers import Offer, offers
from bot.domain.ports import Blocks
from bot.domain.text.privacy import AllowList


@dataclass(frozen=True, slots=True)
class View:
    """The surroundings of a case when it is drawn.

    `now` decides coarse states only (is a window over?), never a countdown. `network_title` and `account_title` are
    names for people ("Bluesky", "@acme.example"). `contact` is the company's private contact way for networks without
    private messages. `card_url` is the permalink of the channel card, when known. `allow` is what masking leaves alone.
    `one_of_several` says that the company has other accounts on that network.
    """

    now: datetime
    network_title: str
    account_title: str
    capabilities: Capabilities
    contact: str = ""
    team_language: str = "en"
    card_url: str = ""
    allow: AllowList = field(default_factory=AllowList)
    one_of_several: bool = False


def offered(case: Case, view: View) -> frozenset[Offer]:
    """What may be offered for a case; the server asks the same question again when a button is pressed."""
    return offers(case, view.capabilities, view.now, view.contact)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to send. Two with the same digest look the same, so the second need not be sent."""

    text: str
    blocks: Blocks
    digest: str


def rendered(text: str, sheet: Sheet) -> Rendered:
    """The message with its digest."""
    return Rendered(text=text, blocks=sheet.blocks, digest=name_of(b"[%b,%b]" % (as_json(text), sheet.json)))
