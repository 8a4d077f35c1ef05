"""``python -m tests.catalog merge FILE``: add what a user reported to the catalogue, with its mark."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stripe_reports import catalog

from . import layout
from .merging import merge
from .reading import RefusedFileError, read

CATALOGUE = Path(catalog.__file__).parent


def main(arguments: list[str] | None = None) -> int:
    """Run the command: 0 if the file was merged or held nothing new, 2 if it was refused."""
    parser = argparse.ArgumentParser(prog="python -m tests.catalog", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("merge", help="merge a file of 'stripe-reports doctor --unknown'")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--catalogue", type=Path, default=CATALOGUE, help="folder of report_types.json and names.py"
    )
    options = parser.parse_args(arguments)
    try:
        reported = read(options.file)
    except RefusedFileError as error:
        print(f"{options.file} was refused: {error}", file=sys.stderr)
        return 2
    facts, names = options.catalogue / "report_types.json", options.catalogue / "names.py"
    before = layout.load(facts.read_text("utf-8"))
    merged = merge(before, reported)
    if merged.added:
        facts.write_text(layout.dump(merged.data), "utf-8")
        names.write_text(layout.with_names(names.read_text("utf-8"), merged.data["report_types"]), "utf-8")
    for title, lines in (
        ("Added, marked as reported by a user", merged.added),
        ("Not added: it contradicts what is known", merged.conflicts),
        ("Not added: a person must decide", merged.undecided),
    ):
        print(f"{title}: {len(lines) or 'nothing'}")
        print("".join(f"  {line}\n" for line in lines), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
