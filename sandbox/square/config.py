"""Every setting of the square in one frozen object; the defaults are as strict as the network."""

from dataclasses import dataclass, field
from pathlib import Path

from sandbox.square.limits import LimitRules
from sandbox.square.sessions import TokenRules


@dataclass(frozen=True, slots=True)
class SquareConfig:
    """How a square behaves. With `data_file` its state is kept; without, it lives in memory.

    `strict_facets` refuses facets that do not fit the text, which the real network stores and shows wrongly. A square
    that is not `seeded` has people, but nothing that they did.
    """

    data_file: Path | None = None
    limits: LimitRules = field(default_factory=LimitRules)
    tokens: TokenRules = field(default_factory=TokenRules)
    strict_facets: bool = True
    seeded: bool = True
