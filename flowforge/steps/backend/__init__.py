"""Backends, in Terraform's sense: where the state is kept. A file, or a branch of the ops repository."""
