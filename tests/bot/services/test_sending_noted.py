"""What an account is said to do after its sends: its own troubles, and nobody else's."""

import aiohttp
import pytest

from bot.domain.errors import NetworkError, Permanent, Transient
from bot.domain.models import Health
from bot.services import health
from bot.services.health import NOTHING_YET
from tests.bot.services.test_sending import a_desk
from tests.support.cases import a_send
from tests.support.scripted import Scripted

WAITS = "nothing: Hark tries again by itself"
LOOK = "see the account's page in docs/connectors; the case keeps the text, Retry sends it again"


@pytest.mark.parametrize(
    ("came", "said"),
    [
        (None, Health(ok=True, summary="the last answer went out")),
        (Transient("busy"), Health(ok=False, summary="busy", mend=WAITS)),
        (Permanent("permission", "May not write."), Health(ok=False, summary="May not write.", mend=LOOK)),
        (Permanent("gone", "The post is not there any more."), NOTHING_YET),
    ],
)
async def test_a_refusal_is_the_accounts_trouble_only_if_every_send_would_meet_it(
    redis_url: str, came: NetworkError | None, said: Health
) -> None:
    """A post that is gone says nothing about the account; a right that it lacks does."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.extend([came] if came else [])
        await desk.act(await desk.wants(a_send()))
        assert await health.read(desk.store.notes, desk.network) == said


async def test_one_accounts_pause_is_not_anothers(redis_url: str) -> None:
    """Both are on one network, which asked the first to slow down: the second is read and answers as before."""
    async with a_desk(redis_url) as desk, aiohttp.ClientSession() as http:
        other = Scripted(http, desk.clock, desk.store.notes)
        other.account = "other.example"
        await desk.gate.pause(desk.network, 90.0)
        assert await desk.gate.poll(desk.network) is not None
        assert await desk.gate.poll(other) is None
        assert await desk.gate.ask(other) is None
