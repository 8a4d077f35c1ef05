"""The files for a code-hosting platform: they run our own commands, and invent nothing."""

import re
import runpy
import tomllib

import pytest

from places import ROOT

FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
README = (ROOT / "README.md").read_text("utf-8")

pytestmark = pytest.mark.skipif(not WORKFLOWS, reason="the files for the platform are not here")


@pytest.fixture(scope="module")
def published():
    """The README of a release, of a repository with an invented address."""
    released = runpy.run_path(str(FOLDER / "released_readme.py"))["released"]
    return released(README, server="https://code.example", repository="owner/name", tag="v1.2.3")


def test_a_release_says_how_to_install_it_and_has_a_badge_of_its_own_repository(published):
    """The README of the repository cannot: it knows neither its address nor whether it is published."""
    assert "`pip install stripe-reports`" in published
    assert "/v2/gh/owner/name/v1.2.3)" in published
    assert "<!--" not in published
    assert "`pip install stripe-reports`" not in README


def test_every_link_of_a_released_readme_is_absolute(published):
    """A package index has no files beside the README."""
    targets = re.findall(r"(?:\]\(|src=\"|srcset=\")([^)\"\s]+)[)\"]", published)
    assert "https://code.example/owner/name/raw/v1.2.3/notebooks/pictures/form.png" in targets
    assert "https://code.example/owner/name/blob/v1.2.3/notebooks/going_live.md" in targets
    assert all(target.startswith("https://") for target in targets)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_says_that_nobody_has_tried_it(path):
    """Remove the sentence, and this test, when it has run."""
    assert "Nobody has been able to try this file yet" in path.read_text("utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_uses_environments_of_tox(path):
    """The same commands as on a developer's machine."""
    tox = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["tox"]
    assert set(re.findall(r"tox -e (\w+)", path.read_text("utf-8"))) <= {*tox["env"], "py"}


def test_a_release_waits_for_all_tests_of_the_wheel_and_of_the_oldest_dependencies():
    """CI runs only the quickest of them."""
    tox = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["tox"]
    released = {name for name, each in tox["env"].items() if "release" in each.get("labels", ())}
    assert released == {"oldest", "wheel"}
    text = (FOLDER / "workflows" / "release.yml").read_text("utf-8")
    assert "run: tox -m release\n  publish:\n    needs: tests\n" in text


def test_the_tests_run_on_three_systems_and_every_supported_python():
    """From the oldest that is allowed to the newest."""
    text = (FOLDER / "workflows" / "checks.yml").read_text("utf-8")
    assert all(f"{system}-latest" in text for system in ("ubuntu", "macos", "windows"))
    assert re.search(r'python: \["3.11", "3.12", "3.13", "3.14"\]', text)
