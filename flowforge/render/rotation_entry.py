"""What a rotation adds to the public JSON of a report: its canaries, and which secrets and runs have the old value."""

from collections.abc import Iterable, Mapping

from flowforge.data_class import dataclass
from flowforge.errors import printable
from flowforge.plan.address import Address, Repo
from flowforge.render.document import Document


@dataclass(frozen=True, slots=True)
class CanaryRow:
    """What a canary says of a repo."""

    batch: int
    """The number of the batch after which it was asked; the first is 1."""
    repo: Repo
    """The repo."""
    well: bool
    """Whether the rotation may go on."""
    said: str
    """How it ended, as a clause."""
    url: str
    """A page to look at; empty where there is none."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run that was queued before the last write."""

    repo: Repo
    """Its repo."""
    number: int
    """GitHub's id of it."""
    url: str
    """Its page."""


def rotation_entry(
    credential: str, *, ended: bool, canaries: Iterable[CanaryRow], exposed: Iterable[Address], older_runs: Document
) -> Document:
    """Return the entry of a rotation. ended: whether it is over. exposed: what may hold an older value."""
    return {
        "credential": printable(credential),
        "ended": ended,
        "canaries": [
            {
                "batch": row.batch,
                "repo": printable(str(row.repo)),
                "well": row.well,
                "sentence": printable(row.said),
                "url": printable(row.url) or None,
            }
            for row in canaries
        ],
        "exposed": [printable(str(address)) for address in exposed],
        "older_runs": older_runs,
    }


def older_runs_entry(
    alive: Iterable[RunRow], cancelled: Iterable[RunRow], unknown: Mapping[Repo, str], going_on: Mapping[Repo, str]
) -> Document:
    """Return the runs that have an older value. The rest is as for `old_run_lines`."""
    return {
        "alive": list(map(_run, alive)),
        "cancelled": list(map(_run, cancelled)),
        "not_cancelled": _reasons(going_on),
        "unknown": _reasons(unknown),
    }


def _reasons(reasons: Mapping[Repo, str]) -> list[Document]:
    return [{"repo": printable(str(repo)), "sentence": printable(reasons[repo])} for repo in sorted(reasons)]


def _run(row: RunRow) -> Document:
    return {"repo": printable(str(row.repo)), "run": row.number, "url": printable(row.url)}
