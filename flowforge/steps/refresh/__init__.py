"""What GitHub has: the repos that selectors find, the lists of secrets, and who sees them."""
