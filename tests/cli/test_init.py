"""`flowforge init`: the first minute of a newcomer."""

from typing import TYPE_CHECKING

import pytest

from flowforge.resources import schema_text

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

WROTE = 'Wrote "flowforge.yaml" and ".flowforge.schema.json".\n'


@pytest.fixture
def empty(fleet: "Fleet") -> "Fleet":
    """Give an ops repo with nothing in it."""
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
        f"{WROTE}Name your repositories in it, set ACME_ANTHROPIC_KEY, then: flowforge plan\n",
    ) == (done.code, done.out, done.err)
    assert [".flowforge.schema.json", "flowforge.yaml"] == _files(empty)
    text = (empty.folder / "flowforge.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=./.flowforge.schema.json\n")
    assert schema_text("manifest") == (empty.folder / ".flowforge.schema.json").read_text(encoding="utf-8")
    checked = empty.flowforge("validate")
    assert (0, "The manifest is valid: 1 secret in 1 repo.\n", "") == (checked.code, checked.out, checked.err)


def test_with_repos_it_is_ready_to_apply(empty: "Fleet") -> None:
    """Named repos stand in it, each once however it was written; apply works as soon as the variable is set."""
    value = empty.set_key("ACME_ANTHROPIC_KEY")
    done = empty.flowforge("init", "acme/repo-002", "acme/repo-001", "Acme/Repo-002")
    assert (0, "", f"{WROTE}Set ACME_ANTHROPIC_KEY, then: flowforge plan\n") == (done.code, done.out, done.err)
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
        "Name your repositories in it, set ACME_ANTHROPIC_KEY, then: flowforge plan -m 'my ops/prod.yaml'\n"
    ) == done.err
    assert ["my ops", "my ops/.flowforge.schema.json", "my ops/prod.yaml"] == _files(empty)


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
