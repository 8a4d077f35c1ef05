"""Reports v2 (preview): JSON, reports by name, addresses of files that need no key and expire.

The facts come from Stripe's pages on the Data API, its preview libraries, and code that uses its query runs.
Where they leave something open, the decision is marked as inferred.

Source: https://docs.stripe.com/data/api, https://docs.stripe.com/api/v2/data/report-runs/object
"""
