"""Each extra works by itself, and without it the error says what to install.

Run where one extra is installed and the others are not, by ``tox -e extra-pandas`` and its like, this tests
both; where all are installed, that each works.
"""

from importlib.util import find_spec

import pytest

from stripe_reports import cli
from stripe_reports.errors import MissingExtraError
from stripe_reports.http.keys import find_key
from stripe_reports.storage.datasets.opening import place_of

EXTRAS = {
    "pandas": ("pandas", lambda report, folder: report.to_pandas()),
    "excel": ("xlsxwriter", lambda report, folder: report.write_excel(folder / "report.xlsx")),
    "tables": ("great_tables", lambda report, folder: report.table()),
    "cloud": ("obstore", lambda report, folder: place_of("s3://finance")._store),
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_works_or_the_error_says_how_to_install_it(extra, client, tmp_path):
    """Everything else works without it, the report too."""
    report = client.fetch("balance.summary", "2026-10")
    module, use = EXTRAS[extra]
    if find_spec(module):
        assert use(report, tmp_path) is not None
    else:
        with pytest.raises(MissingExtraError, match=rf"pip install 'stripe-reports\[{extra}\]'"):
            use(report, tmp_path)
    assert report.frame().height == 36


def test_the_keyring_is_used_if_there_is_one(monkeypatch):
    """Without one, the other ways to give a key remain."""
    if find_spec("keyring"):
        monkeypatch.setattr("keyring.get_password", lambda service, name: f"sk_test_{service}_{name}")
        assert find_key().reveal() == "sk_test_stripe-reports_api_key"
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_of_the_environment")
    assert find_key().reveal() == "sk_test_of_the_environment"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completions_work_or_say_how_to_install_them(shell, capsys):
    """The script knows the commands and their options."""
    status = cli.main(["completions", shell])
    captured = capsys.readouterr()
    if find_spec("shtab"):
        assert status == 0
        assert "stripe-reports" in captured.out
        assert "notify-always" in captured.out
    else:
        assert status == 2
        assert "pip install 'stripe-reports[completions]'" in captured.err


def test_the_app_says_how_to_install_it(capsys):
    """Before it asks for a key; where it is installed, tests in a browser use it."""
    if find_spec("voila"):
        assert cli.main(["app", "--demo", "--account", "acct_1"]) == 2
        assert "--demo asks the simulator in this process" in capsys.readouterr().err
    else:
        assert cli.main(["app"]) == 2
        assert "pip install 'stripe-reports[app]'" in capsys.readouterr().err
