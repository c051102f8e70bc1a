"""What GitHub's runner is given by plan, apply, validate and adopt: outputs, a summary, annotations."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from flowforge.cli.runner_files import give_output, give_summary, outputs_of, summary_room
from tests.powers import unwritable

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

MIB: Final = 1024 * 1024


@pytest.fixture
def runner(fleet: "Fleet") -> "Fleet":
    """Let a fleet's commands be run by GitHub's runner, which has made its files."""
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        (fleet.folder / name).touch()
        fleet.monkeypatch.setenv(name, str(fleet.folder / name))
    fleet.monkeypatch.setenv("GITHUB_ACTIONS", "true")
    fleet.monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    fleet.monkeypatch.setenv("GITHUB_WORKSPACE", str(fleet.folder))
    return fleet


def outputs(fleet: "Fleet") -> dict[str, str]:
    """Return the outputs as the runner reads them, and empty their file."""
    file = fleet.folder / "GITHUB_OUTPUT"
    lines = iter(file.read_text("utf-8").splitlines())
    found: dict[str, str] = {}
    marks: set[str] = set()
    for line in lines:
        name, _, mark = line.partition("<<")
        assert mark not in marks
        marks.add(mark)
        found[name] = "\n".join(iter(lambda: next(lines), mark))
    file.write_text("", "utf-8")
    return found


def summary(fleet: "Fleet") -> str:
    """Return the summary, and empty its file."""
    file = fleet.folder / "GITHUB_STEP_SUMMARY"
    text = file.read_text("utf-8")
    file.write_text("", "utf-8")
    return text


def test_plan_and_apply(runner: "Fleet") -> None:
    """Outputs, and a summary that begins with the last sentence; the saved plan is named."""
    planned = runner.flowforge("plan", "--out", "p.plan", "--detailed-exitcode")
    assert (
        2,
        {
            "has-changes": "true",
            "in-sync": "false",
            "complete": "true",
            "create": "5",
            "update": "0",
            "delete": "0",
            "blocked": "0",
            "drift": "0",
            "exit-code": "2",
            "plan-file": "p.plan",
        },
    ) == (planned.code, outputs(runner))
    assert summary(runner).startswith("Plan: 5 to create, 0 to update, 0 to delete, 0 in sync.\n\n**By target**\n")
    assert (0, "0") == (runner.flowforge("apply", "p.plan").code, outputs(runner)["exit-code"])
    assert summary(runner).startswith("Done: 5 created, 0 updated, 0 deleted, 0 failed, 0 blocked.\n\n**By target**\n")
    assert 0 == runner.flowforge("plan").code
    found = outputs(runner)
    assert ("false", "true", "true", False) == (*(found[each] for each in ANSWERS), "plan-file" in found)
    assert summary(runner).startswith("No changes. GitHub matches the manifest.\n")


ANSWERS: Final = ("has-changes", "in-sync", "complete")


def test_validate_and_adopt(runner: "Fleet") -> None:
    """Both end with their sentence; a warning of the manifest is an annotation on its line."""
    runner.simple(more="  - {name: Unused, repos: [acme/repo-001], exclude: [acme/repo-009], credential: ci-key}\n")
    validated = runner.flowforge("validate")
    expected = '::warning file=flowforge.yaml,line=15,col=54,title=warning::"acme/repo-009" excludes nothing here\n'
    assert (0, expected) == (validated.code, validated.err.partition("\n")[2])
    assert {"exit-code": "0"} == outputs(runner)
    assert summary(runner).startswith("The manifest is valid: 5 secrets in 5 repos.\n\n<details><summary>Warnings (1)<")
    for repo in runner.repos:
        runner.sandbox.world.set_secret(repo, "ANTHROPIC_API_KEY", "x")
    assert 0 == runner.flowforge("adopt", "--yes").code
    assert {"complete": "true", "blocked": "0", "exit-code": "0"} == outputs(runner)
    assert summary(runner).startswith("Recorded: 5 assumed, 0 proven.\n")


def test_what_is_wrong_with_a_manifest_stands_on_its_lines(runner: "Fleet") -> None:
    """Each problem is an annotation, at most ten, and one notice counts the rest; no answer is given as a good one."""
    runner.manifest("version: 1\n" + "".join(f"wrong{number}: 1\n" for number in range(13)))
    done = runner.flowforge("plan")
    shown = [line for line in done.err.splitlines() if line.startswith("::")]
    assert (1, 11, "::notice::", "::error file=flowforge.yaml,line=2,col=1,title=FF1") == (
        done.code,
        len(shown),
        shown[-1][:10],
        shown[0][:50],
    )
    assert {"in-sync": "false", "complete": "false", "exit-code": "1"} == outputs(runner)
    assert summary(runner).startswith("Stopped by 14 errors; nothing was written.\n\n**Errors**\n\n- FF1")


def test_what_apply_refuses(runner: "Fleet") -> None:
    """The summary says so first, and names the flag once."""
    runner.grow(12)
    for repo in runner.repos:
        runner.sandbox.world.set_secret(repo, "ANTHROPIC_API_KEY", "x")
    assert 4 == runner.flowforge("apply", "--yes").code
    text = summary(runner)
    assert (True, 1) == (text.startswith("Refused by a safety limit; nothing was written."), text.count("admits it"))
    found = outputs(runner)
    assert ("4", "true", "12") == (found["exit-code"], found["has-changes"], found["update"])


def test_it_is_off_elsewhere(runner: "Fleet") -> None:
    """Without a runner, with FLOWFORGE_ACTIONS=0, and for commands that are not about a plan, nothing is written."""
    runner.sandbox.world.hide_repo("acme/repo-001")
    for name, value in (("FLOWFORGE_ACTIONS", "0"), ("GITHUB_ACTIONS", "1")):
        runner.monkeypatch.setenv(name, value)
        done = runner.flowforge("plan")
        assert ({}, "", False) == (outputs(runner), summary(runner), "::" in done.err)
        runner.monkeypatch.setenv("FLOWFORGE_ACTIONS", "1")
        runner.monkeypatch.setenv("GITHUB_ACTIONS", "true")
    runner.flowforge("plan", "--list-repos")
    assert ({}, "") == (outputs(runner), summary(runner))
    runner.flowforge("plan")
    assert (True, True) == (bool(outputs(runner)), bool(summary(runner)))


def test_missing_and_unwritable_files_stop_nothing(runner: "Fleet", tmp_path: Path) -> None:
    """A variable that is unset is silent; a file that cannot be written is one warning; nobody waits for a pipe."""
    runner.monkeypatch.delenv("GITHUB_OUTPUT")
    os.mkfifo(tmp_path / "pipe")
    runner.monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "pipe"))
    done = runner.flowforge("plan")
    why = "which cannot be written: no such device or address"
    expected = f'warning: GITHUB_STEP_SUMMARY names "{tmp_path / "pipe"}", {why}\n'
    assert (0, expected) == (done.code, done.err)
    runner.monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "folder"))
    done = runner.flowforge("plan")
    assert (0, True) == (done.code, done.err.endswith("which cannot be written: no such file or directory\n"))
    with unwritable(tmp_path / "GITHUB_OUTPUT"):
        runner.monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "GITHUB_OUTPUT"))
        assert 0 == runner.flowforge("plan").code


def test_a_value_of_many_lines_is_one_value(runner: "Fleet") -> None:
    """Whatever it holds, as long as nobody can foresee the line that ends it."""
    value = "a\nplan-file<<x\nevil\nx\n::error::gone"
    give_output("plan-file", value)
    assert {"plan-file": value} == outputs(runner)
    assert "plan-file" in outputs_of({"format": "flowforge.validation"}, 0, Path("a\nb"))


def test_a_summary_stays_below_a_mebibyte(runner: "Fleet") -> None:
    """With what an earlier command wrote; where hardly any room is left nothing is added."""
    file = runner.folder / "GITHUB_STEP_SUMMARY"
    file.write_text("x" * (MIB - 5_000), "utf-8")
    runner.sandbox.world.create_repos("beta", 100)
    names = ", ".join(f"beta/repo-{number:03}" for number in range(1, 101))
    entries = "".join(
        f"  - {{name: 'T{repo} {'long ' * 9}', repos: [{repo}], credential: ci-key}}\n" for repo in names.split(", ")
    )
    runner.simple("acme/repo-001", more=entries)
    assert 0 == runner.flowforge("plan").code
    whole = file.read_text("utf-8")
    assert (True, True) == (MIB - 2_500 < len(whole.encode()) <= MIB, "more, which do not fit here." in whole)
    assert 0 == summary_room()
    runner.flowforge("plan")
    assert whole == file.read_text("utf-8")


def test_the_format_on_stdout_is_not_said_twice(runner: "Fleet") -> None:
    """With `--format github` the annotations are on stdout, as commands, and stderr has none."""
    runner.sandbox.world.hide_repo("acme/repo-001")
    done = runner.flowforge("plan", "--format", "github", "--report", "github=a.txt", "--report", "json=p.json")
    (command,) = done.lines
    assert (3, True, False) == (done.code, command.startswith("::error file=flowforge.yaml,line=7"), "::" in done.err)
    assert f"{command}\n" == (runner.folder / "a.txt").read_text("utf-8")
    where = json.loads((runner.folder / "p.json").read_text("utf-8"))["changes"][0]["where"]
    assert (
        ",".join(f"{key}={text}" for key, text in zip(("file", "line", "col"), where.split(":"), strict=True))
        in command
    )


def test_a_summary_cannot_begin_a_command(runner: "Fleet") -> None:
    """What is written to the summary is harmless, whoever made it."""
    give_summary("::error::x")
    assert "\\u003a:error::x\n\n" == summary(runner)


WORKFLOW: Final = """\
on: workflow_dispatch
permissions: {contents: read}
jobs:
  ask:
    steps:
      - uses: anthropics/claude-code-action@v1
        with: {anthropic_api_key: "${{ secrets.CI_KEY }}"}
"""


def test_an_audit_is_told(runner: "Fleet") -> None:
    """Its findings become annotations at their lines, its page the summary; of another repository, a text alone."""
    file = runner.folder / ".github/workflows/ask.yml"
    file.parent.mkdir(parents=True)
    file.write_text(WORKFLOW, "utf-8")
    done = runner.flowforge("audit", "--path", ".", "--fail-on", "error")
    place = "file=.github/workflows/ask.yml,line=2,col=1,title=id-token-missing"
    assert (3, True) == (done.code, f"::error {place}::the permissions of this workflow lack " in done.err), done.err
    assert {"complete": "true", "exit-code": "3"} == outputs(runner)
    assert "id-token-missing" in summary(runner)
    config = runner.folder / ".git/config"
    config.parent.mkdir()
    config.write_text('[remote "origin"]\n\turl = git@github.com:acme/api.git\n', "utf-8")
    runner.monkeypatch.setenv("GITHUB_REPOSITORY", "acme/ops")
    printed = runner.flowforge("audit", "--path", ".", "--format", "github").out
    assert "::error title=id-token-missing::acme/api/.github/workflows/ask.yml:2:1: the permissions of" in printed
