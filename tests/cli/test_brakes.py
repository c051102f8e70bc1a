"""The safety limits end to end: what apply refuses with 4, in which words, and what each flag admits."""

import json
import secrets
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"
EMPTY = (
    "error FF501: the manifest names no secret at all, and the state remembers 12; nothing was written\n"
    "  fix: check that the right manifest was read; if it is empty on purpose, add --allow-empty\n"
)


@pytest.fixture(autouse=True)
def signed(fleet: "Fleet") -> None:
    """Give the state a key, so that what is said of deletions is said by the brakes alone."""
    fleet.monkeypatch.setenv("FLOWFORGE_STATE_KEY", secrets.token_hex(32))


@pytest.fixture
def twelve(fleet: "Fleet") -> "Fleet":
    """Twelve repos in sync."""
    fleet.grow(12)
    assert 0 == fleet.flowforge("apply", "--yes").code
    return fleet


def _refused(fleet: "Fleet", expected: str, *options: str) -> None:
    """Say that apply answers so on stderr, exits 4 and writes nothing; and that plan announces it and exits 0."""
    applied = fleet.refused("apply", "--yes", *options)
    assert (4, expected) == (applied.code, applied.err)
    planned = fleet.refused("plan", *options)
    assert (0, "") == (planned.code, planned.err)
    assert planned.out == applied.out
    announced = [line for line in planned.lines if line.startswith("apply will refuse this")]
    told = [line for line in expected.splitlines() if line.startswith("error ")]
    assert [_announcement(line) for line in told] == announced


def _announcement(error: str) -> str:
    code, _, what = error.removeprefix("error ").partition(": ")
    return f"apply will refuse this ({code}): {what.removesuffix('; nothing was written')}."


def _orphan(fleet: "Fleet", number: int) -> None:
    """Take the last so many repos out of the manifest."""
    fleet.simple(*fleet.repos[:-number])


def _too_many(number: int) -> str:
    return (
        f"error FF503: {number} secrets would be deleted, more than 30 % of the 12 that are managed; "
        "nothing was written\n"
        f"  fix: read the deletions above; if they are right, add --allow-deletes {number}\n"
    )


def test_many_deletes(twelve: "Fleet") -> None:
    """Above 30 % the number must be said, and no smaller one; then exactly these are deleted."""
    _orphan(twelve, 4)
    _refused(twelve, _too_many(4), "--prune")
    _refused(twelve, _too_many(4), "--prune", "--allow-deletes", "3")
    applied = twelve.flowforge("apply", "--yes", "--prune", "--allow-deletes", "4")
    assert (0, "") == (applied.code, applied.err)
    assert twelve.repos[:-4] == [repo for repo, held in twelve.held().items() if held]
    assert IN_SYNC == twelve.flowforge("plan", "--prune").out


def test_few_deletes_need_no_flag(twelve: "Fleet") -> None:
    """Up to 30 % of ten or more, and anything in a fleet smaller than ten, is deleted as asked."""
    _orphan(twelve, 3)
    assert 0 == twelve.flowforge("apply", "--yes", "--prune").code
    assert 9 == sum(1 for held in twelve.held().values() if held)
    _orphan(twelve, 11)
    assert 0 == twelve.flowforge("apply", "--yes", "--prune").code
    assert twelve.repos[:1] == [repo for repo, held in twelve.held().items() if held]


def test_declared_deletions_count_too(twelve: "Fleet") -> None:
    """`absent` is deliberate, and a slip in its list of repos deletes as much."""
    names = ", ".join(twelve.repos)
    twelve.manifest(f"version: 1\nabsent:\n  - {{name: Gone, repos: [{names}], secret: ANTHROPIC_API_KEY}}\n")
    _refused(twelve, _too_many(12))
    assert 0 == twelve.flowforge("apply", "--yes", "--allow-deletes", "12").code
    assert not any(twelve.held().values())


def test_a_limit_does_not_hide_deletes(twelve: "Fleet") -> None:
    """The share is one of the whole estate, so a limited apply may do its small part of a large deletion."""
    _orphan(twelve, 4)
    assert 0 == twelve.flowforge("apply", "--yes", "--prune", "--limit", "repo-01*").code
    assert twelve.repos[:9] == [repo for repo, held in twelve.held().items() if held]


@pytest.mark.parametrize("how", ["lost-state", "foreign-secrets"])
def test_many_take_overs(fleet: "Fleet", how: str) -> None:
    """Secrets that exist and are not remembered are not overwritten in numbers: a lost state looks like this."""
    fleet.grow(12)
    if how == "lost-state":
        assert 0 == fleet.flowforge("apply", "--yes").code
        (fleet.folder / "flowforge.state.json").unlink()
    else:
        for repo in fleet.repos:
            fleet.sandbox.world.set_secret(repo, "ANTHROPIC_API_KEY", "somebody else's")
    before = fleet.held()
    value = fleet.set_key()
    _refused(
        fleet,
        "error FF504: 12 of 12 secrets exist on GitHub and are not remembered, more than 30 %: this is what a lost "
        "state looks like; nothing was written\n"
        f"  fix: the state was looked for at {fleet.folder}/flowforge.state.json: put the right one there; if "
        "there never was one, `flowforge adopt` records these secrets as they are; to overwrite them, add "
        "--allow-takeover\n",
    )
    assert before == fleet.held()
    assert 0 == fleet.flowforge("apply", "--yes", "--allow-takeover").code
    assert {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos} == fleet.held()


def test_an_emptied_manifest(twelve: "Fleet") -> None:
    """A manifest that names nothing any more is refused, with --prune for two reasons at once; each has its flag."""
    before = twelve.held()
    twelve.manifest("version: 1\ntargets: []\n")
    _refused(twelve, EMPTY)
    _refused(twelve, EMPTY + _too_many(12), "--prune")
    _refused(twelve, _too_many(12), "--prune", "--allow-empty")
    _refused(twelve, EMPTY, "--prune", "--allow-deletes", "12")
    assert before == twelve.held()
    assert 0 == twelve.flowforge("apply", "--yes", "--allow-empty").code
    assert before == twelve.held()
    assert 0 == twelve.flowforge("apply", "--yes", "--prune", "--allow-empty", "--allow-deletes", "12").code
    assert not any(twelve.held().values())


def test_prune_with_another_set_of_manifests(fleet: "Fleet") -> None:
    """Left out by mistake, a second manifest's secrets would be orphans; changed on purpose, the new set is kept."""
    fleet.simple("acme/repo-001", more="state: {file: flowforge.state.json}\n")
    more = "version: 1\ntargets:\n  - {name: More, repos: [acme/repo-002], credential: ci-key}\n"
    fleet.manifest(more, "more.yaml")
    both = ("-m", "flowforge.yaml", "-m", "more.yaml")
    assert 0 == fleet.flowforge("apply", "--yes", *both).code
    assert 0 == fleet.flowforge("apply", "--yes").code
    _refused(
        fleet,
        "error FF502: --prune with another set of manifests than the state was written from (flowforge.yaml, "
        "more.yaml; now flowforge.yaml); nothing was written\n"
        "  fix: name the same manifests; if the set was changed on purpose, add --allow-manifest-change\n",
        "--prune",
    )
    assert 0 == fleet.flowforge("apply", "--yes", "--prune", *both).code
    assert 2 == sum(1 for held in fleet.held().values() if held)
    assert 0 == fleet.flowforge("apply", "--yes", "--prune", "--allow-manifest-change").code
    assert ["acme/repo-001"] == [repo for repo, held in fleet.held().items() if held]
    assert 0 == fleet.flowforge("apply", "--yes", "--prune").code


def test_the_brakes_have_no_environment(twelve: "Fleet") -> None:
    """What admits a danger is said by a person each time, never by a variable that was set once."""
    for name in ("YES", "AUTO_APPROVE", "PRUNE", "ALLOW_EMPTY", "ALLOW_TAKEOVER", "ALLOW_MANIFEST_CHANGE"):
        twelve.monkeypatch.setenv(f"FLOWFORGE_{name}", "1")
    twelve.monkeypatch.setenv("FLOWFORGE_ALLOW_DELETES", "99")
    twelve.manifest("version: 1\ntargets: []\n")
    assert "no longer in the manifest" in twelve.flowforge("plan").out
    _refused(twelve, EMPTY + _too_many(12), "--prune")
    assert (1, True) == ((done := twelve.refused("apply")).code, done.err.startswith("error FF008: "))


def test_a_refusal_in_json(twelve: "Fleet") -> None:
    """A plan lists what apply would refuse with its flag; the refusal itself is an error document with exit code 4."""
    _orphan(twelve, 4)
    brakes = json.loads(twelve.flowforge("plan", "--prune", "--format", "json").out)["brakes"]
    assert [("FF503", "--allow-deletes 4")] == [(brake["code"], brake["flag"]) for brake in brakes]
    refused = twelve.refused("apply", "--yes", "--prune", "--format", "json")
    document = json.loads(refused.out)
    assert (4, 4, "flowforge.error") == (refused.code, document["exit_code"], document["format"])
    assert ["FF503"] == [error["code"] for error in document["errors"]]
