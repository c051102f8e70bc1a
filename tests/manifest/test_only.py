"""`only`: where a credential may go, whichever file, target, group or source sends it there."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flowforge.errors import ManifestError, Where
from flowforge.manifest.expand import expand_with
from flowforge.manifest.findings import Findings
from flowforge.manifest.members import MAX_WORK, Members
from flowforge.manifest.model import Manifest
from flowforge.manifest.only import OnlyRules
from flowforge.manifest.same_source import may_read_the_same
from flowforge.manifest.selector import Selector
from flowforge.manifest.source_spec import Option, SourceSpec
from flowforge.plan.address import Repo, Scope
from flowforge.source_types import SOURCE_TYPES, Names, source_type
from tests.manifest.conftest import Loader, Refuser

API, EVIL = Repo.parse("acme/api"), Repo.parse("acme/evil")
CREDENTIAL = "{{type: anthropic_api_key, from: {source}, only: {only}}}"


def manifest(only: str, targets: str, *, source: str = "{env: K}", more: str = "", groups: str = "") -> str:
    """Return a manifest with one credential `k`, on line 2, whose `only` is given. more: other credentials."""
    groups = f"groups: {{{groups}}}\n" if groups else ""
    credential = CREDENTIAL.format(source=source, only=only)
    return f"version: 1\ncredentials: {{k: {credential}{more}}}\n{groups}targets: [{targets}]\n"


def to(repos: str, credential: str = "k", name: str = "t") -> str:
    """Return a target."""
    return f"{{name: {name}, repos: [{repos}], credential: {credential}}}"


CASES = r"""
## a pattern does not admit it
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, only: [acme/svc-*]}}
targets: [{name: t, repos: [acme/svc-a, acme/evil, acme/other], credential: k}]
=>
error FF156: flowforge.yaml:3:11: "k" may not go to "acme/evil" and 1 more
  why: its `only` at flowforge.yaml:2:60 does not admit it
  fix: take it out of the target "t", name another credential, or admit it there
## a group does not admit it
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, only: ["@all"]}}
groups: {all: {repos: [acme/api]}}
targets: [{name: t, repos: [acme/api, acme/evil], credential: k}]
=>
error FF156: flowforge.yaml:4:11: "k" may not go to "acme/evil"
  why: its `only` at flowforge.yaml:2:60 does not admit it
  fix: take it out of the target "t", name another credential, or admit it there
## whoever looks after it is named
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, only: [svc-*], owner: Ada}}
targets: [{name: t, repos: [beta/api], credential: k}]
=>
error FF156: flowforge.yaml:3:11: "k" may not go to "beta/api"
  why: its `only` at flowforge.yaml:2:60 does not admit it
  fix: take it out of the target "t", name another credential, or have "Ada" admit it there
## an organization's secret goes to repositories that are still to come
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, only: [acme/svc-*, beta/*]}}
targets: [{name: t, org: acme, visible_to: private, credential: k}]
=>
error FF156: flowforge.yaml:3:11: "k" may not go to every repository of "acme"
  why: its `only` at flowforge.yaml:2:60 does not admit them
  fix: take it out of the target "t", name another credential, or admit it there
## who sees an organization's secret
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, only: [acme/svc-*]}}
targets: [{name: t, org: acme, visible_to: {repos: [acme/svc-a, acme/evil]}, credential: k}]
=>
error FF156: flowforge.yaml:3:11: "k" may not go to "acme/evil"
  why: its `only` at flowforge.yaml:2:60 does not admit it
  fix: take it out of the target "t", name another credential, or admit it there
## a workload identity
version: 1
credentials:
  k:
    type: anthropic_workload_identity
    federation_rule_id: fdrl_1
    organization_id: 00000000-0000-0000-0000-000000000000
    only: [acme/api]
targets: [{name: t, repos: [acme/evil], credential: k}]
=>
error FF156: flowforge.yaml:8:11: "k" may not go to "acme/evil" and 1 more
  why: its `only` at flowforge.yaml:7:5 does not admit it
  fix: take it out of the target "t", name another credential, or admit it there
## a group with a selector
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, only: ["@all"]}}
groups: {found: {select: {org: acme}}, all: {repos: [acme/api], groups: [found]}}
targets: [{name: t, repos: [acme/evil], credential: k}]
=>
error FF157: flowforge.yaml:2:67: a selector chooses repositories of the group "all", so it cannot stand in `only`
  why: whoever creates a repository, or gives it a topic, would decide where the credential may go
  fix: write a pattern such as owner/svc-*, or a group that names its repositories
## a group that is not there
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, only: ["@al"]}}
groups: {all: {repos: [acme/api]}}
targets: [{name: t, repos: [acme/evil], credential: k}]
=>
error FF141: flowforge.yaml:2:67: there is no group "al"
  fix: did you mean "all"?
## no pattern
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, only: [acme/a/b]}}
targets: [{name: t, repos: [acme/evil], credential: k}]
=>
error FF145: flowforge.yaml:2:67: "acme/a/b" is not a repository, a pattern or a group
  fix: write owner/name, a pattern like acme/svc-* or svc-*, or @group
## nothing at all
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, only: []}}
targets: [{name: t, repos: [acme/evil], credential: k}]
=>
error FF121: flowforge.yaml:2:66: "only" is empty
  fix: name at least one, or remove the key
## an owner without a name
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, owner: " "}}
targets: [{name: t, repos: [acme/evil], credential: k}]
=>
error FF126: flowforge.yaml:2:67: an owner is empty here
  fix: write who looks after the credential
"""


def test_where_it_may_not_go(given: str, expected: str, refused: Refuser) -> None:
    """An error of `validate`, once for each target, that names both lines; nothing is concluded from what is wrong."""
    assert expected == refused(given)


@pytest.mark.parametrize(
    ("only", "target", "groups"),
    [
        ("[acme/api]", to("ACME/Api"), ""),
        ("[ACME/A?I]", to("acme/api"), ""),
        ("[api]", to("beta/api"), ""),
        ("['*']", to("beta/api"), ""),
        ("['@backend']", to("acme/api"), "backend: {repos: [acme/API]}"),
        ("['@backend', acme/web]", to("acme/web, acme/api"), "backend: {repos: [acme/api]}"),
        ("['@all']", to("acme/api"), "all: {groups: [backend]}, backend: {repos: [acme/api]}"),
        ("[acme/*]", "{name: t, org: acme, visible_to: all, credential: k}", ""),
        ("['*']", "{name: t, org: Acme, visible_to: private, credential: k}", ""),
        ("[beta/api, acme/*]", "{name: t, org: acme, visible_to: all, credential: k}", ""),
        ("['A*/**']", "{name: t, org: acme, visible_to: private, credential: k}", ""),
        ("[acme/api]", "{name: t, org: acme, visible_to: {repos: [acme/api]}, credential: k}", ""),
    ],
)
def test_where_it_may_go(only: str, target: str, groups: str, loaded: Loader) -> None:
    """Names, patterns and groups admit, in any case; `*` admits what is still to come."""
    assert 1 == len(loaded(manifest(only, target, groups=groups)).targets)


TEAM = {
    "1-platform.yaml": manifest("[acme/api]", to("acme/api")),
    "2-team.yaml": "version: 1\ntargets: [{name: mine, repos: [acme/evil], credential: k}]\n",
}


def test_another_file_of_the_folder(refused: Refuser) -> None:
    """A team's file cannot send another team's key to a repo of its own: both files are named."""
    assert (
        'error FF156: 2-team.yaml:2:11: "k" may not go to "acme/evil"\n'
        "  why: its `only` at 1-platform.yaml:2:60 does not admit it\n"
        '  fix: take it out of the target "mine", name another credential, or admit it there'
    ) == refused(TEAM, "1-platform.yaml", "2-team.yaml")


SAME = {
    "a variable": ("{env: K}", "{env: K}"),
    "a file": ("{file: key}", "{file: ./sub/../key}"),
    "a reference in another case": ('{onepassword: "op://CI/api/key"}', '{onepassword: "op://ci/API/key", account: x}'),
    "a program with another timeout": ("{command: [vault, x]}", "{command: [vault, x], timeout: 20s}"),
    "a placeholder in one": ('{file: "keys/{repo}"}', "{file: keys/api}"),
    "a placeholder in the other": ("{file: keys/evil}", '{file: "keys/{repo}"}'),
    "two spellings of a placeholder": ('{command: [x, "k/{owner}-{repo}"]}', '{command: [x, "k/acme-{repo}"]}'),
}


@pytest.mark.parametrize(("source", "other"), SAME.values(), ids=SAME)
def test_the_same_source_under_another_name(source: str, other: str, refused: Refuser) -> None:
    """A credential of another name that reads the same goes no further, and each of the lines is named."""
    more = f", mine: {{type: anthropic_api_key, from: {other}}}"
    targets = f"{to('acme/api')}, {to('acme/evil', 'mine', 'm')}"
    text = refused(manifest("[acme/api]", targets, source=source, more=more))
    said = re.fullmatch(
        r'error FF156: flowforge\.yaml:3:\d+: "k" may not go to "acme/evil"\n'
        r'  why: "mine" at flowforge\.yaml:2:\d+ reads the same source, and its `only` at flowforge\.yaml:2:\d+ does '
        r'not admit it\n  fix: take it out of the target "m", name another credential, or admit it there',
        text,
    )
    assert said, text


OTHER = {
    "another variable": ("{env: K}", "{env: L}"),
    "another kind of source": ("{env: K}", "{file: K}"),
    "another file": ("{file: key}", "{file: key2}"),
    "another reference": ('{onepassword: "op://CI/api/key"}', '{onepassword: "op://CI/web/key"}'),
    "one argument more": ("{command: [vault, x]}", "{command: [vault, x, y]}"),
    "a name that it cannot become": ('{file: "keys/{repo}"}', "{file: other/api}"),
    "a name that this repo does not fill": ("{file: keys/api}", '{file: "keys/{repo}"}'),
    "a question": ("{prompt: The key}", "{prompt: The key}"),
}


@pytest.mark.parametrize(("source", "other"), OTHER.values(), ids=OTHER)
def test_another_source(source: str, other: str, loaded: Loader) -> None:
    """What reads something else goes where it likes; what a person answers is no source that two could share."""
    more = f", mine: {{type: anthropic_api_key, from: {other}}}"
    targets = f"{to('acme/api')}, {to('acme/evil', 'mine', 'm')}"
    assert 2 == len(loaded(manifest("[acme/api]", targets, source=source, more=more)).targets)


def expanded(text: Manifest, *repos: Repo) -> str:
    """Return what is said once the selectors have found these repos; empty where nothing is."""
    found: dict[Selector, dict[Repo, int]] = {
        entry.choice.select: {repo: number for number, repo in enumerate(repos, start=1)}
        for entry in text.targets
        if entry.choice.select
    }
    try:
        expand_with(text, found, {})
    except ManifestError as error:
        return str(error)
    return ""


def test_what_a_selector_finds(loaded: Callable[..., Manifest]) -> None:
    """A found repo must be admitted, too; `only` also says which repos may choose a value by their name."""
    text = loaded(
        'version: 1\ncredentials: {k: {type: anthropic_api_key, from: {file: "keys/{repo}"}, only: [acme/api]}}\n'
        "targets: [{name: t, select: {org: acme}, credential: k}]\n"
    )
    stray = (
        'error FF156: flowforge.yaml:3:11: "k" may not go to "acme/evil"\n'
        "  why: its `only` at flowforge.yaml:2:73 does not admit it\n"
        '  fix: take it out of the target "t", name another credential, or admit it there'
    )
    assert ("", stray) == (expanded(text, API), expanded(text, API, EVIL))


@pytest.mark.parametrize("name", [*SOURCE_TYPES, "acme-vault", ""])
def test_each_source_of_the_table_is_compared(name: str) -> None:
    """Two that ask the same are the same, of every kind but a question and none: the table says which these are."""
    kind = source_type(name)
    source = SourceSpec(name, {name: ("x", "y") if kind.names is Names.ARGV else "x"}, Where("m", 1, 1), Path("/ops"))
    alike = not kind.asks_person and kind.names is not Names.NOTHING
    assert alike == may_read_the_same(source, replace(source, where=Where("m", 2, 1)), Scope(API))


def test_a_plugin_s_options_choose_its_value() -> None:
    """Nothing is known of them, so that all are compared: the same path and another field is another value."""
    source = SourceSpec("acme-vault", {"acme-vault": "kv", "field": "key"}, Where("m", 1, 1), Path("/ops"))
    others: tuple[dict[str, Option], ...] = ({"field": "key"}, {"field": "other"}, {"field": ("key",)}, {})
    assert [True, False, True, False] == [
        may_read_the_same(source, replace(source, options={"acme-vault": "kv", **each}), Scope(API)) for each in others
    ]


def test_an_option_of_a_plugin_that_is_empty_is_like_none() -> None:
    """Whichever of the two leaves it out."""
    bare = SourceSpec("acme-vault", {"acme-vault": "kv"}, Where("m", 1, 1), Path("/ops"))
    empty = replace(bare, options={**bare.options, "field": ""})
    assert [True, True] == [may_read_the_same(*pair, Scope(API)) for pair in ((bare, empty), (empty, bare))]


@pytest.mark.parametrize(
    ("source", "other"),
    [
        ("{file: keys/evil}", '{file: "keys/{repo}"}'),
        ("{command: [vault, keys/evil, x]}", '{command: [vault, "keys/{repo}", x]}'),
    ],
)
def test_each_repo_is_judged_by_what_it_reads(source: str, other: str, refused: Refuser) -> None:
    """With a placeholder one repo may read what another does not: the others of the target may go on."""
    more = f", mine: {{type: anthropic_api_key, from: {other}}}"
    targets = f"{to('acme/api')}, {to('acme/a, acme/evil, acme/z', 'mine', 'm')}"
    text = refused(manifest("[acme/api]", targets, source=source, more=more))
    assert '"k" may not go to "acme/evil"\n' in text


@pytest.mark.parametrize(("only", "work"), [("[acme/*]", 3), ("[acme/api, acme/web, api]", 7)])
def test_the_work_is_counted(only: str, work: int, loaded: Loader) -> None:
    """For each repo a step for each pattern, and for a credential one for each that has an `only`, whatever its repos.

    So that no manifest takes minutes: with one step less than it needs it is refused.
    """
    text = loaded(manifest(only, to("acme/api, acme/web")))
    places = expand_with(text, {}, {}).places
    done = []
    for left in (work, work - 1):
        members = Members(text.groups, Findings(), _work=MAX_WORK - left)
        rules = OnlyRules(text.credentials, members, Findings())
        try:
            for place in (*places, *places):
                rules.check(place, text.targets[0], text.credentials["k"])
        except ManifestError as error:
            done.append(error.problems[0].code)
        else:
            done.append("")
    assert ["", "FF103"] == done
