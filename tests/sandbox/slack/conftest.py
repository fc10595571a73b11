"""Fixtures of the local Slack's tests."""

import os

import pytest


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK reads proxies and tokens from the environment, even for loopback: take them away."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith("SLACK_"):
            monkeypatch.delenv(name)
