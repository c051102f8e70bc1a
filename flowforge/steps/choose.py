"""`--limit` and `--exclude`: which lines are planned. They never change what is wanted."""

from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase

from flowforge.errors import Problem, UsageError, quote
from flowforge.plan.address import Address, Repo


def chooser(limit: Sequence[str], exclude: Sequence[str], repos: Collection[Repo]) -> Callable[[Address], bool]:
    """Give the predicate that the patterns make: `owner/name` or a name alone, globs, without case.

    Raises UsageError when a pattern of `--limit` matches no repo of the manifest or the state: a misspelt limit
    that plans nothing would look like a fleet in sync.
    """
    keys = {repo.key for repo in repos}
    lost = [pattern for pattern in limit if not any(_matches(key, pattern) for key in keys)]
    if lost:
        raise UsageError(
            *(
                Problem(
                    "FF004",
                    f"--limit {quote(pattern)} matches no repo of the manifest or the state",
                    fix="give a repo or a glob such as acme/svc-*",
                )
                for pattern in lost
            )
        )
    chosen = {key for key in keys if not limit or any(_matches(key, pattern) for pattern in limit)}
    chosen -= {key for key in chosen if any(_matches(key, pattern) for pattern in exclude)}
    return lambda address: address.scope.repo.key in chosen


def unmatched(exclude: Sequence[str], repos: Collection[Repo]) -> tuple[str, ...]:
    """Give a warning for each pattern of `--exclude` that matches none of these repos: it may be misspelt."""
    lost = [pattern for pattern in exclude if not any(_matches(repo.key, pattern) for repo in repos)]
    return tuple(f"--exclude {quote(pattern)} matches no repo of the manifest or the state" for pattern in lost)


def _matches(key: str, pattern: str) -> bool:
    text = key if "/" in pattern else key.partition("/")[2]
    return fnmatchcase(text, pattern.lower())
