"""`python -m bot check`: one line for each thing that must be right, with the mend where it is not."""

from collections.abc import Awaitable, Callable, Mapping

from bot import accounts
from bot.app import Service, open_service
from bot.commands.terminal import Say
from bot.domain.errors import HarkError, SetupError, SlackRefused
from bot.domain.models import Health
from bot.secrecy import set_up_logging
from bot.services.shared_clock import ask_if_shared
from bot.slack.gateway import AWAY

SERVER_MEND = "check REDIS_URL, and that the server runs"


async def check(env: Mapping[str, str], say: Say, *, release: bool = False) -> int:
    """Check settings, server, Slack and every account; 0 when all is well, else 1.

    A `release` is stopped by its settings and the server alone: what waits, or is wrong elsewhere, must not keep the
    mend for it from going out.
    """
    try:
        settings, found = accounts.settings_of(env)
    except SetupError as error:
        say(line(Health(ok=False, summary=f"settings: {error.message}", mend=error.mend)))
        return 1
    set_up_logging(settings, found)
    say(line(Health(ok=True, summary="settings: read", mend=_slips(env))))
    try:
        async with open_service(settings, found, env) as service:
            results = await _look_through(service)
    except HarkError as error:
        said, mend = (error.message, error.mend) if isinstance(error, SetupError) else (str(error), SERVER_MEND)
        results = [Health(ok=False, summary=f"server: {said}", mend=mend)]
    for each in results:
        say(line(each))
    judged = results[:1] if release else results
    return 0 if all(each.ok for each in judged) else 1


def _slips(env: Mapping[str, str]) -> str:
    """What may be misspelt among the settings, as a mend."""
    return "\n".join(
        f"{name} is not read; if it is meant for Hark, it is {meant}" for name, meant in accounts.misspelt(env).items()
    )


def line(health: Health) -> str:
    """One result as a line for a terminal, the mend and whatever else there is to say indented below it."""
    text = f"{'ok  ' if health.ok else 'BAD '} {health.summary}"
    return (text if not health.mend else f"{text}\nmend: {health.mend}").replace("\n", "\n     ")


async def _look_through(service: Service) -> list[Health]:
    """What can be looked at once the server has answered; the server itself comes first."""
    results = [await _guarded("server", lambda: _server(service), SERVER_MEND)]
    results += await ask_if_shared(service.clock, service.store.notes.time)
    results += await service.slack.check(service.settings.places)
    results += [await _socket(service)]
    results += [
        await _guarded(f"{network} {each.title}", each.check, f"see docs/connectors/{network}.md")
        for (network, _), each in service.connectors.items()
    ]
    results += await service.signals.health()
    if not service.connectors:
        mend = "set the variables of at least one network (docs/connectors)"
        results.append(Health(ok=False, summary="accounts: none is set up", mend=mend))
    return results


async def _guarded(what: str, ask: Callable[[], Awaitable[Health]], mend: str) -> Health:
    try:
        health = await ask()
    except HarkError as error:
        return Health(ok=False, summary=f"{what}: {error}", mend=mend)
    return health.model_copy(update={"summary": f"{what}: {health.summary}"})


async def _server(service: Service) -> Health:
    await service.store.ping()
    info = await service.store.info()
    if info.old:
        return Health(ok=False, summary=f"{info.version} is too old", mend=info.mend)
    if info.eviction != "noeviction":
        summary = f"{info.version}, evicts by {info.eviction}"
        return Health(ok=False, summary=summary, mend=info.mend)
    if not info.append_only:
        return Health(
            ok=True,
            summary=f"{info.version}, no append-only file",
            mend="turn on appendonly, or a restart loses what Redis holds",
        )
    return Health(ok=True, summary=f"{info.version}, append-only file on, noeviction")


async def _socket(service: Service) -> Health:
    """Whether the app-level token opens a socket (Socket Mode), or requests can be verified (HTTP mode)."""
    token = service.settings.slack_app_token
    if token is None:
        return Health(ok=True, summary="Slack reaches Hark over HTTP at /slack/events")
    try:
        await service.slack.open_socket(token.get_secret_value())
    except HarkError as error:
        refused = "check SLACK_APP_TOKEN (scope connections:write) and that Socket Mode is on"
        mend = refused if isinstance(error, SlackRefused) else AWAY
        return Health(ok=False, summary=f"Slack socket: {error}", mend=mend)
    return Health(ok=True, summary="Slack socket: can be opened")
