"""Look repos up, each with the client of its owner."""

import threading
from collections.abc import Collection, Mapping

from flowforge.concurrency import each, in_order
from flowforge.github.clients import Clients
from flowforge.github.repos import Lookup, look_up
from flowforge.plan.address import Repo


def look_up_all(
    clients: Clients, repos: Collection[Repo], *, jobs: int, stop: threading.Event
) -> Mapping[Repo, Lookup]:
    """Look repos up by name in few requests. Raises StoppedError, and GitHubError when the run is over."""
    lanes = clients.by_lane(sorted(repos), lambda repo: repo.owner)

    def ask(lane: str) -> Mapping[Repo, Lookup]:
        wanted = lanes[lane]
        return look_up(clients.of(wanted[0].owner), wanted, each=in_order(jobs=jobs, stopped=stop.is_set))

    if len(lanes) == 1:
        return ask(*lanes)
    parts = each(lanes, ask, jobs=len(lanes), stopped=stop.is_set)
    return {repo: info for _, part in parts for repo, info in part.items()}
