"""From what a connector parsed to what a case keeps: tidied, masked, cut, so that nothing foreign does harm."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.case import Item
from bot.domain.models import Author, Interaction, Raw
from bot.domain.text.clean import ELLIPSIS, cut, tidy
from bot.domain.text.flatten import flatten
from bot.domain.text.privacy import AllowList, mask
from bot.domain.text.triage import Triage

TEXT_GRAPHEMES = 3000
DESCRIPTION_GRAPHEMES = 300
NAME_GRAPHEMES = 80
READ_PER_GRAPHEME = 8
MARGIN = 400
"""Of a longer text only so much is searched for personal data as can be kept, since that takes 10 µs a sign: at 4 MB,
most of a minute. What stands at the end of that goes unseen: the cut may have gone through a number."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading a text takes: the analysers and the company's own numbers and addresses."""

    triage: Triage
    allow: AllowList

    def item(self, raw: Raw, event: Interaction) -> Item:
        """What a customer did, as a case keeps it."""
        text, masked, shortened = self.safe(event.text)
        author = self.clean(event.author) if event.author else None
        attachments = tuple(
            each.model_copy(update={"description": self.safe(each.description, DESCRIPTION_GRAPHEMES)[0]})
            for each in event.attachments[:10]
        )
        return Item(
            seq=1,
            id=event.id,
            kind=event.kind,
            author=author,
            text=text,
            posted_at=event.posted_at,
            seen_at=raw.received_at,
            url=event.url,
            version=event.version,
            edited=event.worded_at is not None,
            edited_at=worded_at(raw, event),
            private=event.private,
            masked=masked,
            cut=shortened,
            late=raw.swept,
            rating=event.rating,
            attachments=attachments,
            ref=event.ref,
            stream=event.stream,
            reply_until=event.reply_until,
            private_until=event.private_until,
            answerable=event.answerable,
            hideable=event.hideable,
            hidden=event.hidden,
        )

    def safe(self, text: str, graphemes: int = TEXT_GRAPHEMES) -> tuple[str, bool, bool]:
        """Foreign text made fit to keep: tidied, masked, cut; whether something was masked, whether it was cut."""
        text, most = tidy(text), graphemes * READ_PER_GRAPHEME + MARGIN
        hidden = mask(text[:most], self.allow)
        whole = hidden.text if len(text) <= most else hidden.text[:-MARGIN] + ELLIPSIS
        kept = cut(whole, graphemes)
        return kept, bool(hidden.found), kept != whole or len(text) > most

    def clean(self, author: Author) -> Author:
        """A customer's profile with names that are fit to be shown."""
        names = {"name": self._name(author.name), "handle": self._name(author.handle)}
        return author if names == {"name": author.name, "handle": author.handle} else author.model_copy(update=names)

    def _name(self, text: str) -> str:
        """A name fit to be shown; none where nothing of it can be seen."""
        name = self.safe(text, NAME_GRAPHEMES)[0].replace("\n", " ")
        return name if flatten(name).text.strip() else ""


def worded_at(raw: Raw, event: Interaction) -> datetime | None:
    """When the words are known to have been changed to these; a sweep sees what stands there now, edited or not."""
    return event.worded_at or (raw.received_at if raw.swept and event.version else None)
