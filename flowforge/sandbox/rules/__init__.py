"""GitHub's rules: tokens, limits, faults, the clock, and answers as bytes."""
