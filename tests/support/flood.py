"""Many customers at once, through the bot's own signed webhook."""

import asyncio
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp

from bot.domain.case import Case
from bot.domain.models import CaseKey
from sandbox.demo import WEBHOOK_SECRET
from tests.support.rig import Rig
from tests.support.webhook_rig import signed

AT_ONCE: Final = 50


@dataclass(frozen=True)
class Customer:
    """Somebody who writes one comment: `n` tells them apart, `conversation` follows from it."""

    n: int
    text: str
    author: str = ""

    def event(self, at: datetime) -> dict[str, Any]:
        """The event as a shop's own system posts it."""
        who = self.author or f"u-{self.n}"
        data = {
            "text": self.text,
            "author": {"id": who, "name": f"Customer {who}"},
            "posted_at": at.isoformat(),
            "conversation": f"thread-{self.n}",
        }
        return {
            "specversion": "1.0",
            "id": f"c-{self.n}",
            "source": "/shop",
            "type": "mention.created",
            "time": at.isoformat(),
            "data": data,
        }


async def pour(rig: Rig, customers: Sequence[Customer]) -> None:
    """All of them write now."""
    now = rig.sandbox.clock.now()
    url = f"http://127.0.0.1:{rig.port}/webhooks/webhook"
    async with aiohttp.ClientSession() as http:
        for first in range(0, len(customers), AT_ONCE):
            batch = [each.event(now) for each in customers[first : first + AT_ONCE]]
            body = json.dumps(batch).encode()
            name, form = f"batch-{customers[first].n}", "application/cloudevents-batch+json"
            headers = signed(name, now, body, secret=WEBHOOK_SECRET, form=form)
            async with http.post(url, data=io.BytesIO(body), headers=headers) as answer:
                assert answer.status == 202, (answer.status, await answer.text())


async def cases_of(rig: Rig, customers: Sequence[Customer]) -> list[Case]:
    """Their cases, as far as they were taken in."""
    keys = [CaseKey(network="webhook", account="main", conversation=f"thread-{each.n}") for each in customers]
    found = await asyncio.gather(*(rig.service.store.cases.load(key.id) for key in keys))
    return [case for case in found if case is not None]
