"""The package as a whole: its names, its cost, its layers."""

import ast
import inspect
import subprocess
import sys

import stripe_reports as sr
from package_modules import package_modules

HEAVY = {
    "altair",
    "ipywidgets",
    "stripe",
    "requests",
    "requests_cache",
    "werkzeug",
    "anywidget",
    "vl_convert",
}


def test_importing_the_package_loads_no_slow_library():
    """A script that only reads a stored file, or only asks for help, does not pay for the others."""
    code = "import sys, stripe_reports; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert HEAVY.isdisjoint(loaded.split())


def test_importtime_shows_no_slow_library():
    """The command that a reader of import times runs."""
    command = [sys.executable, "-X", "importtime", "-c", "import stripe_reports"]
    log = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in log.splitlines()}
    assert "stripe_reports" in imported
    assert HEAVY.isdisjoint(imported)


def test_every_public_name_exists_and_is_documented():
    """Names in `dir` and completion can be used, and have documentation."""
    assert set(sr.__all__) <= set(dir(sr))
    for name in sr.__all__:
        assert getattr(sr, name).__doc__, name
    assert sr.__version__


def test_every_error_has_the_common_base_and_documents_when_it_is_raised():
    """One except clause catches all of them, and each is documented."""
    for name in sr.errors.__all__:
        error = getattr(sr.errors, name)
        assert issubclass(error, sr.StripeReportsError)
        assert error.__doc__
        assert name in sr.errors.__doc__, f"{name} is not in the drawn tree"


def _classes():
    """Every class of the package that has a public name."""
    for module in package_modules():
        yield from vars(module).items()


def _annotations(value):
    """What a function returns, or what the attributes, properties and methods of a class give."""
    if inspect.isfunction(value):
        yield value.__annotations__.get("return")
        return
    for cls in value.__mro__:
        if not cls.__module__.startswith("stripe_reports"):
            continue
        yield from (kind for name, kind in vars(cls).get("__annotations__", {}).items() if name[0] != "_")
        for name, member in vars(cls).items():
            function = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if name[0] != "_" and inspect.isfunction(function):
                yield function.__annotations__.get("return")


def test_every_returned_class_is_reachable_from_sr():
    """For type hints and isinstance, users need not know the module of a class."""
    known = {
        name: value
        for name, value in _classes()
        if inspect.isclass(value) and value.__module__.startswith("stripe_reports") and name[0] != "_"
    }
    public = {name: getattr(sr, name) for name in sr.__all__ if name != "errors"}
    known |= public  # the simulator has classes of the same names
    todo = list(public.values())
    seen = set()
    while todo:
        value = todo.pop()
        if value in seen:
            continue
        seen.add(value)
        for annotation in filter(None, _annotations(value)):
            names = [node.id for node in ast.walk(ast.parse(str(annotation))) if isinstance(node, ast.Name)]
            todo += [known[name] for name in names if name in known]
    classes = [value for value in seen if inspect.isclass(value)]
    assert len(classes) > len(sr.__all__) // 2
    errors = [getattr(sr.errors, name) for name in sr.errors.__all__]
    unreachable = [each for each in classes if getattr(sr, each.__name__, None) is not each]
    assert [each for each in unreachable if each not in errors] == []


def test_every_warning_of_ours_is_reachable_from_sr():
    """A filter of warnings names its class."""
    warnings = {
        value
        for _, value in _classes()
        if inspect.isclass(value)
        and issubclass(value, Warning)
        and value.__module__.startswith("stripe_reports")
    }
    assert warnings == {getattr(sr, name) for name in sr.__all__ if name.endswith("Warning")}


def test_the_public_names_are_sorted():
    """A name is found at a glance, and two changes that add one do not collide."""
    assert sr.__all__ == sorted(sr.__all__, key=lambda name: (name.islower(), name))
