"""`--limit` and `--exclude`."""

import pytest

from flowforge.errors import UsageError
from flowforge.plan.address import Address, Repo, Scope
from flowforge.steps.choose import chooser, unmatched

REPOS = [Repo.parse(name) for name in ("acme/api", "Acme/Web", "acme/svc-one", "other/api")]


def _chosen(limit: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
    select = chooser(limit, exclude, REPOS)
    return [repo.name for repo in REPOS if select(Address(Scope(repo), "ANTHROPIC_API_KEY"))]


@pytest.mark.parametrize(
    ("limit", "exclude", "expected"),
    [
        ((), (), ["acme/api", "Acme/Web", "acme/svc-one", "other/api"]),
        (("acme/*",), (), ["acme/api", "Acme/Web", "acme/svc-one"]),
        (("ACME/web",), (), ["Acme/Web"]),
        (("api",), (), ["acme/api", "other/api"]),
        (("svc-*", "other/*"), (), ["acme/svc-one", "other/api"]),
        ((), ("api",), ["Acme/Web", "acme/svc-one"]),
        (("acme/*",), ("acme/svc-*", "nothing"), ["acme/api", "Acme/Web"]),
        (("acme/*",), ("*",), []),
    ],
)
def test_patterns(limit: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]) -> None:
    """Globs match owner/name, or the name alone, without case; --exclude is applied last."""
    assert _chosen(limit, exclude) == expected


def test_an_exclude_that_matches_nothing_is_told() -> None:
    """A misspelt exclude leaves a repo in the plan that somebody wanted out of it; only those are named."""
    assert unmatched(("acme/ap", "api", "no\x1bne"), REPOS) == (
        '--exclude "acme/ap" matches no repo of the manifest or the state',
        '--exclude "no\\x1bne" matches no repo of the manifest or the state',
    )


def test_a_limit_that_matches_nothing_is_an_error() -> None:
    """A misspelt limit would plan nothing and look like a fleet in sync, so it is refused; every one is named."""
    with pytest.raises(UsageError) as caught:
        _chosen(("acme/ap", "acme/*", "no\x1bne"))
    assert str(caught.value) == (
        'error FF004: --limit "acme/ap" matches no repo of the manifest or the state\n'
        "  fix: give a repo or a glob such as acme/svc-*\n"
        'error FF004: --limit "no\\x1bne" matches no repo of the manifest or the state\n'
        "  fix: give a repo or a glob such as acme/svc-*"
    )
