"""The list of slow tests is correct, so that ``pytest`` without arguments stays quick."""

import ast
from collections import Counter

import pytest

import slow


def _tests_of(path):
    """The names of the tests of a file, as in the list."""
    for node in ast.parse((slow.TESTS / path).read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield from (f"{path}::{node.name}::{each.name}" for each in node.body if hasattr(each, "name"))
        elif isinstance(node, ast.FunctionDef):
            yield f"{path}::{node.name}"
        elif isinstance(node, ast.Assign):  # of a state machine of hypothesis
            yield f"{path}::{ast.unparse(node.targets[0])}::runTest"


@pytest.mark.parametrize("path", sorted({name.partition("::")[0] for name in slow.listed()}))
def test_each_listed_test_exists(path):
    """One that was renamed would be quick by mistake: measure again, or rename it in the list."""
    listed = {name for name in slow.listed() if name.startswith(f"{path}::")}
    assert listed - set(_tests_of(path)) == set()


def test_the_fewest_tests_are_listed_without_which_the_rest_is_quick():
    """The slowest ones, whatever is left of the budget."""
    seconds = Counter({"a": 400.0, "b": slow.REST - 1, "c": 3.0})
    assert slow.slowest(seconds) == ["a", "b"]
    assert slow.slowest(Counter({"b": slow.REST})) == []


def test_durations_are_those_of_all_parameters(tmp_path):
    """As pytest writes them, of functions and of methods."""
    file = tmp_path / "junit.xml"
    file.write_text(
        '<testsuites><testsuite name="pytest">'
        '<testcase classname="tests.runs.test_a" name="test_one[x.y-1]" time="1.5"/>'
        '<testcase classname="tests.runs.test_a" name="test_one[2]" time="2.0"/>'
        '<testcase classname="tests.client.test_b.TestC" name="test_two" time="0.25"/>'
        "</testsuite></testsuites>"
    )
    assert slow.durations(file) == {
        "runs/test_a.py::test_one": 3.5,
        "client/test_b.py::TestC::test_two": 0.25,
    }
