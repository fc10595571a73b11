"""What a drawing needs besides the case: names, capabilities, links, the hour. And each message, drawn with that."""

from dataclasses import dataclass

from bot.cards.card import render, render_plain
from bot.cards.hourly import HourlyData, hourly_message
from bot.cards.lists import listed
from bot.cards.storm import problem_card, ring_message, storm_card
from bot.cards.view import Rendered, View
from bot.domain.case import Case, Post
from bot.domain.network import Connectors, Titles
from bot.domain.ports import Clock, Posted
from bot.domain.storm_ports import ProblemData, RingData, StormData
from bot.domain.text.privacy import AllowList
from bot.services.desk_context import NOTHING
from bot.services.hourly import Hour
from bot.settings import Settings
from bot.slack.gateway import SlackGateway


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Draws everything that Hark posts, as things stand now."""

    settings: Settings
    connectors: Connectors
    slack: SlackGateway
    clock: Clock
    titles: Titles
    allow: AllowList

    def view(self, case: Case) -> View:
        """The surroundings of a case now."""
        connector = self.connectors.get((case.key.network, case.key.account))
        card = case.card
        return View(
            now=self.clock.now(),
            network_title=self.titles[case.key.network],
            account_title=connector.title if connector else case.key.account,
            capabilities=connector.capabilities if connector else NOTHING,
            contact=self.settings.contact,
            team_language=self.settings.team_language,
            card_url=self.slack.permalink(Posted(card.place, card.ts)) if card and card.ts else "",
            allow=self.allow,
            one_of_several=sum(network == case.key.network for network, _ in self.connectors) > 1,
        )

    def draw(self, case: Case, post: Post) -> Rendered:
        """One Slack message of a case."""
        return render(case, post, self.view(case))

    def draw_plainly(self, case: Case, post: Post) -> Rendered:
        """The same, for when Slack refuses the drawing."""
        return render_plain(case, post, self.view(case))

    def draw_hour(self, hour: Hour) -> Rendered:
        """The hourly message."""
        return hourly_message(
            HourlyData(
                at=hour.now,
                waiting_total=hour.total,
                overdue=hour.overdue,
                oldest_since=hour.oldest,
                waiting=listed(hour.waiting, self.view),
                quiet=hour.quiet,
                quiet_since=hour.quiet_since,
            )
        )

    def storm(self, data: StormData, *, elsewhere: bool = False) -> Rendered:
        """A storm card."""
        return storm_card(data, elsewhere=elsewhere)

    def problem(self, data: ProblemData, *, elsewhere: bool = False) -> Rendered:
        """A known problem's card."""
        return problem_card(data, elsewhere=elsewhere)

    def ring(self, data: RingData) -> Rendered:
        """What was gathered for one person."""
        return ring_message(data, listed(data.waiting, self.view))
