"""What it takes to close a period: tie-outs of fetched reports, and what Stripe restated since.

periods       how a period is called, and the one before it
tie_out       client.tie_out
restatement   client.restatement
"""
