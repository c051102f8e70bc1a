"""`flowforge state`: one file for each kind of subcommand."""

from flowforge.cli.state.group import command

__all__ = ["command"]
