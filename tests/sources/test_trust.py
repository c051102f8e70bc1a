"""Where CI is set a file stays below the manifest's folder: links, swaps and `/proc` lead nowhere else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flowforge.errors import Problem, TrustError
from flowforge.sources import Context, read
from flowforge.sources.trust import require_source

Reader = Callable[..., str | Problem]
PLAIN = "trust-" + "value-0123456789"
CI = {"CI": "true"}


def outside(path: str) -> Problem:
    """Give the problem of a file outside."""
    return Problem(
        "FF232",
        f"file {path} is outside the manifest's folder",
        why="where CI or FLOWFORGE_ALLOWED_PATHS is set, files stay below the manifest's folder, links resolved",
        fix="keep it below that folder, or let the operator add its folder to FLOWFORGE_ALLOWED_PATHS",
    )


@pytest.fixture
def beside(folder: Path) -> Path:
    """Make a folder beside the manifest's, with a value in it, whose name begins as the manifest's does."""
    made = folder.parent / "ops-secret"
    made.mkdir()
    (made / "key").write_text(PLAIN)
    return made


@pytest.mark.parametrize("environ", [CI, {"CI": "1"}, {"FLOWFORGE_ALLOWED_PATHS": ""}])
@pytest.mark.parametrize("path", ["key", "./key", "sub/../key", "sub/key", "sub/link", "{folder}/sub/key"])
def test_a_file_below_the_folder_is_read(outcome: Reader, folder: Path, environ: dict[str, str], path: str) -> None:
    """Files, and links that stay below, are read where files are confined."""
    (folder / "sub").mkdir()
    (folder / "key").write_text(PLAIN)
    (folder / "sub" / "key").write_text(PLAIN)
    (folder / "sub" / "link").symlink_to("../key")
    assert outcome({"file": path.format(folder=folder)}, environ) == PLAIN


@pytest.mark.parametrize("environ", [CI, {"CI": "false"}, {"FLOWFORGE_ALLOWED_PATHS": ""}])
@pytest.mark.parametrize(
    "path", ["../ops-secret/key", "{beside}/key", "link", "linked/key", "sub/../../ops-secret/key"]
)
def test_a_file_outside_ends_the_run(
    outcome: Reader, folder: Path, beside: Path, environ: dict[str, str], path: str
) -> None:
    """`..`, an absolute path, a link to a file and a link to a folder are refused alike, as trust errors."""
    (folder / "sub").mkdir()
    (folder / "link").symlink_to(beside / "key")
    (folder / "linked").symlink_to(beside)
    path = path.format(beside=beside)
    assert outcome({"file": path}) == PLAIN
    assert outcome({"file": path}, environ, hidden=PLAIN) == outside(path)
    with pytest.raises(TrustError):
        read({"file": path}, Context(environ, folder))


def test_what_is_outside_is_not_looked_at(outcome: Reader) -> None:
    """The answer is the same whether a file outside exists or not, so it tells nothing about the runner."""
    paths = ["/etc/passwd", "/nowhere/at/all", "~/key", "/dev/stdin", "/"]
    environ = {**CI, "HOME": "/nowhere"}
    assert [outcome({"file": path}, environ) for path in paths] == [outside(path) for path in paths]


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="only Linux shows a process's environment as a file"
)
def test_the_environment_is_no_file(outcome: Reader, folder: Path) -> None:
    """A manifest cannot read a runner's whole environment through /proc, by name or by a link."""
    (folder / "key").symlink_to("/proc/self/environ")
    assert [outcome({"file": path}, CI) for path in ("/proc/self/environ", "key")] == [
        outside("/proc/self/environ"),
        outside("key"),
    ]


@pytest.mark.parametrize("listed", ["{beside}", "/nowhere:{beside}", "/nowhere, {beside}/ ", "/"])
@pytest.mark.parametrize("ci", [{}, CI])
def test_the_operator_admits_a_folder(
    outcome: Reader, folder: Path, beside: Path, listed: str, ci: dict[str, str]
) -> None:
    """FLOWFORGE_ALLOWED_PATHS lists folders with `:` or commas; the manifest's folder stays admitted."""
    (folder / "key").write_text(PLAIN)
    environ = {**ci, "FLOWFORGE_ALLOWED_PATHS": listed.format(beside=beside)}
    assert [outcome({"file": path}, environ) for path in ("../ops-secret/key", "key")] == [PLAIN, PLAIN]


def test_another_folder_than_the_admitted_one(outcome: Reader, folder: Path, beside: Path) -> None:
    """A list narrows outside of CI too, an empty entry and a file admit nothing, and a link in the list is resolved."""
    (folder.parent / "linked").symlink_to(beside)
    refused = {"FLOWFORGE_ALLOWED_PATHS": f"{folder.parent}/ops-sec,,{beside}/key:"}
    admitted = {"FLOWFORGE_ALLOWED_PATHS": f"{folder.parent}/linked"}
    assert outcome({"file": "../ops-secret/key"}, refused) == outside("../ops-secret/key")
    assert outcome({"file": "../ops-secret/key"}, admitted) == PLAIN


def test_a_folder_of_the_manifest_that_is_a_link(outcome: Reader, folder: Path) -> None:
    """The manifest's own folder may be reached by a link, as /tmp is on macOS."""
    (folder / "key").write_text(PLAIN)
    linked = folder.parent / "linked"
    linked.symlink_to(folder)
    assert read({"file": "key"}, Context(CI, linked)).reveal() == PLAIN
    assert outcome({"file": str(linked / "key")}, CI) == PLAIN


@pytest.mark.parametrize(
    ("swapped", "target", "reasons"),
    [
        ("sub", "", ("not a directory", "too many levels of symbolic links")),
        ("sub/key", "key", ("too many levels of symbolic links",)),
    ],
)
def test_a_swap_after_the_check_leads_nowhere(  # noqa: PLR0917 -- four fixtures and three columns
    outcome: Reader,
    folder: Path,
    beside: Path,
    monkeypatch: pytest.MonkeyPatch,
    swapped: str,
    target: str,
    reasons: tuple[str, ...],
) -> None:
    """A folder or a file replaced by a link between the check and the opening is not followed."""
    (folder / "sub").mkdir()
    (folder / "sub" / "key").write_text("harmless")
    look = Path.stat

    def look_and_swap(path: Path) -> os.stat_result:
        found = look(path)
        (folder / swapped).rename(folder / "away")
        (folder / swapped).symlink_to(beside / target)
        return found

    monkeypatch.setattr(Path, "stat", look_and_swap)
    problem = outcome({"file": "sub/key"}, CI, hidden=PLAIN)
    monkeypatch.undo()
    assert isinstance(problem, Problem)
    assert problem.what in [f"file sub/key cannot be read: {reason}" for reason in reasons]
    assert (folder / "sub/key").read_text() == PLAIN


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_NAME", "pull_request_target"),
        ("GITHUB_EVENT_NAME", "pull_request_review_comment"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_PIPELINE_SOURCE", "external_pull_request_event"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("BUILD_REASON", "PullRequest"),
        ("BITBUCKET_PR_ID", "7"),
        ("BUILDKITE_PULL_REQUEST", "7"),
        ("CHANGE_ID", "7"),
        ("CIRCLE_PULL_REQUEST", "https://github.com/acme/ops/pull/7"),
        ("CI_PIPELINE_EVENT", "pull_request"),
        ("DRONE_BUILD_EVENT", "pull_request"),
        ("TRAVIS_PULL_REQUEST", "7"),
    ],
)
def test_a_pull_request_runs_no_program(outcome: Reader, folder: Path, variable: str, text: str) -> None:
    """Where a pull request began the run, `command` ends it before the program starts, whatever CI says so and how."""
    environ = {"PATH": os.environ["PATH"], variable: text}
    assert outcome({"command": ("touch", "ran")}, environ) == Problem(
        "FF259",
        "source command is refused for a pull request",
        why=f"{variable} says so, and whoever proposes a manifest must not thereby run programs here",
        fix="plan after the merge; or let the operator set FLOWFORGE_ALLOWED_SOURCES to what a proposed manifest may "
        "use, command among it",
    )
    with pytest.raises(TrustError):
        read({"command": ("touch", "ran")}, Context(environ, folder))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_EVENT_NAME", "schedule"),
        ("GITHUB_EVENT_NAME", "merge_group"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_MERGE_REQUEST_IID", ""),
        ("BUILD_REASON", "IndividualCI"),
        ("BUILDKITE_PULL_REQUEST", "false"),
        ("CI_PIPELINE_EVENT", "push"),
        ("DRONE_BUILD_EVENT", "push"),
        ("TRAVIS_PULL_REQUEST", "false"),
    ],
)
def test_what_is_no_pull_request_runs_programs(outcome: Reader, variable: str, text: str) -> None:
    """A push, a schedule and a merge queue run what was merged."""
    assert outcome({"command": ("printf", "value")}, {"PATH": os.environ["PATH"], variable: text}) == "value"


def test_a_pull_request_reads_what_the_operator_admits(outcome: Reader) -> None:
    """FLOWFORGE_ALLOWED_SOURCES admits `command` there; `env` and `file` need no such word; a plugin's name does."""
    environ = {"PATH": os.environ["PATH"], "X": "value", "GITHUB_EVENT_NAME": "pull_request"}
    admitted = environ | {"FLOWFORGE_ALLOWED_SOURCES": "env,command,acme-vault"}
    assert outcome({"env": "X"}, environ) == "value"
    assert outcome({"command": ("printf", "value")}, admitted) == "value"
    require_source("acme-vault", Context(admitted, Path()))
    with pytest.raises(TrustError, match="FF259: source acme-vault is refused for a pull request"):
        require_source("acme-vault", Context(environ, Path()))
