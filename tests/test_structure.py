"""The package is easy to read: small modules, no cycles, and a correct guide."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "stripe_reports"

pytestmark = pytest.mark.skipif(not SOURCE.is_dir(), reason="the sources are not here")

MOST_LINES = 450
MODULES = {
    ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}


def imported_by(name):
    """The modules of the package that a module imports, wherever in it, also for type checkers only."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{each.name}" for each in node.names}
            found.update(inner & MODULES.keys() or {node.module})
    return {each for each in found if each in MODULES and each != name}


def test_no_module_is_long():
    """A file with a second responsibility is split."""
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_the_root_has_six_modules():
    """Every other module is in the folder of its layer."""
    assert {path.name for path in SOURCE.glob("*.py")} == {
        *("__init__.py", "__main__.py", "client.py", "demo_client.py", "errors.py", "notices.py"),
    }


def test_no_modules_import_each_other():
    """Not even for type checkers: a third module has what both need."""
    graph = {name: imported_by(name) for name in MODULES if not name.endswith("stripe_reports")}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the modules
    assert len(order) >= len(graph)


@pytest.mark.parametrize(
    "name", re.findall(r"\| `([\w/]+\.py)` \|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
)
def test_the_guide_names_existing_files(name):
    """Each question of a newcomer has one answer."""
    assert (SOURCE / name).is_file()
