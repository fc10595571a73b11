"""Draw one Slack message of a case: the card, an alert, a retired alert, or a line in the thread.

Pure: the same case, post and view give the same message on every worker. Order of a card: who and where, the
customer's words, context, state, our sends, actions.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bot.cards import build
from bot.cards.buttons import card_actions
from bot.cards.customer import Room, head, words
from bot.cards.escape import is_channel, line, link, mention, one_line, plain, user_ids
from bot.cards.hiding import hiding_parts
from bot.cards.outgoing import send_parts
from bot.cards.snoozing import snooze_parts
from bot.cards.states import context_line, state_section
from bot.cards.summary import summary
from bot.cards.view import Rendered, View, rendered
from bot.cards.words import author_label
from bot.domain.alerts import is_settled
from bot.domain.case import Case, Post, PostKind
from bot.domain.posting import SAID

ROOMS: Final = (Room(600, 4, 160, 4), Room(600, 3, 80, 2), Room(300, 2, 60, 1), Room(140, 1, 0, 0))
"""From the full drawing to the smallest; the first that stays below the limit is used."""
CLOSED_ROOM: Final = Room(200, 2, 80, 1)
LINE_GRAPHEMES: Final = 500
HEADLINE_GRAPHEMES: Final = 300
ENDS: Final = (".", "!", "?", "…")
MENTIONS: Final = 10
PLAIN_GRAPHEMES: Final = 600
_WITH_BUTTONS: Final = frozenset({PostKind.CARD, PostKind.ALERT})


def render(case: Case, post: Post, view: View) -> Rendered:
    """The message for one of the case's posts."""
    return _RENDERERS[post.kind](case, post, view)


def render_plain(case: Case, post: Post, view: View) -> Rendered:
    """The same message in one plain text and its buttons, for when Slack refuses the drawing: the case must be seen.

    No link is in it: an address that Slack takes for none costs the whole message.
    """
    text = render(case, post, view).text
    buttons = [("actions", card_actions(case, post.id, view, link=False))] if post.kind in _WITH_BUTTONS else []
    note = build.context("Slack refused the full card; the log says why.")
    parts: build.Parts = [("plain", build.paragraph(build.text_part(plain(text, PLAIN_GRAPHEMES))))]
    return rendered(text, build.with_ids(case.id, [*parts, ("note", note), *buttons]))


def card_parts(case: Case, post_id: str, view: View, room: Room) -> build.Parts:
    """The card without its buttons."""
    return [
        ("head", head(case, view)),
        *words(case, room),
        ("context", context_line(case, view)),
        ("state", state_section(case, post_id, view)),
        *snooze_parts(case, post_id, room),
        *send_parts(case, post_id, view, room),
        *hiding_parts(case, post_id, view),
    ]


def _card(case: Case, post: Post, view: View) -> Rendered:
    return rendered(summary(case, view), _fitting(case, post, view, []))


def _alert(case: Case, post: Post, view: View) -> Rendered:
    headline = one_line(post.text, HEADLINE_GRAPHEMES) or "This needs you."
    sign, before = ("✅", "Settled. It said: ") if is_settled(case, post) else ("🔔", "")
    top = [("headline", build.paragraph(build.text_part(f"{sign} {before}{headline}", "bold"))), *_where(case, view)]
    end = "" if headline.endswith(ENDS) else "."  # a colleague's note may have none, and is read out with the rest
    text = f"{before}{line(headline, HEADLINE_GRAPHEMES)}{end} {summary(case, view)}"
    return rendered(text, _fitting(case, post, view, top))


def _fitting(case: Case, post: Post, view: View, top: build.Parts) -> build.Sheet:
    """All blocks in the roomiest drawing that Slack takes."""
    bottom: build.Parts = [("actions", card_actions(case, post.id, view))]
    rooms = ROOMS if case.is_open else (CLOSED_ROOM, *ROOMS[-1:])

    def drawn(room: Room) -> build.Sheet:
        return build.with_ids(case.id, [*top, *card_parts(case, post.id, view, room), *bottom])

    roomy = (sheet for room in rooms[:-1] if (sheet := drawn(room)).fits)
    return next(roomy, None) or drawn(rooms[-1])


def _where(case: Case, view: View) -> build.Parts:
    """The way from an alert to the card in the channel, as far as it is known."""
    card, way = case.card, ""
    if card and card.error and is_channel(card.channel):
        way = f"Belongs in <#{card.channel}>"
    elif view.card_url:
        way = link(view.card_url, "Open the card in its channel")
    elif card and is_channel(card.place):
        way = f"The card stands in <#{card.place}>"
    return [("where", build.context(way))] if way else []


def _retired(case: Case, post: Post, view: View) -> Rendered:
    """One line and the way to the card. It is rich text as the alert was: Slack lets no message lose all of that."""
    after = "(a newer message has taken its place)"
    shown = f"↪️ {one_line(post.text, HEADLINE_GRAPHEMES) or 'An older alert'} {after}"
    text = f"↪️ {line(post.text, HEADLINE_GRAPHEMES) or 'An older alert'} {after}"
    parts = [("retired", build.paragraph(build.text_part(shown))), *_where(case, view)]
    return rendered(text, build.with_ids(case.id, parts))


def _line(case: Case, post: Post, view: View) -> Rendered:
    """One line of text. It calls only those whom Hark itself named, never anybody named inside the text.

    Outside the card's own thread it leads to the card.
    """
    users = user_ids(post.mentions)[:MENTIONS]
    text = plain(post.text, LINE_GRAPHEMES) or "(no words)"
    called = [part for user in users for part in (build.user_part(user), build.text_part(" "))]
    here = post.thread or not view.card_url
    way = [] if here else [build.text_part(" "), build.link_part(view.card_url, "Open the card")]
    block = build.paragraph(*called, build.text_part(text), *way)
    fallback = " ".join([*(mention(user) for user in users), _fallback(case, post)])
    return rendered(fallback, build.with_ids(case.id, [("line", block)]))


def _fallback(case: Case, post: Post) -> str:
    """A line for the lock screen. What a customer wrote in private stays out of it."""
    if post.id.startswith(SAID):
        item = next((item for item in case.items if post.id == f"{SAID}{item.seq}"), None)
        if item is None:  # the case keeps it no more, and so does not know whether it was private
            return "The customer wrote"
        if item.private:
            return f"{line(author_label(item, case), 40)} wrote in private"
    return line(post.text, LINE_GRAPHEMES) or "(no words)"


_RENDERERS: Final[Mapping[PostKind, Callable[[Case, Post, View], Rendered]]] = MappingProxyType(
    {PostKind.CARD: _card, PostKind.ALERT: _alert, PostKind.RETIRED: _retired, PostKind.LINE: _line}
)
