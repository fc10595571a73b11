"""What a method of the square is: its name, its checks, and the function that does it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.square.config import SquareConfig
from sandbox.square.lexicon import Schema
from sandbox.square.limits import REMAINING, Limiter, Rule
from sandbox.square.model import Json, Person
from sandbox.square.params import Param
from sandbox.square.sessions import Caller
from sandbox.square.world import World


@dataclass(frozen=True, slots=True)
class Request:
    """One checked call: who (the caller is set where a token is asked for), with what, through which address."""

    world: World
    config: SquareConfig
    limiter: Limiter
    base_url: str
    ip: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    caller: Caller | None = None
    bearer: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def spend(self, rules: Iterable[Rule], key: str, points: int) -> None:
        """Take points; the answer's headers tell of the tightest rule. Raises XrpcError when one is used up."""
        told = self.limiter.spend(rules, key, points, self.world.clock.now())
        if int(told[REMAINING]) < int(self.headers.get(REMAINING, "1000000000")):
            self.headers.update(told)

    @property
    def did(self) -> str:
        """The DID of the caller; only for methods that ask for a token."""
        if self.caller is None:
            raise LookupError("this method has no caller")
        return self.caller.did

    @property
    def person(self) -> Person:
        """The person who calls."""
        return self.world.people[self.did]


Handler = Callable[[Request], Json | None]


@dataclass(frozen=True, slots=True)
class Method:
    """One XRPC method. `auth` says which token it takes; a method of chat also asks for the proxy header."""

    name: str
    http: Literal["GET", "POST"]
    run: Handler
    auth: Literal["none", "access", "refresh", "chat"] = "access"
    params: Sequence[Param] = ()
    body: Schema | None = None


def query(name: str, run: Handler, *params: Param, auth: Literal["none", "access", "chat"] = "access") -> Method:
    """A method that reads."""
    return Method(name, "GET", run, auth, params)


def procedure(
    name: str, run: Handler, body: Schema | None, auth: Literal["none", "access", "refresh", "chat"] = "access"
) -> Method:
    """A method that changes something; `body` None means that none may be sent."""
    return Method(name, "POST", run, auth, (), body)
