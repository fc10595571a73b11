"""Names of keys: stable, on one node where they must be, and all of them documented."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store.keys import EPOCH, Keys, instant, millis
from tests.support.cases import NOON

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "redis-keys.md"
ID = "abcdefghijklmnop"


def every_key(keys: Keys) -> dict[str, str]:
    """One key of each kind, by the name of its method."""
    shard = keys.shard_of(ID)
    q, held, again = keys.due(shard, "cards")
    return {
        "case": keys.case(shard, ID),
        "log": keys.log(shard, ID),
        "index": keys.index(shard, "waiting"),
        "speed": keys.speed(shard, "2026-03-04"),
        "erasing": keys.erasing(shard, ID),
        "seen": keys.seen(shard, ID, "post-1"),
        "gone": keys.gone(shard, "post-1"),
        "due": q,
        "held": held,
        "again": again,
        "leases": keys.leases(shard, "cards"),
        "inbox": keys.inbox(shard),
        "dead": keys.dead(shard),
        "dead_gone": keys.dead_gone(shard),
        "cursor": keys.cursor("square:hark:mentions"),
        "paged": keys.paged("square:hark:mentions", "item-1"),
        "bucket": keys.bucket("post:C1"),
        "person": keys.person("U1"),
        "draft": keys.draft(ID, "U1"),
        "draft_private": keys.draft_private(ID, "U1"),
        "recent": keys.recent("thanks"),
        "once": keys.once("event-1"),
        "note": keys.note("hourly"),
        "notice": keys.notice("dead/square/keyerror"),
        "heard": keys.heard(),
        "rhythm": keys.rhythm(),
        "shape": keys.shape("square"),
        "digest": keys.digest("2026-03-04T12"),
        "beat": keys.beat("worker"),
        "weather": keys.weather(),
        "folded": keys.folded("C1", "storm"),
        "standing": keys.standing("C1", "problem"),
        "storm": keys.storm("C1", "counts-storm"),
        "ring": keys.ring("U1"),
        "gathered": keys.gathered("U1"),
    }


def test_every_kind_of_key_is_tried_here() -> None:
    """A new method of Keys must be added to this test, and so to the document."""
    methods = {name for name in vars(Keys) if not name.startswith("_")} - {"shards", "shard_of", "at"}
    assert methods | {"held", "again"} == every_key(Keys(1)).keys()


def test_every_key_has_its_row_and_every_row_its_key() -> None:
    """docs/redis-keys.md lists all kinds of keys and no others; `<name>` stands for anything without a colon."""
    patterns = re.findall(r"^\| `([^`]+)`", DOCUMENT.read_text(), re.MULTILINE)
    rows = {pattern: re.sub(r"<\w+>", "[^:]+", re.escape(pattern)) for pattern in patterns}
    loose = {"cursor", "bucket"}
    found = set()
    for kind, key in every_key(Keys(7)).items():
        sure = key.replace("square:hark:mentions", "x").replace("post:C1", "x") if kind in loose else key
        matching = [pattern for pattern, row in rows.items() if re.fullmatch(row, sure)]
        assert len(matching) == 1, f"{kind}: {key}"
        found |= set(matching)
    assert found == set(patterns)


@pytest.mark.parametrize(("name", "of_7", "of_1024"), [("", 0, 0), (ID, 3, 147), ("☃", 2, 852), ("\ud800", 1, 296)])
def test_shards_never_move(name: str, of_7: int, of_1024: int) -> None:
    """A thing is looked for where an older version of Hark put it."""
    assert (Keys(1).shard_of(name), Keys(7).shard_of(name), Keys(1024).shard_of(name)) == (0, of_7, of_1024)


@settings(max_examples=50)
@given(st.text(), st.integers(1, 1024))
def test_the_first_braces_are_the_shard(name: str, shards: int) -> None:
    """Whatever a name holds, the hash tag is the shard: keys of one script stay on one node."""
    keys = Keys(shards)
    shard = keys.shard_of(name)
    assert 0 <= shard < shards
    for key in (keys.index(shard, name), keys.cursor(name), keys.bucket(name), keys.inbox(shard)):
        assert re.match(r"[^{]*\{([^}]*)\}", key)[1] == str(shard)  # type: ignore[index]


@settings(max_examples=50)
@given(st.datetimes(timezones=st.just(UTC)))
def test_milliseconds_are_exact(at: datetime) -> None:
    """Instants lose what is below a millisecond and nothing else."""
    assert timedelta(0) <= at - instant(millis(at)) < timedelta(milliseconds=1)
    assert millis(instant(millis(at))) == millis(at)


def test_milliseconds_count_from_1970() -> None:
    """As Redis counts them."""
    assert (millis(EPOCH), millis(NOON)) == (0, 1772625600000)
