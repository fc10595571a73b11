"""Somebody presses for the first time while Slack is slow to say who it is: forms open within its three seconds."""

import pytest

from tests.support.rig import ANA, a_rig


@pytest.mark.parametrize("form", ["reply", "close", "acknowledge"])
async def test_a_form_opens_for_whom_slack_does_not_name(redis_url: str, form: str) -> None:
    """Whose name is only wanted for a signature that the form suggests."""
    async with a_rig(redis_url) as rig:
        ts = (await rig.complains()).ts
        rig.sandbox.slack.set_fault("slow", "users.info", delay_s=4.0)
        if form == "reply":
            await rig.press(ANA, ts, "hark:reply:v1")
        else:
            await rig.choose(ANA, ts, form)
        assert (await rig.modal(ANA))["type"] == "modal"
