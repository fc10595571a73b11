"""Draws cases in Slack: posts what is wanted and not there yet, updates what looks different, skips what is equal.

Posting once: the attempt is committed before the call and goes into the message's metadata. Whoever finds an attempt
without a message looks for it in the channel before posting again. Budgets follow Slack's limits (docs/slack.md).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from bot.domain.attempts import began_at, new_attempt
from bot.domain.case import Case, Post, PostKind
from bot.domain.decisions import Change, Decide
from bot.domain.errors import (
    SlackRateLimited,
    SlackRefused,
    SlackUnavailable,
    SlackUnknown,
    StoreUnavailable,
)
from bot.domain.fallback import FATAL, Places, displaced
from bot.domain.ports import Blocks, Clock, Due, Posted, Render, Rendered, SlackPort
from bot.domain.posting import (
    STANDS,
    UNSEEN,
    Shown,
    attempting,
    counted,
    doubted,
    drawn,
    is_forgotten,
    lost,
    placed,
    stands_at,
    withdrawn,
)
from bot.services.casework import NO_CASE, Casework
from bot.services.once import UNHEARD, look_after, overslept, patiently, take_away, to_the_end
from bot.services.slack_budget import Place, SlackBudget
from bot.telemetry import Metrics

POST, UPDATE, FIND = "chat.postMessage", "chat.update", "conversations.history"
AFTER_FAILURE = timedelta(seconds=2)
AFTER_REFUSAL = timedelta(hours=1)
TRIED_WHEN_CLOSED = timedelta(days=1)
"""How long after its closing a case's message that Slack refuses is tried again. Each try is a change of the case, from
which the time counts that a closed case is kept."""
AFTER_FATAL = timedelta(minutes=1)
"""Slack takes nothing at all from the token: no message is to blame."""
T = TypeVar("T")
Drawn = tuple[Case, datetime | None]
"""The case after a draw, and when to come again (None: it shows what it should)."""
BAD_DRAWING = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_attachments", "invalid_json"}
)
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_log = structlog.get_logger("hark.drawing")


class Calm(Protocol):
    """Who is asked before something new is posted, and told what became of it (`bot.services.calm`)."""

    async def hold(self, case: Case, post: Post, now: datetime) -> Case | None: ...
    def is_clear(self, channel: str) -> bool: ...
    def asked(self, case: Case, post: Post, wait_s: float, now: datetime) -> float: ...
    def carded(self, case: Case, post: Post) -> None: ...


@dataclass(frozen=True, slots=True)
class Drawing:
    """Brings Slack in line with one case at a time. `notice` is told of each before it is drawn."""

    casework: Casework
    slack: SlackPort
    budget: SlackBudget
    render: Render
    render_plainly: Render
    clock: Clock
    metrics: Metrics
    fallbacks: Places
    calm: Calm
    notice: Callable[[Case], Awaitable[None]]

    async def act(self, due: Due) -> datetime | None:
        """Draw everything of the case; when to come again if Slack's limits or failures stopped us."""
        case = await self.casework.cases.load(due.id)
        return None if case is None else await self._all(case)

    def opening(self, change: Change) -> Change | None:
        """A new case that is about to be stored, with the posting of its card begun.

        Once it is stored `first` is to follow, or `call_off` if there is no `room`. None when the card has to wait in
        line like any other: something is held back in its channel, or there was no room just now.
        """
        card = change.case.card
        if card is None or self.budget.is_full(card.channel) or not self.calm.is_clear(card.channel):
            return None
        begun = attempting(change.case, card.id, new_attempt(self.clock.now()))
        return Change(case=begun.case, log=change.log, redraw=change.redraw) if isinstance(begun, Change) else None

    def room(self, card: Post) -> Place:
        """Ask for a token of Slack's budget for the card of an `opening`, if one can be spared."""
        return self.budget.to_post_at_once(card.channel)

    def leave_room(self, card: Post) -> None:
        """The token that `room` took is not used: the card is not posted."""
        self.budget.leave(card.channel)

    async def call_off(self, case: Case) -> datetime | None:
        """Note that the attempt of `opening` is not made; the card waits in line."""
        card = case.card
        if card is not None:
            await self._apply(case, lambda each: withdrawn(each, card.id, card.attempt))
        return self.clock.now()

    async def first(self, case: Case) -> datetime | None:
        """Draw a case that was stored as `opening` gave it, by whoever stored it and holds it; as `act` does."""
        return await self._all(case, begun=case.card.attempt if case.card else "")

    async def _all(self, case: Case, begun: str = "") -> datetime | None:
        """Draw every message of the case. `begun` is an attempt that was noted just now and not made yet."""
        again: datetime | None = None
        await self.notice(case)
        for post_id in [post.id for post in case.posts]:
            case, wait = await self._one(case, post_id, begun)
            if wait is not None:
                again = min(again, wait) if again else wait
        return again

    async def remember(self, case: Case, post_id: str, digest: str) -> None:
        """A message was redrawn from `case` outside the queue (through a press's response_url)."""
        try:
            shown = Shown(digest=digest, version=case.version)
            await self._apply(case, lambda each: drawn(each, post_id, shown, self.clock.now()), patient=True)
        except StoreUnavailable:
            await self.doubt(case, post_id)

    async def doubt(self, case: Case, post_id: str) -> None:
        """Nobody knows whether a message was redrawn from `case`, or when it will be: what is newer is drawn again.

        For who slept through the call: meanwhile another may have drawn the newest picture, and noted it as shown.
        """
        await patiently(
            lambda: self.casework.apply(case.id, lambda each: doubted(each, post_id, case.version)), self.clock
        )

    async def _one(self, case: Case, post_id: str, begun: str) -> Drawn:
        """Draw one message as the case is known here. News that came meanwhile has marked the case for another draw."""
        post = case.post(post_id)
        if post is None or self._must_wait_for_card(case, post):
            return case, None
        if post.retry_at is not None and self.clock.now() < post.retry_at:
            return case, post.retry_at
        try:
            return await (self._update(case, post) if post.ts else self._post(case, post, begun))
        except SlackRateLimited as error:
            until = self.clock.now() + timedelta(seconds=error.retry_after)
            await self.budget.pause(error.method, post.channel, until)
            return case, until
        except (SlackUnknown, SlackUnavailable):
            return case, self.clock.now() + AFTER_FAILURE
        except SlackRefused as error:
            return await self._refused(case, post, error)

    def _must_wait_for_card(self, case: Case, post: Post) -> bool:
        """A line in the thread has no place before its card stands; the card's own draw comes first in the list."""
        return post.kind is PostKind.LINE and post.thread and not (case.card and case.card.ts)

    async def _post(self, case: Case, post: Post, begun: str) -> Drawn:
        if post.attempt and post.attempt == begun:
            return await self._make(case, post)
        if post.attempt:
            found = await self.slack.find_attempt(post.channel, post.attempt, _thread(case, post))
            if found is not None:
                # It may show an old state: the next draw brings it up to date.
                return await self._placed(case, post, found, UNSEEN), self.clock.now()
        now = self.clock.now()
        held = await self.calm.hold(case, post, now)
        if held is not None:
            self.metrics.draws.labels("held").inc()
            return held, None
        wait = await self.budget.to_post(post.channel)
        if wait > 0:
            self.metrics.draws.labels("waited").inc()
            return case, now + timedelta(seconds=self.calm.asked(case, post, wait, now))
        if post.attempt and overslept(now, self.clock.now()):
            return case, self.clock.now()  # it may stand by now: once another is noted, nobody looks for it any more
        attempt = new_attempt(now)
        case, noted = await self._apply(case, lambda each: attempting(each, post.id, attempt))
        post = case.post(post.id) or post
        return await self._make(case, post) if noted else (case, None)

    async def _make(self, case: Case, post: Post) -> Drawn:
        """Make the attempt that was noted just now.

        The drawing is made here and no sooner: it costs more than asking, and in a flood most are told to wait.
        """
        attempt, thread = post.attempt, _thread(case, post)
        rendered = self.render(case, post)
        if overslept(began_at(attempt), self.clock.now()):
            return case, self.clock.now()
        try:
            posted = await self._draw(
                case,
                post,
                rendered,
                lambda text, blocks: self.slack.post(post.channel, text, blocks, attempt=attempt, thread_ts=thread),
            )
            shown = Shown(digest=rendered.digest, version=case.version)
            return await self._placed(case, post, posted, shown), None
        except SlackRefused:
            await self._apply(case, lambda each: withdrawn(each, post.id, attempt))
            raise
        except UNHEARD:
            await to_the_end(look_after(attempt, lambda: self._overtaken(case, post, attempt), self.clock))
            raise

    async def _placed(self, case: Case, post: Post, posted: Posted, shown: Shown) -> Case:
        now, is_first = self.clock.now(), case.cycle.carded_at is None
        took = (POST,) if shown is not UNSEEN else (POST, FIND)
        outcome = await self.casework.apply(
            case.id, lambda each: placed(counted(each, *took), post.id, posted, shown, now), known=case, patient=True
        )
        case = outcome.case or case
        if outcome.code == STANDS or (outcome.code == NO_CASE and await self._is_erased(case)):
            await self._take_away(case, posted)
            return case
        self.metrics.draws.labels("posted").inc()
        if post.kind is PostKind.CARD:
            if is_first:  # one that was deleted in Slack, and is posted again, tells nothing of how late staff heard
                lag = (now - case.cycle.posted_at).total_seconds()
                self.metrics.carded.labels(case.key.network).observe(max(0.0, lag))
            self.calm.carded(case, post)
        return case

    async def _overtaken(self, case: Case, post: Post, attempt: str) -> None:
        """Nobody knows whether our call was carried out. Usually the next turn looks for it; but who slept through the
        call may find that another worker has looked in vain and begun to post as well, or that the case was erased.
        Then ours, if it stands, is surplus."""
        newest = await self.casework.cases.load(case.id)
        is_surplus = is_forgotten(newest, post.id, attempt) if newest else await self._is_erased(case)
        if not is_surplus:
            return
        found = await self.slack.find_attempt(post.channel, attempt, _thread(case, post))
        if found is not None and (newest is None or not stands_at(newest, found)):
            await self._take_away(case, found)

    async def _is_erased(self, case: Case) -> bool:
        """Whether a case that is gone was erased. A server that lost it is no reason to take away what staff can see:
        it may be all that is left of the customer's words."""
        return await self.casework.cases.is_taken_back(case.key.counts_as(case.latest.id))

    async def _take_away(self, case: Case, surplus: Posted) -> None:
        """A message that no case knows: two workers have posted it, since one of them was asleep for longer than its
        lease, or its case was erased meanwhile."""
        self.metrics.draws.labels("taken_away").inc()
        await take_away(self.slack, surplus, case.id)

    async def _update(self, case: Case, post: Post) -> Drawn:
        rendered = self.render(case, post)
        if rendered.digest == post.drawn or post.kind is PostKind.LINE:
            self.metrics.draws.labels("equal").inc()
            return case, None
        now = self.clock.now()
        wait = await self.budget.to_update()
        if wait > 0:
            self.metrics.draws.labels("waited").inc()
            return case, now + timedelta(seconds=wait)
        at = Posted(post.place, post.ts)
        shown = Shown(digest=rendered.digest, version=case.version)
        try:
            await self._draw(case, post, rendered, lambda text, blocks: self.slack.update(at, text, blocks))
            newest, _ = await self._apply(
                case, lambda each: drawn(counted(each, UPDATE), post.id, shown, self.clock.now()), patient=True
            )
        except UNHEARD:
            await to_the_end(self.doubt(case, post.id))
            raise
        self.metrics.draws.labels("updated").inc()
        return newest, None

    async def _draw(self, case: Case, post: Post, rendered: Rendered, call: Callable[[str, Blocks], Awaitable[T]]) -> T:
        """Show the drawing. One that Slack refuses is replaced by plain words: a case must be seen anyhow."""
        try:
            return await call(rendered.text, rendered.blocks)
        except SlackRefused as error:
            if error.code not in BAD_DRAWING:
                raise
            _log.error("Slack refused a drawing", case=case.id, post=post.id, error=str(error))
            self.metrics.draws.labels("plain").inc()
        simple = self.render_plainly(case, post)
        return await call(simple.text, simple.blocks)

    async def _refused(self, case: Case, post: Post, error: SlackRefused) -> Drawn:
        """Slack's final no: a message that somebody deleted is posted anew; else the reason is kept, shown, retried."""
        now = self.clock.now()
        self.metrics.draws.labels("refused").inc()
        if post.ts and error.code in GONE:
            case, _ = await self._apply(case, lambda each: lost(each, post.id, post.ts))
            return case, now
        _log.error("Slack refused a message", case=case.id, post=post.id, error=str(error))
        if error.code in FATAL:
            return case, now + AFTER_FATAL
        if case.cycle.closed_at is not None and now - case.cycle.closed_at > TRIED_WHEN_CLOSED:
            return case, None
        again, took = now + AFTER_REFUSAL, UPDATE if post.ts else POST
        case, _ = await self._apply(
            case, lambda each: displaced(counted(each, took), post.id, error.code, self.fallbacks, again)
        )
        return case, again

    async def _apply(self, case: Case, decide: Decide, *, patient: bool = False) -> tuple[Case, bool]:
        """Commit on the case as it is known; the newest case, and whether the change was made."""
        outcome = await self.casework.apply(case.id, decide, known=case, patient=patient)
        return outcome.case or case, outcome.done


def _thread(case: Case, post: Post) -> str | None:
    return case.card.ts if post.thread and case.card else None
