"""scripts/dev.py: set-up that is whole or not there, found browsers, and words for whoever lacks something."""

import ast
import base64
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts import dev

ROOT = Path(__file__).resolve().parents[2]
LOCK = """\
# a comment
alpha==1.0 ; python_version < '4' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
uv==0.13.9 \\
    --hash=sha256:cc \\
    --hash=sha256:dd
zeta==2 \\
    --hash=sha256:ee
"""


def test_old_pythons_can_read_the_script_and_so_say_what_is_missing() -> None:
    """The text parses with the grammar of Python 3.7."""
    ast.parse((ROOT / "scripts" / "dev.py").read_text(), feature_version=(3, 7))


@pytest.mark.parametrize(
    ("version", "expected"), [((3, 10), False), ((3, 11), True), ((3, 14), True), ((4, 0), True), ((2, 7), False)]
)
def test_the_oldest_python(version: tuple[int, int], expected: bool) -> None:
    """3.11 runs Hark, 3.10 does not."""
    assert dev.is_new_enough(version) is expected


def test_a_newer_python_is_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not start (a shim without a version behind it) is passed over."""
    broken = tmp_path / "python3.14"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert dev.newer_python() is None
    (tmp_path / "python3.12").symlink_to(sys.executable)
    assert dev.newer_python() == str(tmp_path / "python3.12")


def test_one_entry_is_cut_out_of_a_lock_with_its_hashes() -> None:
    """The installer is fetched by hash too."""
    assert dev.pin_of("uv", LOCK) == "uv==0.13.9 \\\n    --hash=sha256:cc \\\n    --hash=sha256:dd\n"
    assert dev.pin_of("zeta", LOCK) == "zeta==2 \\\n    --hash=sha256:ee\n"
    with pytest.raises(dev.DevError, match="no entry for beta"):
        dev.pin_of("beta", LOCK)
    assert dev.pin_of("uv", (ROOT / dev.LOCKS["dev"]).read_text()).count("--hash=sha256:") > 5


def test_programs_of_hark_get_no_proxy_and_no_foreign_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would be asked for loopback addresses, and PYTHONPATH may hide the locked packages."""
    for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY", "PYTHONPATH", "PYTHONHOME"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("HARK_UNDO_SECONDS", "3")
    environment = dev.child_environment()
    assert not {"HTTP_PROXY", "https_proxy", "ALL_PROXY", "PYTHONPATH", "PYTHONHOME"} & set(environment)
    assert environment["HARK_UNDO_SECONDS"] == "3"


def test_a_browser_is_named_or_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HARK_CHROMIUM wins even when it is wrong: a typing error must not test another browser."""
    program = tmp_path / "chromium-browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HARK_CHROMIUM", raising=False)
    assert dev.find_chromium() == str(program)
    monkeypatch.setenv("HARK_CHROMIUM", str(tmp_path / "missing"))
    assert dev.find_chromium() is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, False), ({"CI": "true"}, True), ({"CI": "false"}, False), ({"HARK_REQUIRE_BROWSER": "1"}, True)],
)
def test_where_a_missing_browser_is_an_error(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In continuous integration, and wherever somebody asks for it."""
    for name in ("CI", "HARK_REQUIRE_BROWSER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert dev.is_browser_required() is expected


def test_a_running_demo_is_not_reset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its server holds a lock in the data folder; once that is free, the folder goes."""
    monkeypatch.setattr(dev, "STATE", tmp_path)
    lock = tmp_path / "demo" / "redis" / "server.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(dev.DevError, match="A demo is running"):
            dev.demo_reset([])
        assert lock.exists()
    assert dev.demo_reset([]) == 0
    assert not (tmp_path / "demo").exists()


def make_wheel(folder: Path, name: str, version: str) -> str:
    """Build a wheel of one module by hand and return its sha256 in hexadecimal."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hark\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in files.items()
    }
    record = "".join(f"{path},sha256={digest},{len(files[path])}\n" for path, digest in digests.items())
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record + f"{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def write_locks(checkout: Path, version: str, digest: str) -> None:
    """Make both locks ask for one package."""
    for name in dev.LOCKS.values():
        (checkout / name).write_text(f"harkling=={version} \\\n    --hash=sha256:{digest}\n")


@pytest.mark.timeout(180)
def test_the_set_up_is_whole_or_not_there(tmp_path: Path) -> None:
    """Cold, warm, a wrong hash, and the mended lock: in a checkout of its own, from a folder of wheels, by pip."""
    checkout, wheels = tmp_path / "a checkout", tmp_path / "wheels"
    (checkout / "sandbox").mkdir(parents=True)
    (checkout / "scripts").mkdir()
    wheels.mkdir()
    shutil.copy(ROOT / "scripts" / "dev.py", checkout / "scripts")
    (checkout / "sandbox" / "__main__.py").write_text("import harkling; print('demo', harkling.VERSION)\n")
    first, second = make_wheel(wheels, "harkling", "1.0"), make_wheel(wheels, "harkling", "2.0")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}

    def demo() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603  (our own script)
            [sys.executable, str(checkout / "scripts" / "dev.py"), "demo"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **offline},
            capture_output=True,
            text=True,
            check=False,
        )

    write_locks(checkout, "1.0", first)
    cold = demo()
    assert (cold.returncode, cold.stdout.splitlines()[-1]) == (0, "demo 1.0"), cold.stdout + cold.stderr
    assert "Installing packages" in cold.stdout
    warm = demo()
    assert warm.stdout == "demo 1.0\n"

    write_locks(checkout, "2.0", first)
    failed = demo()
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert "hash" in failed.stderr.lower()
    assert not list((checkout / ".venv").glob(".hark-*.stamp"))

    write_locks(checkout, "2.0", second)
    assert demo().stdout.splitlines()[-1] == "demo 2.0"
