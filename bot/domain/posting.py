"""Slack messages of a case: which are wanted, which stand, what each showed last."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from bot.domain.alerts import has_words
from bot.domain.case import Case, Post, PostKind
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.fallback import COPY, settled
from bot.domain.models import Model
from bot.domain.ports import Posted

CARD = "card"
NOTHING: Mapping[str, object] = MappingProxyType({})


class Shown(Model):
    """What a draw showed: the digest of the message, and the version of the case that it drew."""

    digest: str
    version: int


UNSEEN = Shown(digest="", version=-1)
"""Nobody knows what the message shows."""
ALERTS_KEPT = 6
"""Alerts whose one line stands in their place; older ones stay in Slack, and nobody has to draw them any more."""
LINES_KEPT = 4
LINE_LONGEST = 450
"""Characters of a line that takes in further words: all of them are shown."""
SAID = "item:"
"""Begins the ids of lines with a customer's words; the number of the newest interaction in it follows."""
TAKEN_BACK = "(deleted by the customer)"
STANDS = "stands"


def new_card(channel: str) -> Post:
    """A card that is wanted in `channel`."""
    return Post(id=CARD, kind=PostKind.CARD, channel=channel)


def with_line(case: Case, line_id: str, text: str, *, thread: bool = True, mentions: tuple[str, ...] = ()) -> Case:
    """The case with one more line to post: in the card's thread, or in its channel."""
    channel = case.card.channel if case.card else ""
    line = Post(id=line_id, kind=PostKind.LINE, channel=channel, thread=thread, text=text, mentions=mentions)
    if not channel or case.post(line_id):
        return case
    return _with(case, (*case.posts, line))


def longer(case: Case, line_id: str, new_id: str, more: str) -> Case | None:
    """The case in which a line says more and has a new id; None where that line stands, is being posted, or is full."""
    line = case.post(line_id)
    if line is None or not _waits(line) or len(line.text) + len(more) >= LINE_LONGEST:
        return None
    new = line.model_copy(update={"id": new_id, "text": f"{line.text}\n{more}"})
    return _with(case, tuple(new if post.id == line_id else post for post in case.posts))


def unsaid(case: Case, ids: Collection[str], texts: Sequence[str]) -> Case:
    """The case whose first of these lines that waits still says these words no more: the customer took them back."""
    line = next((post for post in case.posts if post.id in ids and _waits(post)), None)
    return _with(case, tuple(_unsaid(post, texts) if post is line else post for post in case.posts))


def with_alert(case: Case, user: str, headline: str, alert_id: str) -> Case:
    """The case with a direct message to `user`; an older one to the same user is retired, so that one has buttons."""
    if case.post(alert_id):
        return case
    posts = [_retire(post) if _is_alert_to(post, user) else post for post in case.posts]
    posts.append(Post(id=alert_id, kind=PostKind.ALERT, channel=user, text=headline))
    over = [post for post in posts if post.kind is PostKind.RETIRED and post.drawn]
    return _with(case, tuple(post for post in posts if post not in over[:-ALERTS_KEPT]))


def alert_people(case: Case, users: tuple[str, ...], headline: str, name: str) -> Case:
    """One direct message to each of `users`, each once."""
    for user in dict.fromkeys(users):
        case = with_alert(case, user, headline, f"{name}:{user}")
    return case


def attempting(case: Case, post_id: str, attempt: str) -> Decision:
    """Posting begins: from now on a crash is healed by looking for `attempt`."""
    return _update(case, post_id, attempt=attempt, error="")


def withdrawn(case: Case, post_id: str, attempt: str) -> Decision:
    """An attempt that was noted is not made, or Slack refused it: there is nothing to look for."""
    post = case.post(post_id)
    if post is None or post.ts or post.attempt != attempt:
        return Refused(code="overtaken", text="That message is somebody else's by now.")
    return _update(case, post_id, attempt="")


def counted(case: Case, *methods: str) -> Case:
    """The case with these calls to Slack added to its count."""
    calls = dict(case.calls)
    for method in methods:
        calls[method] = calls.get(method, 0) + 1
    return case.model_copy(update={"calls": calls})


def placed(case: Case, post_id: str, posted: Posted, shown: Shown, now: datetime) -> Decision:
    """The message stands. A line is done with and forgotten; a card is remembered, and dates the cycle.

    Refused with the code `stands` when another worker has posted it as well, and was the first to say so.
    """
    post = case.post(post_id)
    if post is None and stands_at(case, posted):
        return _silent(case)
    if post is None or (post.ts and post.ts != posted.ts):
        return Refused(code=STANDS, text="That message stands elsewhere already.")
    if post.kind is PostKind.LINE:
        rest = tuple(each for each in case.posts if each.id != post_id)
        lines = (*case.lines, posted.ts)[-LINES_KEPT:]
        return _silent(case.model_copy(update={"posts": rest, "lines": lines}))
    return _shows(case, post_id, shown, _dated(case, post_id, now), place=posted.channel, ts=posted.ts)


def lost(case: Case, post_id: str, ts: str) -> Decision:
    """The message that stood there is gone, or not ours to change any more: it is posted anew, and its attempt is not
    looked for."""
    post = case.post(post_id)
    if post is None or post.ts != ts:
        return Refused(code="overtaken", text="That message stands elsewhere by now.")
    return _update(case, post_id, attempt="", place="", ts="", drawn="", error="", retry_at=None)


def is_forgotten(case: Case, post_id: str, attempt: str) -> bool:
    """Whether nobody will look for this attempt any more: another one was begun since, or the line stands."""
    post = case.post(post_id)
    return post is None or post.attempt != attempt


def stands_at(case: Case, posted: Posted) -> bool:
    """Whether this very message is one that the case knows, by whatever name."""
    known = ((post.place, post.ts) for post in case.posts)
    return posted.ts in case.lines or (posted.channel, posted.ts) in known


def drawn(case: Case, post_id: str, shown: Shown, now: datetime) -> Decision:
    """The message was updated. The card of an earlier cycle dates a return by that."""
    return _shows(case, post_id, shown, _dated(case, post_id, now))


def doubted(case: Case, post_id: str, version: int) -> Decision:
    """Nobody knows whether the drawing of that version was carried out, nor when. If the case has changed since, it may
    lie over a newer one. If not, the next draw is to bring the same picture anyhow."""
    if case.version == version:
        return Refused(code="newest", text="Nothing newer can have been drawn.")
    return _shows(case, post_id, UNSEEN)


def spared(case: Case, post_id: str) -> Decision:
    """A message that will not be posted, because one message for many cases takes its place. An alert that stands for
    the same person takes over its headline, and its name, by which it is settled: an edit rings nobody. One with words
    of its own keeps these (a colleague's, or why a card stands elsewhere): the card below them tells the rest."""
    post = case.post(post_id)
    if post is None or not _waits(post):
        return Refused(code="begun", text="That message is being posted already.")
    posts = [each for each in case.posts if each.id != post_id]
    older = [n for n, each in enumerate(posts) if each.kind is PostKind.RETIRED and each.channel == post.channel]
    if post.kind is not PostKind.ALERT or not older or not posts[older[-1]].ts:
        return _silent(_with(case, tuple(posts)))
    stands = posts[older[-1]]
    told = stands if stands.id.startswith(COPY) or has_words(case, stands) else post
    posts[older[-1]] = stands.model_copy(update={"kind": PostKind.ALERT, "id": told.id, "text": told.text})
    return Change(case=_with(case, tuple(posts)))


def quieted(case: Case, post_id: str, mentions: tuple[str, ...]) -> Decision:
    """A line that calls fewer people than it was meant to; it is posted with the next draw."""
    return _update(case, post_id, redraw=True, mentions=mentions)


def _waits(post: Post) -> bool:
    """Whether a message neither stands nor is being posted."""
    return not post.attempt and not post.ts


def _unsaid(line: Post, texts: Sequence[str]) -> Post:
    """The line without these words, each as a whole: behind a name or on lines of its own."""
    shown = line.text
    for text in filter(None, texts):
        shown = re.sub(rf"(: |\n){re.escape(text)}(?=\n|\Z)", rf"\1{TAKEN_BACK}", shown, count=1)
    return line.model_copy(update={"text": shown})


def _is_alert_to(post: Post, user: str) -> bool:
    return post.kind is PostKind.ALERT and post.channel == user


def _retire(post: Post) -> Post:
    return post.model_copy(update={"kind": PostKind.RETIRED, "drawn": ""})


def _dated(case: Case, post_id: str, now: datetime) -> Mapping[str, object]:
    """What changes of a case whose cycle did not know yet since when its card shows it."""
    if post_id != CARD or case.cycle.carded_at is not None:
        return NOTHING
    return {"cycle": case.cycle.model_copy(update={"carded_at": now})}


def _shows(case: Case, post_id: str, shown: Shown, also: Mapping[str, object] = NOTHING, **update: object) -> Decision:
    """Note what a message shows, with what `also` changes of the case. If the case has changed since it was drawn,
    another draw may have overtaken this one, and nobody knows which of the two Slack took last: then it counts as not
    drawn, and is drawn once more."""
    certain = case.version == shown.version
    home = settled(case) if post_id == CARD else case
    drawn = shown.digest if certain else ""
    redraw = not certain or home.posts != case.posts
    return _update(home, post_id, also, redraw=redraw, drawn=drawn, error="", retry_at=None, **update)


def _update(
    case: Case, post_id: str, also: Mapping[str, object] = NOTHING, *, redraw: bool = False, **update: object
) -> Decision:
    """Change a message, with what `also` changes of the case."""
    if case.post(post_id) is None:
        return Refused(code="no_post", text="That message is no longer part of the case.")
    posts = tuple(post.model_copy(update=update) if post.id == post_id else post for post in case.posts)
    return Change(case=case.model_copy(update={**also, "posts": posts}), redraw=redraw)


def _with(case: Case, posts: tuple[Post, ...]) -> Case:
    return case.model_copy(update={"posts": posts})


def _silent(case: Case) -> Change:
    return Change(case=case, redraw=False)
