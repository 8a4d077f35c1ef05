"""``stripe-reports demo``: fetch, draw and reuse a report of a simulated account, in a terminal."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.cli.clients import add_api_to
from stripe_reports.cli.output import say, show, step, waiting
from stripe_reports.render.printable import printable
from stripe_reports.render.remedies import everywhere
from stripe_reports.storage.disk import disk_errors, make_missing

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands

__all__ = ["add_to", "run"]


_ACTIVITY = "balance_change_from_activity.summary"
"""The report of what happened between the two balances."""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help="see it work on a simulated account: no key, no network",
        description="Runs, reads, draws and reuses a report of a simulated account.",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the simulated account (default 1)")
    parser.add_argument("--period", default="2026-10", help="month of the report (default 2026-10)")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("stripe-reports-demo"),
        metavar="FOLDER",
        help="folder for the chart and the table (default ./stripe-reports-demo)",
    )
    add_api_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Fetch, read, draw and reuse a report, step by step."""
    from stripe_reports.demo_client import demo

    client = demo(options.seed, latency=6.0, pace=0.35, api=options.api or "v1")
    say(f"A simulated Stripe account: {client}. No key, no network.\n")
    offered = client.report_types()
    say(f"It offers {len(offered)} report types, among them")
    for type_ in [type_ for type_ in offered if type_.superseded_by is None][:4]:
        say(printable(f"  {type_.id:<42}{type_.name}"))

    step(f'report = client.fetch("balance.summary", "{options.period}", currency="eur")')
    with waiting("balance.summary", sys.stdout) as told:
        report = client.fetch("balance.summary", options.period, currency="eur", progress=told)
    say(f"  {report.reuse}")

    step("report.frame()")
    frame = report.frame()
    show(frame)

    step("the same again")
    again = client.fetch("balance.summary", options.period, currency="eur")
    say(f"  {again.reuse}")

    with disk_errors("write", options.output, remedy=everywhere("Give another folder with --output.")):
        make_missing(options.output)
    step(f'activity = client.fetch("{_ACTIVITY}", "{options.period}", currency="eur")')
    with waiting(_ACTIVITY, sys.stdout) as told:
        activity = client.fetch(_ACTIVITY, options.period, currency="eur", progress=told)
    say(f"  {activity.reuse}")

    chart, table = options.output / "balance.html", options.output / "balance.csv"
    step(f'report.chart(activity=activity).save("{chart}")')
    picture = report.chart(activity=activity)
    picture.save(str(chart), inline=True)
    picture.save(str(chart.with_suffix(".png")), scale_factor=2)
    report.write_csv(table)
    say(f"  Written: {chart}, {chart.with_suffix('.png')}, {table}")

    command = _command(sys.argv[0])
    say(
        "\nNext:\n"
        f"  open {chart} in a browser, or notebooks/quickstart.ipynb in JupyterLab\n"
        f"  {command} fetch payouts.itemized 'last month' --demo\n"
        f"  {command} types\n"
        f"With your own key: STRIPE_API_KEY=rk_… {command} fetch balance.summary 'last month'"
    )
    return 0


def _command(called: str) -> str:
    """Return the command as it can be typed here; *called* is how this process was started."""
    if shutil.which("stripe-reports"):
        return "stripe-reports"
    return called if Path(called).name == "stripe-reports" else "python -m stripe_reports"
