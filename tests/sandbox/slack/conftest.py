"""Fixtures of the local Slack's tests."""

import os
from collections.abc import AsyncIterator

import pytest

from sandbox.slack.app import SlackSandbox
from sandbox.slack.config import SandboxConfig
from tests.support.slack_sandbox import ManualTime


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK reads proxies and tokens from the environment, even for loopback: take them away."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith("SLACK_"):
            monkeypatch.delenv(name)


@pytest.fixture
def time() -> ManualTime:
    """A clock that stands."""
    return ManualTime()


@pytest.fixture
async def slack(time: ManualTime) -> AsyncIterator[SlackSandbox]:
    """A strict local Slack on the standing clock."""
    async with SlackSandbox(SandboxConfig(), time) as running:
        yield running
