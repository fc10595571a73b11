"""The typed port to Slack: the few calls that Hark makes, each counted."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from bot.domain.attempts import began_at
from bot.domain.erasing import Seen, Stands
from bot.domain.errors import SlackError, SlackRateLimited, SlackRefused, SlackUnavailable, SlackUnknown
from bot.domain.fallback import reason_words
from bot.domain.models import Health
from bot.domain.ports import Blocks, Posted
from bot.domain.routing import PERSON
from bot.slack.api import Answer, SlackApi
from bot.telemetry import Metrics

EVENT_TYPE = "hark_message"
LOOK_BACK = timedelta(minutes=5)
HISTORY_PAGE = 200
HISTORY_PAGES = 50
NO_THREAD = "thread_not_found"
NEEDED_SCOPES = ("chat:write", "commands", "users:read", "im:write", "im:history", "channels:history", "groups:history")
USER_ID = re.compile(PERSON)
AWAY = "try again in a minute; if that does not help, check SLACK_API_URL and what your network lets out"
"""The mend where Slack did not answer: no token and no right is to blame."""

COUNTED: Mapping[type[SlackError], str] = MappingProxyType(
    {
        SlackRateLimited: "rate_limited",
        SlackRefused: "refused",
        SlackUnavailable: "unreachable",
        SlackUnknown: "unknown",
    }
)
"""How the metric names each kind of failure."""

SLACKBOT = "USLACKBOT"
"""Slack's own bot, of which Slack says that it is none."""

Answered = Callable[[str, str, str], None]
"""Told of each call that ended: its method, the answer as the metric names it, Slack's word for a refusal."""


class Member(NamedTuple):
    """One of Slack's users: their workspace, its organisation if it belongs to one, and whether it is a person who
    works there still (no bot, nobody who has left)."""

    team: str
    organisation: str
    is_person: bool


class SlackGateway:
    """Slack as Hark uses it."""

    def __init__(self, api: SlackApi, metrics: Metrics) -> None:
        self.api = api
        self._metrics = metrics
        self._dms: dict[str, str] = {}
        self._organisations: dict[str, str] = {}
        self.answered: Answered = _unheard
        self.team_url = ""
        self.bot_user = ""

    async def post(
        self, channel: str, text: str, blocks: Blocks, *, attempt: str, thread_ts: str | None = None
    ) -> Posted:
        """Post one message; raises SlackUnknown when it may stand although no answer came."""
        place = await self._conversation(channel)
        answer = await self._call(
            "chat.postMessage",
            channel=place,
            text=text,
            blocks=blocks,
            thread_ts=thread_ts,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"attempt": attempt}},
        )
        return Posted(channel=str(answer["channel"]), ts=str(answer["ts"]))

    async def find_attempt(self, channel: str, attempt: str, thread_ts: str | None = None) -> Posted | None:
        """The message that carries `attempt`, looked for among all that were posted since shortly before it began.

        Raises SlackUnknown when there are too many to look through: then nobody may post again.
        """
        place = await self._conversation(channel)
        oldest, cursor = began_at(attempt) - LOOK_BACK, ""
        for _page in range(HISTORY_PAGES):
            try:
                messages, cursor = await self._history(place, thread_ts, oldest, cursor)
            except SlackRefused as error:
                if error.code == NO_THREAD:  # the message above was deleted, and nothing stands below it
                    return None
                raise
            for message in messages:
                payload = message.get("metadata", {}).get("event_payload", {})
                if payload.get("attempt") == attempt:
                    return Posted(channel=place, ts=str(message["ts"]))
            if not cursor:
                return None
        raise SlackUnknown(f"more than {HISTORY_PAGES * HISTORY_PAGE} messages stand above an attempt")

    async def look_through(self, channel: str, oldest: datetime, thread_ts: str, cursor: str) -> tuple[list[Seen], str]:
        """Some messages of a channel, or of a thread in it, since `oldest`, and the cursor for more ("": none)."""
        place = await self._conversation(channel)
        messages, more = await self._history(place, thread_ts, oldest - LOOK_BACK, cursor)
        return [self._seen(place, message) for message in messages], more

    def _seen(self, channel: str, message: Mapping[str, Any]) -> Seen:
        blocks: list[dict[str, Any]] = message.get("blocks") or []
        return Seen(
            at=Stands(channel=channel, ts=str(message["ts"]), thread=str(message.get("thread_ts") or "")),
            own=bool(self.bot_user) and message.get("user") == self.bot_user,
            scope=str(blocks[0].get("block_id") or "").partition(":")[0] if blocks else "",
            text="\n".join((str(message.get("text") or ""), *texts_of(blocks))),
            buttons=any(block.get("type") == "actions" for block in blocks),
        )

    async def update(self, posted: Posted, text: str, blocks: Blocks) -> None:
        """Redraw a message. Text and blocks always go together: text alone would delete the buttons."""
        await self._call("chat.update", channel=posted.channel, ts=posted.ts, text=text, blocks=blocks)

    async def delete(self, posted: Posted) -> None:
        """Take a message of our own away."""
        await self._call("chat.delete", channel=posted.channel, ts=posted.ts)

    async def open_view(self, trigger_id: str, view: dict[str, Any]) -> str:
        """Open a modal within three seconds of the press; returns the view's id."""
        answer = await self._call("views.open", trigger_id=trigger_id, view=view)
        return str(answer["view"]["id"])

    async def push_view(self, trigger_id: str, view: dict[str, Any]) -> None:
        """Open a modal on top of the one in which somebody pressed: what they typed there stays."""
        await self._call("views.push", trigger_id=trigger_id, view=view)

    async def update_view(self, view_id: str, view: dict[str, Any]) -> None:
        """Show something else in a modal that is open; SlackRefused("not_found") when it was closed meanwhile."""
        await self._call("views.update", view_id=view_id, view=view)

    async def publish_home(self, user: str, view: dict[str, Any]) -> None:
        """Show somebody their App Home."""
        await self._call("views.publish", user_id=user, view=view)

    async def name_of(self, user: str) -> str:
        """The full name of a member, or an empty text; colleagues and signatures need more than a nickname."""
        answer = await self._call("users.info", user=user)
        profile = answer["user"].get("profile", {})
        return str(profile.get("real_name") or answer["user"].get("real_name") or profile.get("display_name") or "")

    async def member(self, user: str) -> Member:
        """Whose somebody is, and whether there is a person behind the id. Raises SlackRefused for one nobody has."""
        told = (await self._call("users.info", user=user))["user"]
        organisation = (told.get("enterprise_user") or {}).get("enterprise_id")
        is_person = not (told.get("deleted") or told.get("is_bot") or user == SLACKBOT)
        return Member(str(told.get("team_id") or ""), str(organisation or ""), is_person)

    async def organisation_of(self, user: str) -> str:
        """The organisation (of several workspaces) to which somebody belongs, or an empty text.

        Asked once: where the app is installed for the whole organisation every press wants to know, and Slack answers a
        hundred such questions a minute.
        """
        if user not in self._organisations:
            found = (await self.member(user)).organisation
            if not found:
                return ""
            self._organisations[user] = found
        return self._organisations[user]

    def permalink(self, posted: Posted) -> str:
        """The address of a message, without asking Slack for it; empty before `check` learned the workspace's."""
        return f"{self.team_url}archives/{posted.channel}/p{posted.ts.replace('.', '')}" if self.team_url else ""

    async def connect(self) -> tuple[str, ...]:
        """Learn who we are; returns the token's scopes (empty when Slack does not say)."""
        answer = await self._ask("auth.test")
        self.team_url = str(answer.body.get("url") or "")
        self.bot_user = str(answer.body.get("user_id") or "")
        header = answer.headers.get("X-OAuth-Scopes", "")
        return tuple(scope.strip() for scope in header.split(",") if scope.strip())

    async def open_socket(self, app_token: str) -> None:
        """Ask for a Socket Mode address, which is then left unused: whether the app-level token works."""
        await self._ask("apps.connections.open", token=app_token)

    async def check(self, places: Mapping[str, str]) -> list[Health]:
        """The token, its scopes, and whether these channels and people can be reached, each with its variable."""
        try:
            scopes = await self.connect()
        except SlackError as error:
            refused = "check SLACK_BOT_TOKEN; reinstall the app if the token was revoked"
            mend = refused if isinstance(error, SlackRefused) else AWAY
            return [Health(ok=False, summary=f"Slack token: {error}", mend=mend)]
        lines = [Health(ok=True, summary=f"Slack token: signed in at {self.team_url}"), _check_scopes(scopes)]
        for place, variable in places.items():
            is_person = USER_ID.fullmatch(place)
            lines.append(await (self._check_person(place) if is_person else self._check_channel(place, variable)))
        return lines

    async def _check_channel(self, channel: str, variable: str) -> Health:
        try:
            await self._history(channel, limit=1)
        except SlackRefused as error:
            mend = f"put the channel's id into {variable} and invite the bot there: /invite @Hark"
            return Health(ok=False, summary=f"Slack channel {channel}: {error.code}", mend=mend)
        except SlackError as error:
            return Health(ok=False, summary=f"Slack channel {channel}: {error}", mend=AWAY)
        return Health(ok=True, summary=f"Slack channel {channel}: Hark is a member")

    async def _check_person(self, user: str) -> Health:
        """Whether alerts reach somebody; nothing is written to them."""
        try:
            await self._conversation(user)
        except SlackRefused as error:
            why, mend = reason_words(error.code)
            return Health(ok=False, summary=f"Slack messages to {user}: {why}", mend=mend)
        except SlackError as error:
            return Health(ok=False, summary=f"Slack messages to {user}: {error}", mend=AWAY)
        return Health(ok=True, summary=f"Slack messages to {user}: can be sent")

    async def _history(
        self,
        place: str,
        thread_ts: str | None = None,
        oldest: datetime | None = None,
        cursor: str = "",
        limit: int | None = None,
    ) -> tuple[list[Mapping[str, Any]], str]:
        """Some messages of a conversation, or of a thread in it, since then, and the cursor for more ("": none)."""
        method = "conversations.replies" if thread_ts else "conversations.history"
        answer = await self._call(
            method,
            channel=place,
            ts=thread_ts or None,
            oldest=f"{oldest.timestamp():.6f}" if oldest else "0",
            limit=limit or HISTORY_PAGE,
            include_all_metadata=True,
            cursor=cursor or None,
        )
        return answer.get("messages", []), str((answer.get("response_metadata") or {}).get("next_cursor") or "")

    async def _conversation(self, channel: str) -> str:
        """The conversation behind a channel id, or the direct message behind a user id."""
        if not USER_ID.fullmatch(channel):
            return channel
        if channel not in self._dms:
            answer = await self._call("conversations.open", users=channel)
            self._dms[channel] = str(answer["channel"]["id"])
        return self._dms[channel]

    async def _call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        return (await self._ask(method, **arguments)).body

    async def _ask(self, method: str, token: str = "", **arguments: Any) -> Answer:
        try:
            answer = await self.api.call(method, arguments, token)
        except SlackError as error:
            self._count(method, COUNTED[type(error)], error.code if isinstance(error, SlackRefused) else "")
            raise
        self._count(method, "ok")
        return answer

    def _count(self, method: str, answer: str, code: str = "") -> None:
        self._metrics.slack_calls.labels(method, answer).inc()
        self.answered(method, answer, code)


def _check_scopes(scopes: Sequence[str]) -> Health:
    missing = [scope for scope in NEEDED_SCOPES if scopes and scope not in scopes]
    if not missing:
        return Health(ok=True, summary="Slack scopes: all there")
    mend = "add them under OAuth & Permissions (or paste manifest.yaml) and reinstall the app"
    return Health(ok=False, summary=f"Slack scopes: {', '.join(missing)} missing", mend=mend)


def texts_of(value: Any) -> Iterator[str]:
    """Every text in Block Kit, as it was written."""
    if isinstance(value, list):
        for each in value:
            yield from texts_of(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name == "text" and isinstance(each, str):
                yield each
            else:
                yield from texts_of(each)


def _unheard(_method: str, _answer: str, _code: str) -> None:
    """Nobody watches."""
