"""The guide's first card, as a newcomer runs it: against the real web server with a real inbox."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from bot.domain.models import Interaction
from bot.telemetry import Metrics
from bot.web import WebDeps, build
from tests.support.loopback import on_loopback
from tests.support.webhook_rig import Rig

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "connectors" / "webhook.md"
DEMO_SECRET = "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gtMTIz"


def example(language: str, holding: str) -> str:
    """The guide's block of code in that language that holds a word."""
    blocks = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return next(str(block) for block in blocks if holding in block)


async def deliver(rig: Rig, *command: str) -> tuple[str, list[Interaction]]:
    """Run a program against a door with the demo's secret; what it printed, and what arrived."""
    connector = rig.connector(DEMO_SECRET)

    async def ready() -> dict[str, bool]:
        return {}

    async def measure() -> None:
        """Nothing is asked for."""

    deps = WebDeps(rig.store.inbox, {("webhook", "main"): connector}, rig.clock, Metrics(), ready, measure)
    async with on_loopback(build(deps)) as url:
        variables = {"PATH": os.environ["PATH"], "HARK_WEBHOOK": f"{url}/webhooks/webhook"}
        program = await asyncio.create_subprocess_exec(*command, env=variables, stdout=asyncio.subprocess.PIPE)
        printed, _ = await program.communicate()
    stored = await rig.store.inbox.take(10, 0)
    events = [event for one in stored for event in connector.parse(one.raw)]
    return printed.decode().strip(), [event for event in events if isinstance(event, Interaction)]


async def test_the_python_example_makes_a_card(real_time_rig: Rig) -> None:
    """On the standard library alone."""
    code = example("python", "urlopen")
    printed, (event,) = await deliver(real_time_rig, sys.executable, "-I", "-c", code)
    assert (printed, event.kind, event.rating) == ("202", "review", 2)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
async def test_the_shell_example_makes_a_card(real_time_rig: Rig) -> None:
    """With curl and openssl."""
    printed, (event,) = await deliver(real_time_rig, "sh", "-ec", example("sh", "curl"))
    assert (printed, event.kind, event.text) == ("202", "mention", "Where is my parcel, @acme?")


async def test_the_secret_maker_makes_a_secret(rig: Rig) -> None:
    """Its output can be set as it is, and is strong enough."""
    program = await asyncio.create_subprocess_exec(
        "sh", "-c", example("sh", "token_bytes"), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await program.communicate()
    assert (await rig.connector(printed.decode().strip()).check()).mend == ""
