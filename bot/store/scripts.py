"""The Lua scripts, read from the files beside this module when a store is opened."""

from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Self

FOLDER = Path(__file__).with_name("lua")
DUE = "due_lib.lua"


@dataclass(frozen=True, slots=True)
class Script:
    """One script and the name under which a server remembers it."""

    name: str
    source: str = field(repr=False)
    sha: str

    @classmethod
    def read(cls, name: str, *libraries: str) -> Self:
        """The script of that name, with the functions of its libraries before it."""
        files = (*libraries, f"{name}.lua")
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
    inbox_bury: Script
    inbox_replay: Script
    dead_expire: Script
    budget_take: Script
    budget_pause: Script
    beat: Script
    time: Script
    storm_swap: Script
    storm_note: Script
    storm_fold: Script
    storm_take: Script
    storm_drop: Script
    storm_stand: Script
    ring_take: Script

    @classmethod
    def read(cls) -> Self:
        """Read all of them from their files."""
        return cls(
            commit=Script.read("commit", DUE),
            forget=Script.read("forget"),
            log_swap=Script.read("log_swap"),
            scan=Script.read("scan"),
            due_put=Script.read("due_put", DUE),
            due_exchange=Script.read("due_exchange", DUE),
            due_renew=Script.read("due_renew", DUE),
            inbox_put=Script.read("inbox_put"),
            inbox_page=Script.read("inbox_page"),
            inbox_read=Script.read("inbox_read"),
            inbox_takeover=Script.read("inbox_takeover"),
            inbox_renew=Script.read("inbox_renew"),
            inbox_bury=Script.read("inbox_bury"),
            inbox_replay=Script.read("inbox_replay"),
            dead_expire=Script.read("dead_expire"),
            budget_take=Script.read("budget_take"),
            budget_pause=Script.read("budget_pause"),
            beat=Script.read("beat"),
            time=Script.read("time"),
            storm_swap=Script.read("storm_swap"),
            storm_note=Script.read("storm_note"),
            storm_fold=Script.read("storm_fold"),
            storm_take=Script.read("storm_take"),
            storm_drop=Script.read("storm_drop"),
            storm_stand=Script.read("storm_stand"),
            ring_take=Script.read("ring_take"),
        )
