"""What is read once, and what is read for each credential."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from flowforge.offline import validate
from flowforge.plan.action import Why
from flowforge.plan.facts import Known, NotRead, Unreadable
from flowforge.sources import Context
from flowforge.steps.values.resolver import Resolver, desired
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


def test_a_question_is_asked_for_each_credential(tmp_path: Path) -> None:
    """What is pasted for one credential becomes no other's value, though both ask in the same words."""
    person = Person()

    (tmp_path / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")
    _, places = validate((tmp_path / "flowforge.yaml",), {})
    resolver = Resolver(
        Context({}, tmp_path, interactive=True, hidden=lambda _: nullcontext(person)), Fingerprinter(bytes(32))
    )
    values = resolver.values(places)
    held = {
        address.scope.repo.short: resolver.vault.get(value.fingerprint).reveal()
        for address, value in values.items()
        if isinstance(value, Known)
    }
    dev, prod = person.keys
    assert held == {"dev": dev, "prod": prod, "shop": prod}


def test_what_is_read_where_the_repos_are_not_known(tmp_path: Path) -> None:
    """A value that is one for all tells what is in sync; one that a repo's name chooses is not opened for it."""
    (tmp_path / "flowforge.yaml").write_text(
        "version: 1\ncredentials:\n  one: {type: anthropic_api_key, from: {env: ONE}}\n"
        '  each: {type: anthropic_api_key, from: {env: "KEY_{repo}"}}\n'
        "targets:\n  - {name: A, repos: [acme/a], credential: one}\n"
        "  - {name: B, repos: [acme/b], credential: each}\n",
        encoding="utf-8",
    )
    _, places = validate((tmp_path / "flowforge.yaml",), {})
    key = "sk-ant-" + "api03-" + "x" * 93 + "AA"
    resolver = Resolver(Context({"ONE": key, "KEY_b": key}, tmp_path), Fingerprinter(bytes(32)))
    lost = [replace(place, unread=Unreadable(Why.CUT_SHORT)) for place in places]
    for these, expected in ((places, [Known, Known]), (lost, [Known, NotRead])):
        wanted = desired(these, resolver, select=lambda _: True, skip_values=False, admitted={})
        assert expected == [type(each.value) for each in wanted.values()]
