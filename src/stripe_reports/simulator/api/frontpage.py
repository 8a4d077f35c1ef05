"""The simulator's front page: HTML for browsers, plain text for curl."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import NamedTuple, Protocol

from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.faults.faults import NAMED_FAULTS
from stripe_reports.simulator.ledger.organisation import SiblingAccount
from stripe_reports.simulator.webhooks.events import API_VERSION

__all__ = ["front_page"]

_WHAT = (
    "A simulator of Stripe's Reporting API, part of stripe-reports. This is not Stripe.",
    "It has report types, runs, files, file links, events and webhooks over an invented account whose "
    "reports agree with each other to the cent. Any test or live key of the right form is accepted; this "
    "one names the ledger:",
)


class _Part(NamedTuple):
    """One way to use the simulator: a title, an explanation, and code to copy."""

    title: str
    text: str
    code: str


class _Shown(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def organisation_key(self) -> str: ...

    @property
    def organisation(self) -> Sequence[SiblingAccount]: ...


def front_page(simulator: _Shown, request: Request, now: datetime) -> Response:
    """Explain what this is, which key to use, and how to use it from a library, a test or curl."""
    key = simulator.key
    url = request.host_url.rstrip("/")
    parts = [*_parts(key, url, request.host), _organisation(simulator, url)]
    if request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html":
        response = Response(_html(key, parts, now), content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    else:
        response = Response(_text(key, parts, now), content_type="text/plain; charset=utf-8")
    response.headers["Vary"] = "Accept"
    return response


def _parts(key: str, url: str, address: str) -> list[_Part]:
    host, _, port = address.rpartition(":") if ":" in address else (address, "", "80")
    return [
        _Part(
            "curl",
            "",
            f"""curl {url}/v1/reporting/report_types -u {key}:
curl {url}/v1/reporting/report_runs -u {key}: \\
    -d report_type=balance.summary.1 \\
    -d "parameters[interval_start]=1790812800" -d "parameters[interval_end]=1793491200"
""",
        ),
        _Part(
            "Stripe's Python library",
            "",
            f"""client = stripe.StripeClient(
    "{key}",
    base_addresses={{"api": "{url}", "files": "{url}"}},
)
run = client.v1.reporting.report_runs.create(
    {{"report_type": "balance.summary.1", "parameters": ...}}
)
""",
        ),
        _Part(
            "Stripe's Node library",
            "",
            f"""const stripe = new Stripe("{key}", {{
  host: "{host}", port: {port}, protocol: "http",
}});
const run = await stripe.reporting.reportRuns.create({{
  report_type: "balance.summary.1", parameters: ...
}});
""",
        ),
        _Part(
            "Reports v2 (preview)",
            "Only partly known: much of it is inferred. The address of a file needs no key, and expires.",
            f"""curl {url}/v2/data/report_runs -H "Authorization: Bearer {key}" \\
    -H "Stripe-Version: 2026-10-28.preview" --json '{{"format": "csv",
    "report": {{"name": "balance.summary"}}, "parameters": {{
    "interval_start": "2026-10-01T00:00:00Z", "interval_end": "2026-11-01T00:00:00Z"}}}}'
""",
        ),
        _Part(
            "stripe-reports",
            "",
            f"""client = stripe_reports.Client("{key}", base_url="{url}")
client.frame("balance.summary", "2026-10")
""",
        ),
        _Part(
            "Testing your own code, with pytest",
            "The fixture comes with the package. Each test has its own simulator, whose clock stands still.",
            """def test_a_failed_run_is_reported(stripe_reporting):
    stripe_reporting.inject_fault("run.failed")
    job = start_my_job(api_base=stripe_reporting.url, api_key=stripe_reporting.key)
    stripe_reporting.clock.advance(60)
    assert "could not be generated" in job.message()
""",
        ),
        _Part(
            "Moving the clock and adding faults, from any language",
            "Runs finish as the clock advances. A fault is NAME, NAME:TIMES or NAME:TIMES@PROBABILITY. "
            "A closed month that is restated shows other figures once newer data are published. With strict "
            "bounds, an interval must not touch start or end of the data: Stripe's pages disagree about it.",
            f"""curl {url}/simulator/clock -d advance=60
curl {url}/simulator/faults -d fault=answer.500:20@0.3
curl {url}/simulator/faults -X DELETE
curl {url}/simulator/bounds -d strict=true
curl {url}/simulator/restatements -d period=2026-09 -d change='late fee'
""",
        ),
    ]


def _organisation(simulator: _Shown, url: str) -> _Part:
    main, sibling, *_ = accounts = simulator.organisation
    width = max(len(account.id) for account in accounts)
    listed = "\n".join(f"{account.id:<{width}}  {account.name}" for account in accounts)
    return _Part(
        "The organisation",
        f"The keys above are of the account {main.name}, which has siblings in an organisation. "
        "The organisation's key needs the headers Stripe-Version and Stripe-Context; a context is an account "
        "of the organisation, alone or with an account that is connected to it.",
        f"""{listed}
{main.id}/{main.connected_accounts[0].id}

curl {url}/v1/reporting/report_types -u {simulator.organisation_key}: \\
    -H "Stripe-Version: {API_VERSION}" -H "Stripe-Context: {sibling.id}"
curl {url}/simulator/accounts    # the accounts that are connected to {main.name}
""",
    )


def _text(key: str, parts: list[_Part], now: datetime) -> str:
    said = [
        _WHAT[0],
        textwrap.fill(_WHAT[1], 90),
        f"    {key}",
        f"Its clock shows {now:%Y-%m-%d %H:%M:%S} UTC.",
    ]
    for part in parts:
        said += [f"{part.title}:"] + ([part.text] if part.text else [])
        said.append("\n".join(f"    {line}".rstrip() for line in part.code.splitlines()))
    width = max(map(len, NAMED_FAULTS))
    said.append("Faults:")
    said.append("\n".join(f"    {name:<{width}}  {fault.about}" for name, fault in NAMED_FAULTS.items()))
    return "\n\n".join(said) + "\n"


def _html(key: str, parts: list[_Part], now: datetime) -> str:
    shown = "".join(
        f"<section><h2>{escape(part.title)}</h2>"
        + (f"<p>{escape(part.text)}</p>" if part.text else "")
        + f"<pre><code>{escape(part.code)}</code></pre></section>"
        for part in parts
    )
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code><td>{escape(fault.about)}"
        for name, fault in NAMED_FAULTS.items()
    )
    return _PAGE.format(
        what=escape(_WHAT[1]), key=escape(key), now=f"{now:%Y-%m-%d %H:%M:%S}", parts=shown, faults=rows
    )


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stripe's Reporting API, simulated</title>
<style>
  :root {{
    color-scheme: light dark;
    --ink: light-dark(#1c2333, #e6e9f0); --soft: light-dark(#56607a, #a3adc2);
    --page: light-dark(#fff, #12151d); --box: light-dark(#f4f5f9, #1b202c);
    --line: light-dark(#dfe3ec, #2c3344); --mark: light-dark(#4b3fd1, #a9a2ff);
  }}
  body {{
    margin: 0 auto; max-width: 58rem; padding: 3rem 1.5rem 4rem; background: var(--page); color: var(--ink);
    font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  }}
  h1 {{ font-size: 1.8rem; line-height: 1.25; margin: 0; letter-spacing: -.01em; }}
  h2 {{ font-size: 1.05rem; margin: 2.2rem 0 .4rem; }}
  p {{ margin: .6rem 0; }}
  .notice {{ color: var(--soft); margin-top: .3rem; }}
  code, pre {{ font: .85rem/1.55 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
  pre {{
    margin: .5rem 0 0; padding: .9rem 1.1rem; overflow-x: auto;
    background: var(--box); border: 1px solid var(--line); border-radius: 8px;
  }}
  .key {{ color: var(--mark); font-weight: 600; user-select: all; }}
  table {{ border-collapse: collapse; width: 100%; margin-top: .5rem; }}
  td {{ padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }}
  td:first-child {{ white-space: nowrap; }}
  td code {{ color: var(--mark); }}
</style>
<main>
<h1>Stripe's Reporting API, simulated</h1>
<p class="notice">A simulator, part of stripe-reports. This is not Stripe.
Its clock shows {now} UTC.</p>
<p>{what}</p>
<pre class="key">{key}</pre>
{parts}
<section><h2>Faults</h2>
<p>Add one by its name: <code>inject_fault("file.cut", times=2)</code>, <code>--fault file.cut:2</code>, or
as above.</p>
<table>{faults}</table></section>
</main>
</html>
"""
