"""One worker's drawing by itself, where no storm is looked for and every account is known."""

from bot.domain.fallback import Places
from bot.domain.ports import Budgets, Render
from bot.services.calm import keep_calm
from bot.services.casework import Casework
from bot.services.drawing import Drawing
from bot.services.people import People
from bot.services.slack_budget import SlackBudget
from bot.slack.gateway import SlackGateway
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.stores import TestClock
from tests.support.storm_lab import Drawings, known


def a_drawing(
    store: Store,
    gateway: SlackGateway,
    clock: TestClock,
    render: Render,
    plainly: Render,
    metrics: Metrics,
    *,
    places: Places = (),
    casework: Casework | None = None,
    budgets: Budgets | None = None,
) -> Drawing:
    """A worker that draws as the test says."""
    casework = casework or Casework(store.cases, clock)
    budget, people = SlackBudget(budgets or store.budgets, clock), People(store.notes, gateway)
    calm = keep_calm(store, budget, casework, gateway, people, Drawings(), clock, metrics, on=False)
    return Drawing(casework, gateway, budget, render, plainly, clock, metrics, places, calm, known)
