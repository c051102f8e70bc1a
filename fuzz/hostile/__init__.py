"""A hostile GitHub: a server in front of the sandbox that answers as badly as anybody can think of."""
