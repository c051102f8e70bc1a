"""Writers of scopes on a scripted GitHub, without waiting, with a state that notes what it is told."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from flowforge.github.auth import GitHubToken
from flowforge.github.clients import Clients
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.repos import RepoInfo
from flowforge.github.secrets import PublicKeys
from flowforge.github.urls import ApiUrl
from flowforge.plan.address import Repo
from flowforge.steps.apply.confirming import Confirming
from flowforge.steps.apply.writer import ScopeWriter
from flowforge.vault import SecretValue, Vault
from tests.steps.apply.parts import VALUES, GitHub, Notes, Still, cost
from tests.wire import answering


@pytest.fixture
def github() -> GitHub:
    """Return a GitHub that holds nothing."""
    return GitHub()


@pytest.fixture
def notes() -> Notes:
    """Return a state that notes."""
    return Notes()


@pytest.fixture
def stop() -> threading.Event:
    """Return the event by which a person stops the run."""
    return threading.Event()


@pytest.fixture
def writer(github: GitHub, notes: Notes, stop: threading.Event) -> Iterator[ScopeWriter]:
    """Yield a writer with two values, that knows the repos of `acme` by their ids."""
    vault = Vault()
    for fingerprint, text in VALUES.items():
        vault.put(fingerprint, SecretValue(text))
    token = GitHubToken(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN", workflow=False)
    names = ("acme/api", "acme/web", "acme/lib")
    infos = (RepoInfo(number, name, archived=False, can_write=True) for number, name in enumerate(names, 7))
    repos = {Repo.parse(info.name): info for info in infos}
    with ExitStack() as opened:
        client = opened.enter_context(
            Client(ApiUrl.parse("https://api.github.com"), token, Pacer(Still(), stop), transport=answering(github))
        )
        parts = Clients.of_one(client), notes.session, vault, repos, PublicKeys(), stop, Confirming(cost)
        yield ScopeWriter(*parts)
