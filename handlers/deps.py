"""What the listeners are given, once, by the composition root."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from bot.cards.view import View
from bot.domain.case import Case
from bot.domain.models import Health
from bot.domain.network import Connectors, Titles
from bot.domain.policy import Policy
from bot.domain.ports import Cases, Clock, Notes, Render
from bot.services.assigning import AssigningDesk
from bot.services.composing import Composing
from bot.services.desk import Desk
from bot.services.drawing import Drawing
from bot.services.hiding import HidingDesk
from bot.services.people import People
from bot.services.snoozing import SnoozingDesk
from bot.services.speed import Speeds
from bot.services.storm_desk import StormDesk
from bot.services.templating import Templating
from bot.slack.gateway import SlackGateway


@dataclass(frozen=True, slots=True)
class Deps:
    """The service as the Slack side sees it."""

    desk: Desk
    composing: Composing
    hiding: HidingDesk
    assigning: AssigningDesk
    snoozing: SnoozingDesk
    templating: Templating
    drawing: Drawing
    people: People
    cases: Cases
    notes: Notes
    slack: SlackGateway
    http: aiohttp.ClientSession
    connectors: Connectors
    policy: Policy
    clock: Clock
    render: Render
    view_of: Callable[[Case], View]
    troubles: Callable[[], Awaitable[list[Health]]]
    new_id: Callable[[], str]
    storms: StormDesk
    titles: Titles
    speeds: Speeds
