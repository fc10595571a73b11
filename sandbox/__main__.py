"""`python -m sandbox`: the demo."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from bot.domain.errors import HarkError
from sandbox.demo import run_demo

PORT = 8420
FOLDER = Path(__file__).resolve().parent.parent / ".hark" / "demo"


def main() -> int:
    """Run the demo until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Hark's demo on this machine.")
    parser.add_argument("--port", type=int, default=PORT, help=f"the page's port (default {PORT}; the next free one)")
    parser.add_argument("--data", type=Path, default=FOLDER, help="where the demo keeps its state")
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_run(arguments.data, arguments.port))
    except HarkError as error:
        sys.stderr.write(f"hark: {error}\n")
        return 1
    return 0


async def _run(folder: Path, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await run_demo(folder, port, stop, _say)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
