"""Where the CPU goes of what is measured beside polars: reading a file, and downloading and storing it."""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.data import REPORT_TYPE, ZONE, Served
from tests.benchmarks.measure import in_child
from tests.benchmarks.rows.reading import typed
from tests.benchmarks.rows.storing import download
from tests.benchmarks.table import Row

Case = tuple[Callable[[], Any], Callable[[Any], Any]]
Steps = dict[str, float]


def rows(report: Served, csv: Path, folder: Path) -> list[Row]:
    """One row each for reading and for storing: the seconds of CPU of each step, ours and the peer's."""
    stored = [report.client, report.run, str(csv), report.csv_url, report.key, str(folder)]
    return [
        _row("CSV to a frame, step by step", _warm(reading, str(csv))),
        _row("download and store, step by step", _warm(storing, *stored)),
    ]


def _warm(case: Callable[..., Case], *arguments: Any) -> dict[str, Steps]:
    """The second of two runs: the first compiles the modules."""
    found: dict[str, Steps] = [in_child(case, *arguments) for _ in range(2)][-1].value
    return found


def _row(what: str, steps: dict[str, Steps]) -> Row:
    return Row(what, "", _text(steps["ours"]), f"the peer: {_text(steps['peer'])}", "", None)


def _text(steps: Steps) -> str:
    parts = ", ".join(f"{name} {taken:.2f}" for name, taken in steps.items())
    return f"{sum(steps.values()):.2f} s of CPU: {parts}"


def reading(csv: str) -> Case:
    """The steps of ``parsing.typed_rows``, each for all pieces of the file; and polars with a schema."""
    import polars as pl

    from stripe_reports.parsing import exact_text, typed_rows
    from stripe_reports.parsing.values import is_parsed, parsed, value_name

    table, fields = _table(csv, is_for_frame=True)
    names = [field.name for field in fields]
    own = [field for field in fields if is_parsed(field)]
    values = [parsed(field).alias(value_name(field.name)) for field in own]
    texts = dict.fromkeys(names, pl.String())

    def measured() -> dict[str, Steps]:
        steps = Counter[str]()

        def step(name: str, action: Callable[..., Any], *arguments: Any) -> Any:
            started = time.process_time()
            result = action(*arguments)
            steps[name] += time.process_time() - started
            return result

        kept = []
        while piece := step("file in pieces", next, table._pieces, None):
            text = step("cells as text", exact_text._by_polars, piece.content, texts, ())
            both = step("values", exact_text._by_polars, piece.content, texts, values)
            sizes = step("their sizes", exact_text._sizes_of, text)
            step("quotes and line ends", exact_text._lines_if_it_adds_up, piece.content, sizes)
            step("forms of values", typed_rows._have_their_forms, both, fields)
            step("zones", typed_rows._agree, both, fields)
            whole = step("all", typed_rows.typed_rows, piece, fields)
            if whole.frame.height != text.height:
                raise AssertionError("the steps do not agree")
            kept.append(whole.frame)
        steps["values"] -= steps["cells as text"]
        cut, everything = steps.pop("file in pieces"), steps.pop("all")
        steps["the rest"] = everything - sum(steps.values())
        steps["file in pieces"] = cut
        beside = _cpu_of(lambda: typed(csv).collect(engine="streaming"))
        return {"ours": dict(steps), "peer": {"cells and values": beside}}

    return measured, lambda found: found


def storing(client: dict[str, str], run_id: str, csv: str, url: str, key: str, folder: str) -> Case:
    """What a process takes until its result is stored; and the parts of the peer."""
    import stripe_reports as sr

    place = tempfile.mkdtemp(dir=folder)
    parquet = Path(place, "result.parquet")

    def write() -> None:
        table, fields = _table(csv)
        table.write(fields, parquet, dict)

    def measured() -> dict[str, Steps]:
        asking = sr.Client(**client, cache_dir=Path(place, "store"))
        run = asking.retrieve(run_id)
        start = time.process_time()
        whole = _cpu_of(lambda: asking.scan(run))
        table, fields = _table(csv)
        types = _cpu_of(lambda: table.frame(fields))
        written = _cpu_of(write)
        curl = _cpu_of(lambda: download(url, key, place)[0]())
        peer_types = _cpu_of(lambda: typed(csv).collect(engine="streaming"))
        peer_written = _cpu_of(lambda: typed(csv).sink_parquet(parquet))
        shutil.rmtree(place)
        return {
            "ours": {
                "start": start,
                "download with its hash": whole - written,
                "cells with their checks": types,
                "Parquet": written - types,
            },
            "peer": {"curl": curl, "cells and values": peer_types, "Parquet": peer_written - peer_types},
        }

    return measured, lambda found: found


def _table(csv: str, *, is_for_frame: bool = False) -> tuple[Any, Any]:
    """The file as a table that is about to be read, and its fields."""
    from stripe_reports.parsing import schema
    from stripe_reports.parsing.tables import Table

    table = Table(_blocks(csv), csv, is_for_frame=is_for_frame)
    type_ = schema.report_type_of(table.names, REPORT_TYPE, file=csv)
    return table, schema.fields_of(table.names, type_, ZONE)


def _blocks(csv: str) -> Iterator[bytes]:
    with open(csv, "rb", buffering=0) as file:
        while block := file.read(1 << 19):
            yield block


def _cpu_of(action: Callable[[], Any]) -> float:
    """Seconds of CPU of this process, and of programs that it starts meanwhile."""
    started = _cpu()
    action()
    return _cpu() - started


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
