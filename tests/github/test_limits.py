"""A whole client against a GitHub that enforces its limits: nothing is refused, or what was refused is done later."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowforge.errors import GitHubError
from flowforge.github.http import Client
from flowforge.github.rate_ledger import Spent
from flowforge.github.secrets import PublicKeys, list_secrets, put_secret
from flowforge.plan.address import Repo, Scope
from flowforge.plan.facts import Listing
from flowforge.sandbox import Sandbox
from flowforge.vault import SecretValue

MakeClient = Callable[..., Client]


@pytest.fixture
def scopes(sandbox: Sandbox) -> list[Scope]:
    """Make forty repos."""
    return [Scope(Repo.parse(name)) for name in sandbox.world.create_repos("acme", 40)]


def test_a_plan_and_then_an_apply_meet_no_refusal(
    sandbox: Sandbox, connect: MakeClient, scopes: list[Scope], tmp_path: Path
) -> None:
    """Two processes, one after the other, spend four minutes' points: as fast as allowed and never refused."""
    sandbox.world.limits.points = 90
    file = tmp_path / "spent.json"
    plan = connect(points=90, spent=Spent(file))
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda scope: list_secrets(plan, scope), scopes))
    plan.close()
    apply = connect(points=90, spent=Spent(file))
    keys = PublicKeys()
    with ThreadPoolExecutor(8) as pool:
        done = pool.map(lambda scope: put_secret(apply, keys, scope, "A", SecretValue("plainly fake")), scopes)
        created = [written.created for written in done]
    stats = sandbox.world.stats()
    assert ([Listing({})] * 40, [True] * 40) == (seen, created)
    assert ({}, 40 + 40 + 40 * 5) == (stats.refusals, stats.points)
    assert stats.max_in_flight <= 8


@pytest.mark.parametrize("tell_wait", [True, False])
def test_a_budget_that_somebody_else_spends(
    sandbox: Sandbox, connect: MakeClient, scopes: list[Scope], said: list[str], *, tell_wait: bool
) -> None:
    """Where GitHub allows less than we think, we are refused, wait together, go slower, and do it all."""
    sandbox.world.limits.points = 1  # two at once are too many, however slow this machine
    sandbox.world.limits.tell_wait = tell_wait
    client = connect()
    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(lambda scope: list_secrets(client, scope), scopes[:6]))
    assert [Listing({})] * 6 == seen
    assert "slower from now on: at most 450 points a minute" in said
    assert sandbox.world.stats().refusals["points"] >= 1


def test_the_hourly_budget(sandbox: Sandbox, connect: MakeClient, scopes: list[Scope]) -> None:
    """Thirty requests are left for forty lists: thirty are made, none is refused, and the wait is too long for us."""
    sandbox.world.limits.primary = 30
    client = connect()
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(list_secrets, client, scope) for scope in scopes]
    errors = [error for future in futures if isinstance(error := future.exception(), GitHubError)]
    assert ["FF331"] * 10 == [error.problems[0].code for error in errors]
    stats = sandbox.world.stats()
    assert ({}, 30) == (stats.refusals, sum(stats.requests.values()))
