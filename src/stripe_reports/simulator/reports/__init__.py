"""The rows and files of each report type."""
