"""The map from the reports of v2 to those of v1: complete, and honest about what is known."""

from stripe_reports import catalog
from stripe_reports.catalog.reports_v2 import reports_v2


def test_every_family_whose_columns_are_known_is_mapped_to_its_newest_version():
    """A name of v2 has no version."""
    known = {id_ for id_, type_ in catalog.report_types().items() if type_.columns}
    newest = {id_.rpartition(".")[0]: catalog.newest(id_.rpartition(".")[0], known) for id_ in known}
    assert {entry.name: entry.report_type for entry in reports_v2().values()} == newest


def test_only_what_stripe_publishes_is_known():
    """One page shows a run; everything else is inferred, and has neither columns nor a source."""
    known = [entry for entry in reports_v2().values() if entry.evidence == "known"]
    assert [(entry.name, dict(entry.columns)) for entry in known] == [
        (
            "balance.summary",
            {"category": "varchar", "description": "varchar", "net_amount": "decimal", "currency": "varchar"},
        )
    ]
    assert known[0].source
    others = [entry for entry in reports_v2().values() if entry.evidence == "inferred"]
    assert len(others) == len(reports_v2()) - 1
    assert all(entry.source is None and not entry.columns for entry in others)
