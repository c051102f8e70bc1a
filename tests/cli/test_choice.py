"""Choosing lines on the command line: groups, files, tags; and the command that tries again what failed."""

from typing import TYPE_CHECKING

from flowforge.sandbox import Fault, FaultKind
from tests.cli.conftest import NEW_STATE

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

MANIFEST = """\
version: 1
credentials:
  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}
groups:
  front: {repos: [acme/repo-001, acme/repo-002]}
targets:
  - {name: Front, groups: [front], credential: ci-key, tags: [reviews, front]}
  - {name: Back, repos: [acme/repo-003], credential: ci-key, tags: [reviews]}
  - {name: Rest, repos: [acme/repo-003, acme/repo-004], credential: ci-key, tags: [rest]}
absent:
  - {name: Old, repos: [acme/repo-005], secret: OLD_KEY, tags: [cleaning]}
"""


def _planned(fleet: "Fleet", *args: str) -> list[str]:
    """Return the repos of the lines of a plan, by their last digit."""
    done = fleet.flowforge("plan", "-v", *args)
    assert done.code == 0, done.err
    return [line.split()[1][-1] for line in done.lines if line[1:7] == " acme/"]


def test_groups_files_and_tags(fleet: "Fleet") -> None:
    """`@group`, `@file` and tags choose lines; a secret that two targets want has the tags of both."""
    fleet.manifest(MANIFEST)
    (fleet.folder / "some.txt").write_text("acme/repo-002\nrepo-005\n", encoding="utf-8")
    assert ["1", "2", "3", "4", "5"] == _planned(fleet)
    assert ["1", "2"] == _planned(fleet, "--limit", "@front")
    assert ["3", "4", "5"] == _planned(fleet, "--exclude", "@front")
    assert ["2", "5"] == _planned(fleet, "--limit", "@some.txt")
    assert ["1", "2", "3"] == _planned(fleet, "--tags", "reviews")
    assert ["3", "4", "5"] == _planned(fleet, "--tags", "rest", "--tags", "cleaning")
    assert ["1"] == _planned(fleet, "--tags", "reviews", "--limit", "@front", "--exclude", "repo-002")


def test_a_tag_that_nothing_has(fleet: "Fleet") -> None:
    """A misspelt tag would plan nothing and look like a fleet in sync, so it is refused."""
    fleet.manifest(MANIFEST)
    done = fleet.refused("apply", "--yes", "--tags", "review")
    assert (1, "") == (done.code, done.out)
    assert done.err == (
        'error FF015: --tags "review": nothing has this tag\n'
        "  fix: tags are written in targets and absent entries, as `tags: [production]`\n"
    )


def test_tags_turn_nothing_into_an_orphan(fleet: "Fleet") -> None:
    """What the tags leave out is neither planned nor pruned."""
    fleet.manifest(MANIFEST)
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert 0 == fleet.flowforge("apply", "--yes", "--prune", "--tags", "rest").code
    assert "No changes. GitHub matches the manifest.\n" == fleet.flowforge("plan").out


def test_the_command_that_tries_again_what_failed(fleet: "Fleet") -> None:
    """A failed apply prints it, and it does just that."""
    fleet.sandbox.world.faults.add(
        Fault("PUT /repos/acme/repo-00[24]/", FaultKind.STATUS, times=2, status=422, message="no")
    )
    done = fleet.flowforge("apply", "--yes")
    command = "flowforge apply --limit acme/repo-002 --limit acme/repo-004"
    assert (3, f"what failed alone: `{command}`\n") == (done.code, done.told)
    assert ["2", "4"] == _planned(fleet, *command.split()[2:])
    assert 0 == fleet.flowforge(*command.split()[1:], "--yes").code
    assert "No changes. GitHub matches the manifest.\n" == fleet.flowforge("plan").out


def test_the_command_chooses_the_same_lines(fleet: "Fleet") -> None:
    """It has the tags and --prune of the run: it writes nothing that was not asked for, and leaves nothing behind."""
    head = "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\ntargets:\n"
    one = "  - {name: One, repos: [acme/repo-001, acme/repo-002], credential: k, tags: [one]}\n"
    two = "  - {name: Two, repos: [acme/repo-001], credential: k, secret: OTHER_KEY, tags: [two]}\n"
    world = fleet.sandbox.world
    fleet.manifest(head + one + two)
    world.faults.add(Fault("PUT /repos/acme/repo-001/", FaultKind.STATUS, status=422, message="no"))
    done = fleet.flowforge("apply", "--yes", "--tags", "one")
    command = "flowforge apply --limit acme/repo-001 --tags one"
    assert (3, f"what failed alone: `{command}`\n") == (done.code, done.told)
    assert 0 == fleet.flowforge(*command.split()[1:], "--yes").code
    assert {"ANTHROPIC_API_KEY"} == {*world.reveal("acme/repo-001")}
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.manifest(head + one)
    fleet.set_key()
    world.faults.add(Fault("DELETE /repos/acme/repo-001/", FaultKind.STATUS, status=422, message="no"))
    done = fleet.flowforge("apply", "--yes", "--prune", "--keep-going")
    command = "flowforge apply --limit acme/repo-001 --prune --keep-going"
    assert (3, [f"what failed alone: `{command}`"]) == (done.code, done.err.splitlines()[1:])
    assert 0 == fleet.flowforge(*command.split()[1:], "--yes").code
    assert {"ANTHROPIC_API_KEY"} == {*world.reveal("acme/repo-001")}


def test_the_command_names_the_manifests(fleet: "Fleet") -> None:
    """It is the command of this very run: with its manifests, quoted for a shell; a long one says how many more."""
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text, "my ops.yaml")
    fleet.sandbox.world.faults.add(Fault("PUT /repos/acme/repo-001/", FaultKind.STATUS, status=422, message="no"))
    done = fleet.flowforge("apply", "--yes", "-m", "my ops.yaml")
    said = NEW_STATE.replace("flowforge.state", "my ops.state")
    said += "what failed alone: `flowforge apply -m 'my ops.yaml' --limit acme/repo-001`\n"
    assert (3, said) == (done.code, done.err)
