"""The flow of every command that asks GitHub; the only part that puts the others together."""

from flowforge.run.flows import apply, list_repos, plan
from flowforge.run.request import Planned, Request

__all__ = ["Planned", "Request", "apply", "list_repos", "plan"]
