"""The tokens of an App while a command runs: they expire, are revoked, refused or suspended, and clocks differ."""

from typing import TYPE_CHECKING, Final

import pytest

from flowforge.sandbox.rules.faults import Fault, FaultKind
from tests.cli.owners import KEY, Company, both, company

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done, Fleet

TWO: Final = ("acme", "beta")


@pytest.fixture
def firm(fleet: "Fleet") -> Company:
    """Two owners of two repos each, and an App that is installed for both."""
    found = company(fleet, TWO, TWO)
    found.manifest(found.app, *both(*TWO))
    return found


def _mints(firm: Company, owner: str) -> int:
    return sum(one["by"] == f"ci@{owner}" for one in firm.world.minted_tokens())


def _statuses(firm: Company) -> dict[int, int]:
    return firm.world.stats().statuses


def _strike(firm: Company, match: str, then: "Callable[[], object]", times: int = 1, after: int = 0) -> None:
    firm.world.faults.add(Fault(match, FaultKind.THEN, times, after=after, then=then))


def _all_written(firm: Company, done: "Done", value: str) -> None:
    last = "Done: 4 created, 0 updated, 0 deleted, 0 failed, 0 blocked."
    assert (0, last, "") == (done.code, done.lines[-1], done.told), done.out
    assert {repo: {KEY: value} for repo in both(*TWO)} == firm.held(*both(*TWO))


def test_tokens_that_expire_in_the_middle(firm: Company) -> None:
    """An hour passes after each public key: the next request is refused, and a new token goes on, four times unseen."""
    value = firm.fleet.set_key()
    _strike(firm, "GET .*/public-key", lambda: firm.world.clock.advance(3601), times=4)
    firm.world.reset_stats()
    _all_written(firm, firm.fleet.flowforge("apply", "--yes", "-j", "1"), value)
    asked = [(one.by, one.method, one.status) for one in firm.world.log()]
    assert 4 == sum(one == (f"ci@{owner}", "PUT", 201) for one in asked for owner in TWO)
    assert 4 <= _statuses(firm)[401]
    assert _mints(firm, "acme") + _mints(firm, "beta") >= 4 + 4


def test_a_token_is_renewed_before_its_hour_ends(firm: Company) -> None:
    """A token that has five minutes left is not used: GitHub's `expires_at` is looked at, and nothing is refused."""
    firm.world.clock.pace(1)
    firm.world.settings.token_life = 240
    value = firm.fleet.set_key()
    firm.world.reset_stats()
    _all_written(firm, firm.fleet.flowforge("apply", "--yes", "-j", "1"), value)
    stats = firm.world.stats()
    # Every request of an installation's token has one of its own.
    assert 401 not in stats.statuses
    signed = sorted(one.mint for one in firm.world.log() if one.mint)
    assert list(range(1, len(signed) + 1)) == signed


def test_tokens_that_are_revoked_in_the_middle(firm: Company) -> None:
    """One owner's tokens are revoked twice between two requests of an apply: new ones are made, and all is written."""
    value = firm.fleet.set_key()
    _strike(firm, "GET /repos/acme/.*/public-key", lambda: firm.world.revoke_app_tokens("ci", "acme"), times=2)
    firm.world.reset_stats()
    _all_written(firm, firm.fleet.flowforge("apply", "--yes", "-j", "1"), value)
    assert ({401: 2}, 4, 2) == (
        {status: count for status, count in _statuses(firm).items() if status == 401},
        _mints(firm, "acme"),
        _mints(firm, "beta"),
    )


def _refuse(firm: Company, match: str, times: int = 1000) -> None:
    firm.world.faults.add(Fault(match, FaultKind.STATUS, times, status=401, message="Bad credentials"))


def test_a_fresh_token_that_is_refused_at_once(firm: Company) -> None:
    """GitHub accepts none of an owner's tokens: that owner is blocked after one of them, and the other is written."""
    value = firm.fleet.set_key()
    _refuse(firm, " /(repos|orgs)/acme/(?!installation)")
    done = firm.fleet.flowforge("apply", "--yes")
    why = 'GitHub does not accept the token: it answered 401 "Bad credentials"; the token came from github.auth.app'
    assert f"! acme/api  {KEY}  ci-key  no usable token for acme: {why}" in done.lines
    assert (3, 1) == (done.code, _mints(firm, "acme"))
    assert {"acme/api": {}, "acme/web": {}, "beta/api": {KEY: value}, "beta/web": {KEY: value}} == firm.held(
        *both(*TWO)
    )


def test_a_server_that_refuses_every_token_from_now_on(firm: Company) -> None:
    """Tokens that had served are refused for ever: one new one each, then the owner ends, what was done is recorded."""
    _refuse(firm, "PUT /repos/acme/")
    done = firm.fleet.flowforge("apply", "--yes", "-j", "1")
    assert (3, 3) == (done.code, _mints(firm, "acme"))
    assert {401: 2} == {status: count for status, count in _statuses(firm).items() if status == 401}
    assert "Not all done: 2 created, 0 updated, 0 deleted, 2 failed, 0 blocked." == done.lines[-1]


def test_a_server_that_answers_401_for_ever(firm: Company) -> None:
    """Also to the App itself: one error that ends the run, nothing written, and few requests."""
    _refuse(firm, " /")
    for command in (("plan",), ("apply", "--yes")):
        done = firm.fleet.refused(*command)
        assert (1, "") == (done.code, done.out)
        assert done.err.startswith(
            "error FF362: github.auth.app: GitHub does not accept the key of the GitHub App\n"
            '  why: it answered 401 "Bad credentials"; the token came from github.auth.app.private_key\n'
        )
        assert 2 >= sum(firm.world.stats().requests.values())


def test_suspended(firm: Company) -> None:
    """A suspended installation blocks its owner by name before anything is asked there; the other is written."""
    firm.world.suspend_app("ci", "acme")
    value = firm.fleet.set_key()
    planned = firm.fleet.refused("plan")
    line = "no usable token for acme: the installation of the GitHub App for acme is suspended"
    assert f"! acme/api  {KEY}  ci-key  {line}" in planned.lines
    assert "    fix: let an owner of acme unsuspend it in the settings of the installation" in planned.lines
    assert (3, 0) == (firm.fleet.flowforge("apply", "--yes").code, _mints(firm, "acme"))
    assert {"acme/api": {}, "beta/api": {KEY: value}} == firm.held("acme/api", "beta/api")


def test_suspended_in_the_middle(firm: Company) -> None:
    """An installation that is suspended during an apply ends its owner with that reason; the other is written."""
    _strike(firm, "GET /repos/acme/.*/public-key", lambda: firm.world.suspend_app("ci", "acme"))
    done = firm.fleet.flowforge("apply", "--yes", "-j", "1")
    assert (3, "Not all done: 2 created, 0 updated, 0 deleted, 2 failed, 0 blocked.") == (
        done.code,
        done.lines[-1],
    )
    assert (
        "failed (FF364): no usable token for acme: the installation of the GitHub App for acme is suspended" in done.out
    )


@pytest.mark.parametrize("minutes", [10, -10], ids=["ahead", "behind"])
def test_this_machine_s_clock_is_wrong(firm: Company, minutes: int) -> None:
    """GitHub's clock is ten minutes off: the first JWT is refused, and the next is made by GitHub's clock."""
    firm.world.clock.pace(1)
    firm.world.clock.advance(60 * minutes)
    value = firm.fleet.set_key()
    firm.world.reset_stats()
    _all_written(firm, firm.fleet.flowforge("apply", "--yes"), value)
    assert {401: 1} == {status: count for status, count in _statuses(firm).items() if status == 401}
