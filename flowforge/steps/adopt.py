"""Record what is there as it is; nothing on GitHub changes."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace

from flowforge.concurrency import in_order
from flowforge.github.http import Client
from flowforge.github.repos import RepoInfo, look_up
from flowforge.plan.address import Repo
from flowforge.plan.adoption import Adoptable, Adoption
from flowforge.state.session import StateSession


def identities(
    client: Client, adoption: Adoption, known: Mapping[Repo, RepoInfo], *, jobs: int, stop: threading.Event
) -> Mapping[Repo, int]:
    """Return the ids of the repos: the plan has looked up those it would write, and not where all is right already.

    One that is not shown has none, as an organization.
    """
    repos = {each.repo for each in adoption.taken if not each.repo.is_organization}
    asked = sorted(repos - known.keys())
    found = {**known, **(look_up(client, asked, each=in_order(jobs=jobs, stopped=stop.is_set)) if asked else {})}
    return {repo: info.id for repo in repos if isinstance(info := found.get(repo), RepoInfo)}


def record(
    taken: Iterable[Adoptable], session: StateSession, ids: Mapping[Repo, int], stop: threading.Event
) -> tuple[Adoptable, ...]:
    """Record them; returns those that were before somebody said stop. Raises StateError."""
    done: list[Adoptable] = []
    for each in taken:
        if stop.is_set():
            break
        session.record(each.change.address, replace(each.record, repo_id=ids.get(each.repo, 0)))
        done.append(each)
    return tuple(done)
