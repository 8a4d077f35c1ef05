"""Stripe's Reporting API in a box."""
