"""What is read once, and what is read for each credential."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowforge.offline import validate
from flowforge.plan.facts import Known
from flowforge.sources import Context
from flowforge.steps.resolve import Resolver
from flowforge.vault import Fingerprinter, SecretValue

MANIFEST = """\
version: 1
credentials:
  dev: {type: anthropic_api_key, from: {prompt: The API key}}
  prod: {type: anthropic_api_key, from: {prompt: The API key}}
targets:
  - {name: Dev, repos: [acme/dev], credential: dev}
  - {name: Prod, repos: [acme/prod, acme/shop], credential: prod}
"""


class Person:
    """Pastes another key whenever asked."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.keys: list[str] = []

    def say(self, text: str) -> None:
        """Listen to nothing."""

    def ask(self, _: str) -> SecretValue:
        """Make up a key."""
        self.keys.append("sk-ant-" + "api03-" + str(len(self.keys)) * 93 + "AA")
        return SecretValue(self.keys[-1])


def test_a_question_is_asked_for_each_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is pasted for one credential becomes no other's value, though both ask in the same words."""
    person = Person()

    @contextmanager
    def hidden(_: threading.Event) -> Iterator[Person]:
        yield person

    monkeypatch.setattr("flowforge.sources.prompt.hidden", hidden)
    (tmp_path / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")
    _, places = validate((tmp_path / "flowforge.yaml",), {})
    resolver = Resolver(Context({}, tmp_path, interactive=True), Fingerprinter(bytes(32)))
    values = resolver.values(places)
    held = {
        address.scope.repo.short: resolver.vault.get(value.fingerprint).reveal()
        for address, value in values.items()
        if isinstance(value, Known)
    }
    dev, prod = person.keys
    assert held == {"dev": dev, "prod": prod, "shop": prod}
