"""Where a message goes that Slack does not take where it belongs: the case must be seen anyhow.

The card stays wanted in its own channel and is tried there again later. Meanwhile a copy with the reason stands in the
main channel; if that is closed too, in direct messages to the people on call. What Slack refuses to draw at all is said
in one line of plain words. Codes: Slack's pages of chat.postMessage and chat.update.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from bot.domain.case import Case, Post, PostKind
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.models import Health
from bot.domain.storm import Problem, Storm

COPY: Final = "fallback:"
"""How the ids of such copies begin."""
Places = tuple[tuple[str, ...], ...]
"""Where copies go, in this order: a group is used at once, the next group only when all of it refused."""

FATAL: Final = frozenset(
    ("token_revoked", "account_inactive", "invalid_auth", "not_authed", "token_expired", "app_uninstalled")
)
"""Slack takes nothing at all from this token; no other place would help."""
UNDRAWABLE: Final = frozenset(
    ("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_attachments", "msg_too_long", "no_text")
)
ARCHIVED: Final = ("the channel is archived", "unarchive it and invite Hark again, or set another channel")
"""Slack has one word for it when something new is posted there, and another one when a message is changed."""
REASONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "not_in_channel": ("Hark is not a member of the channel", "invite it there: /invite @Hark"),
        "channel_not_found": (
            "the channel does not exist, or it is private and Hark is not a member",
            "invite Hark there: /invite @Hark, or set another channel",
        ),
        "is_archived": ARCHIVED,
        "is_inactive": ARCHIVED,
        "restricted_action": (
            "only some people may post in the channel",
            "let Hark post there, in the channel's posting permissions",
        ),
        "cannot_dm_bot": ("this id belongs to a bot", "set the id of a person"),
        "user_not_found": ("nobody has this id", "set the id of a member"),
        "user_disabled": ("this account is switched off", "set the id of a member"),
        "missing_scope": (
            "the app lacks a scope",
            "add it under OAuth & Permissions (or paste manifest.yaml) and reinstall the app",
        ),
        "messages_tab_disabled": (
            "direct messages from Hark are switched off",
            "switch on the Messages tab in the app's settings (App Home)",
        ),
    }
)


def displaced(case: Case, post_id: str, error: str, places: Places, again: datetime) -> Decision:
    """Slack will not take this message: the reason is kept, it is tried again at `again`, a copy goes elsewhere."""
    post = case.post(post_id)
    if post is None:
        return Refused(code="no_post", text="That message is no longer part of the case.")
    copies = _copies(case, post, error, places)
    anew = {copy.id for copy in copies}  # one that was retired when the card had come home is forgotten
    posts = [
        each.model_copy(update={"error": error, "retry_at": again}) if each == post else each
        for each in case.posts
        if each.id not in anew
    ]
    if post.kind is PostKind.LINE and not post.thread and copies:
        posts = [each for each in posts if each.id != post.id]  # a line is the same anywhere: it moves
    return Change(case=case.model_copy(update={"posts": (*posts, *copies)}), redraw=bool(copies))


def settled(case: Case) -> Case:
    """The card stands where it belongs: copies elsewhere are retired."""
    posts = [_retired(post) if _is_copy(post) else post for post in case.posts if not _is_waiting_copy(post)]
    return case.model_copy(update={"posts": tuple(posts)})


def has_another_place(error: str) -> bool:
    """Whether a message that Slack refused for this reason may be taken elsewhere."""
    return bool(error) and error not in FATAL and error not in UNDRAWABLE


def displaced_words(error: str) -> str:
    """What a copy says about why it stands where it does."""
    why, mend = reason_words(error)
    return f"Not in its own channel, because {why}. To mend it, {mend}."


def reason_words(error: str) -> tuple[str, str]:
    """Why, and the mend, in words for people."""
    if error in UNDRAWABLE:
        return f"Slack refuses the drawing ({error})", "report what the log says about it; the case itself is safe"
    base = "restricted_action" if error.startswith("restricted_action") else error
    return REASONS.get(base, (f"Slack says {error[:60]}", "run `python -m bot check`"))


def refusals(cases: Sequence[Case]) -> dict[tuple[str, str], int]:
    """How many messages wait, by channel (or person) and reason, in their order; copies are not counted."""
    troubles: dict[tuple[str, str], int] = {}
    for case in cases:
        for post in case.posts:
            if post.error and not post.id.startswith(COPY):
                troubles[post.channel, post.error] = troubles.get((post.channel, post.error), 0) + 1
    return dict(sorted(troubles.items()))


def refusal_health(channel: str, error: str, count: int) -> Health:
    """That so many messages wait there, in words, with the mend."""
    why, mend = reason_words(error)
    messages = "1 message waits" if count == 1 else f"{count} messages wait"
    place = "user" if channel[:1] in ("U", "W") else "channel"
    return Health(ok=False, summary=f"Slack {place} {channel}: {messages}, because {why}", mend=mend)


def is_nowhere(told: Storm | Problem, channel: str, places: Places) -> bool:
    """Whether neither its channel nor any other place takes the message of a storm or a known problem."""
    others = [place for group in places for place in group if place != channel]
    copies = [told.copies.get(place) for place in others]
    return has_another_place(told.face.error) and all(copy is not None and copy.error for copy in copies)


def nowhere_health(told: Storm | Problem, channel: str, held: int) -> Health:
    """That nobody sees it, in words, with the mend; so many cases have no card but this one."""
    what = f"the known problem “{told.title}”" if isinstance(told, Problem) else "the storm"
    why, mend = reason_words(told.face.error)
    cases = "1 case waits" if held == 1 else f"{held:,} cases wait"
    summary = f"Slack channel {channel}: no place takes the card of {what}, behind which {cases}, because {why}"
    return Health(ok=False, summary=summary, mend=f"{mend}; it is tried again within the hour")


def _copies(case: Case, post: Post, error: str, places: Places) -> list[Post]:
    """The copies to make now: none while one is on its way or stands in a place that comes as soon, or when every place
    has been tried."""
    is_line = post.kind is PostKind.LINE and not post.thread
    if error in FATAL or not (post.kind is PostKind.CARD or is_line or _is_copy(post)):
        return []
    if error in UNDRAWABLE and post.retry_at is not None:
        return []  # it was said when the first try was refused
    others = [each for each in case.posts if _is_copy(each) and each.id != post.id]
    standing = {each.channel for each in others if not each.error and not is_line}
    tried = {post.channel, *(each.channel for each in others if each.error)}
    if _is_copy(post) and case.card:
        tried.add(case.card.channel)
    for group in places:
        if standing.intersection(group):
            return []
        fresh = [place for place in dict.fromkeys(group) if place and place not in tried]
        if fresh:
            return [_copy(post, place, error) for place in fresh]
    return []


def _copy(post: Post, place: str, error: str) -> Post:
    if post.kind is PostKind.LINE:
        name = post.id.removeprefix(COPY).partition("@")[0]
        return post.model_copy(update={"id": f"{COPY}{name}@{place}", "channel": place, "attempt": "", "error": ""})
    if error in UNDRAWABLE:
        why, _mend = reason_words(error)
        text = f"A card cannot be drawn: {why}. App Home shows the case under “Waiting for an answer”."
        return Post(id=f"{COPY}words@{place}", kind=PostKind.LINE, channel=place, text=text)
    text = post.text if _is_copy(post) else displaced_words(error)
    return Post(id=f"{COPY}card@{place}", kind=PostKind.ALERT, channel=place, text=text)


def _is_copy(post: Post) -> bool:
    return post.id.startswith(COPY) and post.kind is not PostKind.RETIRED


def _is_waiting_copy(post: Post) -> bool:
    """One that never came to stand: nobody misses it. A line has words of its own and stays."""
    return _is_copy(post) and post.kind is PostKind.ALERT and not post.ts and not post.attempt


def _retired(post: Post) -> Post:
    update = {"kind": PostKind.RETIRED, "error": "", "drawn": ""}
    return post if post.kind is PostKind.LINE else post.model_copy(update=update)
