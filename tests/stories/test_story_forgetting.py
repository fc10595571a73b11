"""A customer asks to be erased: `python -m bot forget`, as a process of its own, while the bot runs."""

from pathlib import Path

import pytest
import redis.asyncio

from bot.domain.case import Case
from bot.domain.models import Raw
from bot.services.storms import FLUSH_AFTER
from sandbox.demo import environment
from sandbox.slack.model import Message
from tests.support.bot_process import run_bot
from tests.support.keyspace import holding
from tests.support.rig import ANA, CARE, Rig, a_rig
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

WHO = "anahorvat.square.test"
COMPLAINT = "@acme.square.test my violin is lost since yesterday"
FOLLOW_UP = "@acme.square.test and nobody answers the phone"
IN_PRIVATE = "My booking code is QX77TT"
JAMALS = "@acme.square.test my drum kit never arrived either"
HERS_THERE = "@acme.square.test same trouble here with a violin"
TO_THE_WARNING_S = 91 * 60


def the_env(rig: Rig, redis_url: str, folder: Path) -> dict[str, str]:
    """The environment of the command: that of the bot."""
    return {
        **environment(rig.sandbox, folder),
        "REDIS_URL": redis_url,
        "HARK_LOG_LEVEL": "info",
        "HARK_LOG_FORMAT": "json",
    }


def all_messages(rig: Rig) -> list[Message]:
    """Everything that stands anywhere in Slack."""
    return [each for place in rig.sandbox.slack.workspace.conversations.values() for each in place.messages.values()]


def naming(rig: Rig, *words: str) -> list[str]:
    """Messages in which one of these words stands."""
    said = [f"{each.text} {each.blocks} {each.attachments} {each.metadata}" for each in all_messages(rig)]
    return [each for each in said if any(word in each for word in words)]


async def the_case(rig: Rig, words: str) -> Case:
    """The open case in which these words stand."""
    cases = await rig.service.store.cases.waiting(20)
    return next(case for case in cases if any(words in item.text for item in case.items))


async def live_through(rig: Rig, did: str) -> str:
    """Everything that may happen to a customer; the ts of her card."""
    post = rig.square.post("anahorvat", COMPLAINT)
    card = await rig.card("my violin is lost")
    rig.square.post("anahorvat", FOLLOW_UP, reply_to=post.uri)
    await wait_until(lambda: any("nobody answers" in line for line in rig.lines()), "the follow-up stands")
    await rig.press(ANA, card.ts, "hark:private:v1")
    await rig.send(ANA, "Hi Ana, what is your booking code?", signature="^AK", line="We have written to you.")
    await wait_until(rig.brand_posts, "the public line stands")
    rig.square.message("anahorvat", "acme", IN_PRIVATE)
    await rig.shows(card.ts, "QX77TT")
    thread = rig.square.post("jamalreed", JAMALS)
    theirs = await rig.card("my drum kit never arrived")
    rig.square.post("anahorvat", HERS_THERE, reply_to=thread.uri)
    await rig.shows(theirs.ts, "same trouble here")
    rig.square.like("anahorvat", rig.square.post("acme", "Our winter timetable is out").uri)
    await wait_until(rig.digest, "the like is noted")
    rig.sandbox.clock.skip(TO_THE_WARNING_S)
    await wait_until(lambda: naming_direct(rig), "somebody is alerted about her")
    await wait_until(
        lambda: any("for an answer" in each.text for each in all_messages(rig)), "the hourly message stands"
    )
    await wait_until(lambda: not rig.service.calm.storms._pads, "what the worker noticed of new words is shared")
    store, case = rig.service.store, await the_case(rig, "my violin is lost")
    await store.notes.save_draft(case.id, ANA, "Dear Ana Horvat,", private=False)
    body = f'{{"did": "{did}", "handle": "{WHO}"}}'.encode()
    await store.inbox.bury(Raw("bluesky", "main", "web", body, rig.sandbox.clock.now()), "no time")
    await rig.sandbox.slack.say(ANA, CARE, "I will call Ana Horvat", thread_ts=card.ts)
    return card.ts


def naming_direct(rig: Rig) -> list[Message]:
    """Direct messages to Ana of the team that are about the customer."""
    return [each for each in rig.direct(ANA) if "Ana Horvat" in f"{each.text} {each.blocks}"]


async def deliveries(rig: Rig, name: str) -> list[Raw]:
    """All that the network has to tell of somebody, as a sweep, a replay or a late webhook brings it."""
    connector = rig.service.connectors["bluesky", "main"]
    pages = [await connector.poll(source, None) for source in connector.sources()]
    return [raw for page in pages for _, raw in page.items if name.encode() in raw.body]


@pytest.mark.parametrize("shards", ["1", "16"])
async def test_nothing_is_left_of_her(
    redis_url: str, redis: "redis.asyncio.Redis", tmp_path: Path, shards: str
) -> None:
    """No key, no message; others keep their words; the old does not come back, what is new does."""
    async with a_rig(redis_url, {"HARK_SHARDS": shards}) as rig:
        env = the_env(rig, redis_url, tmp_path) | {"HARK_SHARDS": shards}
        did = rig.square.who("anahorvat").did
        hers = ("Ana Horvat", "anahorvat", did, "violin", "QX77TT", "nobody answers the phone")
        card = await live_through(rig, did)
        before = await holding(redis, *hers)
        old = await deliveries(rig, did)

        code, said = await run_bot(env, "forget", "bluesky", f"@{WHO.upper()}")
        assert code == 0, said
        assert "1 case of their own (1 open, 0 closed)" in said
        assert "1 post of theirs in 1 case of others" in said
        assert "1 dead letter\n" in said
        assert "nothing was changed" in said
        assert "Horvat" not in said
        assert await holding(redis, *hers) == before

        code, said = await run_bot(env, "forget", "bluesky", WHO, "--yes")
        assert code == 1, "people wrote in the thread of her card"
        assert "erased: 1 case, 1 post in cases of others, 1 dead letter" in said
        (thread,) = [line for line in said.splitlines() if "people wrote in the thread" in line]
        assert card.replace(".", "") in thread
        assert "Slack does not let" not in said
        assert '"event": "a customer was erased"' in said
        assert "Horvat" not in said

        await check_gone(rig, redis, hers)
        assert "my drum kit never arrived" in str((await rig.card("my drum kit never arrived")).blocks)
        before_that = counted(rig)
        for raw in old:
            await rig.service.store.inbox.put(raw)
        await rig.idle()
        after_that = counted(rig)
        assert after_that["deleted"] >= before_that["deleted"] + 5, "three posts, a message and a like came again"
        assert [after_that[word] for word in ("new", "digest")] == [before_that[word] for word in ("new", "digest")]
        await check_gone(rig, redis, hers)
        assert await run_bot(env, "forget", "bluesky", WHO, "--yes") == (
            0,
            "nothing is kept of that customer of bluesky; ids are compared letter by letter\n",
        )
        rig.square.post("anahorvat", "@acme.square.test now my flute is lost as well")
        await rig.card("my flute is lost")


def counted(rig: Rig) -> dict[str, float]:
    """How many events were taken in as what."""
    samples = [each for metric in rig.service.metrics.received.collect() for each in metric.samples]
    found = {each.labels["outcome"]: each.value for each in samples if each.name.endswith("_total")}
    return {word: found.get(word, 0.0) for word in ("new", "digest", "deleted")}


async def shared(rig: Rig, client: "redis.asyncio.Redis", word: str) -> None:
    """Wait until the worker has brought what it noticed of new words to Redis: later notes stay for minutes."""
    rig.sandbox.clock.skip(FLUSH_AFTER.total_seconds())

    async def stands() -> bool:
        return any(key.endswith(":recent") for key in await holding(client, word))

    await wait_until(stands, f"{word!r} is noted", within_s=20)


async def check_gone(rig: Rig, client: "redis.asyncio.Redis", hers: tuple[str, ...]) -> None:
    """Once the workers have drawn anew what lists her, nothing names her but what people wrote."""

    async def gone() -> bool:
        return naming(rig, *hers) == naming(rig, "I will call Ana Horvat") and not await holding(client, *hers)

    try:
        await wait_until(gone, "nothing names her", within_s=20)
    except AssertionError as error:
        raise AssertionError(f"{error}: {naming(rig, *hers)} {await holding(client, *hers)}") from None


async def test_somebody_who_only_liked_is_erased_too(
    redis_url: str, redis: "redis.asyncio.Redis", tmp_path: Path
) -> None:
    """No case is theirs, but the digest of the hour knows their name."""
    async with a_rig(redis_url) as rig:
        env, did = the_env(rig, redis_url, tmp_path), rig.square.who("anahorvat").did
        rig.square.like("anahorvat", rig.square.post("acme", "Our winter timetable is out").uri)
        await wait_until(rig.digest, "the like is noted")
        code, said = await run_bot(env, "forget", "bluesky", did)
        assert code == 0
        assert "2 notes of likes" in said
        assert (await run_bot(env, "forget", "bluesky", did, "--yes"))[0] == 0
        assert await holding(redis, "Ana Horvat", did) == []


@pytest.mark.parametrize("fault", ["http_503", "drop_after"])
async def test_slack_goes_away_in_the_middle(
    redis_url: str, redis: "redis.asyncio.Redis", tmp_path: Path, fault: str
) -> None:
    """Redis has forgotten her, Slack still shows her: the command says so, and the next run deletes what is left."""
    async with a_rig(redis_url) as rig:
        env = the_env(rig, redis_url, tmp_path)
        rig.square.post("anahorvat", COMPLAINT)
        await rig.card("my violin is lost")
        await shared(rig, redis, "violin")
        slack = rig.sandbox.slack
        slack.set_fault(fault, "chat.delete", times=1000)
        code, said = await run_bot(env, "forget", "bluesky", WHO, "--yes")
        assert code == 1
        assert "not finished: " in said
        assert "Run it again" in said
        assert await holding(redis, "Ana Horvat", "anahorvat", "violin") == []
        slack.set_fault(None, "chat.delete")
        code, said = await run_bot(env, "forget", "bluesky", WHO)
        assert code == 0
        assert "1 case that an earlier run erased and Slack still shows" in said
        code, said = await run_bot(env, "forget", "bluesky", WHO, "--yes")
        assert code == 0, said
        assert naming(rig, "Ana Horvat", "violin") == []
        assert await holding(redis, ":erasing:") == []


async def test_slack_away_from_the_start_erases_nothing(redis_url: str, tmp_path: Path) -> None:
    """What is found in Slack can only be found while the names are known: the whole is left for later."""
    async with a_rig(redis_url) as rig:
        rig.square.post("anahorvat", COMPLAINT)
        await rig.card("my violin is lost")
        rig.sandbox.slack.set_fault("http_503", "auth.test", times=1000)
        code, said = await run_bot(the_env(rig, redis_url, tmp_path), "forget", "bluesky", WHO, "--yes")
        assert code == 1
        assert "not finished: " in said
        assert (await the_case(rig, "my violin is lost")).is_open


async def test_slacks_pauses_are_waited_for(redis_url: str, tmp_path: Path) -> None:
    """A 429 costs a second, no message stays."""
    async with a_rig(redis_url) as rig:
        rig.square.post("anahorvat", COMPLAINT)
        await rig.card("my violin is lost")
        for method in ("chat.delete", "conversations.history", "conversations.replies"):
            rig.sandbox.slack.set_fault("ratelimited", method, times=1, retry_after=1)
        code, said = await run_bot(the_env(rig, redis_url, tmp_path), "forget", "bluesky", WHO, "--yes")
        assert code == 0, said
        assert naming(rig, "Ana Horvat") == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("sqare", "ana"), 2, "no network 'sqare'; there are bluesky, "),
        (("bluesky", " "), 2, "nobody is named"),
        (("bluesky", "@"), 2, "nobody is named"),
        (("bluesky",), 2, "usage: python -m bot forget"),
        (("bluesky", "nobody.square.test"), 0, "nothing is kept of that customer of bluesky"),
        (("bluesky", "Ana Horvat"), 0, "nothing is kept of that customer of bluesky"),
        (("x", WHO), 0, "nothing is kept of that customer of x"),
    ],
)
async def test_who_is_not_there_is_not_erased(
    redis_url: str, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """A wrong network or nobody at all is a wrong command line; an unknown person, or a mere name, is nobody here."""
    async with a_rig(redis_url) as rig:
        rig.square.post("anahorvat", COMPLAINT)
        await rig.card("my violin is lost")
        ended, said = await run_bot(the_env(rig, redis_url, tmp_path), "forget", *arguments, "--yes")
        assert ended == code
        assert words in said
        assert (await the_case(rig, "my violin is lost")).is_open
