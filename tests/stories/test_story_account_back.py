"""An account is switched off in the settings and comes back: its cards offer again what they offered before."""

import json

from bot.roles import Role
from sandbox.demo import Sandbox
from sandbox.slack.workspace import CARE
from tests.support.bot_process import a_sandbox, serving
from tests.support.waiting import wait_until
from tests.support.webhook_rig import SECRET, a_raw

ASKS = {"id": "c1", "text": "My bag is lost", "author": {"id": "u1"}, "reply_url": "https://crm.example.com/reply"}
REPLY = "hark:reply:v1"


def card(sandbox: Sandbox) -> str:
    """The card of the test's customer, as it looks now; nothing before it stands."""
    return next((str(each.blocks) for each in sandbox.slack.messages(CARE) if "bag is lost" in str(each.blocks)), "")


async def test_cards_that_were_drawn_without_their_account_are_drawn_again(redis_url: str) -> None:
    """Without it nobody can reply, and the card that time changes meanwhile says so; with it, without a further change
    of the case, Reply is back."""
    async with a_sandbox(redis_url) as (sandbox, env):
        with_account = env | {"WEBHOOK_SECRET__SHOP": SECRET}
        async with serving(with_account, Role.ALL, sandbox.clock) as (service, _):
            body = json.dumps({"type": "comment.created", "data": ASKS}).encode()
            await service.store.inbox.put(a_raw(body)._replace(account="shop", received_at=sandbox.clock.now()))
            await wait_until(lambda: REPLY in card(sandbox), "the card offers Reply", within_s=20)
        async with serving(env, Role.ALL, sandbox.clock):
            sandbox.clock.skip(3 * 3600)
            await wait_until(lambda: REPLY not in card(sandbox), "the card was drawn without it", within_s=20)
        async with serving(with_account, Role.ALL, sandbox.clock):
            await wait_until(lambda: REPLY in card(sandbox), "Reply is back", within_s=20)
