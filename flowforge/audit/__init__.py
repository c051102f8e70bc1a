"""Judge what was read of workflows, and what stores hold: pure functions over plain data."""
