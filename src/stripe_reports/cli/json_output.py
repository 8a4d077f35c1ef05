"""JSON for machines: ``--format json`` of the commands, with exact amounts."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from stripe_reports.cli.output import say_whole

__all__ = ["add_format_to", "json_text", "say_json"]


def add_format_to(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses between text and JSON."""
    parser.add_argument(
        "--format", choices=["text", "json"], default="text", help="text for people, or JSON; default text"
    )


def say_json(value: Mapping[str, object]) -> None:
    """Print one JSON object; see ``json_text``."""
    say_whole(json_text(value))


def json_text(value: Mapping[str, object]) -> str:
    """Return one JSON object: amounts as exact text, because many programs read JSON's numbers as floats."""
    return json.dumps(value, indent=2, default=_plain)


def _plain(value: object) -> str:
    """Return an amount with all its decimals, a time as ISO 8601, and anything else as its text."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)
