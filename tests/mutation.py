"""Mutation testing: puts one small error at a time into the code of a folder, and runs its tests.

``python -m tests.mutation planning`` prints the errors that no test found, and the score. It tries a sample,
the same each time; a second argument is its size, and names after it are the mutants to try instead. mutmut
makes the errors. It leaves out what is outside of functions and what has a decorator. Its own command starts
pytest for each error; here, a process that has collected the tests is forked.
"""

from __future__ import annotations

import ast
import difflib
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.format_utils import get_mutant_name

ROOT = Path(__file__).parents[1]
ALSO = {
    "planning": [
        "--deselect=tests/planning/test_intervals.py::test_no_change_of_clocks_since_1990_leaves_a_gap_between_days"
    ],
    "storage": ["-k", "not s3 and not az"],  # servers of object stores
    "parsing": ["tests/catalog/test_column_types.py"],
    "reconcile": ["tests/cli/test_cli_closing.py"],
}
"""Arguments of pytest for a folder, besides its own tests."""
LONGEST = 4
"""Tests that take more seconds are left out, by ``slow.txt``."""
RESULTS = {
    None: "not reached",
    0: "survived",
    -signal.SIGPROF: "took too long",
    -signal.SIGALRM: "took too long",
}


def main(folder: str, size: int, wanted: Sequence[str]) -> None:
    """Copy the project, put all mutants of the folder into the copy, and try a sample of them there."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, "copy")
        for file in _git("ls-files", "--cached", "--others", "--exclude-standard"):
            if (ROOT / file).is_file():
                (copy / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, copy / file)
        os.chdir(copy)
        names: dict[str, Path] = {}
        for file in sorted(Path("src/stripe_reports", folder).rglob("*.py")):
            mutated = mutate_file_contents(str(file), file.read_text("utf-8"))
            file.write_text(mutated.code, "utf-8")
            names |= dict.fromkeys((get_mutant_name(file, name) for name in mutated.mutant_names), file)
        sample = wanted or random.Random(0).sample(sorted(names), min(size, len(names)))  # noqa: S311
        os.environ |= {"CI": "1", "PYTHONPATH": str(copy / "src")}  # CI: the same examples each time
        sys.path.insert(0, str(copy / "src"))
        plugin = _Mutants({name: names[name] for name in sample}, len(names))
        options = ["-q", "-s", f"--basetemp={place}/tests"]
        options += [f"-pno:{name}" for name in ("cacheprovider", "rerunfailures", "xdist")]
        tests = [f"tests/{folder}", *ALSO.get(folder, []), *_left_out(folder)]
        sys.exit(pytest.main([*options, *tests], plugins=[plugin]))


class _Mutants:
    """Instead of all tests, runs for each mutant those that reach its function, until one fails."""

    def __init__(self, sample: dict[str, Path], total: int) -> None:
        self._sample, self._total = sample, total
        self._by_fixture = defaultdict[str, set[str]](set)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find out which test reaches which function, then try each mutant."""
        into = Path("reached.json")
        _forked(partial(self._record, session, into))
        reached = json.loads(into.read_text("utf-8"))
        for item in session.items:
            if item.nodeid not in reached:
                print(f"{item.nodeid} is not used: it fails without a mutant")
        results = Counter[str]()
        for name, file in self._sample.items():
            function = name.partition("__mutmut_")[0]
            seconds = {
                item: reached[item.nodeid]["seconds"]
                for item in session.items
                if item.nodeid in reached and function in reached[item.nodeid]["functions"]
            }
            limit = 10 + 5 * sum(seconds.values())
            status = _forked(partial(_run, session, _quick_first(seconds), name), limit) if seconds else None
            result = RESULTS.get(status, "killed")
            results[result] += 1
            if result in ("survived", "not reached"):
                print(f"{name}: {result}, {len(seconds)} tests\n{_difference(file, name)}")
                print(f"so far {dict(results)}", flush=True)
        tried = results.total()
        share = 1 - (results["survived"] + results["not reached"]) / tried
        error = 1.96 * math.sqrt(share * (1 - share) / tried * (1 - tried / self._total))
        print(f"{tried} of {self._total} mutants: {dict(results)}, {share:.1%} ± {error:.1%} found")
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> object:
        """Note which functions a shared fixture reaches, for all tests that use it."""
        before = set(state()._stats)
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function":
                self._by_fixture[fixturedef.argname] |= state()._stats - before

    def _record(self, session: pytest.Session, into: Path) -> int:
        set_mutant_under_test("stats")
        reached, failed = {}, 0
        for item, after in zip(session.items, [*session.items[1:], None], strict=True):
            started = time.process_time()
            item.ihook.pytest_runtest_protocol(item=item, nextitem=after)
            functions = set(state()._stats).union(*(self._by_fixture[name] for name in item.fixturenames))
            if session.testsfailed == failed:
                reached[item.nodeid] = {
                    "functions": sorted(functions),
                    "seconds": time.process_time() - started,
                }
            failed = session.testsfailed
            state()._stats.clear()
        into.write_text(json.dumps(reached), "utf-8")
        return 0


def _quick_first(seconds: Mapping[pytest.Item, float]) -> list[pytest.Item]:
    """Sort the tests of a mutant, those of a module together because they share fixtures."""
    in_module = Counter[Path]()
    for item in seconds:
        in_module[item.path] += seconds[item]
    return sorted(seconds, key=lambda item: (in_module[item.path], item.path, seconds[item]))


def _run(session: pytest.Session, tests: Sequence[pytest.Item], name: str) -> int:
    set_mutant_under_test(name)
    for item, after in zip(tests, [*tests[1:], None], strict=True):
        item.ihook.pytest_runtest_protocol(item=item, nextitem=after)
        if session.testsfailed:
            return 1
    return 0


def _forked(work: Callable[[], int], limit: float = 3600.0) -> int:
    """Do some work in a child, silently, and return its exit status; end its own children with it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setsid()
            signal.setitimer(signal.ITIMER_PROF, limit)  # of the processor, which others may use
            signal.alarm(math.ceil(10 * limit))  # one that waits forever
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            status = work()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status)


def _difference(file: Path, name: str) -> str:
    """The lines of the function that the mutant changes."""
    mutant = name.rpartition(".")[2]
    wanted = (mutant.partition("__mutmut_")[0] + "__mutmut_orig", mutant)
    tree = ast.walk(ast.parse(file.read_text("utf-8")))
    made = {node.name: ast.unparse(node) for node in tree if getattr(node, "name", None) in wanted}
    old, new = (made[each].replace(each, mutant).splitlines() for each in wanted)
    return "\n".join(list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:])


def _left_out(folder: str) -> list[str]:
    """Leave out tests that take long, and modules that start the threads of polars: no fork has them."""
    lines = (ROOT / "tests/slow.txt").read_text("utf-8").splitlines()
    slow = (line.removesuffix(" s").split("  ") for line in lines)
    modules = Path("tests", folder).glob("test_*.py")
    return [
        *(f"--deselect=tests/{name}" for name, seconds in slow if int(seconds) > LONGEST),
        *(f"--ignore={path}" for path in modules if "from simulator_api" in path.read_text("utf-8")),
    ]


def _git(*arguments: str) -> list[str]:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else 150, sys.argv[3:])
