"""Ask GitHub what accounts are: organizations, or users."""

import threading
from collections.abc import Collection

from flowforge.concurrency import each
from flowforge.github.clients import Clients
from flowforge.github.repos import is_organization


def users_among(clients: Clients, owners: Collection[str], *, jobs: int, stop: threading.Event) -> Collection[str]:
    """Return the owners that are users. It takes one request for each."""
    answers = each(
        sorted(owners), lambda owner: is_organization(clients.of(owner), owner), jobs=jobs, stopped=stop.is_set
    )
    return {owner for owner, is_one in answers if is_one is False}
