"""Compare reports with each other: tie-outs, differences, restatements, and the evidence of a close.

tie_out             checks that the reports of a period agree: frames in, a ``TieOut`` out
controls, books     the amounts that must be equal, and the frames they come from
suspects            the rows that make a control fail
period_tie_out      fetches the reports of a period and ties them out
diff                changes between two frames of one request
payout              one payout explained: its sales, fees and refunds
comparison          two reports of one type compared, such as two months
restatement         changes that Stripe made since a report was fetched
evidence            writes the folder for an auditor, and verifies it
monthly_close       closes a month unattended: settled, tied out, written, earlier months checked
closed_months       the folder of these closes
"""
