"""What staff do with the cards that they see: claim, and reply; like people, they try again when nothing happens."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bot.cards.action_ids import ActionId, CallbackId
from bot.domain.case import STAND_IN
from sandbox.demo import Sandbox
from sandbox.slack.model import Message
from sandbox.slack.workspace import ANA, BEN, CHLOE
from tests.chaos.rooms import cards, room_of
from tests.chaos.schedule import Deed
from tests.support.rig import typed
from tests.support.waiting import wait_until

IDS: Mapping[str, str] = {"ana": ANA, "ben": BEN, "chloe": CHLOE}
SIGNS: Mapping[str, str] = {"ana": "^AK", "ben": "^BN", "chloe": "^CH"}
LOOK_S = 0.1
PATIENCE_S = 2.5
CLAIMED = re.compile(rf"Claimed by ({STAND_IN}|\w+)")


@dataclass(eq=False)
class Staff:
    """Three people at their screens. `tokens` are the words by which the card of a conversation is known."""

    sandbox: Sandbox
    tokens: Mapping[int, tuple[str, ...]]
    replied: dict[str, int] = field(default_factory=dict)
    claims: dict[int, str] = field(default_factory=dict)
    open_deeds: list[Deed] = field(default_factory=list)

    async def work(self, deeds: list[Deed], began: float) -> None:
        """Do one person's deeds one after the other, each not before its time."""
        loop = asyncio.get_running_loop()
        self.open_deeds += deeds
        for deed in deeds:
            await asyncio.sleep(max(0.0, began + deed.at - loop.time()))
            await (self._claim(deed) if deed.what == "claim" else self._reply(deed))
            self.open_deeds.remove(deed)

    async def _claim(self, deed: Deed) -> None:
        """Press Claim until the card says who has the case."""
        while True:
            card = await self._card(deed.talk)
            if holder := CLAIMED.search(str(card.blocks)):
                if holder[1] != STAND_IN:  # Slack would not say who; it will, and the card then
                    self.claims.setdefault(deed.talk, holder[1])
                return
            await self._press(deed.who, card, ActionId.CLAIM)
            await self._until(partial(self._is_claimed, card.ts))

    async def _reply(self, deed: Deed) -> None:
        """Open the form, write, press Send; once it is taken the words are in Hark's hands."""
        user = IDS[deed.who]
        while True:
            view = self._form(user)
            if view is None:
                await self._close_all(user)
                await self._press(deed.who, await self._card(deed.talk), ActionId.REPLY)
                await self._until(lambda: self._form(user) is not None)
            elif await self._send(deed, user, view):
                return

    async def _send(self, deed: Deed, user: str, view: dict[str, Any]) -> bool:
        """Press Send, or press it twice; whether the form was taken."""
        text = f"So sorry, we are looking for it ({deed.token})"
        state = typed(view, {"text": text, "signature": SIGNS[deed.who]})
        self.replied[deed.token] = deed.talk
        slack = self.sandbox.slack
        submits = [slack.submit(user, view["id"], state) for _ in range(2 if deed.twice else 1)]
        await asyncio.gather(*submits)
        shown = next((each for each in slack.views(user) if each["id"] == view["id"]), None)
        if shown is None:
            await self._close_all(user)  # of two forms, since the first came late, the other is not wanted any more
            return True
        if shown["callback_id"] != CallbackId.REPLY:
            await self._close_all(user)  # a notice took the form's place: it was not sent, and the draft is kept
        await asyncio.sleep(LOOK_S)
        return False

    def _form(self, user: str) -> dict[str, Any] | None:
        views = self.sandbox.slack.views(user)
        return views[-1] if views and views[-1]["callback_id"] == CallbackId.REPLY else None

    async def _close_all(self, user: str) -> None:
        while views := self.sandbox.slack.views(user):
            await self.sandbox.slack.close(user, views[-1]["id"], clear=True)

    async def _press(self, who: str, card: Message, action: ActionId) -> None:
        try:
            await self.sandbox.slack.press_in(IDS[who], room_of(self.sandbox, card.ts), card.ts, action)
        except LookupError:
            await asyncio.sleep(LOOK_S)  # the card was redrawn meanwhile, and has no such button now

    async def _card(self, talk: int) -> Message:
        """The card of a conversation, once it stands."""
        while True:
            for card in cards(self.sandbox):
                if any(token in f"{card.blocks}{card.text}" for token in self.tokens[talk]):
                    return card
            await asyncio.sleep(LOOK_S)

    def _is_claimed(self, ts: str) -> bool:
        return CLAIMED.search(str(self.sandbox.slack.message(room_of(self.sandbox, ts), ts).blocks)) is not None

    async def _until(self, seen: Callable[[], bool]) -> None:
        """Watch for a while whether something happens."""
        with suppress(AssertionError):
            await wait_until(seen, "it happened", within_s=PATIENCE_S)
