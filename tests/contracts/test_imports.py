"""Who imports whom: the contracts of .importlinter, and those of the connector folders, found by looking."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.support.folders import network_folders

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "connectors", "handlers", "sandbox")
REGISTRY = "connectors.registry"


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """The graph of all imports of the project."""
    first, *others = PACKAGES
    return grimp.build_graph(first, *others, include_external_packages=True, cache_dir=None)


def connector_packages() -> list[str]:
    """Return the packages under connectors/ that are one network each."""
    return [f"connectors.{name}" for name in network_folders()]


def chain_text(chain: tuple[str, ...] | None) -> str:
    """Show an import chain."""
    return " -> ".join(chain or ())


def test_the_contracts_hold() -> None:
    """`lint-imports` keeps every contract of .importlinter; its report is shown when it does not."""
    program = str(Path(sys.executable).with_name("lint-imports"))
    done = subprocess.run(  # noqa: S603  (a program of the virtual environment)
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_connectors_do_not_know_each_other(graph: grimp.ImportGraph) -> None:
    """A network can be deleted without a look at the others."""
    names = connector_packages()
    assert names
    pairs = [(one, other) for one in names for other in names if one != other]
    chains = [graph.find_shortest_chain(one, other, as_packages=True) for one, other in pairs]
    assert [chain_text(chain) for chain in chains if chain] == []


def test_only_the_registry_imports_a_connector(graph: grimp.ImportGraph) -> None:
    """A new network costs its folder and one line of the registry: nobody else names one."""
    foreign = [
        f"{importer} -> {module}"
        for package in connector_packages()
        for module in (package, *graph.find_descendants(package))
        for importer in graph.find_modules_that_directly_import(module)
        if importer != REGISTRY and importer.split(".")[:2] != package.split(".")
    ]
    assert foreign == []


def test_the_sandbox_does_not_share_a_connectors_wire_models(graph: grimp.ImportGraph) -> None:
    """Its networks are written from the networks' documents, so that a wrong model shows."""
    shared = [
        f"{module} -> {imported}"
        for module in graph.find_descendants("sandbox")
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("connectors.")
    ]
    assert shared == []
