"""The package as a whole: its names, its cost, its layers."""

import subprocess
import sys

import stripe_reports as sr

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


def test_importing_it_loads_nothing_heavy():
    """A script that only reads a stored file, or only asks for help, does not pay for the rest."""
    code = "import sys, stripe_reports; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert HEAVY.isdisjoint(loaded.split())


def test_importtime_shows_none_of_them():
    """The command of the promise, as it stands."""
    command = [sys.executable, "-X", "importtime", "-c", "import stripe_reports"]
    log = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in log.splitlines()}
    assert "stripe_reports" in imported
    assert HEAVY.isdisjoint(imported)


def test_every_public_name_is_there_and_documented():
    """What `dir` and completion show can be used and explains itself."""
    assert set(sr.__all__) <= set(dir(sr))
    for name in sr.__all__:
        assert getattr(sr, name).__doc__, name
    assert sr.__version__


def test_every_error_is_below_the_one_base_and_says_when_it_is_raised():
    """One except clause catches all of them, and each is documented."""
    for name in sr.errors.__all__:
        error = getattr(sr.errors, name)
        assert issubclass(error, sr.StripeReportsError)
        assert error.__doc__
        assert name in sr.errors.__doc__, f"{name} is not in the drawn tree"
