"""The first apply says where the state is: nobody who has not read of it would keep it."""

from typing import TYPE_CHECKING

from tests.cli.conftest import NEW_STATE

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet


def test_the_first_apply_names_the_state(fleet: "Fleet") -> None:
    """Once: what follows begins nothing, nor does a plan."""
    assert "" == fleet.flowforge("plan").err
    first = fleet.flowforge("apply", "--yes", "--limit", "acme/repo-001")
    assert (0, NEW_STATE) == (first.code, first.err)
    again = fleet.flowforge("apply", "--yes")
    assert (0, "", True) == (
        again.code,
        again.err,
        again.out.endswith("Done: 4 created, 0 updated, 0 deleted, 0 failed, 0 blocked.\n"),
    )


def test_it_is_told_beside_a_document_and_not_in_it(fleet: "Fleet") -> None:
    """A program reads stdout alone; -q is told the result alone."""
    assert NEW_STATE == fleet.flowforge("apply", "--yes", "--format", "json").err
    (fleet.folder / "flowforge.state.json").unlink()
    assert "" == fleet.flowforge("apply", "--yes", "--allow-takeover", "-q").err


def test_a_state_on_a_branch_is_named_by_its_repo(ops: "Fleet") -> None:
    """The branch is there from then on, and has to stay."""
    ops.simple(more="state: {github: {repo: acme/ops}}\n")
    done = ops.flowforge("apply", "--yes")
    said = [line for line in done.err.splitlines() if line.startswith("The state is new: ")]
    assert (0, 1, True) == (done.code, len(said), "acme/ops" in said[0] and "flowforge-state" in said[0])


def test_where_nothing_was_written_nothing_is_said(fleet: "Fleet") -> None:
    """An apply that finds nothing to write has begun nothing that could be lost."""
    fleet.manifest(
        "version: 1\ncredentials: {}\ntargets: []\n"
        "absent: [{name: Old, repos: [acme/repo-001], secret: ANTHROPIC_API_KEY}]\n"
    )
    done = fleet.flowforge("apply", "--yes")
    assert (0, "") == (done.code, done.err)
