"""From the API server to the store: every object as it is, and rounds of what changed."""
