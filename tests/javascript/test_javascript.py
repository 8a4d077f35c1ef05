"""The form's JavaScript: its types, its style, and what needs no browser; skipped without Node."""

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

import stripe_reports as sr
from other_libraries import IN_CI, installed
from report_words import MEANT
from stripe_reports import catalog
from stripe_reports.catalog import purposes
from stripe_reports.notebook.form import menu
from stripe_reports.notebook.form.script import script

HERE = Path(__file__).parent
WIDGET = ("static", "families", "column_groups", "shown", "below", "run_id")


@pytest.fixture(scope="session")
def tools(request, tmp_path_factory):
    """The type checker, the linter, and a page without a browser, of the versions in ``package.json``."""
    if not IN_CI and not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node and npm are not installed here")
    versions = json.loads((HERE / "package.json").read_text("utf-8"))["devDependencies"]
    named = [f"{package}@{version}" for package, version in versions.items()]
    name = "-".join(["javascript", *versions.values()])
    npm = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *named, "--prefix"]
    return installed(request, tmp_path_factory, name, "node_modules/.bin/tsc", npm) / "node_modules"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The files of the form, their tests, and what Python sends, in one place."""
    folder = tmp_path_factory.mktemp("javascript")
    shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / "front").mkdir()
    for each in files("stripe_reports.notebook.form").joinpath("front").iterdir():
        (folder / "front" / each.name).write_text(each.read_text("utf-8"), "utf-8")
    (folder / "joined.js").write_text(script(), "utf-8")
    return folder


def check(folder, *command):
    """Run a program, and fail with what it printed."""
    done = subprocess.run(
        [str(each) for each in command], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def messages(client):
    """States of a form, and its answer to each question, as Python sends them."""
    form = sr.explore(client)
    states = []
    for report_type, period in [
        ("balance.summary", "2026-10"),
        ("balance_change_from_activity.itemized", "2026-10-31/2026-10-01"),
        ("ending_balance_reconciliation.itemized", "2026-10"),
        ("payout_reconciliation.by_id.summary", ""),
        ("payouts.itemized", "2026-Q3"),
    ]:
        form.choose(report_type=report_type, period=period)
        states.append({name: getattr(form, name) for name in WIDGET})
    form.choose(report_type="balance_change_from_activity.itemized", period="2026-10", columns="all")
    form.run().result(120)
    form.model.trouble(sr.errors.StoreError("The folder is gone."))
    states.append({name: getattr(form, name) for name in WIDGET})

    answers = []

    def ask(what, **values):
        answer, _ = form._answer_to({"ask": what, **values})
        answers.append((what, answer))
        return answer

    kind = ask("chart", kind=None)["kind"]
    ask("live_chart", kind=kind)
    ask("overview")
    ask("rows", limit=2)
    ask("selection")
    ask("file", format="csv")
    ask("history")
    ask("problem")
    ask("known_ids", field="currency")
    ask("below")
    ask("saved")
    controls = ask("controls")
    ask("control_rows", control=controls["controls"][0]["control"], currency=controls["currencies"][0])
    payout = client.fetch("payouts.itemized", "2026-10").frame()["payout_id"][0]
    bridge = ask("payout", payout=payout)["bridge"]
    ask("payout_rows", payout=payout, part=bridge[0]["part"])
    form.close()
    return states, answers


def test_the_types_fit(tools, folder, messages):
    """In every file, and those of what Python sends: a renamed key is found here, not by a user."""
    states, answers = messages
    lines = ['import type { Answers, State } from "./front/messages";']
    lines += [f"export const state{n}: State = {json.dumps(state)};" for n, state in enumerate(states)]
    lines += [
        f'export const answer{n}: Answers["{name}"] = {json.dumps(answer)};'
        for n, (name, answer) in enumerate(answers)
    ]
    (folder / "sent.ts").write_text("\n".join(lines), "utf-8")
    check(folder, "node", tools / "typescript/bin/tsc", "--project", folder)


def test_the_style_is_that_of_the_linter(tools, folder):
    check(folder, tools / ".bin/biome", "lint", "--error-on-warnings", folder)


def test_what_needs_no_browser_works_without_one(tools, folder, messages):
    """The search is that of Python: both get the same words, and find the same reports in the same order."""
    known = catalog.report_types()
    families = menu.families({}, asked=False, livemode=True)
    types = [known[entry["id"]] for family in families for entry in family["types"]]
    texts = {*MEANT, *(word for each in purposes.purposes() for word in each.words)}
    texts |= {type_.id for type_ in types} | {type_.base for type_ in types} | {type_.name for type_ in types}
    texts |= {
        "what is my",
        "weather",
        "VAT!",
        "café",
        "taxes & fees",
        "  Deposits ",
        "payouts_itemized",
        "5+",
    }
    found = [(text, purposes.search(text, types)) for text in sorted(texts)]
    states, answers = messages
    sent = {
        "form": states[-1],
        "answers": dict(answers),
        "menu": menu.static_menu(),
        "families": families,
        "meant": MEANT,
        "found": [{"text": text, "ids": [type_.id for type_ in ranked]} for text, ranked in found],
    }
    (folder / "sent.json").write_text(json.dumps(sent), "utf-8")
    shutil.copy(next(tools.rglob("lib.dom.d.ts")), folder)
    (folder / "node_modules").symlink_to(tools)
    check(folder, "node", "--test", "--test-reporter=spec", *sorted(folder.glob("*.test.js")))
