"""The customer's half of the card: who and where, their words as a quotation, what came with them."""

from dataclasses import dataclass
from typing import Final

from bot.cards import build
from bot.cards.escape import line, one_line, plain, safe_url, shown_host
from bot.cards.speed import MINUTE, duration_words
from bot.cards.view import View
from bot.cards.words import ATTACHMENTS, author_label, count, kind_words, language_name
from bot.domain.case import Case, Item
from bot.domain.models import Attachment, Author, Kind
from bot.domain.text.clean import ELLIPSIS

NAME: Final = 60
RATING_STARS: Final = 5


@dataclass(frozen=True, slots=True)
class Room:
    """How much a drawing shows: graphemes of the customer's words, sends, graphemes of each send, attachments.

    A card that comes out too large is drawn again with less. One send is always shown.
    """

    quote: int
    sends: int
    excerpt: int
    attachments: int


def head(case: Case, view: View) -> build.Block:
    """One line: what, on which network, from whom, for which account. The network's name opens the post itself.

    rich_text, because a customer chooses name and handle: no character of theirs can act as markup here.
    """
    item = case.latest
    parts = [
        build.text_part(f"{kind_words(item.kind)} on ", "bold"),
        build.link_part(item.url, one_line(view.network_title, NAME) or "the network"),
        build.text_part(" from "),
        build.text_part(one_line(author_label(item, case), NAME) or "someone", "bold"),
    ]
    facts = "".join(f" · {fact}" for fact in _facts(case, view))
    # Slack refuses a whole message for one empty text.
    return build.paragraph(*parts, *([build.text_part(facts)] if facts else []))


def _facts(case: Case, view: View) -> list[str]:
    author = case.latest.author or case.author
    language = language_name(case.reading.language)
    facts = [
        _handle(author) if author else "",
        count(author.followers, "follower") if author and author.followers is not None else "",
        f"writes {one_line(language, 20)}" if language and case.reading.language != view.team_language else "",
        f"{case.people} people" if case.people > 1 else "",
        "🔁 returning" if case.cycle.n > 1 else "",
        _found_late(case),
        _addressed(case.latest, view),
    ]
    return [fact for fact in facts if fact]


def _found_late(case: Case) -> str:
    """That the usual door missed it, and for how long: the customer has waited since before the card stood."""
    if not (case.latest.late or case.swept):
        return ""
    item = next((item for item in reversed(case.items) if item.late), None)
    after = (item.seen_at - item.posted_at).total_seconds() if item else 0
    return f"🔎 found late, {duration_words(after, round)} after it was posted" if after >= MINUTE else "🔎 found late"


def _addressed(item: Item, view: View) -> str:
    """The account that is meant, unless the customer's own words name it and they can mean no other one of ours.

    What a search found is meant for nobody; which account would answer is said where there are several.
    """
    title = one_line(view.account_title, NAME)
    if item.kind is Kind.MATCH:
        return f"found by {title}" if title and view.one_of_several else ""
    return f"for {title}" if title and (view.one_of_several or title not in item.text) else ""


def _handle(author: Author) -> str:
    handle = one_line(author.handle, NAME).lstrip("@")
    return f"@{handle}" if handle and handle != author.label else ""


def words(case: Case, room: Room) -> build.Parts:
    """What the customer said last, and how much more of it there is."""
    item = case.latest
    parts: build.Parts = []
    waiting = unanswered(case)
    if waiting > 1:
        parts.append(("count", build.context(f"📨 *{waiting} posts wait for an answer.* This is the latest:")))
    shown = plain(item.text, room.quote)
    parts.append(("words", _quotation(item, shown, room.attachments)))
    notes = _notes(item, cut=_is_cut(item, shown))
    if notes:
        parts.append(("notes", build.context(" · ".join(notes))))
    return parts


def quote(item: Item, graphemes: int, attachments: int = 0) -> build.Block:
    """The words of one interaction, then its attachments."""
    return _quotation(item, plain(item.text, graphemes), attachments)


def _quotation(item: Item, shown: str, attachments: int) -> build.Block:
    """Deleted words are gone: only the tombstone is left."""
    if item.deleted:
        return build.paragraph(build.text_part("🗑️ Deleted by the customer: the words are gone.", "italic"))
    said = build.rich_quote(shown) if shown else build.rich_line(build.text_part("(no words)", "italic"))
    stars = [build.rich_line(build.text_part(_stars(item.rating)))] if item.rating is not None else []
    return build.rich(*stars, said, *_attachments(item.attachments, attachments))


def _attachments(attachments: tuple[Attachment, ...], most: int) -> list[build.Block]:
    lines = [_attachment(each) for each in attachments[:most]]
    rest = len(attachments) - most
    if rest > 0:
        lines.append(build.rich_line(build.text_part(f"and {count(rest, 'more attachment')}", "italic")))
    return lines


def _attachment(attachment: Attachment) -> build.Block:
    """One line, with the way there. A link's own site names it as it likes, ours perhaps, so the host is said first."""
    label = ATTACHMENTS[attachment.kind]
    described = one_line(attachment.description, 100)
    said = f": {described}" if described else " (no description)"
    if safe_url(attachment.url):
        label = f"{label} to {shown_host(attachment.url)}" if attachment.kind == "link" else label
        return build.rich_line(build.link_part(attachment.url, label), build.text_part(said))
    return build.rich_line(build.text_part(label + said))


def _stars(rating: int) -> str:
    full = max(0, min(RATING_STARS, rating))
    return f"{'★' * full}{'☆' * (RATING_STARS - full)} ({rating} of {RATING_STARS})"


def _is_cut(item: Item, shown: str) -> bool:
    if item.deleted:
        return False
    return item.cut or (shown.endswith(ELLIPSIS) and not item.text.rstrip().endswith(ELLIPSIS))


def _notes(item: Item, *, cut: bool) -> list[str]:
    notes = [
        "✏️ edited by the customer" if item.edited and not item.deleted else "",
        "🔏 private data masked" if item.masked and not item.deleted else "",
        "✂️ shortened" if cut else "",
        f"matched “{line(item.stream, 60)}”" if item.stream else "",
    ]
    return [note for note in notes if note]


def unanswered(case: Case) -> int:
    """How many of the customer's posts the promise that is running covers, as far as the case keeps them."""
    if case.wait is None:
        return 0
    return sum(1 for item in case.items if item.seen_at >= case.wait.since and not item.deleted)
