"""Self-contained HTML pages, and tables to print."""
