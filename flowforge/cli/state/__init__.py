"""`flowforge state`: one file for each subcommand."""
