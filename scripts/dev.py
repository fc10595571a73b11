#!/usr/bin/env python3
"""The developer's door to Hark: one command per verb, on the standard library alone.

`python3 scripts/dev.py demo` makes the virtual environment from the hash-pinned lock, then runs the program.
Every target of the Makefile is one line that calls this file, so that Hark also works where there is no make.
The text must parse on old Pythons (3.7 on): they then say what is missing instead of failing on syntax.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STATE = ROOT / ".hark"
OLDEST = (3, 11)
LOCKS = {"demo": "requirements-demo.txt", "dev": "requirements-dev.txt"}
# The wider lock holds every pin of the narrower one (tests/contracts/test_locks.py), so it satisfies both.
WIDER = {"demo": ("demo", "dev"), "dev": ("dev",)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = ("Google Chrome", "Chromium")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy")
PROGRESS_S, UV_LIMIT_S = 3.0, 240.0


class DevError(Exception):
    """Something the developer must mend; the text says what and how."""


# --- Python -----------------------------------------------------------------------------------------------


def is_new_enough(version: Sequence[int]) -> bool:
    """Tell whether a Python of this version runs Hark."""
    return tuple(version) >= OLDEST


def newer_python() -> str | None:
    """Return the newest Python on PATH that runs Hark; a name that does not start is passed over."""
    probe = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    for name in ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"):
        path = shutil.which(name)
        if path and quiet([path, "-c", probe]):
            return path
    return None


def quiet(command: Sequence[str]) -> bool:
    """Run a command without output; True when it ends well."""
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return False
    return done.returncode == 0


def need_python(argv: Sequence[str]) -> None:
    """Go on under a Python that is new enough, or say what to install."""
    if is_new_enough(sys.version_info[:2]):
        return
    found = newer_python()
    if found:
        os.execv(found, [found, str(Path(__file__).resolve()), *argv])  # noqa: S606  (no shell is wanted)
    here = ".".join(str(part) for part in sys.version_info[:3])
    raise DevError(
        f"Hark needs Python 3.11 or newer; this is {here} and PATH has none.\n"
        "  Debian, Ubuntu: sudo apt install python3.11 python3.11-venv\n"
        "  macOS:          brew install python@3.13"
    )


# --- The virtual environment -------------------------------------------------------------------------------


def venv_bin(name: str) -> str:
    """Return the path of a program inside the virtual environment."""
    return str(VENV / "bin" / name)


def lock_hash(kind: str) -> str:
    """Return the hash of a lock file; a missing file is an error of the checkout."""
    path = ROOT / LOCKS[kind]
    if not path.is_file():
        raise DevError(f"{path.name} is missing: is this a whole checkout?")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stamp_path(kind: str) -> Path:
    """Return the file that records which lock was installed last, whole and well."""
    return VENV / f".hark-{kind}.stamp"


def is_ready(kind: str) -> bool:
    """Tell whether the environment holds this lock already, from this one or from a wider one."""
    if not os.access(venv_bin("python"), os.X_OK):
        return False
    stamps = [(stamp_path(lock), lock_hash(lock)) for lock in WIDER[kind]]
    return any(path.is_file() and path.read_text() == wanted for path, wanted in stamps)


@contextlib.contextmanager
def single_setup() -> Iterator[None]:
    """Let one set-up run at a time, so that `make demo` and `make test` may be started together."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "setup.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is running; waiting for it.", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def need_environment(kind: str) -> None:
    """Make `.venv` hold the lock of this kind; a warm start costs one hash."""
    if is_ready(kind):
        return
    with single_setup():
        if is_ready(kind):
            return
        started = time.monotonic()
        for stamp in VENV.glob(".hark-*.stamp"):
            stamp.unlink()
        make_venv()
        install(kind)
        stamp_path(kind).write_text(lock_hash(kind))
        print(f"Environment ready in {time.monotonic() - started:.0f} s.", flush=True)


def make_venv() -> None:
    """Create `.venv`, or make it anew when its Python is gone, too old, or without pip."""
    python = venv_bin("python")
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    if quiet([python, "-c", probe]):
        return
    if not quiet([sys.executable, "-c", "import venv, ensurepip"]):
        raise DevError(
            "This Python cannot make virtual environments (venv or ensurepip is missing).\n"
            f"  Debian, Ubuntu: sudo apt install python3-venv   (or python{sys.version_info[0]}."
            f"{sys.version_info[1]}-venv)"
        )
    version = ".".join(str(part) for part in sys.version_info[:3])
    show(f"Making .venv with Python {version}", [sys.executable, "-m", "venv", "--clear", str(VENV)])


def install(kind: str) -> None:
    """Install a lock by hash, with uv where that works (ten times faster), else with pip."""
    lock = str(ROOT / LOCKS[kind])
    wanted = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", lock]
    pip = [venv_bin("python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    if install_with_uv(pip, wanted):
        return
    show("Installing packages with pip", [*pip, "--progress-bar", "off", *wanted])


def install_with_uv(pip: Sequence[str], wanted: Sequence[str]) -> bool:
    """Try the fast way; False sends the caller to pip.

    uv does not read pip's settings, so a machine whose pip is pointed at another index goes straight to pip.
    """
    if not quiet([*pip[:3], "--version"]) or has_own_index(pip):
        return False
    try:
        with tempfile.TemporaryDirectory() as folder:
            line = Path(folder) / "uv.txt"
            line.write_text(pin_of("uv", (ROOT / LOCKS["dev"]).read_text()))
            hashed = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(line)]
            show("Fetching the installer", [*pip, "--progress-bar", "off", *hashed], limit_s=UV_LIMIT_S)
        command = [venv_bin("uv"), "pip", "install", "--python", venv_bin("python"), "--no-config", *wanted]
        show("Installing packages", command, limit_s=UV_LIMIT_S, env={**os.environ, "UV_LINK_MODE": "copy"})
    except DevError as error:
        print(f"The fast installer did not work ({str(error).splitlines()[0]}); using pip.", flush=True)
        return False
    return True


def has_own_index(pip: Sequence[str]) -> bool:
    """Tell whether pip is configured to replace the public index, by file or by environment."""
    if os.environ.get("PIP_INDEX_URL") or os.environ.get("PIP_NO_INDEX"):
        return True
    listing = subprocess.run([*pip[:3], "config", "list"], capture_output=True, text=True, check=False).stdout
    return bool(re.search(r"^\S*\.(index-url|no-index)=", listing, re.MULTILINE))


def pin_of(name: str, lock: str) -> str:
    """Return the entry of one package, its hashes included, from the text of a lock."""
    found = re.search(rf"^{re.escape(name)}==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    if not found:
        raise DevError(f"the lock has no entry for {name}")
    return found.group()


def show(title: str, command: Sequence[str], *, limit_s: float = 1800.0, env: Mapping[str, str] | None = None) -> None:
    """Run a command quietly while telling the time; its last words are shown only when it fails."""
    started = time.monotonic()
    print(f"{title} ...", flush=True)
    with tempfile.TemporaryFile("w+") as output:
        try:
            child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=env)
        except OSError as error:
            raise DevError(f"{title} failed: {error}") from error
        try:
            code = wait_aloud(title, child, started, limit_s)
        finally:
            child.kill()
            child.wait()
        if code != 0:
            output.seek(0)
            tail = "\n".join(output.read().splitlines()[-15:])
            raise DevError(f"{title} failed (exit {code}).\n{tail}")


def wait_aloud(title: str, child: subprocess.Popen[bytes], started: float, limit_s: float) -> int:
    """Wait for a child, printing the elapsed seconds now and then; -1 when it takes longer than the limit."""
    while time.monotonic() - started < limit_s:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(timeout=PROGRESS_S)
        print(f"  {title}: {time.monotonic() - started:.0f} s", flush=True)
    return -1


# --- Verbs -------------------------------------------------------------------------------------------------


def child_environment() -> dict[str, str]:
    """Return the environment for Hark's own programs: nothing that leads loopback calls or imports astray."""
    dropped = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", *PROXIES, *(name.upper() for name in PROXIES)}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def become(command: Sequence[str]) -> int:
    """Replace this process: Ctrl-C and SIGTERM reach the program itself, and no parent is left over."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(command[0], list(command), child_environment())  # noqa: S606  (no shell is wanted)


def call(command: Sequence[str]) -> int:
    """Run one step of a longer verb and return its exit code."""
    print(
        f"$ {' '.join(Path(part).name if part.startswith(str(VENV)) else part for part in command)}",
        flush=True,
    )
    return subprocess.run(command, cwd=ROOT, env=child_environment(), check=False).returncode


def demo(extra: Sequence[str]) -> int:
    """Run the real bot against the local sandbox; everything stays on this machine."""
    need_environment("demo")
    return become([venv_bin("python"), "-m", "sandbox", *extra])


def demo_reset(extra: Sequence[str]) -> int:
    """Forget the demo's cases; refused while a demo runs."""
    del extra
    folder = STATE / "demo"
    for lock in sorted(folder.glob("**/*.lock")):
        with lock.open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DevError("A demo is running: stop it first (Ctrl-C in its window).") from None
    if folder.exists():
        shutil.rmtree(folder)
    print("The demo's data is gone; the next demo starts empty.")
    return 0


def find_chromium() -> str | None:
    """Return the Chromium to test with: HARK_CHROMIUM, then PATH, then macOS's application folder."""
    named = os.environ.get("HARK_CHROMIUM")
    if named:
        return shutil.which(named)
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    apps = [f"/Applications/{name}.app/Contents/MacOS/{name}" for name in MAC_BROWSERS]
    return found or next(filter(None, map(shutil.which, apps)), None)


def is_browser_required() -> bool:
    """Tell whether leaving out the browser tests is an error: always in continuous integration."""
    return os.environ.get("HARK_REQUIRE_BROWSER") == "1" or os.environ.get("CI", "").lower() in {"1", "true"}


def test(extra: Sequence[str]) -> int:
    """Run all tests, two on each core (stories wait a lot), in random order; without Chromium, not the browser's."""
    browser = find_chromium()
    if not browser and is_browser_required():
        raise DevError("A Chromium is required here and none was found: apt install chromium, or set HARK_CHROMIUM.")
    need_environment("dev")
    workers = str(min((os.cpu_count() or 2) * 2, 8))
    command = [venv_bin("python"), "-m", "pytest", "-n", workers, "--dist", "worksteal", "-q", "-rs"]
    if browser:
        return become([*command, *extra])
    code = call([*command, "-m", "not browser", *extra])
    print(
        "\n*** BROWSER TESTS WERE LEFT OUT: no Chromium was found. ***\n"
        "All tests marked `browser` did not run. To run them, install a Chromium\n"
        "  Debian: sudo apt install chromium      macOS: brew install --cask chromium\n"
        "or set HARK_CHROMIUM to the path of one, and start the tests again.",
        flush=True,
    )
    return code


def check(extra: Sequence[str]) -> int:
    """Run every check that needs no running program: lint, types, imports, dependencies, contracts."""
    del extra
    need_environment("dev")
    python = venv_bin("python")
    steps = (
        [venv_bin("ruff"), "check", "."],
        [venv_bin("ruff"), "format", "--check", "."],
        [python, "-m", "mypy"],
        [venv_bin("lint-imports")],
        [python, "-m", "deptry", "."],
        [python, "-m", "pytest", "-q", "-p", "no:randomly", "tests/contracts"],
    )
    failed = [Path(step[0]).name + " " + " ".join(step[1:]) for step in steps if call(step) != 0]
    print("All checks passed." if not failed else "FAILED: " + "; ".join(failed), flush=True)
    return 1 if failed else 0


def fmt(extra: Sequence[str]) -> int:
    """Format the code and mend what ruff can mend."""
    del extra
    need_environment("dev")
    return max(call([venv_bin("ruff"), "check", "--fix", "."]), call([venv_bin("ruff"), "format", "."]))


def bench(extra: Sequence[str]) -> int:
    """Run the benchmarks."""
    if not (ROOT / "bench").is_dir():
        raise DevError("There is no bench folder in this checkout.")
    need_environment("dev")
    return become([venv_bin("python"), "-m", "bench", *extra])


def chaos(extra: Sequence[str]) -> int:
    """Run Hark's processes under faults, by seed (--seed 17, --seeds 100; docs/reliability.md)."""
    need_environment("dev")
    return become([venv_bin("python"), "-m", "tests.chaos", *extra])


def lock(extra: Sequence[str]) -> int:
    """Write the three lock files from pyproject.toml (--check, --upgrade: see scripts/locks.py)."""
    need_environment("dev")
    return become([venv_bin("python"), "scripts/locks.py", *extra])


VERBS = {
    "demo": demo,
    "demo-reset": demo_reset,
    "test": test,
    "check": check,
    "fmt": fmt,
    "lock": lock,
    "bench": bench,
    "chaos": chaos,
}


def main(argv: Sequence[str]) -> int:
    """Run one verb; what the developer must mend is printed without a traceback."""
    lines = [f"  {name:<11} {(verb.__doc__ or '').splitlines()[0]}" for name, verb in VERBS.items()]
    parser = argparse.ArgumentParser(
        prog="dev.py",
        description="Hark: one command per verb.\n\n" + "\n".join(lines),
        epilog="With make: `make VERB ARGS='...'`; also `make lock-check` (are the locks current?) and `make smoke`\n"
        "(does the demo start, answer and end?). Without: `python3 scripts/dev.py VERB ...`.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=VERBS, metavar="VERB")
    parser.add_argument("extra", nargs=argparse.REMAINDER, help="handed on to the program that the verb runs")
    options = parser.parse_args(argv)
    try:
        need_python(argv)
        return VERBS[options.verb](options.extra)
    except DevError as error:
        print(f"\n{error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
