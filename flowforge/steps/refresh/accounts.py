"""Ask GitHub what accounts are: organizations, or users."""

import threading
from collections.abc import Collection, Mapping

from flowforge.concurrency import each
from flowforge.github.clients import Clients
from flowforge.github.org_secrets import plan_name
from flowforge.github.repos import is_organization
from flowforge.plan.address import Repo


def users_among(clients: Clients, owners: Collection[str], *, jobs: int, stop: threading.Event) -> Collection[str]:
    """Return the owners that are users. It takes one request for each."""
    answers = each(
        sorted(owners), lambda owner: is_organization(clients.of(owner), owner), jobs=jobs, stopped=stop.is_set
    )
    return {owner for owner, is_one in answers if is_one is False}


def plans_of(clients: Clients, owners: Collection[Repo], *, jobs: int, stop: threading.Event) -> Mapping[Repo, str]:
    """Return the names of the plans of those that are organizations, empty where GitHub does not tell this token.

    It takes one request for each.
    """
    answers = each(sorted(owners), lambda one: plan_name(clients.of(one.owner), one), jobs=jobs, stopped=stop.is_set)
    return {owner: name for owner, name in answers if name is not None}
