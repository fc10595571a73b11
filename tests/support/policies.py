"""Policies for tests."""

from datetime import timedelta
from typing import Any

from bot.domain.calendar import Calendar
from bot.domain.policy import Policy

ON_CALL = "U0CALL0001"
MANAGER = "U0BOSS0001"
CHANNEL = "C0CARE0001"


def a_policy(**changes: Any) -> Policy:
    """The default promises, around the clock, with somebody on call and a manager."""
    fields: dict[str, Any] = {
        "channel": CHANNEL,
        "calendar": Calendar(),
        "alert_users": (ON_CALL,),
        "manager_users": (MANAGER,),
        "undo": timedelta(seconds=15),
    }
    return Policy(**(fields | changes))
