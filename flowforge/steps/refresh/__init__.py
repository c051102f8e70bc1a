"""What GitHub has: the repositories that selectors find, the lists of secrets, and who sees them."""
