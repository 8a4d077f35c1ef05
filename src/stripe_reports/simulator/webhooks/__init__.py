"""Events, and posting them."""
