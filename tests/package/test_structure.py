"""The package is easy to read: small modules, no cycles, and a correct guide."""

import ast
import re
from graphlib import TopologicalSorter

import pytest

from places import ROOT

SOURCE = ROOT / "src" / "stripe_reports"

pytestmark = pytest.mark.skipif(not SOURCE.is_dir(), reason="the sources are not here")

MOST_LINES, LONGEST_TEST = 450, 850
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
            found.update({node.module, *inner})  # the package too: whoever imports from it waits for it
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
    """Not even for type checkers. Two threads that load them first would find one unfinished."""
    graph = {name: imported_by(name) for name in MODULES if not name.endswith("stripe_reports")}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the modules
    assert len(order) >= len(graph)


@pytest.mark.parametrize(
    "name", re.findall(r"\| `([\w/]+\.py)` \|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
)
def test_the_guide_names_existing_files(name):
    """Each question of a newcomer has one answer."""
    assert (SOURCE / name).is_file()


def test_only_three_folders_know_which_of_stripes_apis_is_asked():
    """Everything else sees runs, requests and calls through what both have; the simulator is both."""
    asking = re.compile(r"[!=]= \"v[12]\"|\bReportRunV2\)|\bapi_v[12] import\b")
    folders = {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        if asking.search(path.read_text("utf-8"))
    }
    assert folders <= {"http", "models", "planning", "simulator"}


def test_tests_are_where_their_package_is():
    """Who changes a folder finds its tests under the same name, in files that can be read at once."""
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    tests = list((ROOT / "tests").rglob("test_*.py"))
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in tests}
    assert folders - {"client", "package", "project", "browser", "javascript"} == packages
    assert not [path.name for path in tests if len(path.read_text("utf-8").splitlines()) > LONGEST_TEST]


def test_no_two_test_files_have_one_name():
    """Folders without ``__init__.py`` are no packages, so pytest would take one for the other."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py") if not _is_in_a_package(path)]
    assert sorted(names) == sorted(set(names))


def _is_in_a_package(path):
    return (path.parent / "__init__.py").exists()


def test_the_smoke_tests_are_of_every_folder():
    """The wheel and the oldest dependencies are tested by them, and by all tests before a release only."""
    named = [line.partition("::")[0] for line in (ROOT / "tests/smoke.txt").read_text("utf-8").splitlines()]
    assert all((ROOT / path).is_file() for path in named)
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert {path.split("/")[1] for path in named} == packages | {"client", "package"}
