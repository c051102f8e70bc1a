"""`--limit` and `--exclude`."""

from pathlib import Path

import pytest

from flowforge.errors import UsageError, quote
from flowforge.plan.address import Address, Repo, Scope
from flowforge.steps.refresh.line_filter import LineFilter

REPOS = [Repo.parse(name) for name in ("acme/api", "Acme/Web", "acme/svc-one", "other/api")]
GROUPS = {"web": frozenset({"acme/web", "gone/gone"}), "empty": frozenset[str]()}


def _chosen(limit: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
    select = LineFilter(limit, exclude, groups=GROUPS).chooser(REPOS)
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
        (("@web",), (), ["Acme/Web"]),
        (("@web", "other/*"), (), ["Acme/Web", "other/api"]),
        ((), ("@web", "@empty"), ["acme/api", "acme/svc-one", "other/api"]),
    ],
)
def test_patterns(limit: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]) -> None:
    """Globs match owner/name, or the name alone, without case; --exclude is applied last."""
    assert _chosen(limit, exclude) == expected


def test_an_exclude_that_matches_nothing_is_told() -> None:
    """A misspelt exclude leaves a repo in the plan that somebody wanted out of it; only those are named."""
    assert LineFilter(exclude=("acme/ap", "api", "no\x1bne")).unmatched(REPOS) == (
        '--exclude "acme/ap" matches no repo of the manifest or the state',
        '--exclude "no\\x1bne" matches no repo of the manifest or the state',
    )


def test_a_line_that_matches_nothing_is_told(tmp_path: Path) -> None:
    """A misspelt line of a file leaves a repo in the plan, or out of it; the first of many are named."""
    file, good = tmp_path / "some.txt", tmp_path / "good.txt"
    file.write_text("# ours\nacme/api\n" + "".join(f"acme/ap{number}\n" for number in range(4)), encoding="utf-8")
    good.write_text("ACME/api\nsvc-*\n", encoding="utf-8")
    named = '"acme/ap0", "acme/ap1", "acme/ap2" and 1 more'
    what = f"these lines of {quote(f'@{file}')} match no repo of the manifest or the state: {named}"
    for warned in (
        LineFilter(limit=(f"@{file}",)),
        LineFilter(exclude=(f"@{file}", f"@{good}", "@web"), groups=GROUPS),
    ):
        assert (what,) == warned.unmatched(REPOS)


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


def test_a_group_without_repos_here_is_no_limit() -> None:
    """A group that comes to nothing is refused as a limit, like a misspelt name."""
    with pytest.raises(UsageError) as caught:
        _chosen(("@empty",))
    assert str(caught.value).startswith('error FF004: --limit "@empty" matches no repo')


def test_patterns_from_a_file(tmp_path: Path) -> None:
    """A file has a repo or a glob on each line; empty lines and remarks are none."""
    file = tmp_path / "repos.txt"
    file.write_text("# what failed\nacme/api\n\n  acme/svc-*  \r\n", encoding="utf-8")
    assert _chosen((f"@{file}",)) == ["acme/api", "acme/svc-one"]
    assert _chosen((), (f"@{file}",)) == ["Acme/Web", "other/api"]


@pytest.mark.parametrize("name", ["missing", ".", "a\0b", ""])
def test_what_is_neither_a_group_nor_a_file(name: str) -> None:
    """It is an error, also under --exclude: nobody meant to leave out nothing."""
    for chosen in ((f"@{name}",), ()), ((), (f"@{name}",)):
        with pytest.raises(UsageError) as caught:
            _chosen(*chosen)
        assert str(caught.value) == (
            f"error FF016: {quote('@' + name)} is neither a group of the manifest nor a file that can be read\n"
            "  fix: name a group, or a file with a repo or a glob on each line"
        )
