"""`python -m bot web|worker` in a process of its own, with everything that waits made two to ten times shorter.

Only waits are changed: leases, time limits of calls, pauses between tries, and the pace that Slack's limits ask for
(the local Slack's limits are as much wider). So a process that is frozen for six seconds here has slept for longer than
every lease that it held.
"""

import functools
import importlib
import os
import signal
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from bot import __main__ as command_line
from bot.app import open_service
from bot.commands import serve
from bot.services.tempo import Tempo

LEASE_S = 5.0
TEMPO = Tempo(lease=timedelta(seconds=LEASE_S), takeover=timedelta(seconds=LEASE_S))
RATE_SCALE = 20.0
SHORTER: tuple[tuple[str, str, Any], ...] = (
    ("bot.domain.sending", "CALL_LEASE", timedelta(seconds=7)),
    ("bot.domain.sending", "CHECK_EVERY", timedelta(seconds=2)),
    ("bot.domain.sending", "CHECK_SELDOM", timedelta(seconds=4)),
    ("bot.domain.sending", "BACKOFF", timedelta(seconds=0.5)),
    ("bot.http", "TOTAL_S", 3.0),
    ("bot.services.drawing", "AFTER_FAILURE", timedelta(seconds=0.5)),
    ("bot.services.slack_budget", "POSTS_PER_S", RATE_SCALE),
    ("bot.services.slack_budget", "UPDATES_PER_S", RATE_SCALE * 50 / 60),
    ("bot.services.once", "STALE", timedelta(seconds=1)),
    ("bot.services.intake", "FAILED_S", 0.3),
    ("bot.services.quiet", "FOLD_AFTER", timedelta(seconds=1)),
    ("bot.services.polling", "AFTER_FAILURE", timedelta(seconds=2)),
    ("bot.services.polling", "AFTER_PERMANENT", timedelta(seconds=4)),
    ("bot.services.sending", "CALL_LEASE", timedelta(seconds=7)),
    ("bot.services.sending", "CALL_S", 3.5),
    ("bot.services.sending", "WRITTEN_S", 1.0),
    ("bot.services.worker", "FAILED_S", 0.3),
    ("bot.services.worker", "RETRY", timedelta(seconds=1)),
    ("bot.slack.api", "CONNECT_S", 1.0),
    ("bot.slack.api", "TIMEOUT", aiohttp.ClientTimeout(total=2, connect=1)),
    ("bot.store.connect", "ANSWER_TIMEOUT_S", 2.5),
    ("bot.store.connect", "CONNECT_TIMEOUT_S", 1.0),
    ("connectors.exchange", "CONNECT_S", 1.0),
    ("connectors.exchange", "TIMEOUT", aiohttp.ClientTimeout(total=3, connect=1)),
    ("connectors.graph.errors", "THROTTLED_S", 2.0),
    ("connectors.graph.pace", "FIRST_PAUSE", timedelta(seconds=2)),
    ("connectors.graph.pace", "LONGEST_PAUSE", timedelta(seconds=4)),
    ("connectors.guard", "CONNECT_S", 1.0),
    ("connectors.guard", "TOTAL_S", 2.0),
)
ELSEWHERE = (
    "import os, sys; from pathlib import Path; from tests.chaos.hark import live; "
    "live(sys.argv[1], dict(os.environ), Path(sys.argv[2]))"
)
VENV_PYTHON = Path(".venv/bin/python")


def live(role: str, env: Mapping[str, str], log: Path) -> None:
    """Be one process of the bot: what the new process runs. Its exit code is that of the command."""
    with log.open("ab", buffering=0) as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    shorten()
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["bot", role]
    # The fork server ignores Ctrl-C, and its children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(command_line.main())


def live_elsewhere(home: Path, role: str, env: Mapping[str, str], log: Path) -> None:
    """The same from another version's working copy: its code, its shorter waits, its interpreter if it has one."""
    own = home.absolute() / VENV_PYTHON
    python = str(own if own.exists() else sys.executable)
    os.chdir(home)  # where -c looks for modules first
    os.execve(python, [python, "-c", ELSEWHERE, role, str(log)], dict(env))  # noqa: S606 - a working copy that the caller trusts


def shorten() -> None:
    """Make the waits of this process shorter. A name that is not there any more is an error, not a no-op."""
    for module, name, value in SHORTER:
        owner = importlib.import_module(module)
        getattr(owner, name)
        setattr(owner, name, value)
    vars(serve)["open_service"] = functools.partial(open_service, tempo=TEMPO)
