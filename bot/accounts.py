"""The accounts that the environment sets up, as connectors. An account without its variables is simply off."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

import aiohttp
from pydantic import SecretStr

from bot.domain.errors import SettingsError
from bot.domain.network import Titles
from bot.domain.ports import Clock, Notes
from bot.environment import MAIN, SEPARATOR, accounts, read, variables
from bot.settings import Settings, load
from connectors.base import Connector, ConnectorDeps, Network
from connectors.registry import NETWORKS

T = TypeVar("T")
CLOSE = 0.85
"""How alike two names are (difflib's ratio) of which one may be a slip of the other: a letter or two."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the company as the environment describes it."""

    network: Network
    name: str
    settings: Any

    @property
    def secrets(self) -> list[SecretStr]:
        """What must never be seen in a log; of a list of secrets, each."""
        values = [value.get_secret_value() for _, value in self.settings if isinstance(value, SecretStr)]
        return [SecretStr(part.strip()) for value in values for part in {value, *value.split(",")} if part.strip()]


def titles() -> Titles:
    """All networks by name, set up or not: what is stored may be of an account that is off by now."""
    return Titles((network.name, network.title) for network in NETWORKS)


def settings_of(env: Mapping[str, str]) -> tuple[Settings, list[Account]]:
    """The settings and accounts of an environment. Raises SettingsError that tells what is wrong with both."""
    _check_names(env)
    wrong: list[SettingsError] = []
    settings, found = _read_with(load, env, wrong), _read_with(find, env, wrong)
    if settings is None or found is None:
        raise SettingsError("\n".join(error.message for error in wrong), wrong[0].mend)
    _check_routes(settings, found)
    return settings, found


def _read_with(
    reader: Callable[[Mapping[str, str]], T], env: Mapping[str, str], wrong: list[SettingsError]
) -> T | None:
    """What this reader reads; None where something is wrong, which goes to the rest."""
    try:
        return reader(env)
    except SettingsError as error:
        wrong.append(error)
        return None


def find(env: Mapping[str, str]) -> list[Account]:
    """Every account of every network. Raises SettingsError that names what is missing of an account begun."""
    return [
        Account(network, name, read(network.settings, env, name, network.settings.shared))
        for network in NETWORKS
        for name in accounts(network.settings.required, env)
    ]


def _check_names(env: Mapping[str, str]) -> None:
    """A suffix that names no account would be silently without effect: raise SettingsError instead."""
    networks = {
        name: [network for network in NETWORKS if name in variables(network.settings)]
        for network in NETWORKS
        for name in variables(network.settings)
    }
    for name in env:
        base, separator, suffix = name.partition(SEPARATOR)
        if not separator or not env[name].strip():
            continue
        if base in variables(Settings):
            raise SettingsError(f"{name} has no effect: there is only one {base}.", f"set {base}, or remove it")
        if base in networks:
            _check_suffix(networks[base], env, base, suffix)


def _check_suffix(networks: list[Network], env: Mapping[str, str], base: str, suffix: str) -> None:
    """Several networks may share a variable: the suffix is good when one of them has that account."""
    name = base + SEPARATOR + suffix
    if not re.fullmatch(r"[A-Z0-9]+(?:_[A-Z0-9]+)*", suffix) or suffix.lower() == MAIN:
        raise SettingsError(
            f"{name} names no account: a suffix has capital letters, digits and single _, and is not MAIN.",
            f"write {base} for the main account, or {base}{SEPARATOR}SUPPORT for the account support",
        )
    if not any(suffix.lower() in accounts(network.settings.required, env) for network in networks):
        need = networks[0].settings.required[0] + SEPARATOR + suffix
        raise SettingsError(f"{name} has no effect: {need} is missing.", f"set {need}, or remove {name}")


def _check_routes(settings: Settings, found: list[Account]) -> None:
    """A route of an account that is not set up would be silently without effect: raise SettingsError instead."""
    there = [(each.network.name, each.name) for each in found]
    for route in settings.routes:
        ways = [route.takes(network, account, route.kind) for network, account in there]
        if route.network is not None and not any(ways):
            known = ", ".join(f"{network}/{account}" for network, account in there) or "none"
            raise SettingsError(
                f"HARK_ROUTES has no effect for {route.cases}: there is no such account.",
                f"set the account up, or take the route out; accounts that are set up: {known}",
            )


def misspelt(env: Mapping[str, str]) -> dict[str, str]:
    """Variables that nobody reads and that look like one of ours which is not set, each with that one: all that we need
    not have would be missed without a word. Only a guess, for other programs' variables are no business of ours."""
    known = {*variables(Settings), *(name for network in NETWORKS for name in variables(network.settings))}
    unset = known - {name.partition(SEPARATOR)[0] for name in env}
    strange = {name: name.partition(SEPARATOR)[0] for name, value in env.items() if value.strip()}
    near = {
        name: get_close_matches(base, [each for each in unset if _word(each) == _word(base)], 1, CLOSE)
        for name, base in strange.items()
        if base not in known
    }
    return {name: found[0] for name, found in near.items() if found}


def _word(name: str) -> str:
    return name.partition("_")[0]


def connect(
    found: list[Account], http: aiohttp.ClientSession, clock: Clock, notes: Notes, poll_seconds: float
) -> dict[tuple[str, str], Connector]:
    """The connectors of these accounts, by network and account name."""
    connectors = {
        (each.network.name, each.name): each.network.build(
            each.settings,
            ConnectorDeps(account=each.name, http=http, clock=clock, notes=notes, poll_seconds=poll_seconds),
        )
        for each in found
    }
    for connector in connectors.values():
        connector.meet(connectors.values())
    return connectors
