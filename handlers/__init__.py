"""The Slack side: thin Bolt listeners that parse, call one service, and draw the answer. One module per surface."""

from slack_bolt.async_app import AsyncApp

from handlers import commands, fallback, hiding, home, menu, outsiders, presses, storm, templates, writing
from handlers.deps import Deps as Deps


def register(app: AsyncApp, deps: Deps) -> None:
    """Every listener, in the order in which they are asked."""
    fallback.register_first(app, deps)
    outsiders.register(app, deps)
    for module in (presses, writing, templates, menu, hiding, home, storm, commands):
        module.register(app, deps)
    fallback.register_last(app, deps)
