"""More than ten lines that differ in nothing but the repo are one line below their target's name, in plan and recap."""

from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"


def shown(lines: list[str]) -> list[str]:
    """Return the lines without that of the costs and the empty ones."""
    return [line for line in lines if line and not line.startswith("It took ")]


def recap_of(lines: list[str]) -> list[str]:
    """Return what an apply says after its plan."""
    return lines[next(number for number, line in enumerate(lines) if line.startswith("It took ")) + 1 :]


def test_a_fleet_is_one_line(fleet: "Fleet") -> None:
    """Of 40 repos: the target, the line with their number, three names; the same in the recap, and again rotated."""
    fleet.grow(40)
    group = ["All", f"+ 40 repos  {KEY}  ci-key  missing", f"    {', '.join(fleet.repos[:3])} and 37 more"]
    done = fleet.flowforge("apply", "--yes")
    assert [*group, "Plan: 40 to create, 0 to update, 0 to delete, 0 in sync."] == shown(done.lines)[:4]
    assert [
        "",
        "All",
        "40 repos, each : in_sync=0 created=1 updated=0 deleted=0 failed=0 blocked=0",
        group[2],
        "Done: 40 created, 0 updated, 0 deleted, 0 failed, 0 blocked.",
    ] == recap_of(done.lines)
    fleet.set_key()
    assert ["All", f"~ 40 repos  {KEY}  ci-key  value changed", group[2]] == fleet.flowforge("plan").lines[:3]


@pytest.mark.parametrize(("repos", "lines"), [(10, 10), (11, 3)])
def test_ten_are_still_told_one_by_one(fleet: "Fleet", repos: int, lines: int) -> None:
    """More than ten are one, ten are ten; -v shows each whatever they are, and so does the recap of -v."""
    fleet.grow(repos)
    each = [f"+ {repo}  {KEY}  ci-key  missing" for repo in fleet.repos]
    planned, whole = fleet.flowforge("plan"), fleet.flowforge("plan", "-v")
    assert (lines, each) == (planned.lines.index(""), whole.lines[: whole.lines.index("")])
    done = fleet.flowforge("apply", "--yes", "-v")
    counts = "in_sync=0 created=1 updated=0 deleted=0 failed=0 blocked=0"
    assert ["", *(f"{repo} : {counts}" for repo in fleet.repos)] == recap_of(done.lines)[:-1]


def test_what_differs_stands_for_itself(fleet: "Fleet") -> None:
    """Another secret, target, store or reason is another line; what is blocked stands last, be it one or many."""
    fleet.grow(36)
    first, second, gone = fleet.repos[:12], fleet.repos[12:24], fleet.repos[24:]
    for repo in gone:
        fleet.sandbox.world.hide_repo(repo)
    fleet.sandbox.world.set_secret(first[0], KEY, "theirs")
    listed = [f"[{', '.join(repos)}]" for repos in (first, second, gone)]
    fleet.manifest(
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "  lost: {type: anthropic_api_key, secret: LOST, from: {env: NOT_SET}}\ntargets:\n"
        f"  - {{name: One, repos: {listed[0]}, credential: k}}\n"
        f"  - {{name: Two, repos: {listed[1]}, credential: k}}\n"
        f"  - {{name: Dependabot too, repos: {listed[1]}, credential: k, stores: [dependabot]}}\n"
        f"  - {{name: Gone, repos: {listed[2]}, credential: k}}\n"
        f"  - {{name: Lost, repos: [{first[0]}], credential: lost}}\n"
    )
    done = fleet.flowforge("apply", "--yes", "--keep-going")
    pad = " " * 10
    assert [
        f"~ {first[0]}  {pad}  {KEY}  k     never applied by FlowForge",
        "One",
        f"+ 11 repos       {pad}  {KEY}  k     missing",
        f"    {', '.join(first[1:4])} and 8 more",
        "Two",
        f"+ 12 repos       {pad}  {KEY}  k     missing",
        f"    {', '.join(second[:3])} and 9 more",
        "Dependabot too",
        f"+ 12 repos       dependabot  {KEY}  k     missing",
        f"    {', '.join(second[:3])} and 9 more",
        f"! {first[0]}  {pad}  LOST               lost  value not available: env NOT_SET is unset",
        "    fix: set it where flowforge runs; in a workflow, map the secret to it under the step's `env:`",
        "Gone",
        f"! 12 repos       {pad}  {KEY}  k     not found, or invisible to this token",
        f"    {', '.join(gone[:3])} and 9 more",
        "    fix: check its name, and that the token (FLOWFORGE_GITHUB_TOKEN) may see it",
        "Plan: 35 to create, 1 to update, 0 to delete, 0 in sync, 13 blocked.",
    ] == shown(done.lines)[:17]
    addresses = [f"{repo}/actions/{KEY}" for repo in gone[:3]]
    assert ["blocked: not found, or invisible to this token", f"    {', '.join(addresses)} and 9 more"] == [
        line for line in recap_of(done.lines) if "not found" in line or addresses[0] in line
    ]
    assert [
        f"{first[0]} : in_sync=0 created=0 updated=1 deleted=0 failed=0 blocked=1",
        "One",
        "11 repos, each : in_sync=0 created=1 updated=0 deleted=0 failed=0 blocked=0",
        f"    {', '.join(first[1:4])} and 8 more",
        "Two, Dependabot too",
        "12 repos, each : in_sync=0 created=2 updated=0 deleted=0 failed=0 blocked=0",
        f"    {', '.join(second[:3])} and 9 more",
        "Gone",
        "12 repos, each : in_sync=0 created=0 updated=0 deleted=0 failed=0 blocked=1",
        f"    {', '.join(gone[:3])} and 9 more",
        "Not all done: 35 created, 1 updated, 0 deleted, 0 failed, 13 blocked.",
    ] == recap_of(done.lines)[-11:]


def test_what_many_have_left_over(fleet: "Fleet") -> None:
    """Both ways out are named once for all of them; with no target there is no name above."""
    fleet.grow(12)
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.simple(fleet.repos[0])
    assert [
        f"  11 repos  {KEY}  no longer in the manifest",
        f"    {', '.join(fleet.repos[1:4])} and 8 more",
        "    fix: `flowforge apply --prune` deletes it; `flowforge state forget ADDRESS` leaves it there for good",
        "",
        "No changes found; 11 no longer in the manifest.",
    ] == fleet.flowforge("plan").lines


def test_what_failed_alike(fleet: "Fleet") -> None:
    """Its secrets are three names and a number, as its repos are; -v lists each."""
    fleet.grow(11)
    no = Fault("PUT /repos/.*/actions/secrets/.*", FaultKind.STATUS, status=422, times=22, message="no")
    fleet.sandbox.world.faults.add(no)
    done, whole = fleet.flowforge("apply", "--yes"), fleet.flowforge("apply", "--yes", "-v")
    addresses = [f"{repo}/actions/{KEY}" for repo in fleet.repos]
    some = [line for line in recap_of(done.lines) if addresses[0] in line]
    assert (3, [f"    {', '.join(addresses[:3])} and 8 more"]) == (done.code, some)
    assert [f"    {each}" for each in addresses] == [
        line for line in recap_of(whole.lines) if line.strip() in addresses
    ]


def test_edits_at_many_times(fleet: "Fleet") -> None:
    """A fleet is not edited within one second: the line says so, and -v shows the time of each."""
    fleet.grow(11)
    assert 0 == fleet.flowforge("apply", "--yes").code
    for repo in fleet.repos:
        fleet.later()
        fleet.sandbox.world.set_secret(repo, KEY, "edited")
    planned, whole = fleet.flowforge("plan"), fleet.flowforge("plan", "-v")
    assert [
        "All",
        f"~ 11 repos  {KEY}  ci-key  changed outside FlowForge",
        f"    {', '.join(fleet.repos[:3])} and 8 more",
        "    updated_at: not the same in all; -v shows each",
    ] == planned.lines[:4]
    times = [line for line in whole.lines if line.startswith("    updated_at: ")]
    assert (11, 11) == (len(times), len(set(times)))
