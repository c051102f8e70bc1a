"""Record secrets as they are on GitHub, where nothing changes."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace

from flowforge.github.clients import Clients
from flowforge.github.repos import RepoInfo
from flowforge.plan.address import Repo
from flowforge.plan.adoption import Adoptable, Adoption
from flowforge.plan.facts import Origin
from flowforge.state.session import StateSession
from flowforge.steps.look_up import look_up_all


def identities(
    clients: Clients, adoption: Adoption, known: Mapping[Repo, RepoInfo], *, jobs: int, stop: threading.Event
) -> Mapping[Repo, int]:
    """Return the ids of the repos. An organization has none here, nor has a repo that this token cannot see."""
    # The plan has looked up the repos that it would write, but not those whose variables are right already.
    repos = {each.repo for each in adoption.taken if not each.repo.is_organization}
    asked = sorted(repos - known.keys())
    found = {**known, **(look_up_all(clients, asked, jobs=jobs, stop=stop) if asked else {})}
    return {repo: info.id for repo in repos if isinstance(info := found.get(repo), RepoInfo)}


def record(
    taken: Iterable[Adoptable], session: StateSession, ids: Mapping[Repo, int], origin: Origin, stop: threading.Event
) -> tuple[Adoptable, ...]:
    """Record the secrets, and return those that were recorded before a stop. Raises StateError."""
    done: list[Adoptable] = []
    for each in taken:
        if stop.is_set():
            break
        record = replace(each.record, repo_id=ids.get(each.repo, 0), commit=origin.commit, run=origin.run)
        session.record(each.change.address, record)
        done.append(each)
    return tuple(done)
