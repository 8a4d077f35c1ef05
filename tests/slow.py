"""Which tests are slow: ``pytest`` without arguments leaves them out, so that it ends within two minutes.

``python -m tests.slow junit.xml`` writes the list from the durations of ``pytest --junitxml=junit.xml``.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

TESTS = Path(__file__).parent
LIST = TESTS / "slow.txt"
REST = 100.0
"""Seconds that the tests which are not listed may take in all, on one core."""


def listed() -> set[str]:
    """The names of the slow tests, without parameters: ``runs/test_killed.py::test_one``."""
    return {line.split("  ")[0] for line in LIST.read_text("utf-8").splitlines()}


def name_of(node_id: str) -> str:
    """The name of a test as in the list, from its id in pytest."""
    return node_id.partition("[")[0].removeprefix("tests/")


def slowest(seconds: Counter[str]) -> list[str]:
    """The fewest tests without which the others take at most ``REST``."""
    left, found = sum(seconds.values()), []
    for name, taken in seconds.most_common():
        if left <= REST:
            break
        left -= taken
        found.append(name)
    return sorted(found)


def durations(junit: Path) -> Counter[str]:
    """The seconds that each test took, all its parameters together."""
    seconds = Counter[str]()
    for case in ElementTree.parse(junit).iter("testcase"):  # noqa: S314 - a file that pytest has written
        seconds[_name(case.attrib["classname"], case.attrib["name"])] += float(case.attrib["time"])
    return seconds


def _name(classname: str, test: str) -> str:
    parts = classname.split(".")
    module = next(place for place, part in enumerate(parts) if part.startswith("test_"))
    return name_of("::".join(["/".join(parts[: module + 1]) + ".py", *parts[module + 1 :], test]))


if __name__ == "__main__":
    taken = durations(Path(sys.argv[1]))
    LIST.write_text("".join(f"{name}  {taken[name]:.0f} s\n" for name in slowest(taken)), "utf-8")
