"""`flowforge init`: the first minute of a newcomer."""

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from flowforge.resources import schema_text

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

LINES = ["*.state.json.lock", "*.state.json.lock-holder", "*.state.json*.backup", "plan.json", "*.plan.json"]
HEADING = "# FlowForge: locks, the state of before, and saved plans"


def _commit(state: str = "flowforge.state.json") -> str:
    return (
        f'Commit them. The first apply makes "{state}", which holds no value: commit it, too, where this repository is '
        "private, or keep it on a branch (state.github).\n"
    )


WROTE = f'Wrote "flowforge.yaml" and ".flowforge.schema.json".\nAdded 5 lines to ".gitignore".\n{_commit()}'


@pytest.fixture
def empty(fleet: "Fleet") -> "Fleet":
    """Return an ops repo with nothing in it."""
    (fleet.folder / "flowforge.yaml").unlink()
    return fleet


def _files(fleet: "Fleet") -> list[str]:
    return sorted(str(path.relative_to(fleet.folder)) for path in fleet.folder.rglob("*"))


def test_a_fresh_folder(empty: "Fleet") -> None:
    """A starter that is valid as it is, and beside it the schema that its first line names; the next step is told."""
    done = empty.flowforge("init")
    assert (
        0,
        "",
        f"{WROTE}Name your repositories in it. Then, with ACME_ANTHROPIC_KEY set: `flowforge plan`\n",
    ) == (done.code, done.out, done.err)
    assert [".flowforge.schema.json", ".gitignore", "flowforge.yaml"] == _files(empty)
    assert [HEADING, *LINES] == (empty.folder / ".gitignore").read_text(encoding="utf-8").splitlines()
    text = (empty.folder / "flowforge.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=./.flowforge.schema.json\n")
    assert schema_text("manifest") == (empty.folder / ".flowforge.schema.json").read_text(encoding="utf-8")
    checked = empty.flowforge("validate")
    assert (0, "The manifest is valid: 1 secret in 1 repo.\n", "") == (checked.code, checked.out, checked.err)


def test_with_repos_it_is_ready_to_apply(empty: "Fleet") -> None:
    """Named repos stand in it, each once however it was written; apply works as soon as the variable is set."""
    value = empty.set_key("ACME_ANTHROPIC_KEY")
    done = empty.flowforge("init", "acme/repo-002", "acme/repo-001", "Acme/Repo-002")
    assert (0, "", f"{WROTE}Next, with ACME_ANTHROPIC_KEY set: `flowforge plan`\n") == (done.code, done.out, done.err)
    assert 0 == empty.flowforge("apply", "--yes").code
    assert ["acme/repo-001", "acme/repo-002"] == [repo for repo, held in empty.held().items() if held]
    assert {"ANTHROPIC_API_KEY": value} == empty.held()["acme/repo-001"]


def test_the_credential_goes_nowhere_else(empty: "Fleet") -> None:
    """The starter says `only`: a file that is laid beside it cannot send its credential to another repository."""
    empty.flowforge("init", "acme/repo-001")
    empty.manifest("version: 1\ntargets: [{name: Mine, repos: [acme/repo-002], credential: ci-key}]\n", "team.yaml")
    done = empty.flowforge("validate", "-m", "flowforge.yaml", "-m", "team.yaml")
    (line,) = [
        number
        for number, text in enumerate((empty.folder / "flowforge.yaml").read_text("utf-8").splitlines(), start=1)
        if text.startswith("    only: [")
    ]
    stray = (
        'error FF156: team.yaml:2:11: "ci-key" may not go to "acme/repo-002"\n'
        f"  why: its `only` at flowforge.yaml:{line}:5 does not admit it\n"
        '  fix: take it out of the target "Mine", name another credential, or admit it there\n'
    )
    assert (1, stray) == (done.code, done.err)


def test_another_place(empty: "Fleet") -> None:
    """-m names another file, whose schema lies beside it; the next step repeats it as a shell needs it."""
    (empty.folder / "my ops").mkdir()
    done = empty.flowforge("init", "-m", "my ops/prod.yaml")
    assert (
        'Wrote "my ops/prod.yaml" and "my ops/.flowforge.schema.json".\n'
        'Added 5 lines to "my ops/.gitignore".\n'
        f"{_commit('my ops/prod.state.json')}"
        "Name your repositories in it. Then, with ACME_ANTHROPIC_KEY set: `flowforge plan -m 'my ops/prod.yaml'`\n"
    ) == done.err
    assert ["my ops", "my ops/.flowforge.schema.json", "my ops/.gitignore", "my ops/prod.yaml"] == _files(empty)


def test_a_manifest_that_is_there_stays(fleet: "Fleet") -> None:
    """Nothing is overwritten, not even a link that leads nowhere, and no schema is left beside it."""
    expected = 'error FF010: "{}" is there already\n  fix: edit it, or name another file with -m\n'
    before = (fleet.folder / "flowforge.yaml").read_bytes()
    done = fleet.refused("init")
    assert (1, "", expected.format("flowforge.yaml")) == (done.code, done.out, done.err)
    assert before == (fleet.folder / "flowforge.yaml").read_bytes()
    (fleet.folder / "link.yaml").symlink_to("nowhere.yaml")
    assert expected.format("link.yaml") == fleet.refused("init", "-m", "link.yaml").err
    assert ["flowforge.yaml", "link.yaml"] == _files(fleet)


@pytest.mark.parametrize(
    ("place", "schema", "why"),
    [
        ("no/where.yaml", "no/.flowforge.schema.json", "no such file or directory"),
        ("a-file/flowforge.yaml", "a-file/.flowforge.schema.json", "not a directory"),
        ("folder/flowforge.yaml", "folder/.flowforge.schema.json", "is a directory"),
    ],
)
def test_a_place_that_cannot_be_written(empty: "Fleet", place: str, schema: str, why: str) -> None:
    """One clear error, and nothing half done is left."""
    (empty.folder / "a-file").touch()
    (empty.folder / "folder" / ".flowforge.schema.json").mkdir(parents=True)
    before = _files(empty)
    done = empty.refused("init", "-m", place)
    expected = (
        f'error FF011: "{schema}" cannot be written\n  why: {why}\n'
        "  fix: name a file with -m in a folder that you may write to\n"
    )
    assert (1, "", expected) == (done.code, done.out, done.err)
    assert before == _files(empty)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", [HEADING, *LINES]),
        ("dist/\n", ["dist/", "", HEADING, *LINES]),
        ("dist/", ["dist/", "", HEADING, *LINES]),
        ("plan.json\r\n*.state.json.lock\r\n", ["plan.json", "*.state.json.lock", "", HEADING, *LINES[1:3], LINES[4]]),
        ("\n".join(reversed(LINES)), list(reversed(LINES))),
    ],
)
def test_a_gitignore_that_is_there_keeps_its_lines(empty: "Fleet", before: str, after: list[str]) -> None:
    """Only lines that are missing are added, below the others; where none is, nothing is touched."""
    ignored = empty.folder / ".gitignore"
    ignored.write_bytes(before.encode())
    done = empty.flowforge("init")
    assert (0, after) == (done.code, ignored.read_text(encoding="utf-8").splitlines())
    assert (set(after) == {*before.splitlines()}) == ("Added" not in done.err)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_a_gitignore_that_cannot_be_written(empty: "Fleet", kind: str) -> None:
    """The manifest is there all the same, and the lines are told."""
    path = empty.folder / ".gitignore"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("no/where")
    done = empty.flowforge("init")
    said = f'".gitignore" cannot be written: it is no file. These lines belong there: {" ".join(LINES)}'
    assert (0, said) == (done.code, done.err.splitlines()[1])
    assert 0 == empty.flowforge("validate").code


def test_what_a_run_leaves_is_for_git_or_ignored(empty: "Fleet") -> None:
    """After an apply and a saved plan, git sees the manifest, its schema, the .gitignore and the state, and no more."""
    subprocess.run(["git", "init", "-q"], cwd=empty.folder, check=True)
    empty.flowforge("init", "acme/repo-001")
    for _ in range(2):
        empty.set_key("ACME_ANTHROPIC_KEY")
        assert 0 == empty.flowforge("apply", "--yes").code
    assert 0 == empty.flowforge("plan", "--out", "plan.json").code
    seen = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=empty.folder, check=True, capture_output=True, text=True
    )
    expected = [".flowforge.schema.json", ".gitignore", "flowforge.state.json", "flowforge.yaml"]
    assert expected == sorted(line[3:] for line in seen.stdout.splitlines())
    assert {"plan.json", "flowforge.state.json.backup", "flowforge.state.json.lock"} <= {*_files(empty)}
