"""`python -m sandbox`: the demo."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from bot.domain.errors import HarkError

FOLDER = Path(__file__).resolve().parent.parent / ".hark" / "demo"
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> int:
    """Run the demo until Ctrl-C or SIGTERM; 0 then, 1 when something is wrong."""
    for name in SIGNALS:
        signal.signal(name, _leave)
    arguments = _parser().parse_args()
    try:
        asyncio.run(_run(arguments, os.environ))
    except HarkError as error:
        sys.stderr.write(f"hark: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Hark's demo on this machine.")
    words = "the page's port, or the next free one (default: the variable PORT, or 8420)"
    parser.add_argument("--port", help=words)
    parser.add_argument("--data", type=Path, default=FOLDER, help="where the demo keeps its state")
    parser.add_argument("--verbose", action="store_true", help="also tell where webhooks go")
    return parser


async def _run(arguments: argparse.Namespace, env: Mapping[str, str]) -> None:
    from sandbox.ports import first_port  # noqa: PLC0415

    port = first_port(arguments.port, env)
    # This reads the whole bot in, which takes a second or two: a signal that comes meanwhile is heard already.
    from sandbox.demo import run_demo  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in SIGNALS:
        loop.add_signal_handler(name, stop.set)
    await run_demo(arguments.data, port, stop, _say, verbose=arguments.verbose)


def _leave(_number: int, _frame: object) -> NoReturn:
    """End at once: nothing is open yet."""
    os._exit(0)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
