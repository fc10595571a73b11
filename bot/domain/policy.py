"""The promises and habits of one team, as data. Built from the settings once, passed to every decision."""

from datetime import timedelta

from bot.domain.calendar import Calendar
from bot.domain.case import Case
from bot.domain.models import CaseKey, Kind, Model
from bot.domain.routing import Route


class Policy(Model):
    """How this team works.

    Targets count in business time of `calendar`; leases, undo and presence count on the plain clock.
    """

    channel: str
    routes: tuple[Route, ...] = ()
    calendar: Calendar
    ack_target: timedelta = timedelta(minutes=60)
    answer_target: timedelta = timedelta(minutes=120)
    warn_at: float = 0.75
    escalate_after: timedelta = timedelta(minutes=30)
    claim_lease: timedelta = timedelta(minutes=30)
    claim_notice: timedelta = timedelta(minutes=5)
    undo: timedelta = timedelta(seconds=15)
    writing: timedelta = timedelta(minutes=5)
    alert_users: tuple[str, ...] = ()
    manager_users: tuple[str, ...] = ()
    contact: str = ""

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel in which new cards may stand, the team's own first."""
        return tuple(dict.fromkeys((self.channel, *(route.channel for route in self.routes))))

    def channel_of(self, key: CaseKey, kind: Kind) -> str:
        """Where the card of a new case goes: to the first route that fits, else to the team's channel."""
        ways = (route.channel for route in self.routes if route.takes(key.network, key.account, kind))
        return next(ways, self.channel)

    def on_call(self, case: Case) -> tuple[str, ...]:
        """Who is rung for a case: the people of the route on which its card went, else those of the team."""
        key, kinds = case.key, {item.kind for item in case.items}
        ways = (route for route in self.routes if case.card and route.channel == case.card.channel)
        fitting = (way for way in ways if any(way.takes(key.network, key.account, kind) for kind in kinds))
        return next((way.people for way in fitting), ()) or self.alert_users

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody whom Hark may ring."""
        named = (user for route in self.routes for user in route.people)
        return tuple(dict.fromkeys((*self.alert_users, *self.manager_users, *named)))
