"""Probe a GitHub: write secrets of our own to a scratch repo, delete them, and say how it answered."""
