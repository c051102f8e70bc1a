"""What `post` is handed in the place of a report, and where it does not know what to do with one: exit code 1."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.cli.posted_report import MOST_UNVERIFIED, read_report
from flowforge.errors import PostError
from tests.render import hostile

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

FIX = "  fix: give it what `--report json=FILE` wrote\n"
PR = ("post", "--to", "pr", "--repo", "acme/ops", "--number", "1", "p.json")


def said(fleet: "Fleet", *args: str) -> str:
    """Post, which must fail before anything is asked of GitHub, and return what is said."""
    fleet.requests()
    done = fleet.flowforge(*(args or PR))
    assert (1, "", {}) == (done.code, done.out, fleet.requests())
    return done.err


def test_what_is_no_file_to_read(fleet: "Fleet") -> None:
    """None at all, a folder, a pipe that nobody writes to, one of 200 MB."""
    unread = 'error FF800: the report "p.json" cannot be read\n  why: {0}\n' + FIX
    assert unread.format("no such file or directory") == said(fleet)
    path = fleet.folder / "p.json"
    path.mkdir()
    assert unread.format("it is a directory, not a regular file") == said(fleet)
    path.rmdir()
    os.mkfifo(path)
    assert unread.format("it is a fifo, not a regular file") == said(fleet)
    path.unlink()
    with path.open("wb") as file:
        file.truncate(200_000_000)
    assert f'error FF801: the report "p.json" is too large\n  why: it has more than 100 MB\n{FIX}' == said(fleet)
    with pytest.raises(PostError, match="it has more than 20 MB"):
        read_report(path, MOST_UNVERIFIED)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no JSON document of FlowForge"),
        ("not json", "it is no JSON document of FlowForge"),
        ("[" * 100_000, "it is no JSON document of FlowForge"),
        ("[]", "it is no JSON document of FlowForge"),
        ("{}", "it is no JSON document of FlowForge"),
        ('{"format": 1}', "it is no JSON document of FlowForge"),
        ('{"format": "plan"}', 'its format is "plan"'),
        ('{"format": "flowforge.validation", "version": 1}', 'its format is "flowforge.validation"'),
        ('{"format": "flowforge.../x", "version": 1}', 'its format is "flowforge.../x"'),
        ('{"format": "flowforge.plan"}', "it has no version"),
        ('{"format": "flowforge.plan", "version": 2}', "its version is 2, and this FlowForge knows 1"),
        ('{"format": "flowforge.plan", "version": 1}', "it does not fit its schema at / (required)"),
    ],
)
def test_what_is_no_report(fleet: "Fleet", text: str, why: str) -> None:
    """Another file, another document, another version, and one that was cut."""
    (fleet.folder / "p.json").write_text(text, "utf-8")
    assert f'error FF803: "p.json" is no report that can be posted\n  why: {why}\n{FIX}' == said(fleet)


def test_a_saved_plan_is_no_report(fleet: "Fleet") -> None:
    """It is for apply alone, and is told by its name."""
    assert 0 == fleet.flowforge("plan", "--out", "p.json").code
    why = "a saved plan is for `flowforge apply` alone"
    assert f'error FF802: "p.json" is a saved plan, and no report\n  why: {why}\n{FIX}' == said(fleet)


def _changed(document: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    found: Any = document
    for step in path[:-1]:
        found = found[step]
    found[path[-1]] = to
    return document


@pytest.mark.parametrize(
    ("path", "to", "where"),
    [
        (("changes", 0, "action"), "explode", "changes/0/action (enum)"),
        (("changes", 0, "target"), 7, "changes/0/target (type)"),
        (("changes", 0, "::error::x"), 7, "changes/0 (additionalProperties)"),
        (("counts", "create"), -1, "counts/create (minimum)"),
        (("changes",), {"x": 1}, "changes (type)"),
    ],
)
def test_an_edited_report_is_told_by_its_place(
    fleet: "Fleet", path: tuple[str | int, ...], to: object, where: str
) -> None:
    """Of what was edited nothing is quoted but names of the schema."""
    document = _changed(hostile.plan(["a"]), *path, to=to)
    (fleet.folder / "p.json").write_text(json.dumps(document), "utf-8")
    assert f"  why: it does not fit its schema at /{where}\n" == said(fleet).splitlines(keepends=True)[1]


@pytest.mark.parametrize("kind", hostile.DOCUMENTS)
def test_every_report_that_fits_is_taken(tmp_path: Path, kind: str) -> None:
    """With names of every sort in it."""
    document = hostile.DOCUMENTS[kind](hostile.NAMES)
    (tmp_path / "p.json").write_text(json.dumps(document), "utf-8")
    assert document == read_report(tmp_path / "p.json", MOST_UNVERIFIED)


def test_where_nobody_knows_where_to(fleet: "Fleet") -> None:
    """No repository, no pull request, no token: each is one error, before anything is asked."""
    (fleet.folder / "p.json").write_text(json.dumps(hostile.plan(["a"])), "utf-8")
    fix = "  fix: name it with --repo OWNER/NAME, or set GITHUB_REPOSITORY\n"
    assert f"error FF804: there is no repository to post to\n{fix}" == said(fleet, "post", "--to", "pr", "p.json")
    wrong = said(fleet, "post", "--to", "pr", "--repo", "::error::x", "p.json")
    assert f'error FF804: "\\u003a:error::x" names no repository to post to\n{fix}' == wrong
    fleet.monkeypatch.setenv("GITHUB_REPOSITORY", "acme/ops")
    none = "error FF808: there is no pull request to post to\n  why: {0}\n"
    none += "  fix: name it with --number, or run it on pull_request\n"
    for text in (None, "not json", "[]", '{"pull_request": {"number": "1"}}'):
        if text is not None:
            (fleet.folder / "event").write_text(text, "utf-8")
            fleet.monkeypatch.setenv("GITHUB_EVENT_PATH", str(fleet.folder / "event"))
        assert none.format("GITHUB_EVENT_PATH names none") == said(fleet, "post", "--to", "pr", "p.json")
    fleet.monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    assert none.format('the event "push" is about none') == said(fleet, "post", "--to", "pr", "p.json")
    fleet.monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN")
    unset = "error FF300: no GitHub token found\n  why: looked in {0}\n  fix: set {1}\n"
    usual = "GITHUB_TOKEN, GH_TOKEN, FLOWFORGE_GITHUB_TOKEN"
    assert unset.format(usual, "GITHUB_TOKEN") == said(fleet)
    assert unset.format("MINE", "MINE") == said(fleet, *PR, "--token-env", "MINE")
    name = said(fleet, *PR, "--name", "a--b")
    assert "--name: letters, digits and single hyphens only, at most 39" in name


def test_a_comment_of_an_issue_is_about_its_pull_request(fleet: "Fleet") -> None:
    """`issue_comment` on a pull request names it as an issue; on an issue there is none."""
    (fleet.folder / "p.json").write_text(json.dumps(hostile.plan(["a"])), "utf-8")
    fleet.sandbox.world.create_repo("acme/ops")
    fleet.sandbox.world.open_pull("acme/ops", "topic")
    fleet.monkeypatch.setenv("GITHUB_EVENT_PATH", str(fleet.folder / "event"))
    fleet.monkeypatch.setenv("GITHUB_EVENT_NAME", "issue_comment")
    args = ("post", "--to", "pr", "--repo", "acme/ops", "p.json")
    (fleet.folder / "event").write_text(json.dumps({"issue": {"number": 1}}), "utf-8")
    assert 1 == fleet.flowforge(*args).code
    (fleet.folder / "event").write_text(json.dumps({"issue": {"number": 1, "pull_request": {}}}), "utf-8")
    assert (0, "Posted to acme/ops#1.\n") == ((done := fleet.flowforge(*args)).code, done.out)
    assert 1 == fleet.flowforge(*args[:-1], "--number", "9", "p.json").code
