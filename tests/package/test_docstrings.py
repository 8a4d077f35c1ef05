"""Examples in docstrings run unchanged, on the simulator."""

import doctest
import inspect
import re

import pytest

import stripe_reports as sr
from package_modules import package_modules
from stripe_reports.client import Parameters


def examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in package_modules():
        yield from (found for found in finder.find(module, module.__name__) if found.examples)


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.name)
def test_an_example_returns_what_it_shows(example, client, tmp_path, monkeypatch):
    """Each runs with a fresh client, in its own folder."""
    monkeypatch.chdir(tmp_path)
    example.globs |= {"sr": sr, "client": client}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(example)
    assert runner.failures == 0


def test_the_main_calls_have_examples():
    """Users meet them first."""
    names = {example.name.removeprefix("stripe_reports.") for example in examples()}
    assert {"client.Client", "client.Client.fetch", "runs.calls.RunCalls.wait", "demo_client.demo"} <= names


def public_calls():
    """Functions, classes and methods that users call, by the name that they write."""
    for name in sr.__all__:
        value = getattr(sr, name)
        if inspect.isclass(value):
            yield name, value
            for member, function in vars(value).items():
                if member.startswith("_"):
                    continue
                if isinstance(function, property):
                    yield f"{name}.{member}", function.fget
                elif callable(getattr(value, member)):
                    yield f"{name}.{member}", getattr(value, member)
        elif callable(value):
            yield name, value


@pytest.mark.parametrize(
    ("name", "call"), list(public_calls()), ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_public_call_documents_itself_and_its_parameters(name, call):
    """Or refers to the place where they are documented: people read help() and not the source."""
    text = inspect.getdoc(call)
    assert text, f"{name} has no docstring"
    if inspect.isclass(call) and (issubclass(call, Exception) or not inspect.signature(call).parameters):
        return
    refers = re.search(r"\b[Ss]ee ``\w+``|``\w+\(\.\.\.\)", text)
    parameters = [
        each
        for each in inspect.signature(call).parameters.values()
        if not each.name.startswith("_") and each.name not in ("self", "cls", *Parameters.__annotations__)
    ]
    if refers or len(parameters) < 2:
        return
    assert not [each.name for each in parameters if not re.search(rf"\b{each.name}\b", text)]


def test_the_first_page_of_help_names_the_main_calls():
    """``help(sr)`` is where a new user looks."""
    for word in (
        "sr.demo()",
        "sr.Client()",
        "client.frame",
        "client.fetch",
        "client.report_types",
        "sr.read_csv",
    ):
        assert word in sr.__doc__
