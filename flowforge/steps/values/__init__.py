"""Values: read once, checked by their shape, and handed to the planner as fingerprints."""
