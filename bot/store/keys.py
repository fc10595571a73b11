"""Every key that Hark writes, in one place. `docs/redis-keys.md` lists the same patterns for people.

All keys begin with `hark:{<shard>}:`. The part in braces is the hash tag of Redis Cluster: keys with the same tag
live on one node, so one script may touch them together. Which shard a thing lives in depends on its name and on the
number of shards alone, so that number may never change once there is data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from zlib import crc32

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BAND = 10**13
"""Width of one priority band in the scores of due queues: more than any instant in ms before the year 2286."""
LAST_PRIORITY = 4
CARDS, SENDS, TIMERS, POLLS, STORMS = "cards", "sends", "timers", "polls", "storms"
"""The due queues: of cases for the first three, of sources to ask, of channels and people that want upkeep."""

MS = timedelta(milliseconds=1)


def millis(at: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (at - EPOCH) // MS


def instant(ms: int) -> datetime:
    """The instant `ms` milliseconds after 1970."""
    return EPOCH + ms * MS


def as_text(value: bytes) -> str:
    """What Redis gives back of a str: lone surrogates as well."""
    return value.decode("utf-8", "surrogatepass")


def score(priority: int, at: datetime) -> int:
    """Priority band and instant in one number that sorts by band first. Raises ValueError outside 0 to 4."""
    if not 0 <= priority <= LAST_PRIORITY:
        msg = f"a priority is 0 to {LAST_PRIORITY}, not {priority}"
        raise ValueError(msg)
    return priority * BAND + min(max(millis(at), 0), BAND - 1)


def short(*parts: str) -> str:
    """96 bits of BLAKE2b in hex: stands for names that are long or come from outside."""
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of keys, given the number of shards."""

    shards: int

    def shard_of(self, *names: str) -> int:
        """The shard of whatever has this name: the same in every process and on every platform."""
        return crc32("\x1f".join(names).encode("utf-8", "surrogatepass")) % self.shards

    def at(self, shard: int, *names: str) -> str:
        """A key of that shard."""
        return f"hark:{{{shard}}}:" + ":".join(names)

    def case(self, shard: int, case_id: str) -> str:
        """Hash: `v` (version) and `doc` (the case as JSON)."""
        return self.at(shard, "case", case_id)

    def log(self, shard: int, case_id: str) -> str:
        """List: the audit log of a case, oldest first."""
        return self.at(shard, "log", case_id)

    def index(self, shard: int, name: str) -> str:
        """Sorted set: case ids by instant."""
        return self.at(shard, "index", name)

    def speed(self, shard: int, day: str) -> str:
        """Hash: how many customers were answered on a day of UTC, and how fast. It names no case and no customer."""
        return self.at(shard, "speed", day)

    def erasing(self, shard: int, case_id: str) -> str:
        """String: what remains in Slack of a case that was erased."""
        return self.at(shard, "erasing", case_id)

    def seen(self, shard: int, case_id: str, name: str) -> str:
        """String: a dedupe name that a commit of that case used up. Another case may use the same name."""
        return self.at(shard, "seen", short(case_id, name))

    def gone(self, shard: int, name: str) -> str:
        """String: a dedupe name that was taken back; in every shard, since nobody knows in which its case is."""
        return self.at(shard, "gone", short(name))

    def due(self, shard: int, queue: str) -> Sequence[str]:
        """The three keys of a due queue: sorted set of ids, hash of lease tokens, hash of what came while held."""
        base = self.at(shard, "due", queue)
        return base, f"{base}:held", f"{base}:again"

    def leases(self, shard: int, queue: str) -> str:
        """Sorted set: what is held in a due queue, by the end of its lease on the server's clock."""
        return f"{self.at(shard, 'due', queue)}:leases"

    def inbox(self, shard: int) -> str:
        """Stream: deliveries that wait for intake."""
        return self.at(shard, "inbox")

    def dead(self, shard: int) -> str:
        """Stream: dead letters."""
        return self.at(shard, "dead")

    def dead_gone(self, shard: int) -> str:
        """String: how many dead letters went without having been replayed."""
        return self.at(shard, "dead", "gone")

    def cursor(self, name: str) -> str:
        """String: where polling of one source stands."""
        return self.at(self.shard_of(name), "cursor", name)

    def paged(self, cursor_name: str, item: str) -> str:
        """String: an item of a polled source that is already in the inbox."""
        return self.at(self.shard_of(cursor_name), "paged", short(cursor_name, item))

    def bucket(self, name: str) -> str:
        """Hash: a token bucket."""
        return self.at(self.shard_of(name), "bucket", name)

    def person(self, user: str) -> str:
        """String: name and signature of a member of staff."""
        return self.at(0, "person", user)

    def draft(self, case_id: str, user: str) -> str:
        """String: an unsent reply, for the public."""
        return self.at(self.shard_of(case_id), "draft", case_id, user)

    def draft_private(self, case_id: str, user: str) -> str:
        """String: the same in private."""
        return self.at(self.shard_of(case_id), "draft", case_id, user, "private")

    def recent(self, what: str) -> str:
        """Sorted set: texts by when they were last used."""
        return self.at(0, "recent", what)

    def once(self, name: str) -> str:
        """String: a name that was seen."""
        return self.at(0, "once", short(name))

    def note(self, name: str) -> str:
        """String: a small shared value."""
        return self.at(0, "note", name)

    def notice(self, kind: str) -> str:
        """Hash: one kind of trouble that the people who run Hark are told of."""
        return self.at(0, "notice", kind)

    def heard(self) -> str:
        """Hash: how much came through each door in each minute, until it is learned from."""
        return self.at(0, "heard")

    def rhythm(self) -> str:
        """Hash: what is known of each stream's rhythm."""
        return self.at(0, "rhythm")

    def shape(self, network: str) -> str:
        """Hash: the names of the fields that a network sends."""
        return self.at(0, "shape", network)

    def digest(self, hour: str) -> str:
        """Hash: the quiet interactions of one hour."""
        return self.at(0, "digest", hour)

    def beat(self, role: str) -> str:
        """Sorted set: the processes of one role, by when their last sign of life lapses."""
        return self.at(0, "beat", role)

    def weather(self) -> str:
        """Hash: storms and known problems, by channel."""
        return self.at(0, "weather")

    def folded(self, channel: str, group: str) -> str:
        """Sorted set: cases of a storm or a known problem whose cards are held back, by how urgently they wait."""
        return self.at(self.shard_of(channel), "folded", channel, group)

    def standing(self, channel: str, problem: str) -> str:
        """Sorted set: cases of a known problem that have cards of their own, by when that was noted."""
        return self.at(self.shard_of(channel), "standing", channel, problem)

    def storm(self, channel: str, part: str) -> str:
        """Hash, list or sorted set: what is counted in a channel."""
        return self.at(self.shard_of(channel), "storm", channel, part)

    def ring(self, user: str) -> str:
        """Hash: when somebody was rung last, and by what."""
        return self.at(self.shard_of(user), "ring", user)

    def gathered(self, user: str) -> str:
        """Sorted set: cases that wait to be told of in one message, by when they were gathered."""
        return self.at(self.shard_of(user), "gathered", user)
