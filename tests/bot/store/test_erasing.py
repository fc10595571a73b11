"""What erasing a customer takes of Redis: all keys of a person are found, a case goes whole or not at all."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
import redis.asyncio

from bot.domain.agenda import SAID
from bot.domain.case import Case
from bot.domain.erasing import Remains, Stands, customer, known_by, remains, scrubbed
from bot.domain.ports import Commit, Conflict
from bot.domain.storm_ports import STORM, Fold, Jot
from bot.services.joining import alias
from bot.store.cases import ALL_OPEN
from bot.store.store import Store
from tests.support.cases import ANA, CARLA, NOON, a_card, a_case, a_claim, a_key, a_log_entry, a_raw, a_send
from tests.support.keyspace import holding
from tests.support.real_servers import a_cluster
from tests.support.stores import a_store

ONE = known_by(customer("square", "carla.example"), [CARLA])
LEASE = timedelta(seconds=30)
CHANNEL = "C0CARE0001"


async def stored(store: Store, case: Case) -> Case:
    """A case as it is after its first commit, to be drawn, sent and looked at later."""
    log = [a_log_entry("Carla wrote")]
    assert (
        await store.cases.commit(Commit(before=None, after=case, at=NOON, draw=2, dedupe=["p"], log=log)) == "committed"
    )
    loaded = await store.cases.load(case.id)
    assert loaded is not None
    return loaded


async def test_a_case_goes_with_all_that_follows_from_it(store: Store, redis: "redis.asyncio.Redis") -> None:
    """Document, log, lists, drafts and every place in the queues; the dedupe name and the note for Slack stay."""
    case = await stored(store, a_case(claim=a_claim(), sends=(a_send(),), posts=(a_card(),)))
    await store.notes.save_draft(case.id, ANA.id, "Hi Carla", private=False)
    await store.notes.save_draft(case.id, ANA.id, "Between us", private=True)
    shard = store.cases.keys.shard_of(case.id)
    for queue in (store.cards, store.sends, store.timers):
        assert [due.id for due in await queue.take(NOON + timedelta(days=1), 10, LEASE)] == [case.id]
        await queue.put(case.id, NOON)
    for name in (*SAID, ALL_OPEN):  # left there by versions before
        await store.link.do("ZADD", store.cases.keys.index(shard, name), 1, case.id)
    keys = await store.erasing.look()
    left = Remains(case=case.id, card=Stands(channel=CHANNEL, ts="1.0"))
    assert await store.erasing.forget(case, left, keys)
    assert await store.cases.load(case.id) is None
    seen = store.cases.keys.seen(shard, case.id, "p")
    assert await redis.exists(seen)
    note = store.cases.keys.erasing(shard, case.id)
    assert await holding(redis, case.id, "Carla", "carla") == [note]
    assert await store.erasing.remains([note]) == [left]
    await store.erasing.settled(left)
    assert await holding(redis, case.id) == []


async def test_a_case_that_changed_meanwhile_is_left_alone(store: Store) -> None:
    """A worker's commit in between is seen: nothing is written, and the case is read anew."""
    case = await stored(store, a_case())
    await store.cases.commit(Commit(before=case, after=case.model_copy(update={"likes": 1}), at=NOON))
    assert not await store.erasing.forget(case, remains(case), {})
    newest = await store.cases.load(case.id)
    assert newest is not None
    assert newest.likes == 1
    assert "erasing" not in await store.erasing.look()
    assert await store.erasing.forget(newest, remains(newest), {})
    assert not await store.erasing.forget(newest, remains(newest), {})


async def test_a_worker_that_comes_later_finds_no_case(store: Store) -> None:
    """Its lease is gone, its commit is a conflict with nothing, and the queue gives it nothing again."""
    case = await stored(store, a_case())
    (due,) = await store.cards.take(NOON, 9, LEASE)
    await store.erasing.forget(case, remains(case), {})
    assert await store.cards.renew([due], LEASE) == [due]
    assert await store.cases.commit(Commit(before=case, after=case, at=NOON, draw=1)) == Conflict(None)
    await store.cards.later(due, NOON)
    assert await store.cards.take(NOON + timedelta(days=1), 9, LEASE) == []


async def test_cases_are_found_by_what_their_documents_say(store: Store) -> None:
    """Those that cannot be theirs are not even read."""
    for n in range(30):
        other = CARLA.model_copy(update={"id": f"did:plc:{n}", "handle": f"h{n}.example"})
        await stored(store, a_case(key=a_key(f"post-{n}"), author=CARLA if n % 3 == 0 else other, items=(
            a_case().items[0].model_copy(update={"author": CARLA if n % 3 == 0 else other}),)))  # fmt: skip
    keys = await store.erasing.look()
    assert len(keys["case"]) == 30
    cases, unread = await store.erasing.read(keys["case"], ONE.may_be_in)
    assert (len(cases), unread) == (10, 0)


async def test_a_document_of_a_newer_version_is_counted(store: Store) -> None:
    """Nobody can say whose it is but the version that wrote it."""
    case = await stored(store, a_case())
    key = store.cases.keys.case(store.cases.keys.shard_of(case.id), case.id)
    await store.link.do("HSET", key, "doc", '{"status":"dreaming","author":{"handle":"Carla.Example"}}')
    assert await store.erasing.read([key], ONE.may_be_in) == ([], 1)


async def test_the_log_is_worded_anew_line_by_line(store: Store) -> None:
    """A line that comes meanwhile stays where it is."""
    case = await stored(store, a_case())

    await asyncio.gather(
        store.erasing.reword(case.id, lambda entry: scrubbed(entry, ONE)),
        store.cases.commit(Commit(before=case, after=case, at=NOON, log=[a_log_entry("closed", by="U1")])),
    )
    assert [entry.what for entry in await store.cases.history(case.id)] == ["someone wrote", "closed"]


async def test_letters_and_deliveries_that_name_them_are_found(store: Store) -> None:
    """Many of others beside them, in all shards; deleting them does not count as gone unused."""
    for n in range(30):
        body = b'{"did": "did:plc:carla"}' if n % 10 == 0 else b'{"did": "did:plc:other"}'
        await store.inbox.bury(a_raw(body, account=f"account-{n % 4}"), "no time")
        await store.inbox.put(a_raw(body, account=f"account-{n % 4}"))
    letters = await store.erasing.letters(ONE.sent)
    assert len(letters) == await store.erasing.deliveries(ONE.sent) == 3
    await store.erasing.drop_letters(letters)
    assert await store.erasing.letters(ONE.sent) == []
    count = await store.dead.count()
    assert (count.waiting, count.gone) == (27, 0)


async def furnish(store: Store, case: Case) -> None:
    """Everything that is kept beside a case, of Carla's and of somebody else's."""
    notes = store.notes
    for who, line in (("did:plc:carla", "Carla"), ("did:plc:dora", "Dora")):
        await notes.add_to_digest("2026-03-04T12", f"square:main:at://{who}/like/1", f"{line} liked (Square)")
        await notes.note_recent("thanks", f"Thank you, {line}!")
        await notes.agree(f"told:square:main:at://{who}/like/1", "2026-03-04T12", LEASE)
        await notes.set(f"lookup:square/main/person:{who}", f'{{"id":"{who}"}}', LEASE)
        await store.polls.put(f"square/main/lookup:person:{who}", NOON)
        mine = case.id if line == "Carla" else "otherotherother1"
        await notes.set(alias(a_key(f"private-{who}")), mine, LEASE)
        await notes.save_draft(mine, ANA.id, f"Hi {line}", private=False)
        await store.rings.gather("U0ANA00001", mine, NOON)
        fold = Fold(mine, 3, NOON, f"square:{who}", "neutral", (), complaint=False)
        await store.storms.fold(CHANNEL, STORM, fold, NOON)
        await store.storms.stand(CHANNEL, "p1", mine, NOON)
        jot = Jot({}, [f"where is {line.lower()}"], {mine: NOON + LEASE}, {mine: f"square:{who}"}, storming=True)
        await store.storms.note(CHANNEL, jot, NOON)
        await store.storms.note(CHANNEL, Jot({}, [], {mine: NOON + LEASE}, {}, storming=True), NOON)
    await store.storms.take(CHANNEL, STORM, 2, NOON)


async def check_trimmed(store: Store) -> None:
    """After trimming, all that names her is gone and the other one's stands."""
    case = a_case()
    await furnish(store, case)
    found = await store.erasing.look()
    assert await store.erasing.beside(found, ONE) == 4
    await store.erasing.trim(found, ONE, [case.id], {"where is carla"})
    again = await store.erasing.look()
    assert await store.erasing.beside(again, ONE) == 0
    assert len(again["draft"]) == 1
    assert await store.notes.digest("2026-03-04T12") == ["Dora liked (Square)"]
    assert await store.notes.recent("thanks") == ["Thank you, Dora!"]
    assert [*await store.rings.gathered("U0ANA00001")] == ["otherotherother1"]
    assert await store.storms.top(CHANNEL, STORM, 9) == ["otherotherother1"]
    assert await store.storms.standing(CHANNEL, "p1", 9) == ["otherotherother1"]
    assert [due.id for due in await store.polls.take(NOON, 64, LEASE)] == ["square/main/lookup:person:did:plc:dora"]
    noted = await store.storms.note(CHANNEL, Jot({}, ["a third one"], {}, {}, storming=True), NOON)
    assert noted.window == ("a third one", "where is dora")
    assert sum("did:plc:dora" in key for key in again["note"]) == 2


async def test_the_person_goes_out_of_everything_beside_the_cases(store: Store, redis: "redis.asyncio.Redis") -> None:
    """No key has her name, her id or her case in it; what is somebody else's stands."""
    await check_trimmed(store)
    assert await holding(redis, "did:plc:carla", "carla", "Carla", a_case().id) == []
    assert await store.cases.is_taken_back("square:main:at://did:plc:carla/like/1")
    assert not await store.cases.is_taken_back("square:main:at://did:plc:dora/like/1")


async def test_another_network_of_the_same_names_is_left_alone(store: Store, redis: "redis.asyncio.Redis") -> None:
    """Somebody else has that handle there."""
    await furnish(store, a_case())
    before = await holding(redis, "did:plc:carla")
    await store.erasing.trim(await store.erasing.look(), known_by(customer("x", "did:plc:carla"), ()), ())
    assert await holding(redis, "did:plc:carla") == before


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of one of three nodes."""
    with a_cluster() as nodes:
        yield nodes[0].url


@pytest.fixture
async def wide(cluster: str) -> AsyncIterator[Store]:
    """Sixteen shards on three nodes."""
    async with a_store(cluster, shards=16) as opened:
        yield opened


async def test_every_node_of_a_cluster_is_looked_through(wide: Store) -> None:
    """Cases of all shards are found, each once, and go."""
    for n in range(64):
        await stored(wide, a_case(key=a_key(f"post-{n}")))
    keys = await wide.erasing.look()
    assert len(keys["case"]) == 64
    cases, _ = await wide.erasing.read(keys["case"], ONE.may_be_in)
    for case in cases:
        assert await wide.erasing.forget(case, remains(case), {})
    keys = await wide.erasing.look()
    assert "case" not in keys
    assert len(await wide.erasing.remains(keys["erasing"])) == 64
    await check_trimmed(wide)
