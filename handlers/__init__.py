"""The Slack side: thin Bolt listeners that parse, call one service, and draw the answer. One module per surface."""

from slack_bolt.async_app import AsyncApp

from handlers import (
    assigning,
    commands,
    hiding,
    home,
    menu,
    outsiders,
    presses,
    snoozing,
    storm,
    templates,
    unmatched,
    writing,
)
from handlers.deps import Deps as Deps


def register(app: AsyncApp, deps: Deps) -> None:
    """Every listener, in the order in which they are asked."""
    unmatched.register_first(app, deps)
    outsiders.register(app, deps)
    for module in (presses, writing, templates, menu, hiding, assigning, snoozing, home, storm, commands):
        module.register(app, deps)
    unmatched.register_last(app, deps)
