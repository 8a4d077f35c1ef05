"""Files on this disk: results, the log of launches, the cache view."""
