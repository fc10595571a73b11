"""Start the demo as a newcomer would, wait for its page, stop it, and see that nothing is left behind.

`python3 scripts/smoke.py` runs `make demo` (or the same without make), on a free port and with data of its own state
folder; it fails when the page does not come within 120 s, when the demo does not end within 30 s of a SIGTERM, or when
a process or the port is left over. On the standard library alone.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UP_S = 120.0
DOWN_S = 30.0
POLL_S = 0.1


class SmokeError(Exception):
    """The demo did not behave."""


def wait_for(what: str, within_s: float, probe: Callable[[], object]) -> float:
    """Return the seconds until the probe was true; raise SmokeError when it never was."""
    started = time.monotonic()
    while not probe():
        if time.monotonic() - started > within_s:
            raise SmokeError(f"{what} did not happen within {within_s:g} s")
        time.sleep(POLL_S)
    return time.monotonic() - started


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def printed_url(log: Path) -> str:
    """Return the URL that the demo has printed; empty until it has."""
    found = re.search(r"http://(?:127\.0\.0\.1|localhost):\d+\S*", log.read_text(errors="replace"))
    return found.group().rstrip(".,)") if found else ""


def answers(url: str) -> bool:
    """Tell whether a page answers with 200, without any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return int(response.status) == 200
    except (urllib.error.URLError, OSError):
        return False


def is_open(url: str) -> bool:
    """Tell whether somebody listens on the URL's port."""
    parts = urllib.parse.urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((parts.hostname or "127.0.0.1", parts.port or 80)) == 0


def processes() -> dict[int, str]:
    """Return the command line of every live process whose working directory lies in the project."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            home = (folder / "cwd").resolve(strict=True)
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words.strip() and (home == ROOT or ROOT in home.parents):
                found[int(folder.name)] = words.strip()
    return found


def run_once(command: list[str], log: Path) -> None:
    """Start the demo, see its page, stop it, and look for leftovers."""
    before = set(processes())
    environment = {**os.environ, "PORT": str(free_port())}
    with log.open("wb") as output:
        demo = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        up = wait_for("the page", UP_S, lambda: has_page(demo, log))
        url = printed_url(log)
        demo.send_signal(signal.SIGTERM)
        down = wait_for("the end of the demo", DOWN_S, lambda: demo.poll() is not None)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(demo.pid, signal.SIGKILL)
        demo.wait()
    wait_for("the end of every process", DOWN_S, lambda: not set(processes()) - before)
    if is_open(url):
        raise SmokeError(f"{url} is still open")
    print(f"The demo was up after {up:.1f} s, down after {down:.1f} s, and left nothing behind.", flush=True)


def has_page(demo: "subprocess.Popen[bytes]", log: Path) -> bool:
    """Tell whether the demo's page answers; raise SmokeError when the demo has ended instead."""
    if demo.poll() is not None:
        raise SmokeError(f"the demo ended by itself with code {demo.returncode}")
    url = printed_url(log)
    return bool(url) and answers(url)


def main() -> int:
    """Run the smoke test twice: cold (or as the checkout is), and warm on the data of the first."""
    make = shutil.which("make")
    command = [make, "demo"] if make else [sys.executable, str(ROOT / "scripts" / "dev.py"), "demo"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "demo.log"
        try:
            run_once(command, log)
            run_once(command, log)
        except SmokeError as error:
            left = "\n".join(f"  {pid} {words}" for pid, words in processes().items() if pid != os.getpid())
            print(f"{log.read_text(errors='replace')}\nSMOKE TEST FAILED: {error}\n{left}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
