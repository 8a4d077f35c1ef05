"""Stripe's reports as exact, typed polars DataFrames."""
