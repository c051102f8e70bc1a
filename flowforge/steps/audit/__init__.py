"""Audit repos at GitHub: read their workflow files, list the stores that these read, and judge."""
