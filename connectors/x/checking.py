"""What `check` says of an account: who is signed in, whether the webhook works, what is subscribed, what was spent."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.domain.errors import Permanent, Transient
from bot.domain.models import Health
from connectors.base import ConnectorDeps
from connectors.x import hook, prices, wire
from connectors.x.api import Api
from connectors.x.calls import SIGNED_OUT
from connectors.x.settings import XSettings
from connectors.x.spending import Ledger, Receipt
from connectors.x.tokens import TOKEN_LOST

Learn = Callable[[str], Awaitable[None]]
"""Told what X calls the account."""

WANTED: Final = (
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "like.create",
    "follow.follow",
    "dm.received",
)
"""The events worth a subscription."""

SIGN_IN: Final = "Sign the account in again (docs/connectors/x.md, Tokens) and set X_REFRESH_TOKEN."
_MORE: Final = "Raise X_MONTHLY_BUDGET_USD to go on as usual; what X delivers by webhook arrives in any case."
AWAY: Final = "Check X_API_URL and the way to it. If X is only ill or busy, Hark goes on by itself."
PAGE: Final = "See docs/connectors/x.md."
MENDS: Final[Mapping[str, str]] = {
    TOKEN_LOST: SIGN_IN,
    "missing_scope": SIGN_IN,
    SIGNED_OUT: "Check X_BEARER_TOKEN: it must be the bearer token of the same app.",
    "usage_capped": "Add credit or raise the spending limit in X's developer console.",
    "account_suspended": "Sign in on X and see what it says about the account.",
    "account_locked": "Sign in on X and unlock the account.",
    "redirected": "Set X_API_URL to https://api.x.com.",
}


class Checker:
    """The check of one account."""

    def __init__(self, settings: XSettings, deps: ConnectorDeps, api: Api, ledger: Ledger, learn: Learn) -> None:
        self._us = settings.user_id
        self._deps = deps
        self._api = api
        self._ledger = ledger
        self._learn = learn

    async def check(self) -> Health:
        """Ask X; never raises a NetworkError."""
        try:
            user = await self.me()
            if user.id != self._us:
                summary = f"signed in as @{user.handle} ({user.id}), but X_USER_ID is {self._us}"
                return Health(ok=False, summary=summary, mend="Both must belong to the account that is to speak.")
            found = hook.pick(await self._api.hooks(), self._deps.account)
            missing = await self._missing() if found else ()
        except Permanent as error:
            return Health(ok=False, summary=error.text, mend=MENDS.get(error.reason, PAGE))
        except Transient as error:
            return Health(ok=False, summary=f"{error}", mend=AWAY)
        return await self._verdict(user, found, missing)

    async def _verdict(self, user: wire.User, found: wire.Hook | None, missing: tuple[str, ...]) -> Health:
        spent, now = await self._ledger.spent(), self._deps.clock.now()
        money = f"{prices.dollars(spent)} of {prices.dollars(self._ledger.budget)} spent in {now:%B}"
        signed_in = f"signed in as @{user.handle}"
        if found is not None and not found.valid:
            return Health(ok=False, summary=f"{signed_in}, but X has switched the webhook off; {money}", mend=hook.MEND)
        if await self._ledger.is_used_up():
            return Health(ok=False, summary=f"{signed_in}, but polling has stopped: {money}", mend=_MORE)
        state = "webhook on" if found else "no webhook, polling only"
        return Health(ok=True, summary=f"{signed_in}, {state}, {money}", mend=await self._advice(found, missing))

    async def _advice(self, found: wire.Hook | None, missing: tuple[str, ...]) -> str:
        refused = await self._deps.notes.get(hook.replay_note(self._deps.account))
        lines = [
            "" if found else "Register the webhook (docs/connectors/x.md, Webhook): polling is slower and costs more.",
            f"Not subscribed: {', '.join(missing)} (docs/connectors/x.md, Subscriptions)." if missing else "",
            f"X refused to deliver again what the webhook missed ({refused})." if refused else "",
            f"Polling is slowed down. {_MORE}" if (await self._ledger.plan()).is_slow else "",
        ]
        return " ".join(line for line in lines if line)

    async def _missing(self) -> tuple[str, ...]:
        """Which events of this account nobody subscribed to; nothing when X does not say."""
        try:
            found = await self._api.subscriptions()
        except Permanent:
            return ()
        have = {each.event_type for each in found if each.filter.user_id in ("", self._us)}
        return tuple(each for each in WANTED if each not in have)

    async def me(self) -> wire.User:
        """Who the account's token belongs to: its handle is learnt. Raises Transient or Permanent."""
        user = await self._api.me()
        receipt = Receipt()
        receipt.add("u", (user.id,), prices.USER)
        await self._ledger.read("checks", receipt)
        if user.id == self._us:
            await self._learn(user.handle)
        return user
