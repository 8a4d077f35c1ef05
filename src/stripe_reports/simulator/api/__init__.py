"""Stripe's endpoints: validation, answers, idempotency, limits."""
