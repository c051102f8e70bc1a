"""What FlowForge remembers of each secret, on disk: a file that a team can check in, and a journal beside it."""
