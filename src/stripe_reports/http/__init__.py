"""Everything that uses HTTP: keys, sessions, retries, rate limits, endpoints, and the clock."""
