"""The command line: ``stripe-reports demo | fetch | simulate | types | doctor``."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import polars as pl

from stripe_reports import catalog
from stripe_reports.errors import InputError, StripeReportsError, UnknownReportTypeError
from stripe_reports.export import write
from stripe_reports.models import ReportRun, ReportType

if TYPE_CHECKING:
    from stripe_reports.simulator import Simulator

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit status: 0 done, 1 failed, 2 asked wrongly, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that lacks a letter must not end the command
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except StripeReportsError as error:
        print(f"stripe-reports: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stdout = None  # nothing more to flush into it
        return 0
    except OSError as error:
        print(f"stripe-reports: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nstripe-reports: interrupted. A run that was launched goes on at Stripe; the same",
            file=sys.stderr,
        )
        print("command joins it again.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stripe-reports", description="Stripe's reports as exact, typed tables.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"stripe-reports {version('stripe-reports')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="see it work: a simulated account, no key, no network")
    demo.add_argument("--seed", type=int, default=1, help="which account to play (default 1)")
    demo.add_argument("--period", default="2026-10", help="which month to look at (default 2026-10)")
    demo.add_argument(
        "--output",
        type=Path,
        default=Path("stripe-reports-demo"),
        metavar="FOLDER",
        help="where the chart and the table go (default ./stripe-reports-demo)",
    )
    demo.set_defaults(command=_demo)

    fetch = commands.add_parser("fetch", help="one report, as a table, CSV or Parquet")
    fetch.add_argument("report_type", metavar="TYPE", help="such as balance.summary or payouts.itemized.5")
    fetch.add_argument("period", metavar="PERIOD", nargs="?", help="such as 2026-10 or 'last month'")
    fetch.add_argument("--output", type=Path, metavar="FILE", help="write FILE.csv or FILE.parquet")
    for name, text in {
        "timezone": "zone of the period and of local times, such as Europe/Paris",
        "currency": "one currency only, such as eur",
        "reporting-category": "one reporting category only, such as charge",
        "payout": "po_…, for one payout's report",
        "connected-account": "acct_…, for the Connect types",
    }.items():
        fetch.add_argument(f"--{name}", help=text)
    fetch.add_argument("--columns", help="names with commas between, 'all' or 'default'")
    fetch.add_argument("--reuse", choices=["auto", "always", "never"], default="auto", help="default auto")
    fetch.add_argument("--timeout", type=float, default=900, metavar="SECONDS", help="default 900")
    fetch.add_argument("--account", help="acct_… to act for a connected account")
    fetch.add_argument("--base-url", help="a simulator's address, in place of Stripe's")
    fetch.add_argument("--demo", action="store_true", help="ask the simulator, without a key")
    fetch.set_defaults(command=_fetch)

    simulate = commands.add_parser("simulate", help="Stripe's Reporting API on this machine, for any client")
    _add_simulate_options(simulate)
    simulate.set_defaults(command=_simulate)

    types = commands.add_parser("types", help="the report types, or one with its parameters and columns")
    types.add_argument("report_type", nargs="?", metavar="TYPE")
    types.add_argument("--all", action="store_true", help="old versions too")
    types.set_defaults(command=_types)

    doctor = commands.add_parser("doctor", help="which mode, what this key may do, what is missing")
    doctor.add_argument("--account", help="acct_… to act for a connected account")
    doctor.add_argument("--base-url", help="a simulator's address, in place of Stripe's")
    doctor.set_defaults(command=_doctor)
    return parser


def _add_simulate_options(simulate: argparse.ArgumentParser) -> None:
    simulate.add_argument("--host", default="127.0.0.1", help="default 127.0.0.1")
    simulate.add_argument("--port", type=int, default=12111, help="default 12111; 0 takes a free one")
    simulate.add_argument("--seed", type=int, default=1, help="which account to play (default 1)")
    simulate.add_argument(
        "--size",
        type=float,
        default=40.0,
        metavar="CHARGES",
        help="mean number of charges a day (default 40)",
    )
    simulate.add_argument(
        "--start", metavar="TIME", help="its time at the start (default 2026-11-05T12:00:00Z)"
    )
    simulate.add_argument(
        "--clock",
        choices=["running", "standing"],
        default="running",
        help="a standing one moves by POST /simulator/clock only (default running)",
    )
    simulate.add_argument(
        "--latency",
        metavar="SECONDS",
        help="how long a run is pending: 8, 5-20, or 8~300 for a median and a 99th percentile (default 5-20)",
    )
    simulate.add_argument(
        "--answer-delay",
        default="0",
        metavar="SECONDS",
        help="how long an answer takes, likewise (default 0)",
    )
    simulate.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[:TIMES][@PROBABILITY]",
        help="what goes wrong, such as file.cut, answer.500:20@0.3 or run.stuck:always; can be repeated",
    )
    simulate.add_argument("--list-faults", action="store_true", help="the names of faults, and nothing else")
    simulate.add_argument(
        "--webhook",
        action="append",
        default=[],
        metavar="URL",
        help="post events to an address of this machine; can be repeated",
    )
    simulate.add_argument(
        "--webhook-events",
        metavar="EVENT,…",
        help="which (default: runs that end, and types that are updated)",
    )
    simulate.add_argument(
        "--webhook-secret", metavar="WHSEC", help="what events are signed with (default: a new one, printed)"
    )
    simulate.add_argument(
        "--restrict",
        action="append",
        default=[],
        metavar="KEY=PERMISSION,…",
        help="what a restricted key may do, such as rk_test_x=file_read; can be repeated",
    )
    simulate.add_argument("--no-rate-limits", action="store_true", help="as many requests a second as come")


def _demo(options: argparse.Namespace) -> int:
    from stripe_reports.demo_client import demo

    client = demo(options.seed, latency=6.0, pace=0.35)
    _say(f"A simulated Stripe account: {client}. No key, no network.\n")
    offered = client.report_types()
    _say(f"It offers {len(offered)} report types, among them")
    for type_ in [type_ for type_ in offered if type_.superseded_by is None][:4]:
        _say(f"  {type_.id:<42}{type_.name}")

    _step(f'report = client.fetch("balance.summary", "{options.period}", currency="eur")')
    progress = TerminalProgress(sys.stdout)
    report = client.fetch("balance.summary", options.period, currency="eur", progress=progress)
    _say(f"  {report.reuse}")

    _step("report.frame()")
    frame = report.frame()
    _show(frame)

    _step("the same once more")
    again = client.fetch("balance.summary", options.period, currency="eur")
    _say(f"  {again.reuse}")

    options.output.mkdir(parents=True, exist_ok=True)
    chart, table = options.output / "balance.html", options.output / "balance.csv"
    _step(f'report.chart().save("{chart}")')
    picture = report.chart()
    picture.save(str(chart), inline=True)
    picture.save(str(chart.with_suffix(".png")), scale_factor=2)
    write(report, table)
    _say(f"  Written: {chart}, {chart.with_suffix('.png')}, {table}")

    command = "stripe-reports" if shutil.which("stripe-reports") else sys.argv[0]
    _say(
        "\nNext:\n"
        f"  open {chart} in a browser, or notebooks/quickstart.ipynb in JupyterLab\n"
        f"  {command} fetch payouts.itemized 'last month' --demo\n"
        f"  {command} types\n"
        f"With your own key: STRIPE_API_KEY=rk_… {command} fetch balance.summary 'last month'"
    )
    return 0


def _fetch(options: argparse.Namespace) -> int:
    from stripe_reports.client import Client, Parameters
    from stripe_reports.demo_client import demo
    from stripe_reports.settings import STRIPE_URL

    if options.output and options.output.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"{options.output} is neither a .csv nor a .parquet file.")
    if options.demo and (options.account or options.base_url):
        raise InputError(
            "--demo asks the simulator in this process; it takes no --account and no --base-url."
        )
    client = (
        demo() if options.demo else Client(account=options.account, base_url=options.base_url or STRIPE_URL)
    )
    columns = options.columns
    if columns not in (None, "all", "default"):
        columns = [name.strip() for name in columns.split(",")]
    parameters: Parameters = {
        "timezone": options.timezone,
        "columns": columns,
        "currency": options.currency,
        "reporting_category": options.reporting_category,
        "payout": options.payout,
        "connected_account": options.connected_account,
    }
    report = client.fetch(
        options.report_type,
        options.period,
        reuse=options.reuse,
        timeout=options.timeout,
        progress=TerminalProgress(sys.stderr),
        **parameters,
    )
    if options.output is None:
        _show(report.frame())
    else:
        rows = write(report, options.output)
        print(f"{rows:,} rows in {options.output}", file=sys.stderr)
    print(f"{report.request!r}\n{report.reuse}", file=sys.stderr)
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from stripe_reports.simulator import FAULTS, serve_forever

    if options.list_faults:
        for name, fault in FAULTS.items():
            _say(f"  {name:<24}{fault.about}")
        return 0
    try:
        simulator = _simulator(options)
    except ValueError as error:
        raise InputError(str(error)) from None

    def ready(url: str) -> None:
        _say(
            f"Stripe's Reporting API, simulated, at {url} (seed {options.seed}). Ctrl-C ends it.\n"
            f'  sr.Client("{simulator.key}", base_url="{url}")\n'
            f"  curl {url}/v1/reporting/report_types -u {simulator.key}:\n"
            f"  {url} in a browser says more."
        )
        for endpoint in simulator.webhooks:
            _say(f"  Events go to {endpoint.url}, signed with {endpoint.secret}.")

    try:
        serve_forever(simulator, options.host, options.port, ready=ready)
    except OSError as error:
        raise InputError(f"{options.host}:{options.port} cannot be served: {error}.") from None
    _say("\nEnded.")
    return 0


def _simulator(options: argparse.Namespace) -> Simulator:
    """What the options describe; raises ValueError for one that cannot be."""
    from stripe_reports.simulator import (
        EVENT_TYPES,
        Clock,
        Fault,
        RateLimits,
        RealClock,
        Simulator,
        WebhookEndpoint,
        latency,
    )

    is_running = options.clock == "running"
    start = [datetime.fromisoformat(options.start)] if options.start else []
    simulator = Simulator(
        options.seed,
        clock=(RealClock if is_running else Clock)(*start),
        latency=latency.named(options.latency) if options.latency else None,
        answer_delay=latency.named(options.answer_delay),
        # To a clock that stands still all requests come in the same second.
        rate_limits=RateLimits() if is_running and not options.no_rate_limits else None,
        charges_per_day=options.size,
    )
    simulator.faults += [Fault.parsed(text) for text in options.fault]
    events = options.webhook_events.split(",") if options.webhook_events else EVENT_TYPES
    signed = {"secret": options.webhook_secret} if options.webhook_secret else {}
    for url in options.webhook:
        simulator.webhooks.append(WebhookEndpoint(url, enabled_events=events, **signed))
    for text in options.restrict:
        key, _, granted = text.partition("=")
        simulator.restrict(key, granted.split(",") if granted else [])
    return simulator


def _types(options: argparse.Namespace) -> int:
    if options.report_type:
        _describe(_catalogued(options.report_type))
        return 0
    family = None
    for type_ in catalog.report_types().values():
        if type_.superseded_by and not options.all:
            continue
        if type_.family != family:
            family = type_.family
            _say(f"\n{str(family).replace('_', ' ').capitalize()}")
        marks = "live mode only" if type_.livemode_only else ""
        _say(f"  {type_.id:<66} {marks:<15} {type_.name}".rstrip())
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from stripe_reports.client import Client
    from stripe_reports.doctor import examine
    from stripe_reports.settings import STRIPE_URL

    marks = {"ok": "ok", "warning": "!!", "problem": "XX"}
    is_well = True
    with Client(account=options.account, base_url=options.base_url or STRIPE_URL) as client:
        for finding in examine(client):
            is_well = is_well and finding.verdict != "problem"
            _say(f"{marks[finding.verdict]}  {finding.what:<13} {finding.says}")
    _say("\nAll is well." if is_well else "\nSomething is missing; see XX.")
    return 0 if is_well else 1


def _catalogued(name: str) -> ReportType:
    type_ = catalog.get(catalog.newest(name))
    if type_ is None:
        raise UnknownReportTypeError(f"The catalogue has no {name}. `stripe-reports types --all` lists all.")
    return type_


def _describe(type_: ReportType) -> None:
    _say(f"{type_.id}  {type_.name}")
    _say(f"  takes     {', '.join(type_.parameters)}")
    _say(f"  known     {type_.evidence}; {type_.source}")
    if type_.notes:
        _say(f"  note      {type_.notes}")
    complete = "" if type_.columns_complete else " (more may exist)"
    _say(f"  columns   {len(type_.columns)}{complete}; * by default")
    defaults = type_.default_columns or ()
    for column in type_.columns:
        mark = "*" if column.name in defaults else " "
        _say(f"  {mark} {column.name:<38} {column.kind:<15} {column.description}")


class TerminalProgress:
    """Shows a pending run: one line, rewritten, in a terminal; a line for each look elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()

    def __call__(self, run: ReportRun, elapsed: float, expected: float | None) -> None:
        """Show the run as it is now."""
        about = f" of about {expected:.0f} s" if expected and run.status == "pending" else " s"
        line = f"  run {run.id} {run.status:<9} {elapsed:4.0f}{about}"
        if self._rewrites:
            width = shutil.get_terminal_size().columns - 1
            line = f"\r{line[:width]:<{width}}" + ("" if run.status == "pending" else "\n")
        else:
            line += "\n"
        self._stream.write(line)
        self._stream.flush()


def _step(code: str) -> None:
    _say(f"\n>>> {code}")


def _say(text: str) -> None:
    print(text, flush=True)


def _show(frame: pl.DataFrame) -> None:
    plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") not in ("utf8", "utf16")
    with pl.Config(
        tbl_rows=40,
        tbl_cols=-1,
        tbl_width_chars=160,
        fmt_str_lengths=40,
        tbl_formatting="ASCII_FULL_CONDENSED" if plain else "UTF8_FULL_CONDENSED",
    ):
        _say(str(frame))


if __name__ == "__main__":
    sys.exit(main())
