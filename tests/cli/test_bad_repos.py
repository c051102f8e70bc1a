"""Repos that are not what the manifest thinks: each blocks itself, with its reason and its remedy."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"


def _blocked(done: "Done") -> list[str]:
    """Return the lines that are blocked, which stand last, each with its fix."""
    first = next((number for number, line in enumerate(done.lines) if line.startswith("!")), 0)
    return [line for line in done.lines[first:] if line.startswith(("!", "    fix: "))]


def _blocks(fleet: "Fleet", repo: str, sentence: str, fix: str) -> None:
    """Say that plan and apply block this repo alone, write nothing, and exit 3."""
    expected = [f"! {repo}  ANTHROPIC_API_KEY  ci-key  {sentence}", f"    fix: {fix}"]
    planned, applied = fleet.refused("plan"), fleet.refused("apply", "--yes")
    assert (3, expected, "") == (planned.code, _blocked(planned), planned.err)
    assert (3, expected, "") == (applied.code, _blocked(applied), applied.err)
    assert f"{repo} : in_sync=0 created=0 updated=0 deleted=0 failed=0 blocked=1" in applied.lines


@pytest.fixture
def one(fleet: "Fleet") -> "Fleet":
    """One repo in sync that is about to become strange; its value was rotated meanwhile."""
    fleet.simple("acme/repo-001")
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    fleet.set_key()
    return fleet


def test_an_archived_repo(one: "Fleet") -> None:
    """An archived repo cannot be written; unarchived it is."""
    one.sandbox.world.archive_repo("acme/repo-001")
    _blocks(one, "acme/repo-001", "archived, so it is read-only", "unarchive it, or take it out of the manifest")
    one.sandbox.world.archive_repo("acme/repo-001", archived=False)
    assert 0 == one.flowforge("apply", "--yes").code
    assert IN_SYNC == one.flowforge("plan").out


def test_a_renamed_repo(one: "Fleet") -> None:
    """A redirect is not followed: the new name is reported, and nothing is written until the manifest says it."""
    one.sandbox.world.rename_repo("acme/repo-001", "acme/api")
    move = "run `flowforge state move acme/repo-001 acme/api` if it was ever applied"
    fix = f"{move}, then write acme/api in the manifest"
    _blocks(one, "acme/repo-001", "renamed to acme/api", fix)
    one.simple("acme/api")
    assert 0 == one.flowforge("apply", "--yes", "--allow-takeover").code
    assert ["ANTHROPIC_API_KEY"] == list(one.sandbox.world.reveal("acme/api"))


def test_a_recreated_repo(one: "Fleet") -> None:
    """Another repo under the same name gets no secret until a person has followed the remedy, which works."""
    world = one.sandbox.world
    old = world.directory["acme/repo-001"].id
    world.recreate_repo("acme/repo-001")
    new = world.directory["acme/repo-001"].id
    _blocks(
        one,
        "acme/repo-001",
        f"another repo now has this name: its id is {new}, the state recorded {old}",
        "if the new repo should have this secret: `flowforge state forget acme/repo-001`, then apply",
    )
    assert 0 == one.flowforge("state", "forget", "acme/repo-001", "--yes").code
    assert 0 == one.flowforge("apply", "--yes").code
    assert ["ANTHROPIC_API_KEY"] == list(world.reveal("acme/repo-001"))
    assert IN_SYNC == one.flowforge("plan").out


@pytest.mark.parametrize("how", ["hidden", "deleted", "misspelt"])
def test_an_invisible_repo(one: "Fleet", how: str) -> None:
    """GitHub answers the same for what is not there and what may not be seen; neither is taken for a missing secret."""
    repo = "acme/repo-001"
    if how == "hidden":
        one.sandbox.world.hide_repo(repo)
    elif how == "deleted":
        one.sandbox.world.delete_repo(repo)
    else:
        repo = "acme/rep0-001"
        one.simple(repo)
    _blocks(
        one,
        repo,
        "not found, or invisible to this token",
        "check its name, and that the token (FLOWFORGE_GITHUB_TOKEN) may see it",
    )


def test_a_strange_repo_does_not_keep_the_others(fleet: "Fleet") -> None:
    """The plan says what it could not see, the rest is written, and the exit code tells: 2 for the plan, then 3."""
    value = fleet.set_key()
    fleet.sandbox.world.hide_repo("acme/repo-003")
    planned = fleet.flowforge("plan", "--detailed-exitcode")
    assert 2 == planned.code
    assert "Plan: 4 to create, 0 to update, 0 to delete, 0 in sync, 1 blocked." in planned.lines
    assert "The plan is incomplete: see the lines above." in planned.lines
    assert 3 == fleet.flowforge("apply", "--yes").code
    written = [repo for repo, held in fleet.held().items() if held == {"ANTHROPIC_API_KEY": value}]
    assert ["acme/repo-001", "acme/repo-002", "acme/repo-004", "acme/repo-005"] == written
    again = fleet.flowforge("plan", "--detailed-exitcode")
    assert (3, True) == (again.code, "No changes found; 1 blocked." in again.lines)
