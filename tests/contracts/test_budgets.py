"""Budgets that keep the code readable, and words that no file of the project may hold."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bot", "connectors", "handlers", "sandbox", "scripts", "tests", "bench")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
SKIPPED = {"node_modules", "htmlcov", "__pycache__"}
KEPT_DOT_NAMES = {".ci", ".importlinter", ".gitignore", ".python-version", ".github"}
LOCAL_FILES = {"uv.lock", "pylock.toml"}  # made by tools, ignored by git
REGISTRIES = (("pypi", "org"), ("python" + "hosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("crates", "io"))
# Written in pieces, so that this file does not break its own rule.
MACHINE_PATHS = re.compile(r"(?<![\w.\-])/(?:" + "|".join(("work", "root", r"home/\w+", r"Users/\w+")) + r")/")


def python_files() -> list[Path]:
    """Return every Python file that the budgets cover."""
    return sorted(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))


def project_files(folder: Path = ROOT) -> Iterator[Path]:
    """Yield every file of the project, without what git ignores and what tools leave behind."""
    for path in sorted(folder.iterdir()):
        if path.name in SKIPPED | LOCAL_FILES or (path.name.startswith(".") and path.name not in KEPT_DOT_NAMES):
            continue
        if path.is_dir():
            yield from project_files(path)
        else:
            yield path


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every text file of the project."""
    for path in project_files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield str(path.relative_to(ROOT)), content.decode(errors="replace")


def long_functions(source: str) -> list[str]:
    """Return the functions over the budget, each with its length in lines."""
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in functions]
    return [f"{name} ({length})" for name, length in lengths if length > MAX_FUNCTION_LINES]


def test_files_stay_short() -> None:
    """A file over 400 lines holds two things that belong apart."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in python_files()}
    assert {name: length for name, length in lengths.items() if length > MAX_FILE_LINES} == {}


def test_functions_stay_short() -> None:
    """A function over 60 lines cannot be read in one look."""
    found = {str(path.relative_to(ROOT)): long_functions(path.read_text()) for path in python_files()}
    assert {name: functions for name, functions in found.items() if functions} == {}


@pytest.mark.parametrize(("lines", "is_long"), [(60, False), (61, True)])
def test_the_function_budget_counts_whole_functions(lines: int, is_long: bool) -> None:
    """60 lines pass, 61 do not; the line of `def` counts."""
    source = "async def story():\n" + "    pass\n" * (lines - 1)
    assert bool(long_functions(source)) is is_long


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of the machine that installs them."""
    hosts = [".".join(parts) for parts in REGISTRIES]
    assert [(name, host) for name, text in texts() for host in hosts if host in text] == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    """A path that exists on one machine only is wrong on every other."""
    assert [(name, found.group()) for name, text in texts() if (found := MACHINE_PATHS.search(text))] == []
