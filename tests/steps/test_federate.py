"""Whom workload identities trust, by what GitHub says of each repo: asked once, and told on the way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowforge.concurrency import silent
from flowforge.github.auth import GitHubToken
from flowforge.github.clients import Clients
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.problems import StoppedError
from flowforge.github.urls import ApiUrl
from flowforge.offline import validate
from flowforge.plan.federation import FederationRule
from flowforge.sandbox import Sandbox
from flowforge.steps.federate import rules_of
from flowforge.vault import SecretValue

MANIFEST = """\
version: 1
credentials:
  two: {type: anthropic_workload_identity, federation_rule_id: fdrl_2, organization_id: ID}
  one:
    {type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: ID,
     service_account_id: svac_1, workspace_id: wrkspc_1}
  key: {type: anthropic_api_key, from: {env: ACME_KEY}}
targets:
  - {name: A, repos: [acme/b, acme/a], credential: one}
  - {name: B, repos: [acme/c], environments: [Prod, prod, dev], credential: two}
  - {name: C, repos: [acme/gone], credential: two}
  - {name: D, repos: [acme/d], credential: key}
""".replace("ID", "00000000-0000-0000-0000-00000000000a")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve four repos, one of which has ids in its subjects."""
    with Sandbox(time_scale=10) as running:
        for name in "abcd":
            running.world.create_repo(f"acme/{name}")
        running.world.set_immutable_subject("acme/b")
        yield running


class Told:
    """Notes what is said on the way."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.said: list[tuple[str, int]] = []
        self.done = 0

    @contextmanager
    def __call__(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Count."""
        self.said.append((what, total))
        yield self._advance

    def _advance(self) -> None:
        self.done += 1


def rules(
    sandbox: Sandbox, folder: Path, stop: threading.Event, told: Told | None = None
) -> tuple[FederationRule, ...]:
    """Return the rules that the manifest needs."""
    file = folder / "flowforge.yaml"
    file.write_text(MANIFEST, encoding="utf-8")
    _, places = validate([file], {})
    held = GitHubToken(SecretValue(sandbox.token), "GH_TOKEN", workflow=False)
    with Client(ApiUrl.parse(sandbox.url), held, Pacer(Clock(10), threading.Event()), jobs=4) as client:
        return rules_of(places, Clients.of_one(client), jobs=4, stop=stop, progress=told or silent)


def test_whom_each_identity_trusts(sandbox: Sandbox, tmp_path: Path) -> None:
    """A rule for each identity, by name, with its ids; each repo with its ids, its subject and its environments."""
    told = Told()
    found = rules(sandbox, tmp_path, threading.Event(), told)
    ids = {name: sandbox.world.directory[f"acme/{name}"].id for name in "abc"}
    owner = sandbox.world.directory["acme/a"].owner.id
    assert [
        ("one", "fdrl_1", "svac_1", "wrkspc_1", ["acme/a", "acme/b"]),
        ("two", "fdrl_2", "", "", ["acme/c", "acme/gone"]),
    ] == [
        (
            each.credential,
            each.rule_id,
            each.service_account_id,
            each.workspace_id,
            [str(one.repo) for one in each.repos],
        )
        for each in found
    ]
    one, two = found
    assert [
        (ids["a"], owner, "repo:acme/a", False, ()),
        (ids["b"], owner, f"repo:acme@{owner}/b@{ids['b']}", True, ()),
        (ids["c"], owner, "repo:acme/c", False, ("dev", "prod")),
    ] == [
        (each.id, each.owner_id, each.prefix, each.immutable, each.environments) for each in (*one.repos, two.repos[0])
    ]
    gone = two.repos[1]
    assert (0, 0, "", True, False, True) == (
        *(gone.id, gone.owner_id, gone.prefix),
        *(gone.unreadable is not None, two.complete, one.complete),
    )
    assert ([("Asking for subjects", 4)], 4) == (told.said, told.done)


def test_what_was_stopped_is_no_rule(sandbox: Sandbox, tmp_path: Path) -> None:
    """A rule that trusts a part of its repos would look like a whole one."""
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        rules(sandbox, tmp_path, stop)
