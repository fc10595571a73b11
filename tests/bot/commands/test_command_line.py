"""The command line as a process: every command, and the words when something is wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import pytest

from bot.app import Service, open_service
from bot.commands.serve import begin_when_there
from bot.domain.errors import StoreUnavailable
from bot.domain.models import Raw
from bot.settings import load
from tests.support.bot_process import a_sandbox, bot, run_bot, run_unread
from tests.support.cases import a_raw
from tests.support.real_servers import RealServer, free_ports
from tests.support.stores import a_store

PRIVATE = "Carla Rossi, carla@example.com"
ROOT = Path(__file__).resolve().parents[3]


async def test_settings_prints_the_page() -> None:
    """It needs no setting itself."""
    code, said = await run_bot({}, "settings")
    assert code == 0
    assert said == (ROOT / "docs" / "settings.md").read_text()


@pytest.mark.parametrize("arguments", [(), ("dance",), ("run", "fast")])
async def test_an_unknown_command_shows_the_usage(arguments: tuple[str, ...]) -> None:
    """Exit code 2, as usual for a wrong command line."""
    code, said = await run_bot({}, *arguments)
    assert code == 2
    assert said.startswith("usage: python -m bot")


@pytest.mark.parametrize("command", ["settings", "capabilities", "check", "dead", "replay"])
async def test_a_command_whose_reader_has_gone_ends_quietly(redis_url: str, command: str) -> None:
    """As in `settings | head`: no trace, and the exit code that a shell gives for any tool then."""
    async with a_sandbox(redis_url) as (_, env):
        assert await run_unread(env, command) == (141, "")


async def test_help_names_every_command() -> None:
    """One line each."""
    code, said = await run_bot({}, "--help")
    assert code == 0
    names = ("run", "web", "worker", "check", "dead", "replay", "forget", "speed", "settings", "capabilities")
    assert all(f"\n    {name}" in said for name in names)
    assert "docs/operating.md when something is wrong" in said


async def test_help_of_a_command_says_what_it_does() -> None:
    """And what goes with it."""
    code, said = await run_bot({}, "worker", "--help")
    assert code == 0
    assert "Work the queues off. Any number may run" in said


@pytest.mark.parametrize("command", ["run", "web", "worker", "dead", "replay"])
async def test_wrong_settings_end_every_command_with_one_message(command: str) -> None:
    """Exit 1, the variables, no trace."""
    code, said = await run_bot({"SLACK_BOT_TOKEN": "hush-0451", "SLACK_CHANNEL": "C0123ABCDEF"}, command)
    assert code == 1
    assert said.startswith("hark: SLACK_BOT_TOKEN is wrong: a bot token begins with xoxb-.")
    assert "hush" not in said
    assert "Traceback" not in said


AWAY = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_CHANNEL": "C0123ABCDEF",
    "REDIS_URL": "redis://u:hush-0451@127.0.0.1:9/0",
}


async def test_redis_away_ends_a_command_with_one_message() -> None:
    """At once. The address is named by its host, never with its password."""
    code, said = await run_bot(AWAY, "dead")
    assert code == 1
    assert "hark: Redis: " in said
    assert "Mend: check REDIS_URL" in said
    assert "hush" not in said
    assert "Traceback" not in said


async def test_a_server_that_comes_back_while_the_bot_starts_is_waited_for(redis_url: str, tmp_path: Path) -> None:
    """A restart or a failover in the middle of a deploy: the bot says what it waits for, and is ready afterwards."""
    (port,) = free_ports(1)
    server = RealServer(tmp_path, port=port)
    async with a_sandbox(redis_url) as (_, env), bot(env | {"REDIS_URL": server.url}, "worker") as process:
        await process.says("the Redis server does not answer yet")
        await asyncio.to_thread(server.start)
        try:
            await process.says('"event": "ready"')
            assert await process.stop() == 0
        finally:
            server.kill()
        assert "Traceback" not in process.said


async def test_a_bot_that_waits_for_its_server_ends_when_it_is_told_to() -> None:
    """SIGTERM needs no server."""
    async with bot(AWAY, "run") as process:
        await process.says("the Redis server does not answer yet")
        assert await process.stop() == 0
    assert "hush" not in process.said


async def test_a_server_that_stays_away_ends_the_start() -> None:
    """With the reason, so that whoever watches the process starts it again or mends the address."""

    async def begin() -> Service:
        async with open_service(load(AWAY), [], {}):
            raise AssertionError

    with pytest.raises(StoreUnavailable, match="Redis: "):
        await begin_when_there(begin, asyncio.Event(), within_s=0)


@asynccontextmanager
async def falling(redis_url: str, falls: Iterable[int]) -> AsyncIterator[str]:
    """A way to the server on which one connection after the other breaks off after so many answers; then they hold."""
    left = iter(falls)

    async def carry(source: asyncio.StreamReader, to: asyncio.StreamWriter, most: float) -> None:
        while most > 0 and (some := await source.read(65536)):
            to.write(some)
            most -= 1
        to.close()

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(redis_url.removeprefix("unix://"))
        most = next(left, inf)
        with suppress(ConnectionError):
            await asyncio.gather(carry(reader, to_server, inf), carry(from_server, writer, most))

    async with await asyncio.start_server(through, "127.0.0.1", 0) as server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


@pytest.mark.parametrize("falls", [(1, 2, 3, 4, 5, 6), (9, 1), (9, 2), (9, 3), (9, 4)])
async def test_a_server_that_goes_at_any_moment_of_a_start_is_waited_for(
    redis_url: str, falls: tuple[int, ...]
) -> None:
    """Also when it has answered before: a failover takes no heed of how far somebody is."""
    async with a_sandbox(redis_url) as (_, env), falling(redis_url, falls) as url:
        async with bot(env | {"REDIS_URL": url}, "worker") as process:
            await process.says('"event": "ready"')
            assert await process.stop() == 0
        assert "Traceback" not in process.said


async def test_dead_letters_are_listed_without_their_words_and_put_back(redis_url: str) -> None:
    """Id, where it came from and why it could not be used; replay takes one by its id, or all."""
    raw = Raw(
        network="bluesky",
        account="main",
        source="web",
        body=PRIVATE.encode(),
        received_at=datetime.now(UTC),  # noqa: TID251
    )
    async with a_sandbox(redis_url) as (_, env):
        async with a_store(redis_url) as store:
            for reason in ("no author", "no time"):
                await store.inbox.bury(raw, reason)
            newest = (await store.dead.newest(1))[0]
        code, said = await run_bot(env, "dead")
        assert code == 0
        assert newest.id in said
        assert "bluesky/main/web" in said
        assert "no author" in said
        assert "Carla" not in said
        assert "2 waiting, the oldest until " in said
        none = "0 put back into the inbox; 2 not there (any more)\n"
        assert await run_bot(env, "replay", "0.1-1", "rubbish") == (1, none)
        assert await run_bot(env, "replay", newest.id) == (0, "1 put back into the inbox\n")
        assert await run_bot(env, "replay") == (0, "1 put back into the inbox\n")
        assert await run_bot(env, "dead") == (0, "0 waiting; 0 gone without having been replayed\n")
        async with a_store(redis_url) as store:
            assert await store.inbox.depth() == 2


async def test_another_number_of_shards_is_refused(redis_url: str) -> None:
    """What is stored would not be found: the message says which number it was."""
    async with a_sandbox(redis_url) as (_, env):
        assert (await run_bot(env, "dead"))[0] == 0
        code, said = await run_bot(env | {"HARK_SHARDS": "4"}, "dead")
    assert code == 1
    assert "HARK_SHARDS is 4, but this data was written with 1" in said
    assert "set HARK_SHARDS=1" in said


async def test_one_dead_letter_is_shown_with_its_personal_data_masked(redis_url: str) -> None:
    """Enough to mend a connector by: the fields and words, the headers' names, none of their values."""
    body = b'{"from": "carla@example.com", "field": "mention"}'
    headers = {"x-hub-signature-256": "sha256=hush-0451"}
    async with a_sandbox(redis_url) as (_, env):
        async with a_store(redis_url) as store:
            await store.inbox.bury(a_raw(body, headers=headers), "no author")
            (buried,) = await store.dead.newest(1)
        code, said = await run_bot(env, "dead", buried.id)
        assert code == 0
        assert '"field": "mention"' in said
        assert "x-hub-signature-256" in said
        assert "kept until" in said
        assert "carla" not in said
        assert "hush" not in said
        for unknown in ("0.1-1", "rubbish", "9.1-1"):
            assert await run_bot(env, "dead", unknown) == (1, f"no dead letter {unknown!r}\n")


@pytest.mark.parametrize("command", [("dead",), ("dead", "it")])
async def test_nothing_foreign_steers_the_terminal(redis_url: str, command: tuple[str, ...]) -> None:
    """A network's words about an error, and a delivery, may hold what clears a screen or writes over a line."""
    evil = "\x1b[2J\x1b]0;owned\x07\u202e\r\x9b1A"
    async with a_sandbox(redis_url) as (_, env):
        async with a_store(redis_url) as store:
            await store.inbox.bury(a_raw(f"hello{evil}".encode(), headers={f"x{evil}": "1"}), f"it says{evil}")
            (buried,) = await store.dead.newest(1)
        code, said = await run_bot(env, *(buried.id if each == "it" else each for each in command))
    assert code == 0
    assert "it says" in said
    assert not set(said) & set("\x1b\x07\u202e\r\x9b")
