"""Write the lock files from pyproject.toml, or say with --check whether they are current.

Existing pins are kept while pyproject.toml allows them; --upgrade takes the newest of everything. The widest lock
is solved first and bounds the others, so that all three agree on every version. The files carry hashes and name no
host: where packages come from is the business of each machine. `make lock` is the way to start this.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDEST = "requirements-dev.txt"
# Lock file -> the dependency group that it adds to the runtime's packages.
LOCKS = {WIDEST: "dev", "requirements-demo.txt": "embedded", "requirements.txt": ""}


def solve(name: str, folder: Path, *, upgrade: bool) -> str:
    """Return the solved text of one lock. The widest lock must stand in `folder` before the others are solved."""
    answer = folder / name
    before = ROOT / name
    answer.write_text(before.read_text() if before.is_file() else "")
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", str(ROOT / "pyproject.toml"), "--quiet", "--universal"]
    command += ["--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-emit-index-url"]
    command += ["--custom-compile-command", "make lock", "--output-file", str(answer)]
    command += ["--group", LOCKS[name]] if LOCKS[name] else []
    command += ["--constraint", str(folder / WIDEST)] if name != WIDEST else []
    command += ["--upgrade"] if upgrade else []
    subprocess.run(command, check=True, cwd=ROOT)
    answer.write_text("".join(line for line in answer.read_text().splitlines(True) if "://" not in line))
    return answer.read_text()


def main(argv: Sequence[str]) -> int:
    """Solve all locks; exit 1 when --check finds one that is not current."""
    parser = argparse.ArgumentParser(prog="locks.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a lock is not current")
    parser.add_argument("--upgrade", action="store_true", help="take the newest version of everything")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        solved = {name: solve(name, Path(folder), upgrade=options.upgrade) for name in LOCKS}
    stale = [name for name, text in solved.items() if not is_current(name, text)]
    if options.check and stale:
        print(f"Not current with pyproject.toml: {', '.join(stale)}. Run `make lock`.", file=sys.stderr)
        return 1
    for name in [] if options.check else stale:
        (ROOT / name).write_text(solved[name])
        print(f"{name} is written.")
    print("The locks are current.")
    return 0


def is_current(name: str, text: str) -> bool:
    """Tell whether the lock in the checkout holds this text."""
    path = ROOT / name
    return path.is_file() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
