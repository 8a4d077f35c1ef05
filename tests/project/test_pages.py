"""The pages are correct: every link leads somewhere, every call runs, every error and fault is listed."""

import json
import re
from textwrap import indent

import pytest

import stripe_reports as sr
from places import ROOT
from simulator_api import CONNECTED
from stripe_reports import errors

# The first page of the site has links to pages that are generated: ``test_site`` checks it.
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted({*(ROOT / "notebooks").glob("*.md")} - {ROOT / "notebooks" / "index.md"}),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
]
TASKS = (ROOT / "notebooks" / "tasks.md").read_text("utf-8")
ERRORS = (ROOT / "notebooks" / "errors.md").read_text("utf-8")


def prose(page):
    """The text of a page without code; of a notebook, its cells of text."""
    text = page.read_text("utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """The names that links can use for the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


LINKS = [
    pytest.param(page, target, id=f"{page.name}: {target}")
    for page in PAGES
    for target in re.findall(r"(?:\]\(|src=\"|srcset=\")([^)\"\s]+)[)\"]", prose(page))
    if not re.match(r"https?:", target)
]


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_every_relative_link_and_picture_resolves(page, target):
    """A renamed page, heading or picture would leave a dead link."""
    path, _, anchor = target.partition("#")
    linked = page.parent / path if path else page
    assert linked.is_file()
    assert not anchor or anchor in anchors(linked)


def _calls_of_the_table():
    """The calls in the column "I write", in order; ``await`` and names without arguments are not calls."""
    for line in TASKS.partition("| I want | I write |")[2].partition("\n\n")[0].splitlines()[2:]:
        yield from re.findall(r"`((?:\w+ = )?(?:client|sr|report|pyarrow|duckdb)\.[^`]*\))`", line)


def test_every_call_of_the_task_table_runs(tmp_path, monkeypatch):
    """From top to bottom, as a reader tries them; ids to fill in are those of the account."""
    monkeypatch.chdir(tmp_path)
    duckdb, pyarrow = pytest.importorskip("duckdb"), pytest.importorskip("pyarrow")
    with sr.demo() as client:
        report = client.fetch("payouts.itemized", "2026-10")
        payout = report.frame().filter(payout_status="paid").item(0, "payout_id")
        report.write_csv("report.csv")
        names = {"sr": sr, "client": client, "report": report, "duckdb": duckdb, "pyarrow": pyarrow}
        calls = list(_calls_of_the_table())
        for call in calls:
            call = (
                call.replace("po_…", payout).replace("frr_…", report.run.id).replace("acct_…", CONNECTED[0])
            )
            exec(call, names)  # noqa: S102 - our own page
        assert names["pending"].result(60).frame().height > 0
    assert len(calls) > 20
    assert (tmp_path / "october.xlsx").exists()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(client\.\w+|sr\.\w+)", TASKS))))
def test_every_call_that_the_task_table_names_exists(name):
    """A renamed method must not survive there."""
    owner = {"client": sr.Client, "sr": sr}[name.partition(".")[0]]
    assert hasattr(owner, name.partition(".")[2])


def test_the_page_of_errors_has_the_tree_of_the_module():
    """One tree, drawn at the top of the module."""
    tree = re.search(r"^```text\n(.*?)```", ERRORS, re.MULTILINE | re.DOTALL)[1]
    assert indent(tree, "    ") in errors.__doc__


def test_the_page_of_errors_says_when_each_is_raised_and_what_to_do():
    """The first line of each class, and advice that is not empty."""
    rows = re.findall(r"^\| `(\w+Error)` \| (.*?) \| (.+) \|$", ERRORS, re.MULTILINE)
    listed = {name: when for name, when, _ in rows}
    assert listed == {
        name: getattr(errors, name).__doc__.splitlines()[0].replace("``", "`")
        for name in errors.__all__
        if name != "StripeReportsError"
    }
