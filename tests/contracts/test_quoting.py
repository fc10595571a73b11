"""What is wrong with a value is told without the value: it may be a customer's words, or a token."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

from pydantic import BaseModel

import bot
import connectors

OWN = {"_Group", "_Words"}
"""They read the lexicon that Hark brings along."""


def models(under: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    """Every model of the bot and of the connectors."""
    for each in under.__subclasses__():
        yield each
        yield from models(each)


def test_no_model_quotes_what_it_could_not_read() -> None:
    """Errors are logged, stand in dead letters and are told in Slack."""
    for package in (bot, connectors):
        for found in walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                import_module(found.name)
    ours = [each for each in models() if each.__module__.startswith(("bot.", "connectors."))]
    assert len(ours) > 50
    assert {each.__qualname__ for each in ours if not each.model_config.get("hide_input_in_errors")} == OWN
