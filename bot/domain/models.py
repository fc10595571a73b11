"""What customers do on networks, in Hark's own words. Pure data; nothing here knows a network or Slack."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

ID_LENGTH = 16
LONGEST_ID = 2048
MOST = 10_000_000_000
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


class Model(BaseModel):
    """Base of all of Hark's values: frozen. A field that a newer version has added is kept (docs/decisions/009). What
    is wrong with a value is told without the value: it may be a customer's words, and errors are logged and shown."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)


Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
"""A network's name of something. It becomes part of keys in Redis, so one without end is refused."""


def _within_reach(at: datetime) -> datetime:
    return min(max(at, EARLIEST), LATEST)


Told = Annotated[AwareDatetime, AfterValidator(_within_reach)]
"""An instant that a network told: some tell the year 1 or 9999 where they know none. What lies outside of 1970 to 2100
counts as the nearest instant within: all that is kept of it is exact as seconds, and none is mistaken for ms."""


def _countable(number: int) -> int:
    return min(max(number, 0), MOST)


Number = Annotated[int, AfterValidator(_countable)]
"""What a network counts. JSON knows numbers of thousands of digits: one of them would fill a card."""


class Kind(StrEnum):
    """What a customer did."""

    COMMENT = "comment"  # below a post of ours
    MENTION = "mention"  # names us anywhere
    MESSAGE = "message"  # direct, private
    REVIEW = "review"
    POST = "post"  # in a forum or on our page
    MATCH = "match"  # found by a monitoring stream
    REACTION = "reaction"  # a like or its kin
    REPOST = "repost"
    FOLLOW = "follow"


QUIET_KINDS = frozenset({Kind.REACTION, Kind.REPOST, Kind.FOLLOW})
"""Kinds that go to the digest instead of a card, except from people with an open case."""


class Author(Model):
    """A customer's profile on one network. Networks may withhold any of it but the id."""

    id: Id
    handle: str = ""
    name: str = ""
    url: str = ""
    followers: Number | None = None

    @property
    def label(self) -> str:
        """The most human name there is."""
        return self.name or self.handle or "someone"


class Attachment(Model):
    """Something that came with the words; shown as a link with its description, never fetched."""

    kind: Literal["image", "video", "audio", "file", "link", "quote"]
    url: str = ""
    description: str = ""


class CaseKey(Model):
    """Names one conversation: the same from webhook and from poll."""

    network: str
    account: str
    conversation: Id

    @property
    def id(self) -> str:
        """A short name for keys, buttons and logs: 80 bits of BLAKE2b as 16 letters and digits."""
        return _name(self.network, self.account, self.conversation)

    def counts_as(self, id_: str) -> str:
        """The name under which an interaction of this conversation counts, once: for dedupe, and to be taken back."""
        return f"{self.network}:{self.account}:{id_}"


@lru_cache(maxsize=4096)
def _name(*parts: str) -> str:
    """The same short name for the same parts; asked for again and again while a case is worked on."""
    number = int.from_bytes(blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).digest())
    return "".join(_ALPHABET[(number >> (5 * n)) & 31] for n in range(ID_LENGTH))


class Interaction(Model):
    """One thing a customer did on a network.

    `id` is the network's own and unique within network and account: it is what makes a redelivery recognisable.
    `version` changes when the customer edits; `worded_at` is when an edit made these words, None for the first words.
    `ref` is what the connector needs to answer (opaque to the rest).
    `about` is the interaction that a quiet kind (like, repost) points at. `reply_until` is when the network stops
    taking an answer where the customer spoke, `private_until` when it stops taking a private message about it; None
    means never. `answerable` is false where this one cannot be answered although its network can (a webhook without a
    reply address). `hideable` is true where the network lets us hide this one from the public; `hidden` when it is
    hidden already. `look_up` is what the connector should be asked for because the delivery leaves it out (a name, the
    words), by the connector's own name for it; empty for nothing.
    """

    id: Id
    key: CaseKey
    kind: Kind
    author: Author | None
    text: str
    posted_at: Told
    url: str = ""
    version: str = ""
    worded_at: Told | None = None
    private: bool = False
    language: str | None = None
    rating: Number | None = None
    attachments: tuple[Attachment, ...] = ()
    ref: dict[str, str] = Field(default_factory=dict)
    about: Annotated[str | None, Field(max_length=LONGEST_ID)] = None
    stream: str | None = None
    reply_until: Told | None = None
    private_until: Told | None = None
    answerable: bool = True
    hideable: bool = False
    hidden: bool = False
    by_us: bool = False
    look_up: str = ""


class Named(Model):
    """Who is behind an id that deliveries gave no name for; `key` names one of the conversations with them."""

    key: CaseKey
    author: Author


class Moved(Model):
    """A customer goes on in another conversation, under the id `now` instead of `was`: `key` is the new one, `before`
    the old one. `ref` is what has changed of what answering takes."""

    key: CaseKey
    before: CaseKey
    was: Id
    now: Id
    ref: dict[str, str] = Field(default_factory=dict)
    at: Told


class Edited(Model):
    """A customer changed an interaction; `text` is the new wording, `ref` what has changed of what answering takes."""

    id: Id
    key: CaseKey
    text: str
    version: str = ""
    at: Told
    ref: dict[str, str] = Field(default_factory=dict)


class Deleted(Model):
    """A customer, or the network, took an interaction away."""

    id: Id
    key: CaseKey
    at: Told


class Hidden(Model):
    """Somebody hid an interaction on the network itself, or showed it again (`hidden` is false)."""

    id: str
    key: CaseKey
    hidden: bool
    at: Told


class SendReport(Model):
    """The network says late what became of one of our sends. `arrived` is false where it only says that it has it."""

    send: Id
    key: CaseKey
    ok: bool
    arrived: bool = True
    reason: str = ""
    at: Told


class UnknownEvent(Model):
    """Something the connector does not know. Counted by `what`, never an error."""

    what: str


class Malformed(Model):
    """One part of a delivery that could not be read: kept in the dead letter with its error."""

    part: str
    error: str


Event = Interaction | Named | Moved | Edited | Deleted | Hidden | SendReport | UnknownEvent | Malformed


class Raw(NamedTuple):
    """One delivery as it was stored: what `parse` sees is what production saw.

    `source` names the door ("webhook", "notifications", "search:...", "sweep"); `body` is the exact text received;
    `received_at` is aware. Made for each request, so it is not validated: nothing in it was read yet.
    """

    network: str
    account: str
    source: str
    body: bytes
    received_at: datetime
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def swept(self) -> bool:
        """Whether a sweep found it, because the usual door missed it."""
        return self.source == "sweep"

    def key(self, conversation: str) -> CaseKey:
        """The key of a conversation of its account."""
        return CaseKey(network=self.network, account=self.account, conversation=conversation)

    def malformed(self, error: str) -> Malformed:
        """All of it for the dead letter, where no part of it could be read by itself."""
        return Malformed(part=self.body.decode("utf-8", "replace"), error=error)


class LengthRule(Model):
    """A network's limit for one text in its own unit, and bytes of UTF-8 where it counts those too.

    "weighted" is X's way: links count 23, emoji and Chinese or Japanese letters 2. "emoji_bytes" is that of Threads:
    characters, but an emoji counts the bytes that it is made of.
    """

    limit: int
    unit: Literal["graphemes", "characters", "utf16", "bytes", "weighted", "emoji_bytes"] = "graphemes"
    max_bytes: int | None = None


class Capabilities(Model):
    """What one network lets us do; decides which buttons a card shows.

    `private_once`: only one private message may be sent about a public comment. `hide`: a customer's comment can be
    hidden from the public and shown again; `answers_hidden`: one that is hidden can still be answered in public.
    `sends_per_minute` is how fast one account may write for long, `send_burst` how much of it at once.
    """

    public_reply: LengthRule | None = None
    private_message: LengthRule | None = None
    like: bool = False
    read_back: bool = False
    idempotent_send: bool = False
    edit_events: bool = False
    delete_events: bool = False
    private_once: bool = False
    hide: bool = False
    answers_hidden: bool = True
    sends_per_minute: float = 60.0
    send_burst: int = 10
    templates: bool = False


class Sent(Model):
    """Proof that a send stands on the network.

    `conversation` names the private conversation that a private message belongs to, as `mapping.py` will name it when
    the customer answers there: the answers then join the same case.
    """

    id: str
    url: str = ""
    conversation: str = ""


class Known(Model):
    """The known problem to which a case belongs: `line` is what staff may say to the customer."""

    id: str
    title: str
    line: str = ""
    solved: bool = False


class Health(Model):
    """How one account is doing, for `check`, App Home and /readyz. `mend` says what a person can do."""

    ok: bool
    summary: str
    mend: str = ""
    expires_at: datetime | None = None
