"""Owners do not wait for each other: a pause, a refusal or a wait too long of one is not another's."""

import threading
from typing import TYPE_CHECKING, Any, Final

import pytest

from flowforge.sandbox.rules.faults import Fault, FaultKind
from tests.cli.owners import KEY, Company, both, company
from tests.clocks import WaitedClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Fleet

TWO: Final = ("acme", "beta")
LONG: Final = 30.0
STATE: Final = "state: {github: {repo: gamma/ops}}\n"


@pytest.fixture
def firm(fleet: "Fleet") -> Company:
    """Two owners of two repos each, and an App that is installed for both."""
    found = company(fleet, TWO, TWO)
    found.manifest(found.app, *both(*TWO))
    return found


def _limit(firm: Company, match: str, seconds: int) -> None:
    firm.world.faults.add(Fault(match, FaultKind.STATUS, status=429, retry_after=seconds))


class HeldClock(WaitedClock):
    """A clock on which a long wait does not end before something has happened, however busy the machine is."""

    def __init__(self, scale: float) -> None:
        super().__init__(scale)
        self.free = threading.Event()

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Wait for that first. Were it never to happen, the test would see that the order is another one."""
        if seconds > LONG:
            self.free.wait(60)
        return super().wait(seconds, event)


def _hold(firm: Company, match: str, look: "Callable[[], object]") -> list[object]:
    """Let no pause end before the second request of the other owner that matches. Return what is seen by then."""
    clock, seen = HeldClock(firm.fleet.scale), list[object]()

    def then() -> None:
        seen.append(look())
        clock.free.set()

    firm.fleet.parts["clock"] = lambda *_: clock
    firm.world.faults.add(Fault(match, FaultKind.THEN, after=1, then=then))
    return seen


def test_a_pause_is_one_owner_s(firm: Company) -> None:
    """GitHub lets one owner wait for a minute at its first write: the other's are all done before its next one."""
    _limit(firm, "PUT /repos/acme/", 60)
    seen = _hold(firm, "PUT /repos/beta/", lambda: firm.held(*both(*TWO)))
    value = firm.fleet.set_key()
    done = firm.fleet.flowforge("apply", "--yes")
    assert (0, {repo: {KEY: value} for repo in both(*TWO)}) == (done.code, firm.held(*both(*TWO)))
    assert ["GitHub asks to wait 61 s"] == [line for line in done.err.splitlines() if "asks to wait" in line]
    assert [{"acme/api": {}, "acme/web": {}, "beta/api": {KEY: value}, "beta/web": {KEY: value}}] == seen


def test_a_pause_while_reading(firm: Company) -> None:
    """The same while the lists are read: of the owner that waits no more is read than was under way."""
    _limit(firm, "GET /repos/acme/.*/secrets", 60)

    def read() -> int:
        return sum(one.by == "ci@acme" and one.status == 200 for one in firm.world.log())

    seen = _hold(firm, "GET /repos/beta/.*/secrets", read)
    assert 0 == firm.fleet.flowforge("plan", "-j", "1").code
    assert ([0], 3) == (seen, read())


def test_a_wait_too_long_is_one_owner_s(firm: Company) -> None:
    """A wait that --max-wait forbids ends one owner, by its reason, and the other is written."""
    _limit(firm, "PUT /repos/acme/", 4000)
    value = firm.fleet.set_key()
    done = firm.fleet.flowforge("apply", "--yes", "-j", "1")
    assert (3, {repo: {KEY: value} for repo in both("beta")}) == (done.code, firm.held(*both("beta")))
    why = "GitHub asks to wait 67 min, longer than the 15 min that --max-wait allows"
    assert f"failed (FF331): no usable token for acme: {why}" in done.out
    assert {"acme/api": {}, "acme/web": {}} == firm.held(*both("acme"))
    again = firm.fleet.flowforge("apply", "--yes")
    assert (0, {repo: {KEY: value} for repo in both(*TWO)}) == (again.code, firm.held(*both(*TWO)))


def test_the_limits_of_one_owner_are_not_another_s(firm: Company) -> None:
    """Each installation has an hourly budget of its own: with that of one used up, the other goes on."""
    firm.world.limits.most = firm.world.limits.primary = 6
    firm.manifest(firm.app, "acme/api", "acme/web", "acme/repo-001", "acme/repo-002", "acme/repo-003", "beta/api")
    value = firm.fleet.set_key()
    done = firm.fleet.flowforge("apply", "--yes", "--max-wait", "0", "-j", "1")
    assert (3, {"beta/api": {KEY: value}}) == (done.code, firm.held("beta/api"))
    assert "no usable token for acme" in done.out
    assert "no usable token for beta" not in done.out


def test_the_app_s_own_limit(firm: Company) -> None:
    """A wait that the App itself is asked for is told as what it is, and not as a key that GitHub does not know."""
    firm.manifest(firm.app, *both("acme"))
    _limit(firm, "GET /orgs/acme/installation", 4000)
    done = firm.fleet.refused("apply", "--yes", "-j", "1")
    why = "GitHub asks to wait 67 min, longer than the 15 min that --max-wait allows"
    assert (3, True) == (done.code, f"no usable token for acme: {why}" in done.out), done.err


def test_two_owners_and_one_state_on_a_branch(firm: Company) -> None:
    """Two owners are written side by side into one state on a branch of a third one's repo: all of it is recorded."""
    world = firm.world
    world.create_repo("gamma/ops")
    world.edit_file("gamma/ops", "README.md", "the ops repository\n")
    world.install_app("ci", "gamma")
    for owner in TWO:
        for number in range(6):
            world.create_repo(f"{owner}/more-{number}")
    names = [*both(*TWO), *(f"{owner}/more-{number}" for owner in TWO for number in range(6))]
    firm.manifest(firm.app, *names, more=STATE)
    value = firm.fleet.set_key()
    done = firm.fleet.flowforge("apply", "--yes")
    assert (0, {repo: {KEY: value} for repo in names}) == (done.code, firm.held(*names)), done.out
    again = firm.fleet.flowforge("plan", "--detailed-exitcode")
    assert (0, "No changes. GitHub matches the manifest.") == (again.code, again.lines[0]), again.out + again.err
    # The state's tokens are good for its one repository, and for nothing but its files.
    keepers: list[Any] = [one for one in world.minted_tokens() if one["by"] == "ci@gamma"]
    assert {("gamma/ops",)} == {tuple(map(str, one["repos"] or ())) for one in keepers}
    assert {"contents", "metadata"} == {name for one in keepers for name in dict(one["permissions"])}
    others: list[Any] = [one["permissions"] for one in world.minted_tokens() if one["by"] != "ci@gamma"]
    assert not any("contents" in dict(one) for one in others)


def test_a_state_whose_owner_has_no_installation(firm: Company) -> None:
    """Without its state a run cannot begin: one error that names the owner, exit 1, nothing written."""
    firm.world.create_repo("gamma/ops")
    firm.manifest(firm.app, *both(*TWO), more=STATE)
    for command in (("plan",), ("apply", "--yes")):
        done = firm.fleet.refused(*command)
        assert (1, "") == (done.code, done.out)
        assert "no usable token for gamma: the GitHub App is not installed for gamma" in done.err
        assert done.err.startswith("error FF363: ")
