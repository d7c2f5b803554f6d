"""One round: what changed, what it opened and shut, what is found now."""
