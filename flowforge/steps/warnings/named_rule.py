"""The warning of repos that are about to get a workload identity, and whose tokens no rule by names matches."""

import threading
from collections.abc import Iterable
from typing import Final

from flowforge.concurrency import each
from flowforge.credentials import workload_identity
from flowforge.github.actions_facts import subject_form
from flowforge.github.clients import Clients
from flowforge.plan.action import Action
from flowforge.plan.address import Repo
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan

_RULE: Final = workload_identity.VARIABLES["federation_rule_id"]


def _gives_rule(change: Change) -> bool:
    is_identity = change.wanted is not None and change.wanted.type == workload_identity.TYPE
    return is_identity and change.address.secret == _RULE and change.action in {Action.CREATE, Action.UPDATE}


def _who(change: Change) -> Iterable[Repo]:
    """Return the repos that have what a line writes, as far as they are known by name."""
    audience = change.wanted.audience if change.wanted else None
    return (viewer.repo for viewer in audience.viewers) if audience else (change.address.scope.repo,)


def named_rules(clients: Clients, plan: Plan, *, jobs: int, stop: threading.Event) -> Iterable[str]:
    """Yield a warning of repos whose subject carries ids, among those that the plan gives a federation rule.

    What the rule is like only Anthropic knows. Raises GitHubError when the run is over.
    """
    repos = {repo for change in plan.changes if _gives_rule(change) for repo in _who(change)}
    found = each(
        sorted(repos),
        lambda repo: subject_form(clients.of(repo.owner), repo),
        jobs=jobs,
        stopped=stop.is_set,
        lane=lambda repo: clients.lane(repo.owner),
    )
    with_ids = sorted((repo, form.prefix) for repo, form in found if form is not None and form.immutable)
    if with_ids:
        (first, prefix), *more = with_ids
        others = f" and {len(more)} more {'repo' if len(more) == 1 else 'repos'}" if more else ""
        shown = f", such as {prefix}:..." if prefix else ""
        yield (
            f"{first}{others}: the subject of an OIDC token there carries ids{shown}, and a federation rule by names "
            "never matches it; `flowforge identity rules` prints one by ids"
        )
