"""Which port the demo listens on: the one that was named, or the next free one, and what to say about it."""

import errno
import socket
from collections.abc import Mapping

from aiohttp import web

from bot.commands.terminal import Say
from bot.domain.errors import SetupError

HOST = "127.0.0.1"
PORT = 8420
HIGHEST = 65_535
PORTS_TRIED = 20


def first_port(given: str | None, env: Mapping[str, str]) -> int:
    """The port to try first: the one given with --port, else PORT of the environment. Raises SetupError."""
    if given is not None:
        return port_number(given, "--port")
    return port_number(env["PORT"], "PORT") if env.get("PORT") else PORT


def port_number(text: str, name: str) -> int:
    """The port that a text means; 0 is for any free one. Raises SetupError that calls the setting `name`."""
    words = text.strip()
    if not (words.isascii() and words.isdigit() and len(words) <= 5 and int(words) <= HIGHEST):
        raise SetupError(f"{name} must be a number from 0 to {HIGHEST}, not {text!r}", f"for example {name}={PORT}")
    return int(words)


async def listen(runner: web.AppRunner, port: int, say: Say) -> int:
    """Listen on loopback at `port` or at the next free one, and tell which. Raises SetupError when there is none."""
    last = min(port + PORTS_TRIED - 1, HIGHEST)
    for candidate in range(port, last + 1) if port else [0]:
        try:
            await web.TCPSite(runner, HOST, candidate).start()
        except OSError as error:
            why = "is taken" if error.errno == errno.EADDRINUSE else "cannot be used"
            say(f"Port {candidate} {why}, trying the next one.")
            continue
        return int(runner.addresses[0][1])
    raise SetupError(f"There is no free port from {port} to {last}", "name another one: --port 9000")


def free_or_any(port: int) -> int:
    """`port` when nobody listens there, else 0, which lets the system choose."""
    if port > HIGHEST:
        return 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return 0
    return port
