"""The steps of a rotation."""
