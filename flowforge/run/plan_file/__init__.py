"""A saved plan: what it stands on, how it is read, and whether it is stale."""
