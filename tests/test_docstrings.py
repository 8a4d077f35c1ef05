"""Examples in docstrings run as they stand, against the simulator."""

import doctest
import importlib
import pkgutil

import pytest

import stripe_reports as sr

MODULES = [
    info.name
    for info in pkgutil.walk_packages(sr.__path__, "stripe_reports.")
    if not info.name.endswith("__main__")
]


def examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in MODULES:
        yield from (found for found in finder.find(importlib.import_module(name), name) if found.examples)


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.name)
def test_an_example_gives_what_it_says(example, client, tmp_path, monkeypatch):
    """Each in a fresh client, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    example.globs |= {"sr": sr, "client": client}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(example)
    assert runner.failures == 0


def test_there_are_examples_of_the_main_calls():
    """The ones that people meet first."""
    names = {example.name.removeprefix("stripe_reports.") for example in examples()}
    assert {"client.Client", "client.Client.fetch", "client.Client.wait", "demo_client.demo"} <= names
