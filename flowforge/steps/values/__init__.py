"""The values: read once, judged by their shape, and kept as fingerprints for the planner."""
