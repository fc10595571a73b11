"""The parts of the benchmarks: events, fake Slack, load generator, copied cases, command line."""

import asyncio
import json
import pstats
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import events, preload, wire
from bench.__main__ import main
from bench.catalogue import SCENARIOS
from bench.fake_slack import Book, Slack
from bench.load import Load, Sent, pack, unpack
from bench.processes import free_port, running
from bench.report import Row, as_json
from bench.serve import profiled
from bench.stage import FakeSlack, open_stage
from bench.stats import percentile
from bot.domain.models import Interaction, Raw
from connectors.webhook import mapping, signing

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ROW = Row("flow-max", 1234.5678, "events/s", 2000.0, 0.61728, "ratio >= 0.3", ok=True)


# --- events ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 15, 16, 4_095, 1_000_000, 0xFFFFFFF])
def test_a_token_says_which_event_it_is(n: int) -> None:
    """Both ways, always as long, and found in a text."""
    name = events.token(n)
    assert events.number(name) == n
    assert events.TOKEN.findall(f"Order {name}.".encode()) == [name.encode()]


@pytest.mark.parametrize("door", ["facebook", "webhook"])
def test_a_body_has_the_size_that_others_were_measured_with(door: events.Door) -> None:
    """1,450 bytes of JSON."""
    for n in (0, 7, 123_456):
        content = events.body(door, n, NOW)
        assert len(content) == events.SIZE
        json.loads(content)


def test_an_event_is_genuine_and_a_conversation_of_its_own() -> None:
    """The connector takes its signature and reads a comment with the token in its text."""
    content = events.body("webhook", 5, NOW)
    head = events.headers("webhook", "id-5", NOW, content)
    assert signing.is_genuine(head, content, (events.KEY,), NOW)
    raw = Raw(
        network="webhook",
        account="main",
        source="webhook",
        body=content,
        received_at=NOW,
        headers={"content-type": "application/json"},
    )
    (found,) = mapping.parse(raw)
    assert isinstance(found, Interaction)
    assert found.key.conversation == events.conversation(5)
    assert events.token(5) in found.text


def test_one_complaint_in_so_many() -> None:
    """A storm of 1,000 with one in 100 has ten of them, and they read as such."""
    found = [n for n in range(1_000) if events.is_complaint(n, 100)]
    assert len(found) == 10
    assert events.storm_words(found[0], 100).startswith(events.COMPLAINT)
    assert events.storm_words(0, 100).startswith(events.PRAISE)


# --- the fake Slack -------------------------------------------------------------------------------------------------


def post(slack: Slack, n: int, attempt: str = "a-1", **more: str) -> tuple[int, dict[str, object]]:
    """Post a card of event `n`; status and answer."""
    metadata = {"event_type": "hark_message", "event_payload": {"attempt": attempt}}
    content = json.dumps({"channel": "C0BENCH001", "text": events.token(n), "metadata": metadata, **more}).encode()
    answer = bytearray(slack.answer("/api/chat.postMessage", content))
    status = int(answer[9:12])
    message = wire.split(answer)
    assert message is not None
    return status, json.loads(message[1])


def test_the_fake_slack_says_no_above_its_rate() -> None:
    """As many as allowed in a second, then 429 with Retry-After, and nothing of those stands."""
    slack = Slack()
    slack.book.limit_per_s = 2
    statuses = [post(slack, n)[0] for n in range(3)]
    assert statuses == [200, 200, 429]
    assert (len(slack.book.posts), slack.book.limited) == (2, 1)


def test_a_new_second_has_a_new_allowance() -> None:
    """The count begins again."""
    book = Book(limit_per_s=1)
    assert [book.is_too_much(at) for at in (10.0, 10.5, 11.1)] == [False, True, False]


def test_the_fake_slack_finds_a_message_by_its_attempt() -> None:
    """Newest first, in pages, as Hark looks for it after a crash."""
    slack = Slack()
    for n in range(3):
        post(slack, n, attempt=f"try-{n}")
    attempts, cursor = [], ""
    while True:
        answer = bytearray(slack.answer(f"/api/conversations.history?channel=C&oldest=0&limit=2&cursor={cursor}", b""))
        message = wire.split(answer)
        assert message is not None
        page = json.loads(message[1])
        attempts += [each["metadata"]["event_payload"]["attempt"] for each in page["messages"]]
        if not (cursor := page["response_metadata"]["next_cursor"]):
            break
    assert attempts == ["try-2", "try-1", "try-0"]
    newest = slack.book.posts[-1].ts
    answer = bytearray(slack.answer(f"/api/conversations.history?channel=C&oldest=0&latest={newest}", b""))
    message = wire.split(answer)
    assert message is not None
    assert [each["ts"] for each in json.loads(message[1])["messages"]] == [slack.book.posts[n].ts for n in (1, 0)]


async def test_cards_are_counted_and_lines_in_threads_are_not(tmp_path: Path) -> None:
    """A card names one event; its thread, and messages about several events, do not count as cards."""
    async with running(tmp_path, ["bench.fake_slack"]) as child:
        slack = FakeSlack(await child.port())
        for text, thread in (
            (events.token(1), ""),
            (events.token(1), "1.2"),
            (f"{events.token(1)} {events.token(2)}", ""),
        ):
            content = {"channel": "C0BENCH001", "text": text} | ({"thread_ts": thread} if thread else {})
            await slack.client.ask(events.post(slack.port, "/api/chat.postMessage", json.dumps(content).encode(), {}))
        report = await slack.report()
        assert {n: len(times) for n, times in report.cards().items()} == {1: 1}
        assert await slack.until(3, 1.0)
        await slack.reset()
        assert (await slack.count())[0] == 0
        assert not await slack.until(1, 0.05)


# --- load -----------------------------------------------------------------------------------------------------------


def test_requests_travel_through_a_file() -> None:
    """Whatever bytes they hold."""
    requests = [b"", b"one", b"\r\n\r\n\x00" * 50]
    assert unpack(pack(requests)) == requests


async def test_an_open_loop_keeps_its_schedule(tmp_path: Path) -> None:
    """A slow server is asked no less often, and its slowness counts from the time at which each request was due."""
    async with running(tmp_path, ["bench.fake_slack"]) as child:
        slack = FakeSlack(await child.port())
        await slack.behave(delay_s=0.3)
        request = events.post(slack.port, "/api/auth.test", b"{}", {})
        load = await Load.start(tmp_path, [request] * 20, slack.port, rate=100, connections=1)
        begun = await load.begun()
        sent = await load.result()
    assert [round(each.due - begun, 3) for each in sent] == [round(n / 100, 3) for n in range(20)]
    assert all(each.is_acked and each.ms >= 299 for each in sent)


async def test_a_server_that_is_gone_acknowledges_nothing(tmp_path: Path) -> None:
    """Neither loop waits for ever or fails: the status says it."""
    request = events.post(80, "/", b"", {})
    for rate in (0.0, 100.0):
        sent = await (await Load.start(tmp_path, [request] * 3, free_port(), rate, connections=1)).result()
        assert [each.status for each in sent] == [wire.LOST] * 3


def test_only_a_yes_is_an_acknowledgement() -> None:
    """2xx, and nothing else."""
    assert [Sent(0, 1, status).is_acked for status in (0, 199, 200, 202, 300, 429, 503)] == [
        False, False, True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("cut", "whole"), [(0, True), (1, False)])
def test_a_message_is_read_when_it_is_whole(cut: int, whole: bool) -> None:
    """Not a byte earlier; what follows stays."""
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
    buffer = bytearray(data[: len(data) - cut])
    assert (wire.split(buffer) is not None) is whole


# --- many cases -----------------------------------------------------------------------------------------------------


@pytest.mark.timeout(240)
async def test_a_copied_case_equals_a_genuine_one_and_a_wrong_copy_is_found() -> None:
    """Key by key; and a copy with another word in it is refused."""
    async with open_stage() as stage, stage.web() as (_, port), stage.worker():
        template = await preload.learn(stage, port, stage.numbers(1)[0])
        await preload.same_as_genuine(stage, port, template)
        copies = range(5_000, 5_010)
        await preload.load(preload.socket_of(stage), template, copies)
        async with stage.store() as store:
            for n in copies:
                case = await store.cases.load(preload.Names.of(n).case.decode())
                assert case is not None
                assert events.token(n) in case.latest.text
            assert await store.cases.count_open("webhook", "main") == 13
        wrong = preload.Template(template.names, template.keys[:-1])
        await stage.redis.flushall()
        with pytest.raises(RuntimeError, match="differs from a genuine one"):
            await preload.same_as_genuine(stage, port, wrong)


# --- the command line and its rows ----------------------------------------------------------------------------------


def test_all_rows_of_the_table_are_scenarios() -> None:
    """Fourteen, each with a name of its own."""
    assert len({each.name for each in SCENARIOS}) == 17


def test_the_list_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--list`, which measures nothing."""
    assert main(["--list"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == [each.name for each in SCENARIOS]


def test_an_unknown_scenario_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """And the known ones are named."""
    with pytest.raises(SystemExit):
        main(["nonsense"])
    assert "flow-max" in capsys.readouterr().err


def test_a_row_is_one_json_object() -> None:
    """With the agreed fields, and figures as long as they mean anything."""
    assert json.loads(as_json(ROW)) == {
        "scenario": "flow-max",
        "value": 1234.6,
        "unit": "events/s",
        "baseline": 2000.0,
        "ratio": 0.61728,
        "goal": "ratio >= 0.3",
        "ok": True,
        "note": "",
    }


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 51.0), (0.99, 100.0), (1.0, 100.0)])
def test_percentiles(share: float, value: float) -> None:
    """By nearest rank."""
    assert percentile([float(n) for n in range(100, 0, -1)], share) == value


def test_percentile_of_nothing() -> None:
    """Is nothing."""
    assert percentile([], 0.99) == 0


def test_the_profiler_writes_what_it_saw_even_of_work_that_fails(tmp_path: Path) -> None:
    """The file is there in any case, and names the function in which time went."""

    async def work() -> None:
        await asyncio.sleep(0)
        msg = "no"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="no"):
        profiled(work(), str(tmp_path / "found"))
    seen = pstats.Stats(str(tmp_path / "found")).get_stats_profile()
    assert "work" in seen.func_profiles
