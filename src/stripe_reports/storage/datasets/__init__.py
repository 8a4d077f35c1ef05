"""Shared datasets: results of many accounts and periods, in a folder or an object store.

    dataset.json                                     the mode: live or test data, of Stripe or a simulator
    own.json                                         which account ``own`` is, and by which key
    data/report_type=…/account=…/start=…/<run>.parquet          the results, each row once
    superseded/report_type=…/account=…/start=…/<run>.parquet    results of which there is a newer run
    compacted/report_type=…/<month>-<runs>-<number>.parquet     copies of many results in one file
    index/<report type>/<account>/<start>/<end>/<run>.<event>.json     see ``index``
    index/<report type>/parameters.json columns.json            the same for all results of the type

Any number of drivers write at the same time, without locks: an object is written only if it does not exist
yet, and its name says which run and event it is of. What is in the index counts; an object that is not in it
is ignored until it is.
"""
