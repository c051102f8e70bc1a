"""Look repos up, each with the client of its owner."""

import threading
from collections.abc import Collection, Mapping

from flowforge.concurrency import InOrder, in_order
from flowforge.github.clients import Clients
from flowforge.github.problems import StoppedError
from flowforge.github.repos import Lookup, look_up
from flowforge.plan.address import Repo


def look_up_all(
    clients: Clients, repos: Collection[Repo], *, jobs: int, stop: threading.Event
) -> Mapping[Repo, Lookup]:
    """Look repos up by name in few requests. Raises StoppedError, and GitHubError when the run is over."""
    lanes = clients.by_lane(sorted(repos), lambda repo: repo.owner)

    def beside(jobs: int) -> InOrder:
        return in_order(jobs=jobs, stopped=stop.is_set, cut=StoppedError)

    def ask(lane: str) -> Mapping[Repo, Lookup]:
        wanted = lanes[lane]
        return look_up(clients.of(wanted[0].owner), wanted, each=beside(jobs))

    if len(lanes) == 1:
        return ask(*lanes)
    return {repo: info for part in beside(len(lanes))(ask, lanes) for repo, info in part.items()}
