"""Read groups of digits and the rows they stand in, in time linear in the text."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import regex

# Only ASCII letters bind a digit to a word: Chinese or Japanese text runs up to its numbers. An extension
# ("x12") may follow.
_GROUP: Final = regex.compile(r"(?<![A-Za-z0-9_])[0-9]+(?![A-WYZa-wyz0-9_]|[Xx](?![0-9]))")
_LONGEST_GAP: Final = 4


class Group(NamedTuple):
    """Digits standing together, and their place."""

    start: int
    end: int
    digits: str


def rows(flat: str, gap: "regex.Pattern[str]") -> Iterator[list[Group]]:
    """Yield rows of groups; neighbours in a row are parted by what `gap` matches whole."""
    row: list[Group] = []
    end = 0
    for found in _GROUP.finditer(flat):
        start = found.start()
        if row and (start - end > _LONGEST_GAP or not gap.fullmatch(flat, end, start)):
            yield row
            row = []
        end = found.end()
        row.append(Group(start, end, found[0]))
    if row:
        yield row
