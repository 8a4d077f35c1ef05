"""Reports, sets of reports, and their exports."""
