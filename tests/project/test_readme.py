"""The README is short and correct: its commands are those of CI, its code prints what it shows."""

import re

import pytest

import stripe_reports as sr
from places import ROOT

README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)\n```", README, re.MULTILINE | re.DOTALL)


def test_it_has_about_a_hundred_lines():
    """Everything else is a page of its own."""
    assert len(README.splitlines()) <= 110


def test_it_has_one_command_for_the_main_job_and_one_for_the_checks():
    """Each is one line that installs what it needs."""
    assert len(COMMANDS) == 2
    assert COMMANDS[0].endswith("stripe-reports demo")
    assert COMMANDS[1].endswith("tox")
    assert all("\n" not in command and "pip install" in command for command in COMMANDS)


def test_ci_runs_the_command_of_the_readme():
    """Word for word."""
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1] == COMMANDS[1]


def test_its_first_code_prints_what_it_shows(capsys):
    """On the simulator, whose figures are the same everywhere."""
    blocks = r"^```python\n(.*?)\n```\n\n```text\n(.*?)```"
    code, shown = re.search(blocks, README, re.MULTILINE | re.DOTALL).groups()
    names = {}
    exec(code, names)  # noqa: S102 - our own README
    names["client"].close()
    assert capsys.readouterr().out == shown


def test_the_first_page_of_the_site_draws_the_same_picture_in_the_same_way():
    """Code beside a picture is copied by people who want that picture."""
    pages = (README, (ROOT / "notebooks" / "index.md").read_text("utf-8"))
    drawn = [re.search(r"^(activity = .*\nreport\.chart\(.*\))", page, re.MULTILINE)[1] for page in pages]
    assert drawn[0] == drawn[1]
    assert all("pictures/balance.png)" in page for page in pages)


@pytest.mark.parametrize("call", re.findall(r"`(client\.[\w.]+|sr\.\w+)", README))
def test_every_call_it_names_exists(call):
    """A renamed method must not survive here."""
    owner = sr.Client if call.startswith("client.") else sr
    assert hasattr(owner, call.split(".")[1])
