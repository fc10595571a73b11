"""Draws cases in Slack: posts what is wanted and not there yet, updates what looks different, skips what is equal.

Posting once: the attempt is committed before the call and goes into the message's metadata. Whoever finds an attempt
without a message looks for it in the channel before posting again. Budgets follow Slack's limits (docs/slack.md).
"""

import secrets
from datetime import UTC, datetime, timedelta

import structlog

from bot.domain.case import Case, Post, PostKind
from bot.domain.errors import SlackRateLimited, SlackRefused, SlackUnavailable, SlackUnknown
from bot.domain.ports import Budgets, Clock, Due, Posted, Render, Rendered, SlackPort
from bot.domain.posting import attempting, drawn, misplaced, placed
from bot.services.casework import Casework
from bot.telemetry import Metrics

POSTS_PER_S = 1.0
POST_BURST = 4
UPDATES_PER_S = 50 / 60
UPDATE_BURST = 20
UPDATE_BUCKET = "chat.update"
AFTER_FAILURE = timedelta(seconds=2)
AFTER_REFUSAL = timedelta(minutes=5)
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class Drawing:
    """Brings Slack in line with one case at a time."""

    def __init__(
        self, casework: Casework, slack: SlackPort, budgets: Budgets, render: Render, clock: Clock, metrics: Metrics
    ) -> None:
        self._casework = casework
        self._slack = slack
        self._budgets = budgets
        self._render = render
        self._clock = clock
        self._metrics = metrics
        self._log = structlog.get_logger("hark.drawing")

    async def act(self, due: Due) -> datetime | None:
        """Draw everything of the case; when to come again if Slack's limits or failures stopped us."""
        case = await self._casework.cases.load(due.id)
        again: datetime | None = None
        for post_id in [post.id for post in case.posts] if case else []:
            case, wait = await self._one(due.id, post_id)
            if wait is not None:
                again = min(again, wait) if again else wait
            if case is None:
                break
        return again

    async def remember(self, case_id: str, post_id: str, digest: str) -> None:
        """A message was redrawn outside the queue (through a press's response_url)."""
        await self._casework.apply(case_id, lambda case: drawn(case, post_id, digest))

    async def _one(self, case_id: str, post_id: str) -> tuple[Case | None, datetime | None]:
        """Draw one message from the newest state. Loading again for each keeps a long draw from showing old news."""
        case = await self._casework.cases.load(case_id)
        post = next((each for each in case.posts if each.id == post_id), None) if case else None
        if case is None or post is None or self._must_wait_for_card(case, post):
            return case, None
        rendered = self._render(case, post, self._clock.now())
        try:
            if not post.ts:
                return case, await self._post(case, post, rendered)
            return case, await self._update(case, post, rendered)
        except SlackRateLimited as error:
            until = self._clock.now() + timedelta(seconds=error.retry_after)
            await self._budgets.pause(UPDATE_BUCKET if post.ts else _post_bucket(post), until)
            return case, until
        except (SlackUnknown, SlackUnavailable):
            return case, self._clock.now() + AFTER_FAILURE
        except SlackRefused as error:
            return case, await self._refused(case, post, error)

    def _must_wait_for_card(self, case: Case, post: Post) -> bool:
        """A line in the thread has no place before its card stands; the card's own draw comes first in the list."""
        return post.kind is PostKind.LINE and post.thread and not (case.card and case.card.ts)

    async def _post(self, case: Case, post: Post, rendered: Rendered) -> datetime | None:
        now = self._clock.now()
        thread = case.card.ts if post.thread and case.card else None
        if post.attempt:
            found = await self._slack.find_attempt(post.channel, post.attempt, thread, _begun(post.attempt))
            if found is not None:
                return await self._placed(case, post, found, "")
        wait = await self._budgets.take(_post_bucket(post), POSTS_PER_S, POST_BURST, now)
        if wait > 0:
            self._metrics.draws.labels("waited").inc()
            return now + timedelta(seconds=wait)
        attempt = f"{int(now.timestamp() * 1000)}-{secrets.token_hex(4)}"
        outcome = await self._casework.apply(case.id, lambda each: attempting(each, post.id, attempt))
        if not outcome.done:
            return None
        posted = await self._slack.post(post.channel, rendered.text, rendered.blocks, attempt=attempt, thread_ts=thread)
        return await self._placed(case, post, posted, rendered.digest)

    async def _placed(self, case: Case, post: Post, posted: Posted, digest: str) -> datetime | None:
        now = self._clock.now()
        await self._casework.apply(case.id, lambda each: placed(each, post.id, posted, digest, now))
        self._metrics.draws.labels("posted").inc()
        if post.kind is PostKind.CARD:
            lag = (now - case.cycle.posted_at).total_seconds()
            self._metrics.carded.labels(case.key.network).observe(max(0.0, lag))
        # A message found again after a crash may show an old state: an empty digest makes the next draw update it.
        return None if digest else now

    async def _update(self, case: Case, post: Post, rendered: Rendered) -> datetime | None:
        if rendered.digest == post.drawn or post.kind is PostKind.LINE:
            self._metrics.draws.labels("equal").inc()
            return None
        now = self._clock.now()
        wait = await self._budgets.take(UPDATE_BUCKET, UPDATES_PER_S, UPDATE_BURST, now)
        if wait > 0:
            self._metrics.draws.labels("waited").inc()
            return now + timedelta(seconds=wait)
        await self._slack.update(Posted(post.place, post.ts), rendered.text, rendered.blocks)
        await self._casework.apply(case.id, lambda each: drawn(each, post.id, rendered.digest))
        self._metrics.draws.labels("updated").inc()
        return None

    async def _refused(self, case: Case, post: Post, error: SlackRefused) -> datetime | None:
        """Slack's final no: a message that somebody deleted is posted anew; else the reason is kept, shown, retried."""
        now = self._clock.now()
        self._metrics.draws.labels("refused").inc()
        if post.ts and error.code in GONE:
            nowhere = Posted(channel="", ts="")
            await self._casework.apply(case.id, lambda each: placed(each, post.id, nowhere, "", now))
            return now
        self._log.error("Slack refused a message", case=case.id, post=post.id, error=str(error))
        await self._casework.apply(case.id, lambda each: misplaced(each, post.id, error.code))
        return now + AFTER_REFUSAL


def _post_bucket(post: Post) -> str:
    return f"chat.postMessage:{post.channel}"


def _begun(attempt: str) -> datetime:
    return datetime.fromtimestamp(int(attempt.partition("-")[0]) / 1000, tz=UTC)
