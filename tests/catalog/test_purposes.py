"""People ask for deposits, sales tax and chargebacks; one search leads them to Stripe's reports."""

from __future__ import annotations

import json

import pytest

from places import ROOT
from report_words import MEANT
from stripe_reports import catalog
from stripe_reports.catalog import purposes
from stripe_reports.cli import main
from stripe_reports.errors import UnknownReportTypeError
from stripe_reports.notebook.form import menu


@pytest.fixture(scope="module")
def newest():
    return [type_ for type_ in catalog.report_types().values() if not type_.superseded_by]


@pytest.mark.parametrize(("words", "report_type"), MEANT.items())
def test_what_people_say_leads_to_the_report(words, report_type, newest):
    assert purposes.search(words, newest)[0].base == report_type


@pytest.mark.parametrize(("words", "report_type"), MEANT.items())
def test_the_hint_of_an_unknown_name_leads_to_the_report(words, report_type):
    with pytest.raises(UnknownReportTypeError) as raised:
        catalog.newest(words)
    assert f"Did you mean '{report_type}'" in str(raised.value)


@pytest.mark.parametrize(("words", "report_type"), MEANT.items())
def test_the_command_line_leads_to_the_report(words, report_type, capsys):
    assert main(["types", "--search", words]) == 0
    assert capsys.readouterr().out.startswith(f"{report_type}.")


def test_the_command_line_says_that_nothing_is_known(capsys):
    assert main(["types", "--search", "weather"]) != 0
    assert "No report is known for 'weather'" in capsys.readouterr().err


def test_a_client_lists_only_what_the_account_offers_each_type_once(client):
    """The reports on fees have no test data, so with a test key the summary by category comes first."""
    assert client.report_types("fees")[0].id == "balance_change_from_activity.summary.2"
    found = client.report_types("deposit")
    assert found[0].id == "payouts.itemized.5"
    assert len({type_.base for type_ in found}) == len(found)
    assert client.report_types("weather") == []


def test_the_questions_of_a_search_are_those_with_its_words(client):
    questions = client.report_types("chargebacks").questions()
    assert questions["question"].unique().to_list() == ["Which payments were disputed (chargebacks)?"]
    assert client.report_types().questions()["question"].n_unique() > 8


@pytest.mark.parametrize(
    "name", ["payouts.itemized", "payouts.itemized.5", "Itemized payouts", "itemized payouts"]
)
def test_the_name_of_a_report_finds_itself(name, newest):
    assert purposes.search(name, newest)[0].id == "payouts.itemized.5"


def test_words_that_say_nothing_find_nothing(newest):
    """Not even all reports: a search for ``of`` would list them as if they answered it."""
    assert purposes.search("what is my", newest) == []


def test_every_report_of_a_question_is_in_the_catalogue():
    known = {type_.base for type_ in catalog.report_types().values()}
    assert {name for purpose in purposes.purposes() for name in purpose.report_types} <= known


def test_a_word_of_a_question_survives_the_search_for_itself():
    """An ending that the search removes must leave the beginning of the word."""
    for purpose in purposes.purposes():
        for word in purpose.words:
            assert purpose.has(purposes.words_of(word)), word
            assert word not in purposes.STOP_WORDS


def test_the_page_lists_every_question():
    page = (ROOT / "notebooks/which_report.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")][2:]
    assert rows == [
        f"| {each.question} | {', '.join(f'`{name}`' for name in each.report_types)} | {each.advice} |"
        for each in purposes.purposes()
    ]


def test_the_form_gets_the_words_of_every_question():
    """``test_words_of_people_find_a_report_in_the_form`` checks in a browser what it does with them."""
    sent = json.loads(json.dumps(menu.static_menu()))
    assert [entry["words"] for entry in sent["purposes"]] == [[*each.words] for each in purposes.purposes()]
    assert sent["endings"] == list(purposes.ENDINGS)
    assert sent["stop_words"] == sorted(purposes.STOP_WORDS)
