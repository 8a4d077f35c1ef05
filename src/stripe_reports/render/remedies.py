"""Remedies for errors, worded for each place where people read them.

An error keeps what happened and its remedy apart. In Python a remedy is a call, on the command line an
option, in the form something to press or to choose. Each remedy is one function here, with its three
wordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from stripe_reports.render.redaction import redacted

__all__ = [
    "Remedy",
    "act_for_another_account",
    "allow_host",
    "allow_larger_results",
    "ask_again_with_more_time",
    "ask_for_the_whole",
    "check_account",
    "check_address",
    "choose_another_folder",
    "choose_columns",
    "choose_one_type",
    "come_back",
    "end_before_the_data",
    "everywhere",
    "fetch_the_missing",
    "fetch_the_report",
    "give_both_bounds",
    "give_key",
    "give_key_apart",
    "keep_more",
    "launch_anew",
    "look_at_run",
    "make_room",
    "name_account",
    "name_evidence",
    "name_files_address",
    "name_timezone",
    "read_as",
    "read_less",
    "read_longer",
    "start_after_the_data",
    "start_server",
    "wait_first",
    "wait_for_run",
    "wait_longer",
    "write_a_month",
    "write_account",
]


@dataclass(frozen=True, slots=True)
class Remedy:
    """A remedy of one or more sentences; ``+`` joins two.

    Attributes:
        for_python: In terms of calls and arguments.
        for_command_line: In terms of commands and options.
        for_form: In terms of what can be pressed or chosen in the form.
    """

    for_python: str
    for_command_line: str
    for_form: str

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, redacted(getattr(self, each.name)))

    def __add__(self, other: Remedy) -> Remedy:
        return Remedy(
            f"{self.for_python} {other.for_python}",
            f"{self.for_command_line} {other.for_command_line}",
            f"{self.for_form} {other.for_form}",
        )


def everywhere(text: str) -> Remedy:
    """Return a remedy with the same words everywhere."""
    return Remedy(text, text, text)


# Waiting and running again

_JOINED = (
    "Even tomorrow that joins this run, unless Stripe has published newer data by then; no new run is needed."
)


def wait_for_run(run_id: str, seconds: float) -> Remedy:
    """Wait for a run once more, for the given number of seconds."""
    return Remedy(
        f"Wait again with client.wait(client.retrieve({run_id!r}), timeout={seconds:.0f}), or call the same "
        f"again. {_JOINED}",
        f"Run the same command again with --timeout {seconds:.0f}. {_JOINED}",
        f"Press 'Continue waiting', or choose the same again. {_JOINED}",
    )


def wait_longer(run_id: str) -> Remedy:
    """Give a call about a run more time."""
    return _with_more_time(f"wait with client.wait({run_id!r}, timeout=...)")


def read_longer(run_id: str) -> Remedy:
    """Give the reading of the result of a run that has ended more time."""
    return _with_more_time(f"read it with client.report({run_id!r}, timeout=...)")


def _with_more_time(or_else: str) -> Remedy:
    return Remedy(
        f"Call the same again with a longer timeout, or {or_else}. {_JOINED}",
        f"Run the same command again with a longer --timeout. {_JOINED}",
        f"Press the button again. {_JOINED}",
    )


def wait_first(run_id: str) -> Remedy:
    """Wait for a pending run before its result is read."""
    return Remedy(
        f"Wait for it first: client.wait({run_id!r}).",
        "Fetch its report: the command waits for it.",
        "Press 'Continue waiting'.",
    )


def come_back(run_id: str) -> Remedy:
    """Wait again for a run that continues at Stripe."""
    goes_on = f"Report run {run_id} goes on at Stripe."
    return Remedy(
        f"{goes_on} To come back to it: client.wait(client.retrieve({run_id!r})), or the same fetch again.",
        f"{goes_on} The same command comes back to it.",
        f"{goes_on} Press the button again to come back to it, or find it in the history.",
    )


def ask_again_with_more_time() -> Remedy:
    """Repeat a call whose time was over before a run was known."""
    found = "a launch that did reach Stripe will be found, not repeated."
    return Remedy(
        f"Call again, with a longer timeout: {found}",
        f"Run the same command again, with a longer --timeout if it takes one: {found}",
        f"Press the button again: {found}",
    )


def end_before_the_data() -> Remedy:
    """Request an interval that ends before Stripe's data do."""
    return everywhere(
        "Stripe does not accept an interval that ends exactly at the end of its data. End it one second "
        "earlier, or wait until Stripe has added data, about twice a day."
    )


def start_after_the_data() -> Remedy:
    """Request an interval that starts after Stripe's data do."""
    return everywhere(
        "Stripe does not accept an interval that starts exactly at the start of its data. Start it one "
        "second later."
    )


def launch_anew() -> Remedy:
    """Launch a new run, because the present one cannot be used."""
    return Remedy(
        "Launch a new run: fetch again with reuse='never'.",
        "Launch a new run: give the same command with --reuse never.",
        "Launch a new run: press 'Run again'.",
    )


def look_at_run(run_id: str) -> Remedy:
    """Check a run with an unknown status."""
    newer = "A newer version of stripe-reports may know it."
    return Remedy(f"{newer} See the run with client.retrieve({run_id!r}).", newer, newer)


# Requests


def name_evidence() -> Remedy:
    """Name a folder or an archive of evidence."""
    return Remedy(
        "Name what client.evidence(...) wrote: the folder, or the .zip.",
        "Name what 'stripe-reports evidence' wrote: the folder, or the .zip.",
        "Name the folder or the .zip of evidence.",
    )


def write_a_month(such_as: str) -> Remedy:
    """Write one whole month, or fetch several one by one."""
    month = f"Write a month, such as {such_as!r}"
    return Remedy(
        f"{month}; client.fetch_all(..., split='month') fetches several.",
        f"{month}; 'fetch-all' in place of 'fetch', with --split month, fetches several.",
        f"{month}.",
    )


def act_for_another_account() -> Remedy:
    """Name the account of the client: it is not a parameter of a report."""
    return Remedy(
        "Act for another account with Client(account='acct_…'), or account='acct_platform/acct_connected' "
        "with an organisation's key.",
        "Act for another account with --account acct_…, or --account acct_platform/acct_connected with an "
        "organisation's key.",
        "A form is for the account of its client: open another form for another account.",
    )


def name_account() -> Remedy:
    """Name the account that an organisation's key acts for."""
    return Remedy(
        "Name the account with Client(account='acct_…'), or one that is connected to it with "
        "account='acct_platform/acct_connected'.",
        "Name the account with --account acct_…, or one that is connected to it with "
        "--account acct_platform/acct_connected.",
        "Name the account in the client (account), and open the form for that client.",
    )


def write_account(param: str = "account") -> Remedy:
    """Write an account as Stripe does, alone or in a list."""
    in_python = "['acct_…', 'acct_platform/acct_connected']" if param == "accounts" else "'acct_…'"
    return Remedy(
        f"Write {param}={in_python}; a path of accounts is 'acct_platform/acct_connected'.",
        f"Write --{param} acct_…, or --{param} acct_platform/acct_connected.",
        "Correct the account of the client, and open the form for that client.",
    )


def check_account() -> Remedy:
    """Check which accounts a key can act for."""
    return everywhere(
        "Check the id of the account. An account's key acts for accounts that are connected to it. An "
        "organisation's key acts for accounts of the organisation, and with a path such as "
        "acct_platform/acct_connected for accounts connected to them."
    )


def name_timezone() -> Remedy:
    """Name the time zone by the right parameter."""
    return Remedy(
        "The time zone is timezone='Europe/Paris'.",
        "The time zone is --timezone Europe/Paris.",
        "Choose the time zone in its field.",
    )


def give_both_bounds() -> Remedy:
    """Give both bounds as the period."""
    return Remedy(
        "Give both bounds as the period: ('2026-10-01', '2026-11-01').",
        "Give both bounds as the period: 2026-10-01/2026-11-01.",
        "Choose the first and the last day of the period.",
    )


def choose_columns() -> Remedy:
    """Name the columns instead of using Stripe's default."""
    return Remedy(
        "Name the columns you want: columns=[...].",
        "Name the columns you want, with commas between: --columns net,fee.",
        "Choose the columns you want.",
    )


def read_as(columns: Mapping[str, str], *, to: str) -> Remedy:
    """Set the polars types of columns, *to* a purpose.

    Args:
        columns: By column the type as it is written in Python, such as ``pl.Decimal(38, 6)``.
        to: The purpose: ``"read it as text"``.
    """
    in_python = ", ".join(f"{name!r}: {dtype}" for name, dtype in columns.items())
    names = (f"{name}={dtype.removeprefix('pl.').partition('(')[0]}" for name, dtype in columns.items())
    override = f"schema_overrides={{{in_python}}}"
    return Remedy(
        f"To {to}: {override}, in fetch, frame and read_csv.",
        f"To {to}: stripe-reports fetch with --schema-overrides {','.join(names)}.",
        f"The form cannot change how columns are read. To {to}, fetch the report in a cell, with {override}.",
    )


def ask_for_the_whole() -> Remedy:
    """Do not split the period."""
    return Remedy("Leave out split=.", "Leave out --split.", "Ask for the period as a whole.")


def fetch_the_report() -> Remedy:
    """Fetch a report, because the file is not a report."""
    return Remedy(
        "Or fetch the report: client.frame('payouts.itemized', '2026-10').",
        "Or fetch the report: stripe-reports fetch payouts.itemized 2026-10.",
        "Or choose the report in the form.",
    )


# Disk space, memory and sizes


def make_room() -> Remedy:
    """Free space on a full disk."""
    return Remedy(
        "Free some space, remove old results with client.cache.clear(...), or choose another folder with "
        "Client(cache_dir=...).",
        "Free some space, remove old results from that folder, or set STRIPE_REPORTS_CACHE_DIR to another "
        "folder.",
        "Free some space, or remove old results.",
    )


def choose_another_folder() -> Remedy:
    """Store results in another folder."""
    return Remedy(
        "Choose another folder with Client(cache_dir=...).",
        "Set STRIPE_REPORTS_CACHE_DIR to another folder.",
        "Open the form with a client that has another folder (cache_dir).",
    )


def choose_one_type(report_type: str) -> Remedy:
    """Name one report type of a set."""
    return Remedy(
        f"Name one: reports.scan({report_type!r}), or reports.of({report_type!r}) for charts and files.",
        *("Ask for one type at a time.", "Choose one type."),
    )


def choose_one_account(account: str) -> Remedy:
    """Name one account of a set."""
    return Remedy(
        f"Name one: reports.of(account={account!r}); scan() and the files have all of them.",
        *("Ask for one account at a time.", "Choose one account."),
    )


def fetch_the_missing() -> Remedy:
    """Repeat a call of which some reports failed or are missing."""
    return Remedy(
        "The same call asks only for what is missing; reports.scan(partial=True) reads what is there.",
        "The same command asks only for what is missing; --partial shows what is there.",
        "Press the button again; only what is missing is asked for.",
    )


def keep_more() -> Remedy:
    """Raise the limit for all stored results, or fetch the removed ones again."""
    return Remedy(
        "If all of them take more room than the results may, raise Client(cache_limit=...); else fetch them "
        "again.",
        "Run the same command again; if that does not help, ask for a shorter period.",
        "Press the button again; if that does not help, ask for a shorter period.",
    )


def allow_larger_results() -> Remedy:
    """Allow a larger result, or request a smaller one."""
    return Remedy(
        "If the size is right, raise the limit with Client(max_result_bytes=...).",
        "Ask for less: fewer columns with --columns, or a shorter period.",
        "Ask for less: fewer columns, or a shorter period.",
    )


def read_less() -> Remedy:
    """Read only the needed part of a report that may not fit into memory."""
    return Remedy(
        "Use scan() instead of frame(): report.scan().filter(...).select(...).collect() reads only what it "
        "needs.",
        "Write it to a file with --output FILE.parquet, or ask for fewer columns with --columns.",
        "Ask for fewer columns, or a shorter period.",
    )


# Addresses and keys


def give_key() -> Remedy:
    """Give an API key, or use the simulator, which needs none."""
    store = (
        "Set the environment variable STRIPE_API_KEY, or store a key with 'keyring set stripe-reports "
        "api_key' (needs the extra stripe-reports[keyring])"
    )
    return Remedy(
        f"{store}, or pass Client(api_key=...). To try things out without a key, use stripe_reports.demo().",
        f"{store}. Without a key, 'stripe-reports demo' shows how it works; most commands take --demo.",
        f"{store}.",
    )


def give_key_apart() -> Remedy:
    """Give the API key as an argument, not in an address."""
    return Remedy(
        "The API key is passed as api_key.",
        "The API key is taken from the environment variable STRIPE_API_KEY.",
        "The API key is that of the form's client.",
    )


def check_address() -> Remedy:
    """Check the address of the API, and the proxies on the way to it."""
    between = "and is there no proxy or login page in between?"
    return Remedy(
        f"Is base_url right, {between}",
        f"Is --base-url right, {between}",
        f"Is the client's base_url right, {between}",
    )


def start_server() -> Remedy:
    """Start the server at the address of the API, or give another address."""
    start = "Start the server there, or correct"
    return Remedy(f"{start} base_url.", f"{start} --base-url.", f"{start} the client's base_url.")


def allow_host(host: str) -> Remedy:
    """Allow a live key to be sent to a host."""
    return Remedy(
        f"Use a test key, or allow the host by name: Client(..., trusted_hosts=[{host!r}]).",
        "Use a test key, or leave out --base-url.",
        f"Use a test key, or a client that allows {host!r} (trusted_hosts).",
    )


def name_files_address() -> Remedy:
    """Give the address of a gateway's result files."""
    return Remedy(
        "Behind a gateway, pass files_url to Client.",
        "Behind a gateway, give --base-url the address that the files are at too.",
        "Behind a gateway, open the form with a client that has its files_url.",
    )
