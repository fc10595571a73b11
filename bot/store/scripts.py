"""The Lua scripts, read from the files beside this module when a store is opened."""

from dataclasses import dataclass, field, fields
from hashlib import sha1
from pathlib import Path
from typing import Self

FOLDER = Path(__file__).with_name("lua")
DUE = "due_lib.lua"
USES_DUE = frozenset({"commit", "due_put", "due_exchange", "due_renew", "inbox_page"})


@dataclass(frozen=True, slots=True)
class Script:
    """One script and the name under which a server remembers it."""

    name: str
    source: str = field(repr=False)
    sha: str

    @classmethod
    def read(cls, name: str) -> Self:
        """The script of that name, with the functions that it needs before it."""
        files = (*((DUE,) if name in USES_DUE else ()), f"{name}.lua")
        source = "\n".join((FOLDER / file).read_text(encoding="utf-8") for file in files)
        # Redis itself names scripts by SHA-1; nothing secret hangs on it.
        return cls(name, source, sha1(source.encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Scripts:
    """Every script of the store. What each expects and answers stands at the top of its file."""

    commit: Script
    forget: Script
    log_swap: Script
    scan: Script
    due_put: Script
    due_exchange: Script
    due_renew: Script
    inbox_put: Script
    inbox_page: Script
    inbox_read: Script
    inbox_takeover: Script
    inbox_renew: Script
    inbox_excuse: Script
    inbox_bury: Script
    inbox_replay: Script
    dead_expire: Script
    budget_take: Script
    budget_pause: Script
    beat: Script
    hold: Script
    swap: Script
    notice_settle: Script
    time: Script
    storm_swap: Script
    storm_note: Script
    storm_fold: Script
    storm_take: Script
    storm_drop: Script
    storm_stand: Script
    ring_take: Script
    ring_drop: Script

    @classmethod
    def read(cls) -> Self:
        """Read all of them: each field's file has its name."""
        return cls(**{each.name: Script.read(each.name) for each in fields(cls)})
