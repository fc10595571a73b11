"""How tests start Chromium: the system's own, without anything that calls home.

One Chromium serves every browser test of a pytest process, so these tests share one event loop: a module of theirs
says `pytestmark = BROWSER`.
"""

import os

import pytest

PATIENCE_MS = 15_000
"""How long a browser test waits for what it expects to see, on a machine that is busy with other tests."""
BROWSER = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch_flags() -> list[str]:
    """Return Chromium's flags; root, as in most CI images, cannot use Chromium's own sandbox."""
    return [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
