"""What was stored to Hark's events: by door, and for the webhook the events of the Activity API. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from bot.domain.models import Event, Interaction, Kind, Malformed, Raw, UnknownEvent
from connectors import clean
from connectors.lenient import each, table
from connectors.times import happened
from connectors.x import messages, wire
from connectors.x.mapping import Context, author, from_ms, polled, post_event, post_url, profile_url, rechecked

_SHOWN: Final = 60


def parse(raw: Raw, us: str) -> Iterator[Event]:
    """Read one stored delivery; yields Malformed for what cannot be read and never raises."""
    door, _, stream = raw.source.partition(":")
    reader = _DOORS.get(door)
    if reader is None:
        yield UnknownEvent(what="unknown_door")
        return
    context = Context(raw.account, us, raw.received_at, stream if door == "search" else "")
    try:
        yield from reader(raw.body, context)
    except ValueError as error:  # pydantic's ValidationError is one
        yield raw.malformed(clean.wrong(error))


def _delivered(body: bytes, context: Context) -> Iterator[Event]:
    """Every event of one delivery, each in isolation. Raises ValueError for what is no JSON object."""
    value = clean.loads(body)
    if not isinstance(value, dict):
        msg = "not a JSON object"
        raise ValueError(msg)  # noqa: TRY004 - what a body says is a value: readers turn it into Malformed
    if "replay_job_status" in value:
        status = value["replay_job_status"]
        state = status.get("job_state") if isinstance(status, dict) else ""
        yield UnknownEvent(what=f"replay:{str(state)[:_SHOWN]}")
    elif entries := [*each(value.get("data"))]:
        for entry in entries:
            yield from _guarded(entry, context)
    else:
        yield UnknownEvent(what="account_activity" if "for_user_id" in value else "unknown_body")


def _guarded(entry: object, context: Context) -> Iterator[Event]:
    try:
        yield from _event(clean.take(wire.Activity, entry), context)
    except ValueError as error:
        yield Malformed(part=clean.dump({"data": entry}).decode(), error=clean.wrong(error))


def subscriber(entry: object) -> str:
    """The id of the account whose subscription an event comes by; empty where it names none."""
    return wire.as_text(table(table(entry).get("filter")).get("user_id"))


def _event(event: wire.Activity, context: Context) -> Iterator[Event]:
    if event.filter.user_id not in ("", context.us):
        yield UnknownEvent(what="other_account")
        return
    reader = _EVENTS.get(event.event_type)
    if reader is None:
        yield UnknownEvent(what=event.event_type[:_SHOWN] or "no_event_type")
        return
    yield from reader(event, context)


def _post(event: wire.Activity, context: Context) -> Iterator[Event]:
    hint = event.event_type.split(".")[1]
    post = clean.take(wire.Post, event.payload)
    yield post_event(post, event.includes.users, event.includes.media, context, hint)


def _like(event: wire.Activity, context: Context) -> Iterator[Event]:
    like = clean.take(wire.Like, event.payload)
    who = like.user_id or like.liking_user_id or next((user.id for user in event.includes.users if user.id), "")
    yield Interaction(
        id=f"like:{like.liked_tweet_id}:{who or like.id or event.event_uuid}",
        key=context.key(f"{like.liked_tweet_id}|{who}"),
        kind=Kind.REACTION,
        author=author(who, event.includes.users),
        text="",
        posted_at=happened(context.received_at, from_ms(like.timestamp_ms)),
        url=post_url(like.liked_tweet_id),
        about=like.liked_tweet_id,
        answerable=False,
        by_us=who == context.us,
    )


def _follow(event: wire.Activity, context: Context) -> Iterator[Event]:
    follow = clean.take(wire.Follow, event.payload)
    users = (follow.source, *event.includes.users)
    who = follow.source.id or next((user.id for user in event.includes.users if user.id != context.us), "")
    yield Interaction(
        id=f"follow:{who or follow.source.handle or event.event_uuid}",
        key=context.key(f"profile|{who}"),
        kind=Kind.FOLLOW,
        author=author(who or follow.source.handle, users),
        text="",
        posted_at=context.received_at,
        url=profile_url(who, follow.source.handle),
        answerable=False,
        by_us=who == context.us,
    )


def _messages(event: wire.Activity, context: Context) -> Iterator[Event]:
    yield from messages.old_messages(event.payload, context)


def _encrypted(event: wire.Activity, context: Context) -> Iterator[Event]:
    yield messages.encrypted(event, context)


_EVENTS: Final[Mapping[str, Callable[[wire.Activity, Context], Iterator[Event]]]] = {
    "post.create": _post,
    "post.mention.create": _post,
    "post.reply.create": _post,
    "post.quote.create": _post,
    "post.repost.create": _post,
    "like.create": _like,
    "follow.follow": _follow,
    "dm.received": _messages,
    "dm.sent": _messages,
    "chat.received": _encrypted,
}
"""What is read. Every other event (post.delete of our own posts, follow.unfollow, dm.read, oauth.revoke...) is counted
by its name: there is nothing in it that staff could act on."""

_DOORS: Final[Mapping[str, Callable[[bytes, Context], Iterator[Event]]]] = {
    "webhook": _delivered,
    "mentions": polled,
    "search": polled,
    "messages": messages.polled_message,
    "sweep": messages.swept,
    "recheck": rechecked,
}
