"""Comparing reports with each other: tie-outs, differences, restatements, and the evidence of a close.

tie_out             whether the reports of a period agree: frames in, a ``TieOut`` out
controls, books     what must be equal, and the frames that it is taken from
suspects            the rows that make a control fail
period_tie_out      the same for a period: fetches the reports first
diff                what changed between two frames of one request
restatement         what Stripe changed since a report was fetched
evidence            the folder that an auditor gets, and its verification
"""
