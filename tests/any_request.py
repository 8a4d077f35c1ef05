"""Requests for property tests."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from stripe_reports.models import ReportRequest

ids = st.text("abcXYZ019", min_size=4, max_size=12)
names = st.text("abc_", min_size=1, max_size=8)


@st.composite
def requests(draw):
    """Any valid request."""
    start = draw(st.datetimes(datetime(2011, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001 - made aware below
    start = start.replace(microsecond=0, tzinfo=UTC)
    length = draw(st.integers(1, 400 * 86_400))
    optional = {
        "timezone": st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Kathmandu", "Etc/UTC"]),
        "columns": st.lists(names, min_size=1, max_size=5, unique=True),
        "currency": st.sampled_from(["eur", "usd", "jpy"]),
        "reporting_category": st.sampled_from(["charge", "fee"]),
        "payout": ids.map("po_{}".format),
        "connected_account": ids.map("acct_{}".format),
        "connected_accounts": st.lists(ids.map("acct_{}".format), min_size=1, max_size=3),
        "customer": ids.map("cus_{}".format),
        "invoice": ids.map("in_{}".format),
        "invoice_line_item": ids.map("il_{}".format),
        "other": st.dictionaries(
            names | st.just("class") | st.just("a[b]"), ids | st.lists(ids, min_size=1), max_size=2
        ),
        "zone": st.sampled_from(["Asia/Tokyo", "America/St_Johns"]),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(optional))))
    return ReportRequest(
        f"{draw(names)}.{draw(st.integers(1, 9))}",
        interval_start=start,
        interval_end=start + timedelta(seconds=length),
        **{name: draw(optional[name]) for name in sorted(chosen)},
    )
