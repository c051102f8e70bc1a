"""A mistake gets a hint, and what follows from it is not reported beside its cause."""

import re
from datetime import timedelta

import pytest

from flowforge.manifest.findings import ALIASES
from flowforge.manifest.schema import SOURCE_OPTIONS
from flowforge.resources import schema_text
from tests.manifest.conftest import Loader, Refuser

KEY = "k: {type: anthropic_api_key, from: {env: K}}"
REST = "targets: [{name: t, repos: [acme/api], credential: k}]\n"


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ("version: 1\nTARGETS: []\n", "TARGETS", "targets"),
        ("version: 1\ntarget: []\n", "target", "targets"),
        ("Version: 1\ntargets: []\n", "Version", "version"),
        (f"version: 1\nCREDENTIALS: {{{KEY}}}\n{REST}", "CREDENTIALS", "credentials"),
        (f"version: 1\nsecrets: {{{KEY}}}\n{REST}", "secrets", "credentials"),
        (
            (
                f"version: 1\ncredentials: {{{KEY}}}\ngroup: {{g: {{repos: [acme/a]}}}}\n"
                "targets: [{name: t, groups: [g], credential: k}]\n"
            ),
            "group",
            "groups",
        ),
        *(
            (f"version: 1\ncredentials: {{k: {{type: anthropic_api_key, from: {source}}}}}\n{REST}", key, meant)
            for source, key, meant in (
                ('{op: "op://a/b/c"}', "op", "onepassword"),
                ("{environment: K}", "environment", "env"),
                ("{variable: K}", "variable", "env"),
                ("{path: key.txt}", "path", "file"),
                ("{cmd: [a], timeout: 20s}", "cmd", "command"),
                ("{ask: which}", "ask", "prompt"),
            )
        ),
        (
            f"version: 1\ncredentials: {{k: {{type: anthropic_api_key, form: {{env: K}}}}}}\n{REST}",
            "form",
            "from",
        ),
        *(
            (
                f"version: 1\ncredentials: {{{KEY}}}\ntargets:\n  - {{credential: k, name: t, {rest}}}\n",
                key,
                meant,
            )
            for rest, key, meant in (
                ("repositories: [acme/a]", "repositories", "repos"),
                ("selct: {org: a}, auto_admit: true", "selct", "select"),
                ("select: {Org: a, team: b}", "Org", "org"),
                ("organization: a, visible_to: all", "organization", "org"),
                ("org: a, visible: all", "visible", "visible_to"),
                ("repos: [acme/a], enviroments: [e], create_environment: true", "enviroments", "environments"),
            )
        ),
        ("version: 1\nabsent: [{name: a, repos: [acme/a], secrte: X}]\n", "secrte", "secret"),
    ],
)
def test_only_the_cause_is_told(refused: Refuser, text: str, key: str, meant: str) -> None:
    """Of a misspelt key there is one error, which names the key that is meant: not that this one is missing."""
    before = re.split(rf"\b{key}:", text)[0]
    where = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    assert refused(text) == (
        f'error FF120: flowforge.yaml:{where}: the key "{key}" is not known here\n  fix: did you mean "{meant}"?'
    )


def test_two_wrong_keys_are_two_problems(refused: Refuser) -> None:
    """What no misspelling explains is still reported beside it."""
    assert refused("version: 1\ncredential: {}\n") == (
        "error FF148: flowforge.yaml: the manifest has neither targets nor absent\n"
        "  why: a file that was cut short looks like this too, and would want nothing\n"
        "  fix: add `targets:`; write `targets: []` when nothing is wanted\n"
        'error FF120: flowforge.yaml:2:1: the key "credential" is not known here\n'
        '  fix: did you mean "credentials"?'
    )


def test_every_other_word_leads_to_one_of_ours() -> None:
    """Each word that people know from elsewhere is none of ours at that place, and leads to one that the schema has."""
    schema = schema_text("manifest")
    assert {} == {word: meant for word, meant in ALIASES.items() if not all(f'"{each}"' in schema for each in meant)}
    assert set() == ALIASES.keys() & SOURCE_OPTIONS.keys()


@pytest.mark.parametrize("value", ["true", "False", "12", "[true]"])
def test_a_value_of_a_property_without_quotes(refused: Refuser, value: str) -> None:
    """YAML takes true and 12 for something else than a text: quotes make it one."""
    told = refused(f"version: 1\ntargets: []\ngroups: {{g: {{select: {{org: a, properties: {{claude: {value}}}}}}}}}\n")
    kind = "a number" if value == "12" else "true or false"
    shown = 'item 1 of "claude" must be a string' if value == "[true]" else '"claude" must be a string or a list'
    where = "3:53" if value == "[true]" else "3:52"
    assert f"error FF122: flowforge.yaml:{where}: {shown}, but this is {kind}\n  fix: put it in quotes" == told


def test_an_environment_as_an_address_spells_it(loaded: Loader) -> None:
    """What was copied from the address bar is told, with what the environment is called; a plain % is no slip."""
    target = "targets: [{name: t, repos: [acme/a], credential: k, environments: [need%2Fencoding, 100%, blå]}]\n"
    assert loaded(f"version: 1\ncredentials: {{{KEY}}}\n{target}").warnings == (
        (
            'flowforge.yaml:3:68: "need%2Fencoding" is how an address spells it: write the environment as it is shown, '
            '"need/encoding"'
        ),
    )


@pytest.mark.parametrize(
    ("written", "age"),
    [
        ("90s", timedelta(seconds=90)),
        ("90", timedelta(seconds=90)),
        ("'90'", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("30d", timedelta(days=30)),
        ("12w", timedelta(weeks=12)),
    ],
)
def test_a_duration_in_a_manifest(loaded: Loader, written: str, age: timedelta) -> None:
    """It is written as on the command line, for an age and for a time limit alike."""
    manifest = loaded(
        "version: 1\ncredentials: {k: {type: anthropic_api_key, "
        f"from: {{command: [a], timeout: {written}}}, max_age: {written}}}}}\n{REST}"
    )
    credential = manifest.credentials["k"]
    limit = written.strip("'") if written != "90" else "90s"
    assert (age, limit) == (credential.max_age, credential.source.options["timeout"])
