"""`--limit` and `--exclude`."""

from pathlib import Path

import pytest

from flowforge.errors import UsageError, quote
from flowforge.paths import Confinement
from flowforge.plan.address import Address, Repo, Scope
from flowforge.steps.refresh.line_filter import LineFilter
from flowforge.steps.refresh.repo_lists import MAX_BYTES, read_lists

REPOS = [Repo.parse(name) for name in ("acme/api", "Acme/Web", "acme/svc-one", "other/api")]
GROUPS = {"web": frozenset({"acme/web", "gone/gone"}), "empty": frozenset[str]()}


def _filter(limit: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> LineFilter:
    lists = read_lists((*limit, *exclude), GROUPS, Confinement.of({}))
    return LineFilter(limit, exclude, groups=GROUPS, lists=lists)


def _chosen(limit: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
    select = _filter(limit, exclude).chooser(REPOS)
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
        (("acme/*",), ("acme/svc-*",), ["acme/api", "Acme/Web"]),
        (("acme/*",), ("*",), []),
        (("@web",), (), ["Acme/Web"]),
        (("@web", "other/*"), (), ["Acme/Web", "other/api"]),
        ((), ("@web", "@empty"), ["acme/api", "acme/svc-one", "other/api"]),
    ],
)
def test_patterns(limit: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]) -> None:
    """Globs match owner/name, or the name alone, without case; --exclude is applied last."""
    assert _chosen(limit, exclude) == expected


def test_an_exclude_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    """A misspelt exclusion would write what somebody wanted left alone: each is refused, and so is each such line."""
    file = tmp_path / "some.txt"
    file.write_text("# ours\nacme/api\n" + "".join(f"acme/ap{number}\n" for number in range(4)), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        _chosen((), ("acme/ap", "api", "no\x1bne", f"@{file}"))
    assert str(caught.value) == (
        'error FF004: --exclude "acme/ap" matches no repo of the manifest or the state\n'
        '  fix: did you mean "acme/api"?\n'
        'error FF004: --exclude "no\\x1bne" matches no repo of the manifest or the state\n'
        "  fix: give a repo or a glob such as acme/svc-*\n"
        f"error FF004: these lines of {quote(f'@{file}')} match no repo of the manifest or the state: "
        '"acme/ap0", "acme/ap1", "acme/ap2" and 1 more\n'
        '  fix: did you mean "acme/api"?'
    )


def test_one_line_of_a_file_that_matches_nothing(tmp_path: Path) -> None:
    """It is told with what was meant by that very line."""
    file = tmp_path / "one.txt"
    file.write_text("acme/api\nacme/wep\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        _chosen((), (f"@{file}",))
    assert str(caught.value) == (
        f"error FF004: these lines of {quote(f'@{file}')} match no repo of the manifest or the state: "
        '"acme/wep"\n  fix: did you mean "acme/web"?'
    )


def test_what_is_no_slip_is_only_told(tmp_path: Path) -> None:
    """A group without repos and a file without lines may be excluded; of a file to plan a lost line is named."""
    file, empty, good = (tmp_path / name for name in ("some.txt", "empty.txt", "good.txt"))
    file.write_text("acme/api\nacme/apx\n", encoding="utf-8")
    empty.write_text("# none today\n", encoding="utf-8")
    good.write_text("ACME/api\nsvc-*\n", encoding="utf-8")
    assert (
        '--exclude "@empty" matches no repo of the manifest or the state',
        f"--exclude {quote(f'@{empty}')} matches no repo of the manifest or the state",
        f'these lines of {quote(f"@{file}")} match no repo of the manifest or the state: "acme/apx"',
    ) == _filter((f"@{file}",), ("@empty", "@web", f"@{empty}", f"@{good}")).unmatched(REPOS)


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("acme*", "acme/*"),
        ("other", "other/*"),
        ("[ao][ct]*", "[ao][ct]*/*"),
        ("acme/ap", "acme/api"),
        ("wep", "acme/web"),
        ("amce/*", "acme/*"),
        ("acm/svc-*", "acme/svc-*"),
        ("svc-onne", "acme/svc-one"),
    ],
)
def test_what_was_meant(pattern: str, meant: str) -> None:
    """An owner in the place of a name, and a misspelt name, get what to write."""
    for option, chosen in ("--limit", ((pattern,), ())), ("--exclude", ((), (pattern,))):
        with pytest.raises(UsageError) as caught:
            _chosen(*chosen)
        assert str(caught.value) == (
            f"error FF004: {option} {quote(pattern)} matches no repo of the manifest or the state\n"
            f"  fix: did you mean {quote(meant)}?"
        )


def test_a_limit_that_matches_nothing_is_an_error() -> None:
    """A misspelt limit would plan nothing and look like a fleet in sync, so it is refused; every one is named."""
    with pytest.raises(UsageError) as caught:
        _chosen(("acme/ap", "acme/*", "no\x1bwhere"))
    assert str(caught.value) == (
        'error FF004: --limit "acme/ap" matches no repo of the manifest or the state\n'
        '  fix: did you mean "acme/api"?\n'
        'error FF004: --limit "no\\x1bwhere" matches no repo of the manifest or the state\n'
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
        why = "  why: it is a directory, not a regular file\n" if name in {".", ""} else ""
        assert str(caught.value) == (
            f"error FF016: {quote('@' + name)} is neither a group of the manifest nor a file that can be read\n{why}"
            "  fix: name a group, or a file with a repo or a glob on each line"
        )


@pytest.mark.parametrize(
    ("data", "what", "fix"),
    [
        ("acme/api\n".encode("utf-16"), "is UTF-16, not UTF-8", "save the file as UTF-8"),
        (b"acme/\xe9\n", "is not UTF-8", "save the file as UTF-8"),
        (b"#" * (MAX_BYTES + 1), "is larger than 10 MB", "name a file with a repo or a glob on each line"),
    ],
    ids=["UTF-16", "Latin-1", "large"],
)
def test_a_file_that_is_no_list(tmp_path: Path, data: bytes, what: str, fix: str) -> None:
    """A file that cannot be a list of repos is refused by what it is."""
    file = tmp_path / "repos.txt"
    file.write_bytes(data)
    for chosen in ((f"@{file}",), ()), ((), (f"@{file}",)):
        with pytest.raises(UsageError) as caught:
            _chosen(*chosen)
        assert f"error FF016: {quote(f'@{file}')} {what}\n  fix: {fix}" == str(caught.value)


def test_a_link_out_of_the_checkout_is_not_followed(tmp_path: Path) -> None:
    """In CI a list that a pull request turned into a link is not read: a message would show lines of what it names."""
    (tmp_path / "checkout" / ".git").mkdir(parents=True)
    (tmp_path / "private.txt").write_text("acme/api\n", encoding="utf-8")
    link = tmp_path / "checkout" / "repos.txt"
    link.symlink_to(tmp_path / "private.txt")
    assert {str(link): ("acme/api",)} == read_lists([f"@{link}"], (), Confinement.of({}))
    with pytest.raises(UsageError) as caught:
        read_lists([f"@{link}"], (), Confinement.of({"CI": "true"}))
    assert str(caught.value) == (
        f"error FF016: {quote(f'@{link}')} is neither a group of the manifest nor a file that can be read\n"
        "  why: it leads out of the folder that it must stay in\n"
        "  fix: name a group, or a file with a repo or a glob on each line"
    )
