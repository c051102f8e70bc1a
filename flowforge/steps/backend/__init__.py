"""Where the state is kept, as Terraform's backends do: a file, or a branch of the ops repository."""
