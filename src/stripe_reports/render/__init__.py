"""Text and small HTML for people: one place for amounts, periods and cards."""
