"""The three lock files: with hashes, without hosts, in step with pyproject.toml and with each other.

These checks need no network. `make lock-check` solves the locks anew and compares whole files; CI runs it.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
RUNTIME, DEMO, DEV = "requirements.txt", "requirements-demo.txt", "requirements-dev.txt"
LOCKS = {RUNTIME: (), DEMO: ("embedded",), DEV: ("embedded", "dev")}
Pins = dict[tuple[str, str], str]


def read(name: str) -> str:
    """Return the text of a lock."""
    return (ROOT / name).read_text()


def entries(text: str) -> list[str]:
    """Return the entries of a lock, each as one line: requirement, then hashes."""
    joined = text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def pins(text: str) -> Pins:
    """Return version by (name, marker): one package may have different pins for different Pythons."""
    found = [Requirement(entry.split(" --hash=")[0].strip()) for entry in entries(text)]
    return {(canonicalize_name(one.name), str(one.marker or "")): str(one.specifier) for one in found}


def declared(groups: Sequence[str]) -> list[Requirement]:
    """Return what pyproject.toml asks for: the runtime's packages and those of the groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = [*project["project"]["dependencies"]]
    for group in groups:
        listed += [item for item in project["dependency-groups"][group] if isinstance(item, str)]
    return [Requirement(item) for item in listed]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_says_how_it_was_made(name: str) -> None:
    """The only comment is the command, and nothing tells where packages come from."""
    text = read(name)
    assert "://" not in text
    assert not re.search(r"^\s*--?(?:index|extra-index|find-links|i\b|f\b)", text, re.MULTILINE)
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert comments[-1].strip() == "#    make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_entry_is_pinned_by_version_and_hash(name: str) -> None:
    """pip refuses to install anything else than the files that were locked."""
    for entry in entries(read(name)):
        assert re.match(r"[A-Za-z0-9._-]+==\S+ ", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry


@pytest.mark.parametrize(("name", "groups"), LOCKS.items())
def test_a_lock_satisfies_what_pyproject_asks_for(name: str, groups: tuple[str, ...]) -> None:
    """A dependency that was added or raised without `make lock` is found here, without a network."""
    locked = pins(read(name))
    for wanted in declared(groups):
        versions = [pin for (package, _), pin in locked.items() if package == canonicalize_name(wanted.name)]
        assert versions, f"{wanted.name} is not in {name}: run make lock"
        for pin in versions:
            assert wanted.specifier.contains(pin.removeprefix("==")), f"{wanted} against {pin}: run make lock"


def test_each_lock_holds_the_narrower_one() -> None:
    """The set-up counts on it: an environment for tests also runs the demo, and that one the service."""
    runtime, demo, dev = (pins(read(name)) for name in (RUNTIME, DEMO, DEV))
    assert runtime.items() <= demo.items() <= dev.items()


def test_the_service_does_not_carry_what_only_developers_need() -> None:
    """Heroku installs requirements.txt: no bundled server, no test tools."""
    only_dev = {canonicalize_name(one.name) for one in declared(("embedded", "dev"))}
    runtime_names = {canonicalize_name(one.name) for one in declared(())}
    assert {name for name, _ in pins(read(RUNTIME))} & (only_dev - runtime_names) == set()


@pytest.mark.parametrize("python", ["3.11.7", "3.12.1", "3.13.0", "3.14.0"])
def test_every_supported_python_gets_one_version_of_each_package(python: str) -> None:
    """Markers never leave a Python with two pins of one package."""
    environment = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    chosen = [name for name, marker in pins(read(DEV)) if not marker or Marker(marker).evaluate(dict(environment))]
    assert len(chosen) == len(set(chosen))
