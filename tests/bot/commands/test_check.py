"""`python -m bot check` as a process: each setting broken in turn, against real servers."""

from dataclasses import replace

import pytest
from aiohttp import web

from bot.roles import Role
from sandbox.slack.config import BOT_SCOPES, SandboxConfig
from sandbox.slack.workspace import ANA, RANDOM
from tests.support.bot_process import CALM, a_sandbox, run_bot, serving
from tests.support.loopback import catch_all
from tests.support.old_server import said_to_be_old
from tests.support.real_servers import a_server, free_ports
from tests.support.waiting import wait_until

NOWHERE = "http://127.0.0.1:9"
SECRET = "hush-0451"
NOBODY = "U0NOBODY01"
BOT = CALM.bot_user_id
OWN_SERVER = {"REDIS_URL": "", "HARK_DATA_DIR": f"{__file__}/data"}
"""Its data is to stand in a folder that cannot be."""

BROKEN: list[tuple[dict[str, str], str, str]] = [
    ({"SLACK_CHANNEL": "care"}, "BAD  settings: SLACK_CHANNEL is wrong", "Example: SLACK_CHANNEL=C0123ABCDEF"),
    ({"SLACK_BOT_TOKEN": ""}, "BAD  settings: SLACK_BOT_TOKEN is missing", "Example: SLACK_BOT_TOKEN=xoxb-..."),
    ({"HARK_HOUR": "9"}, "BAD  settings: HARK_HOUR is not a setting", "mend: remove HARK_HOUR, or use HARK_HOURS"),
    ({"WEBHOOK_SECRET": SECRET}, "BAD  settings: WEBHOOK_SECRET is wrong", "Example: WEBHOOK_SECRET=whsec_"),
    ({"BLUESKY_APP_PASSWORD": ""}, "BAD  settings: BLUESKY_APP_PASSWORD is missing", "Example: BLUESKY_APP_PASSWORD"),
    ({"REDIS_URL": f"redis://u:{SECRET}@127.0.0.1:9/0"}, "BAD  server: Redis: ", "mend: check REDIS_URL"),
    (OWN_SERVER, f"BAD  server: {__file__}/data/redis cannot be used (Not a directory)", "mend: let Hark write to"),
    ({"SLACK_BOT_TOKEN": f"xoxb-{SECRET}"}, "BAD  Slack token: invalid_auth", "mend: check SLACK_BOT_TOKEN"),
    ({"SLACK_APP_TOKEN": f"xapp-{SECRET}"}, "BAD  Slack socket: invalid_auth", "mend: check SLACK_APP_TOKEN"),
    ({"SLACK_CHANNEL": "C0NOWHERE0"}, "BAD  Slack channel C0NOWHERE0: channel_not_found", "/invite"),
    ({"SLACK_CHANNEL": RANDOM}, f"BAD  Slack channel {RANDOM}: not_in_channel", "/invite"),
    ({"HARK_OPS_CHANNEL": RANDOM}, f"BAD  Slack channel {RANDOM}: not_in_channel", "HARK_OPS_CHANNEL"),
    ({"SLACK_ALERT_USERS": NOBODY}, f"BAD  Slack messages to {NOBODY}: nobody has this id", "mend: set the id of"),
    ({"HARK_MANAGER_USERS": BOT}, f"BAD  Slack messages to {BOT}: this id belongs to a bot", "mend: set the id of"),
    ({"HARK_HOLIDAYS": "2020-12-25,2021-01-01"}, "BAD  holidays: all that HARK_HOLIDAYS names are over", "2021-01-01"),
    ({"BLUESKY_APP_PASSWORD": SECRET}, "BAD  bluesky @acme.square.test: ", "BLUESKY_APP_PASSWORD"),
    ({"BLUESKY_SERVICE_URL": NOWHERE}, "BAD  bluesky @acme.square.test: ", "mend: Check BLUESKY_SERVICE_URL"),
]


@pytest.mark.parametrize(("changes", "bad", "mend"), BROKEN, ids=[str(changes) for changes, _, _ in BROKEN])
async def test_what_is_broken_is_one_line_with_its_mend(
    redis_url: str, changes: dict[str, str], bad: str, mend: str
) -> None:
    """Exit code 1, one bad line, the mend below it, nothing else is called bad, and no secret comes out."""
    async with a_sandbox(redis_url) as (_, env):
        code, said = await run_bot(env | changes, "check")
    assert code == 1, said
    assert [line for line in said.splitlines() if line.startswith("BAD")] == [
        line for line in said.splitlines() if line.startswith(bad)
    ], said
    assert len([line for line in said.splitlines() if line.startswith("BAD")]) == 1
    assert mend in said
    assert "Mend:" not in said
    no_secret_in(said, env | changes)


async def test_a_name_that_is_nearly_ours_is_asked_about(redis_url: str) -> None:
    """What need not be set would be missed without a word; but it may be another program's, so it is nothing bad."""
    async with a_sandbox(redis_url) as (_, env):
        _, said = await run_bot(env | {"SLACK_SIGNING_SECRT": "1", "META_GRAF_VERSION": "v1"}, "check")
    (first, second) = (each for each in said.splitlines() if "is not read" in each)
    assert first == "     mend: SLACK_SIGNING_SECRT is not read; if it is meant for Hark, it is SLACK_SIGNING_SECRET"
    assert second == "     META_GRAF_VERSION is not read; if it is meant for Hark, it is META_GRAPH_VERSION"
    assert said.splitlines()[0] == "ok   settings: read"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SLACK_BOT_TOKEN": f"xoxb-{SECRET}"}, 0),
        ({"BLUESKY_APP_PASSWORD": SECRET}, 0),
        ({"SLACK_CHANNEL": "care"}, 1),
        ({"REDIS_URL": "redis://127.0.0.1:9/0"}, 1),
    ],
    ids=["token", "network", "settings", "server"],
)
async def test_a_release_is_stopped_by_what_it_could_not_start_with(
    redis_url: str, changes: dict[str, str], code: int
) -> None:
    """All that is wrong is said; what is wrong in Slack or at a network keeps no mend of it from going out."""
    async with a_sandbox(redis_url) as (_, env):
        found, said = await run_bot(env | changes, "check", "--release")
    assert (found, said.count("BAD")) == (code, 1), said


async def test_slack_out_of_reach_is_told_for_token_and_socket(redis_url: str) -> None:
    """Both need it; the mend names the address, and blames no token: who makes one anew would lose what works."""
    async with a_sandbox(redis_url) as (_, env):
        code, said = await run_bot(env | {"SLACK_API_URL": NOWHERE}, "check")
    assert code == 1
    assert "BAD  Slack token: auth.test: Slack cannot be reached" in said
    assert "BAD  Slack socket: apps.connections.open: Slack cannot be reached" in said
    assert said.count("check SLACK_API_URL and what your network lets out") == 2
    assert not {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"} & set(said.split())


async def test_a_missing_scope_is_named(redis_url: str) -> None:
    """The mend says where scopes are added."""
    config = replace(CALM, bot_scopes=tuple(scope for scope in BOT_SCOPES if scope != "im:write"))
    code, said = await checked(redis_url, config)
    assert code == 1
    assert "BAD  Slack scopes: im:write missing" in said
    assert "reinstall the app" in said


async def test_an_app_token_without_its_scope_is_named(redis_url: str) -> None:
    """connections:write is all that it needs."""
    code, said = await checked(redis_url, replace(CALM, app_scopes=()))
    assert code == 1
    assert "BAD  Slack socket: missing_scope" in said
    assert "connections:write" in said


async def test_a_server_that_may_forget_is_refused() -> None:
    """Any eviction but noeviction loses claims and timers."""
    with a_server("--maxmemory-policy", "allkeys-lru") as server:
        async with a_sandbox(server.url) as (_, env):
            code, said = await run_bot(env, "check")
    assert code == 1
    assert "allkeys-lru" in said
    assert "mend: set maxmemory-policy to noeviction" in said


async def test_a_server_that_loses_everything_at_its_restart_is_told_of() -> None:
    """It may be meant so, for a trial: no release is stopped by it."""
    with a_server("--appendonly", "no") as server:
        async with a_sandbox(server.url) as (_, env):
            code, said = await run_bot(env, "check")
    assert code == 0, said
    assert "no append-only file" in said
    assert "mend: turn on appendonly" in said


async def test_a_server_that_is_too_old_is_refused() -> None:
    """It lacks commands that Hark lives by: webhooks would be answered, and no card would ever come."""
    with a_server() as server:
        async with said_to_be_old(server.url) as url, a_sandbox(url) as (_, env):
            code, said = await run_bot(env, "check")
    assert code == 1
    assert "BAD  server: Redis 6." in said
    assert "mend: use Redis 7.0 or newer" in said


async def test_without_an_account_nothing_can_come_in(redis_url: str) -> None:
    """A bot without a network is set up wrong."""
    none = dict.fromkeys(("BLUESKY_IDENTIFIER", "BLUESKY_APP_PASSWORD", "BLUESKY_SEARCH", "WEBHOOK_SECRET"), "")
    async with a_sandbox(redis_url) as (_, env):
        code, said = await run_bot(env | none, "check")
    assert code == 1
    assert "BAD  accounts: none is set up" in said


@pytest.mark.parametrize("http_mode", [False, True])
async def test_all_well_is_exit_0(http_mode: bool) -> None:
    """A line for settings, server, clock, Slack's four, the socket or HTTP, each account, and that nothing runs yet."""
    (port,) = free_ports(1)
    with a_server() as server:
        async with a_sandbox(server.url) as (_, env):
            changes = {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "s-0451", "PORT": str(port)} if http_mode else {}
            code, said = await run_bot(env | changes, "check")
    lines = [line for line in said.splitlines() if not line.startswith("     ")]
    assert code == 0, said
    assert [line[:4] for line in lines] == ["ok  "] * 11
    assert lines[-2:] == [
        "ok   webhook Webhook: one secret, answers to any host on the open internet",  # named once
        "ok   workers: nothing of Hark runs now",
    ]
    assert ("over HTTP" in said) is http_mode
    no_secret_in(said, env | changes)


async def test_that_no_worker_runs_is_said_by_check_and_in_home(redis_url: str) -> None:
    """The web server takes everything in, staff can press, and no card ever comes: who looks there reads why."""
    alone = "workers: none runs, so no card is posted and no reply goes out"
    async with a_sandbox(redis_url) as (sandbox, env), serving(env, Role.WEB):
        homes = sandbox.slack.hub.views.homes
        await wait_until(lambda: bool(sandbox.slack.hub.sockets.open), "the socket is up", within_s=20)
        code, said = await run_bot(env, "check")
        assert code == 1
        assert f"BAD  {alone}\n     mend: start `python -m bot worker`" in said
        await sandbox.slack.open_home(ANA)
        await wait_until(lambda: alone in str(homes.get(ANA)), "App Home says so, too")
        async with serving(env, Role.WORKER) as (service, _):
            await wait_until(lambda: service.store.notes.alive("worker"), "the worker gave a sign of life")
            code, said = await run_bot(env, "check")
            assert (code, "workers" in said) == (0, False)
            await sandbox.slack.open_home(ANA)
            await wait_until(lambda: alone not in str(homes.get(ANA)), "nor does App Home say so any more")


async def checked(redis_url: str, config: SandboxConfig) -> tuple[int, str]:
    """Exit code and output of a check in a workspace that is set up like this."""
    async with a_sandbox(redis_url, config) as (_, env):
        code, said = await run_bot(env, "check")
    no_secret_in(said, env)
    return code, said


def no_secret_in(said: str, env: dict[str, str]) -> None:
    """Nothing that must stay hidden stands in an output, and no trace of an exception."""
    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
        "BLUESKY_APP_PASSWORD",
        "WEBHOOK_SECRET",
    ):
        assert not env.get(name) or env[name] not in said, name
    assert SECRET not in said
    assert "Traceback" not in said


async def test_what_is_logged_on_the_way_hides_secrets_too(redis_url: str) -> None:
    """A network that refuses a token repeats it, and the log says what the network said."""
    token = "EAAB-hush-0451"

    async def refuse(request: web.Request) -> web.Response:
        del request
        return web.json_response({"error": {"code": 190, "message": "no", "fbtrace_id": f"bad {token}"}}, status=400)

    async with catch_all(refuse) as url, a_sandbox(redis_url) as (_, env):
        threads = {"THREADS_USER_ID": "17", "THREADS_TOKEN": token, "THREADS_API_URL": url}
        meta = {"META_APP_SECRET": "f00d" * 8, "META_VERIFY_TOKEN": "anything-long-enough"}
        code, said = await run_bot(env | threads | meta, "check")
    assert code == 1
    assert '"trace": "bad [hidden]"' in said
    assert "hush" not in said
