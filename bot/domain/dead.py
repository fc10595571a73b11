"""What is said about deliveries that could not be used, without a word of what stands in them, and about work that
workers die of."""

import re
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from bot.domain.models import Model
from bot.domain.notices import Words

KEPT = timedelta(days=30)
REMEMBERED = KEPT + timedelta(days=7)
"""How long it is known what was taken in, from the last time that it came: replaying a letter on its last day changes
nothing for what it shares with other deliveries."""
TAKEN_BACK = KEPT + REMEMBERED
"""How long it is known what customers took back: their words may wait in a letter that fails at its first replay, too,
and nothing of them is met then."""
SUSPECT = 2
TRIES = 4
"""How often something is taken without an end: twice among others, then alone, so that these get through; after so many
times in all it is what the workers die of. A delivery is taken no more then, other work once an hour."""
DEADLY = f"no worker came to an end with it: {TRIES} took it, and died or hung"
CLASS_LENGTH = 60
CLASS_READ = 300
"""So much of an error is looked at: a long word in it, which may be a customer's, would take seconds."""


class DeadCount(Model):
    """How many dead letters wait, since when the oldest does, how many went unused."""

    waiting: int = 0
    oldest: AwareDatetime | None = None
    gone: int = 0

    @property
    def expires(self) -> datetime | None:
        """When the oldest goes."""
        return None if self.oldest is None else self.oldest + KEPT


def error_class(error: str) -> str:
    """What the errors of one defect have in common: an exception's name, or the words without what varies in them."""
    exception = re.match(r"([A-Za-z_][A-Za-z0-9_.]*)\(", error)
    if exception:
        return exception[1][:CLASS_LENGTH]
    unquoted = re.sub(r"(['\"]).*?\1", "…", error.partition("\n")[0])  # the cut may go through a quotation
    words = re.sub(r"\S*\d\S*|[^\x20-\x7e]+", "…", unquoted[:CLASS_READ])
    return " ".join(words.split())[:CLASS_LENGTH] or "unknown error"


def dead_words(network: str, error: str, skeleton: str) -> Words:
    """The notice about one kind of dead letter. `skeleton` shows the delivery's shape, none of its words."""
    return Words(
        headline=f"Deliveries of {network} could not be used and wait as dead letters: {error_class(error)}",
        example=f"{error[:200]}\n{skeleton}" if skeleton else error[:200],
        mend="`python -m bot dead` lists them, `python -m bot dead <id>` shows one; once the reason is mended, "
        "`python -m bot replay` takes them in. They are kept for 30 days.",
    )


def gone_words(count: int) -> Words:
    """The notice about letters that nobody replayed in time."""
    letters = "1 dead letter was" if count == 1 else f"{count:,} dead letters were"
    return Words(
        headline=f"{letters} not replayed in time and {'is' if count == 1 else 'are'} gone",
        mend="they wait for 30 days, and when there are too many the oldest go; "
        "`python -m bot dead` shows what still waits",
    )


def deadly_words(work: str, id_: str, lapses: int) -> Words:
    """The notice about work whose workers died or hung so many times, one after the other."""
    return Words(
        headline=f"Workers die of {work}: {lapses} began with it, one after the other, and died or hung",
        example=id_,
        mend="everything else goes on, and this is tried once an hour. A worker's log has the line in which it hung; "
        "whether it ran out of memory, its host knows",
    )


def survived_words(work: str, id_: str) -> Words:
    """How that ends."""
    return Words(headline=f"No worker died of {work} this time: it is done ({id_})")
