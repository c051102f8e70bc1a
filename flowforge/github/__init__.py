"""GitHub: one client, one pacer for all workers, and what FlowForge asks and changes there."""
