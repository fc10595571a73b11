"""An older and a newer version on the same documents: nothing crashes, nothing is dropped."""

import json
from pathlib import Path
from typing import Literal, get_args

import pytest
from pydantic import BaseModel, Field
from pydantic_core import to_jsonable_python

from bot.domain.case import Case, Item, LogEntry, Send, SendState, Wait
from bot.domain.claims import claim
from bot.domain.decisions import Change
from bot.domain.errors import Unreadable
from bot.domain.models import Sent
from bot.domain.ports import Commit
from bot.domain.receiving import receive
from bot.domain.sending import begin, sent
from bot.domain.text.triage import Triage
from bot.services.casework import Casework
from bot.store.cases import read_case
from bot.store.scripts import Script, Scripts
from bot.store.store import Store
from tests.support.cases import ANA, NOON, a_case, a_log_entry, a_send, a_wait, an_item
from tests.support.policies import a_policy
from tests.support.stores import TestClock, a_store

POLICY = a_policy()
DEFAULTS = Path(__file__).with_name("stored_defaults.json")


class NewerItem(Item):
    """An interaction with a field of the next version."""

    topic_map: dict[str, float] = Field(default_factory=dict)


class NewerSend(Send):
    """A send with another."""

    channel_hint: str = ""


class NewerWait(Wait):
    """A promise with a third."""

    paused_for_s: int = 0


class NewerCase(Case):
    """The case as the next version has it: new fields at the top and inside what it is made of."""

    items: tuple[NewerItem, ...]
    sends: tuple[NewerSend, ...] = ()
    wait: NewerWait | None = None
    mood_history: tuple[Literal["calm", "angry"], ...] = ()
    satisfaction: int | None = None


def newer() -> NewerCase:
    """A case that the next version has written, every new field in use."""
    return NewerCase(
        **{name: value for name, value in a_case() if name not in ("items", "sends", "wait")},
        items=(NewerItem(**dict(an_item()), topic_map={"delivery": 0.9}),),
        sends=(NewerSend(**dict(a_send()), channel_hint="care-2"),),
        wait=NewerWait(**dict(a_wait()), paused_for_s=90),
        mood_history=("calm", "angry"),
        satisfaction=4,
    )


def check(doc: bytes) -> NewerCase:
    """What the next version reads, with all that it had written."""
    case = NewerCase.model_validate_json(doc)
    assert case.mood_history == ("calm", "angry")
    assert case.satisfaction == 4
    assert case.items[0].topic_map == {"delivery": 0.9}
    assert case.sends[0].channel_hint == "care-2"
    return case


async def test_the_older_carries_along_what_it_does_not_know(store: Store) -> None:
    """It claims, takes in another post, sends: each change is its own, and the newer version finds its fields again."""
    casework = Casework(store.cases, TestClock())
    assert await store.cases.commit(Commit(None, newer(), NOON)) == "committed"
    case_id = newer().id
    item = an_item("And where is it now?", id="post-2", posted_at=NOON, seen_at=NOON)
    reading = Triage.load().read(item.text)
    assert (await casework.apply(case_id, lambda case: claim(case, ANA, NOON, POLICY))).done
    assert (await casework.apply(case_id, lambda case: receive(case, item, reading, POLICY))).done
    assert (await casework.apply(case_id, lambda case: begin(case, "send-1", NOON))).done
    stands = check(await document(store, case_id))
    assert stands.wait is not None
    assert stands.wait.paused_for_s == 90
    assert (await casework.apply(case_id, lambda case: sent(case, "send-1", Sent(id="r"), NOON, POLICY))).done
    done = check(await document(store, case_id))
    assert done.claim is not None
    assert (len(done.items), done.sends[0].state) == (2, SendState.SENT)


async def test_the_newer_reads_what_the_older_wrote(store: Store) -> None:
    """Each new field has a default."""
    assert await store.cases.commit(Commit(None, a_case(sends=(a_send(),)), NOON)) == "committed"
    case = NewerCase.model_validate_json(await document(store, a_case().id))
    assert (case.mood_history, case.satisfaction, case.sends[0].channel_hint) == ((), None, "")


def defaults(model: type[BaseModel], found: dict[str, object]) -> dict[str, object]:
    """What stands for each field that is left out, in a model and in everything that it is made of."""
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if not field.is_required() and not isinstance(default, BaseModel):
            found[f"{model.__name__}.{name}"] = to_jsonable_python(default)
        for part in parts(field.annotation):
            defaults(part, found)
    return found


def parts(annotation: object) -> list[type[BaseModel]]:
    """The models in a type: `Wait` of `Wait | None`, `Item` of `tuple[Item, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for each in get_args(annotation) for part in parts(each)]


async def test_a_default_never_changes() -> None:
    """What is left out of a document means what it meant to the version that wrote it. New fields may be added here."""
    meant = json.loads(DEFAULTS.read_text())
    now = defaults(LogEntry, defaults(Case, {}))
    assert {name: now.get(name, "gone") for name in meant} == meant
    assert sorted(now) == sorted(meant), f"add the new fields to {DEFAULTS.name}"


async def test_a_document_in_full_and_one_without_defaults_are_the_same(store: Store) -> None:
    """The version before wrote every field; this one leaves out what is as usual, and either reads both."""
    case = a_case(sends=(a_send(), a_send(id="send-2", state=SendState.SENT)), wait=a_wait(), likes=3)
    await store.cases.commit(Commit(None, case, NOON, log=[a_log_entry()]))
    stored = case.model_copy(update={"version": 1})
    short = await document(store, case.id)
    assert read_case(short) == stored
    assert len(short) < 0.7 * len(stored.model_dump_json())
    shard = store.cases.keys.shard_of(case.id)
    await store.link.do("HSET", store.cases.keys.case(shard, case.id), "doc", stored.model_dump_json())
    await store.link.do("RPUSH", store.cases.keys.log(shard, case.id), a_log_entry().model_dump_json())
    assert await store.cases.load(case.id) == stored
    assert await store.cases.history(case.id) == [a_log_entry(), a_log_entry()]


async def test_a_case_leaves_the_list_that_only_the_version_before_keeps(store: Store) -> None:
    """With the next change, whatever that is; the list does not come back."""
    cases, case = store.cases, a_case()
    await cases.commit(Commit(None, case, NOON))
    shard = cases.keys.shard_of(case.id)
    await store.link.do("ZADD", cases.keys.index(shard, "open"), 1, case.id)
    assert (
        await cases.commit(Commit(await cases.load(case.id), case.model_copy(update={"likes": 1}), NOON)) == "committed"
    )
    assert await store.link.do("EXISTS", cases.keys.index(shard, "open")) == 0
    assert await cases.count_open(case.key.network, case.key.account) == 1


async def test_log_lines_and_small_records_of_the_newer_are_read(store: Store) -> None:
    """An audit line or a person with a field more."""
    await store.cases.commit(Commit(None, a_case(), NOON, log=[a_log_entry().model_copy(update={"device": "phone"})]))
    (line,) = await store.cases.history(a_case().id)
    assert line.what == "opened"
    await store.link.do(
        "SET", store.notes.keys.person(ANA.id), ANA.model_copy(update={"pronoun": "she"}).model_dump_json()
    )
    person = await store.notes.person(ANA.id)
    assert person is not None
    await store.notes.save_person(person.model_copy(update={"signature": "^A"}))
    assert b'"pronoun":"she"' in await store.link.do("GET", store.notes.keys.person(ANA.id))


async def test_a_word_that_the_older_does_not_know_is_left_alone(store: Store) -> None:
    """It says so, changes nothing, and its lists still show the other cases."""
    other = a_case(key=a_case().key.model_copy(update={"conversation": "post-2"}))
    for case in (a_case(sends=(a_send(state=SendState.SENDING),)), other):
        await store.cases.commit(Commit(None, case, NOON))
    doc = (await document(store, a_case().id)).replace(b'"state":"sending"', b'"state":"scheduled"')
    await store.link.do("HSET", store.cases.keys.case(store.cases.keys.shard_of(a_case().id), a_case().id), "doc", doc)
    with pytest.raises(Unreadable, match="newer version"):
        await store.cases.load(a_case().id)
    with pytest.raises(Unreadable):
        await Casework(store.cases, TestClock()).apply(a_case().id, lambda case: Change(case=case))
    assert await document(store, a_case().id) == doc
    assert [case.id for case in await store.cases.waiting(10)] == [other.id]


async def test_each_version_runs_its_own_script(redis_url: str) -> None:
    """A script is known by the hash of its text: a changed one is another one, and both stay usable."""
    async with a_store(redis_url) as store:
        ours = Scripts.read().beat
        text = ours.source.replace("return redis.call('ZCARD', KEYS[1])", "return -1")
        theirs = Script("beat", text, await script_sha(store, text))
        assert theirs.sha != ours.sha
        keys, args = (store.notes.keys.beat("worker"),), (30_000, "one")
        assert [await store.link.run(script, keys, args) for script in (ours, theirs, ours, theirs)] == [1, -1, 1, -1]


async def script_sha(store: Store, text: str) -> str:
    """The server's own name for a script."""
    sha: bytes = await store.link.do("SCRIPT", "LOAD", text)
    return sha.decode()


async def document(store: Store, case_id: str) -> bytes:
    """The stored document."""
    doc: bytes = await store.link.do("HGET", store.cases.keys.case(store.cases.keys.shard_of(case_id), case_id), "doc")
    return doc
