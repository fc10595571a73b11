"""Keeps tests on this machine: a connection or a name look-up that leaves loopback fails at once."""

import ipaddress
import sys
from collections.abc import Callable

LOCAL_NAMES = {"", "localhost", "ip6-localhost"}


class OutsideNetworkError(AssertionError):
    """A test tried to leave the machine."""


def install() -> None:
    """Guard this process for its whole life: an audit hook cannot be taken out again."""
    checks: dict[str, Callable[[tuple[object, ...]], object]] = {
        "socket.connect": lambda args: host_of(args[1]),
        "socket.sendto": lambda args: host_of(args[1]),
        "socket.getaddrinfo": lambda args: args[0],
        "socket.gethostbyname": lambda args: args[0],
    }

    def guard(event: str, args: tuple[object, ...]) -> None:
        if event in checks and not is_local(host := checks[event](args)):
            msg = f"a test tried to reach {host!r}; tests stay on loopback"
            raise OutsideNetworkError(msg)

    sys.addaudithook(guard)


def host_of(address: object) -> object:
    """Return the host of an internet address; a Unix socket's path, and anything else, counts as local."""
    return address[0] if isinstance(address, tuple) and address else None


def is_local(host: object) -> bool:
    """Tell whether a host is this machine; names other than localhost are not, whatever they resolve to."""
    if host is None:
        return True
    text = host.decode() if isinstance(host, bytes | bytearray) else str(host)
    if text.lower() in LOCAL_NAMES or text.lower().endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
