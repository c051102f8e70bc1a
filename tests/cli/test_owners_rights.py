"""What an App's installation was given: a permission that one lacks, more repos than a token can name, and people."""

from typing import TYPE_CHECKING, Final

import pytest

from flowforge.sandbox.rules.faults import Fault, FaultKind
from tests.cli.owners import KEY, Company, both, company, permissions

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

TWO: Final = ("acme", "beta")
READS: Final = {"metadata": "read", "secrets": "read"}
WRITES: Final = {"metadata": "read", "secrets": "write"}


@pytest.fixture
def firm(fleet: "Fleet") -> Company:
    """Two owners of two repos each, and an App that is installed for both."""
    found = company(fleet, TWO, TWO)
    found.manifest(found.app, *both(*TWO))
    return found


def test_one_installation_may_only_read(firm: Company) -> None:
    """The plan names the permission that one owner's installation lacks for the writes; the other owner is written."""
    firm.world.install_app("ci", "acme", permissions={"secrets": "read"})
    value = firm.fleet.set_key()
    planned = firm.fleet.refused("plan")
    why = "no permission: the installation of the GitHub App for acme lacks Secrets: write"
    assert [
        f"+ beta/api  {KEY}  ci-key  missing",
        f"+ beta/web  {KEY}  ci-key  missing",
        f"! acme/api  {KEY}  ci-key  {why}",
        f"! acme/web  {KEY}  ci-key  {why}",
        "    fix: give the App that permission in its settings, and accept it for the installation",
    ] == planned.lines[:5]
    done = firm.fleet.flowforge("apply", "--yes")
    assert (3, "Not all done: 2 created, 0 updated, 0 deleted, 0 failed, 2 blocked.") == (done.code, done.lines[-1])
    assert {"acme/api": {}, "beta/api": {KEY: value}} == firm.held("acme/api", "beta/api")
    assert all(one["permissions"] == READS for one in firm.world.minted_tokens() if one["by"] == "ci@acme")


def test_one_installation_may_not_even_read(firm: Company) -> None:
    """Without the permission at all the lists are refused, with GitHub's name for it."""
    firm.world.install_app("ci", "acme", permissions={"contents": "read"})
    planned = firm.fleet.refused("plan")
    line = f"! acme/api  {KEY}  ci-key  no permission: GitHub accepts secrets=read"
    assert (line, "Plan: 2 to create, 0 to update, 0 to delete, 0 in sync, 2 blocked.") == (
        next(one for one in planned.lines if one.startswith("!")),
        next(one for one in planned.lines if one.startswith("Plan:")),
    )
    assert 3 == firm.fleet.flowforge("apply", "--yes").code


def test_a_permission_that_is_lost_in_the_middle(firm: Company) -> None:
    """An installation that loses a permission before the writes: its owner fails by name, the other is written."""
    value = firm.fleet.set_key()
    lost = Fault(
        "GET /orgs/acme/repos",
        FaultKind.THEN,
        then=lambda: firm.world.install_app("ci", "acme", permissions={"secrets": "read"}),
    )
    firm.world.faults.add(lost)
    done = firm.fleet.flowforge("apply", "--yes")
    assert 3 == done.code
    assert {"acme/api": {}, "acme/web": {}, "beta/api": {KEY: value}, "beta/web": {KEY: value}} == firm.held(
        *both(*TWO)
    )
    assert "no permission: GitHub accepts secrets=write" in done.out


def test_a_repo_that_the_app_was_not_given(firm: Company) -> None:
    """An installation for some repos does not see the others: those are blocked, and the token is for the rest."""
    firm.world.install_app("ci", "acme", repos=["api"])
    value = firm.fleet.set_key()
    done = firm.fleet.flowforge("apply", "--yes")
    assert (3, {"acme/api": {KEY: value}, "acme/web": {}}) == (done.code, firm.held("acme/api", "acme/web"))
    wrote = [one for one in firm.world.minted_tokens() if one["permissions"] == WRITES]
    assert [("ci@acme", WRITES, ["acme/api"]), ("ci@beta", WRITES, list(both("beta")))] == permissions(wrote)


def test_a_repo_that_is_taken_from_the_app_in_the_middle(firm: Company) -> None:
    """A repo that goes between the plan and the token for it is refused by itself, and does not hold up the others."""
    value = firm.fleet.set_key()
    lost = Fault(
        "GET /orgs/acme/repos", FaultKind.THEN, then=lambda: firm.world.install_app("ci", "acme", repos=["api"])
    )
    firm.world.faults.add(lost)
    done = firm.fleet.flowforge("apply", "--yes")
    assert (3, {"acme/api": {KEY: value}, "acme/web": {}}) == (done.code, firm.held("acme/api", "acme/web"))
    wrote = [one for one in firm.world.minted_tokens() if one["permissions"] == WRITES]
    assert [("ci@acme", WRITES, None), ("ci@beta", WRITES, list(both("beta")))] == permissions(wrote)


@pytest.mark.slow
def test_more_repos_than_a_token_can_name(firm: Company) -> None:
    """A token for 501 repos is for all of the owner's, with the same permission; tests/github/test_app.py has 500."""
    firm.fleet.scale = 100_000
    firm.world.limits.enabled = False
    names = firm.world.create_repos("beta", 501)
    firm.manifest(firm.app, *names)
    value = firm.fleet.set_key()
    done = firm.fleet.flowforge("apply", "--yes")
    assert 0 == done.code, done.out[-100000:]
    wrote = [one for one in firm.world.minted_tokens() if one["permissions"] == WRITES]
    assert [("ci@beta", WRITES, None)] == permissions(wrote)
    assert {KEY: value} == firm.world.reveal(names[-1])


def test_owners_in_another_case(firm: Company) -> None:
    """`ACME`, `Acme` and `acme` are one owner with one installation and one token at a time, however it is written."""
    app = f"owners: {{ACME: {{{firm.app}}}, beta: {{{firm.app}}}}}"
    firm.manifest(app, "Acme/api", "aCME/web", *both("beta"))
    value = firm.fleet.set_key()
    assert 0 == firm.fleet.flowforge("apply", "--yes").code
    assert {repo: {KEY: value} for repo in both(*TWO)} == firm.held(*both(*TWO))
    assert ["ci@acme", "ci@acme", "ci@beta", "ci@beta"] == sorted(
        str(each["by"]) for each in firm.world.minted_tokens()
    )


def test_a_user_with_the_app(firm: Company) -> None:
    """A person's account has an installation too: named and selected repos of theirs are written by its token."""
    world = firm.world
    world.create_user("dev")
    for name in ("one", "two"):
        world.create_repo(f"dev/{name}")
    world.install_app("ci", "dev")
    selected = "  - {name: Mine, select: {user: dev}, secret: OTHER_KEY, credential: ci-key}\n"
    firm.manifest(firm.app, "dev/one", "dev/two", targets=selected)
    value = firm.fleet.set_key()
    firm.log()
    done = firm.fleet.flowforge("apply", "--yes")
    assert (0, "Done: 4 created, 0 updated, 0 deleted, 0 failed, 0 blocked.") == (done.code, done.lines[-1])
    assert {"dev/one": {KEY: value, "OTHER_KEY": value}} == firm.held("dev/one")
    log = firm.log()
    assert [("ci", "GET /orgs/dev/installation", 404), ("ci", "GET /users/dev/installation", 200)] == log[:2]
    assert ("ci@dev", "GET /installation/repositories?per_page=100", 200) in log
    assert {"ci", "ci@dev"} == {by for by, _, _ in log}


def test_a_user_whose_repos_the_app_was_not_given(firm: Company) -> None:
    """A selector of a user who gave the App nothing says so; it is not taken for a user without repos."""
    firm.world.create_user("dev")
    firm.world.install_app("ci", "dev")
    firm.manifest(firm.app, targets="  - {name: Mine, select: {user: dev}, credential: ci-key}\n")
    done = firm.fleet.refused("apply", "--yes")
    assert 3 == done.code
    assert 'the GitHub App was given no repositories of "dev"' in done.out
