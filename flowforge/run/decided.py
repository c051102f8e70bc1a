"""What is decided so far of a run, as the verbs of planning hand it on."""

from collections.abc import Mapping

from flowforge.data_class import dataclass
from flowforge.github.repos import RepoInfo
from flowforge.plan.address import Repo, Scope
from flowforge.plan.decide import Plan, Situation


@dataclass(frozen=True, slots=True)
class Decided:
    """The plan and all that it stands on."""

    plan: Plan
    situation: Situation
    repos: Mapping[Repo, RepoInfo]
    """The repos that the plan would write, as they were looked up."""
    keys: Mapping[Scope, str]
    """The public keys that earlier runs have remembered, by their scopes."""
