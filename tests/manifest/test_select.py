"""Selectors: what is said of wrong ones, what they come to, and whose names may choose a value."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from flowforge.errors import ManifestError, Where
from flowforge.manifest.expand import expand, expand_with, selectors_of
from flowforge.manifest.model import Manifest
from flowforge.manifest.places import Expanded, Holder
from flowforge.manifest.selector import Owned, Selector, SelectorResults
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable, Unresolved

CASES = r"""
## two that select under one name
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets:
  - {name: t, select: {org: acme, name: a}, credential: k}
  - {name: t, repos: [acme/c], credential: k}
  - {name: t, select: {org: acme, name: b}, credential: k}
absent:
  - {name: t, select: {org: acme, name: d}, secret: OLD}
=>
error FF146: flowforge.yaml:6:5: two targets select under the name "t": the other is at flowforge.yaml:4:5
  why: the state remembers by this name which repositories a selector has admitted
  fix: rename one of the two
## unknown key
version: 1
targets: []
groups: {g: {select: {org: acme, topic: [claude]}}}
=>
error FF120: flowforge.yaml:3:34: the key "topic" is not known here
  fix: did you mean "topics"?
## no owner
version: 1
targets: []
groups: {g: {select: {name: svc-*}}}
=>
error FF160: flowforge.yaml:3:14: a selector names no owner
  fix: write one of `org: NAME`, `user: NAME` and `installation: true`
## nothing at all
version: 1
targets: []
groups: {g: {select: {}}}
=>
error FF160: flowforge.yaml:3:14: a selector names no owner
  fix: write one of `org: NAME`, `user: NAME` and `installation: true`
## an installation that is none
version: 1
targets: []
groups: {g: {select: {installation: false}}}
=>
error FF160: flowforge.yaml:3:14: a selector names no owner
  fix: write one of `org: NAME`, `user: NAME` and `installation: true`
## two owners
version: 1
targets: []
groups: {g: {select: {org: acme, installation: true}}}
=>
error FF160: flowforge.yaml:3:14: a selector names more than one owner
  fix: write one of `org: NAME`, `user: NAME` and `installation: true`
## a user's team and properties
version: 1
targets: []
groups: {g: {select: {user: me, team: core, properties: {tier: gold}}}}
=>
error FF161: flowforge.yaml:3:33: "team" requires org
  why: only organizations have teams and custom properties
  fix: write `org: NAME`, or remove it
error FF161: flowforge.yaml:3:45: "properties" requires org
  why: only organizations have teams and custom properties
  fix: write `org: NAME`, or remove it
## beside no selector
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {g: {repos: [acme/api], allow_empty: true}}
targets: [{name: t, repos: [acme/api], auto_admit: false, credential: k}]
=>
error FF162: flowforge.yaml:3:33: "allow_empty" requires select
  fix: add `select:`, or remove it
error FF162: flowforge.yaml:4:40: "auto_admit" requires select
  fix: add `select:`, or remove it
## a selector that is no mapping
version: 1
targets: []
groups: {g: {select: acme}}
=>
error FF122: flowforge.yaml:3:22: "select" must be a mapping, but this is a string
  fix: the keys here are org, user, installation, name, topics, team, properties, visibility, archived and fork
## forms
version: 1
targets: []
groups:
  a: {select: {org: acme/api}}
  b: {select: {org: acme, name: acme/svc-*}}
  c: {select: {org: acme, topics: [Claude]}}
  d: {select: {org: acme, team: acme/core}}
  e: {select: {org: acme, properties: {"my tier": gold}}}
  f: {select: {org: acme, visibility: secret}}
=>
error FF124: flowforge.yaml:4:21: "acme/api" is not an owner
  fix: write the name of one organization or user, as acme
error FF145: flowforge.yaml:5:33: "acme/svc-*" is not a pattern of names
  fix: write a name or a pattern without its owner, as svc-*
error FF145: flowforge.yaml:6:36: "Claude" is not a topic
  fix: write it as GitHub does: small letters, digits and hyphens
error FF145: flowforge.yaml:7:33: "acme/core" is not a team's slug
  fix: write the last part of the team's address on GitHub, as platform
error FF145: flowforge.yaml:8:40: "my tier" is not a custom property's name
  fix: write its name as GitHub shows it
error FF123: flowforge.yaml:9:39: "visibility" cannot be "secret"
  fix: write private, internal or public
## lists with nothing in them
version: 1
targets: []
groups:
  a: {select: {org: acme, name: []}}
  b: {select: {org: acme, topics: []}}
  c: {select: {org: acme, properties: {}}}
  d: {select: {org: acme, properties: {tier: []}}}
  e: {select: {org: acme, visibility: []}}
=>
error FF121: flowforge.yaml:4:33: "name" is empty
  fix: name at least one, or remove the key
error FF121: flowforge.yaml:5:35: "topics" is empty
  fix: name at least one, or remove the key
error FF121: flowforge.yaml:6:39: "properties" is empty
  fix: name at least one, or remove the key
error FF121: flowforge.yaml:7:46: "tier" is empty
  fix: name at least one, or remove the key
error FF121: flowforge.yaml:8:39: "visibility" is empty
  fix: name at least one, or remove the key
## types
version: 1
targets: []
groups:
  a: {select: {org: acme, name: {x: y}}}
  b: {select: {org: acme, properties: {tier: true}}}
  c: {select: {org: acme, archived: yes please}}
=>
error FF122: flowforge.yaml:4:33: "name" must be a string or a list, but this is a mapping
  fix: write a text, or a list of texts
error FF122: flowforge.yaml:5:46: "tier" must be a string or a list, but this is true or false
  fix: put it in quotes
error FF122: flowforge.yaml:6:37: "archived" must be true or false, but this is a string
  fix: write true or false, without quotes
## per_repo
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}, per_repo: {allow: ["acme/a/b"]}}}
targets: [{name: t, select: {org: acme}, credential: k}]
=>
error FF145: flowforge.yaml:2:79: "acme/a/b" is not a repository or a pattern
  fix: write owner/name, acme/svc-* or svc-*
## a value of its own, for repositories that anybody may name
version: 1
credentials: {k: {type: anthropic_api_key, from: {file: "keys/{repo}"}}}
groups: {a: {select: {org: acme}}, b: {groups: [a]}}
targets: [{name: t, groups: [b], credential: k}]
=>
error FF163: flowforge.yaml:4:11: the target "t" lets the name of a selected repository choose its value
  why: the source of "k" has a placeholder, and whoever creates a repository chooses its name
  fix: add `only: [owner/pattern]` to the credential
"""


def test_wrong_selectors(given: str, expected: str, refused: Callable[[str], str]) -> None:
    """Each mistake in a selector is reported at its position, in our words, with what to write."""
    assert expected == refused(given)


HEAD = "version: 1\ncredentials: {k: {type: anthropic_api_key, from: {env: K}}}\n"
API, WEB, SVC = (Repo.parse(name) for name in ("acme/api", "acme/web", "acme/svc"))


def found_in(manifest: Manifest, repos: Mapping[Repo, int] | Unreadable) -> SelectorResults:
    """Let every selector find the same."""
    return dict.fromkeys(selectors_of(manifest), repos)


def chosen(expanded: Expanded) -> list[tuple[str, int, tuple[str, ...]]]:
    """Return of each place the repo, the line that chooses it, and the holders of the selectors that found it."""
    return [
        (str(place.address.scope.repo), place.chosen.line, tuple(holder.name for holder in place.holders))
        for place in expanded.places
    ]


def test_a_selector_is_read_whole(loaded: Callable[..., Manifest]) -> None:
    """Every key comes to the model; cases and orders that mean nothing are one, so that equal ones are asked once."""
    text = (
        HEAD + "targets:\n"
        "  - {name: a, credential: k, select: {org: Acme, name: [SVC-*, lib-?], topics: [b, a, b], team: Core,\n"
        "      properties: {zone: [us, eu], tier: gold}, visibility: [public, internal], archived: true, fork: true}}\n"
        "  - {name: b, credential: k, secret: B, select: {user: me}, allow_empty: true, auto_admit: true}\n"
        "  - {name: c, credential: k, secret: C, select: {installation: true, visibility: public}}\n"
        "  - {name: d, credential: k, secret: D, select: {org: ACME, name: svc-*}}\n"
        "  - {name: e, credential: k, secret: E,\n"
        "     select: {org: acme, name: [svc-*], fork: false, visibility: [internal, private]}}\n"
    )
    manifest = loaded(text)
    first = Selector(
        Owned.ORG,
        "acme",
        Where("flowforge.yaml", 4, 30),
        ("svc-*", "lib-?"),
        ("a", "b"),
        "core",
        (("tier", ("gold",)), ("zone", ("eu", "us"))),
        ("internal", "public"),
        archived=True,
        fork=True,
    )
    services = Selector(Owned.ORG, "acme", Where("elsewhere"), ("svc-*",))
    assert [
        (first, False, False),
        (Selector(Owned.USER, "me", Where("")), True, True),
        (Selector(Owned.INSTALLATION, "", Where(""), visibility=("public",)), False, False),
        (services, False, False),
        (services, False, False),
    ] == [(each.choice.select, each.choice.allow_empty, each.choice.auto_admit) for each in manifest.targets]
    assert [4, 6, 7, 8] == [selector.where.line for selector in selectors_of(manifest)]


def test_a_repo_that_is_called_like_a_group_asks_no_selector(loaded: Callable[..., Manifest]) -> None:
    """What is excluded by its name mentions no group; with the sign of one it does."""
    text = HEAD + (
        "groups: {g: {select: {org: acme}}}\ntargets: [{name: t, credential: k, repos: [acme/api], exclude: [NAME]}]\n"
    )
    found = [len(selectors_of(loaded(text.replace("NAME", name)))) for name in ("g", "xg", "'@g'")]
    assert [0, 0, 1] == found


def test_what_is_found_joins_what_is_named(loaded: Callable[..., Manifest]) -> None:
    """Named, of a group and found are a union; exclude comes last; who is named needs no selector to admit it."""
    manifest = loaded(
        HEAD + "groups:\n  g: {select: {org: acme}, exclude: [acme/svc]}\n  h: {select: {org: acme}}\n"
        "targets:\n  - {name: t, credential: k, repos: [acme/API], groups: [g, h], exclude: [other]}\n"
        "absent:\n  - {name: gone, secret: X, groups: [g]}\n"
    )
    expanded = expand_with(manifest, found_in(manifest, {API: 1, WEB: 2, SVC: 3, Repo.parse("acme/other"): 4}), {})
    assert [
        ("acme/API", 7, ()),
        ("acme/api", 4, ("group g",)),
        ("acme/other", 4, ("group g",)),
        ("acme/svc", 5, ("group h",)),
        ("acme/web", 4, ("group g", "group h")),
        ("acme/web", 4, ("group g",)),
    ] == chosen(expanded)
    assert (2, (), ()) == (expanded.places[4].repo_id, expanded.unresolved, expanded.warnings)


def test_offline_nothing_is_said_of_what_is_not_known(loaded: Callable[..., Manifest]) -> None:
    """Before anybody asked, a selector finds nothing, and neither that nor what it leaves of exclusions is a fault."""
    manifest = loaded(
        HEAD + "groups: {g: {select: {org: acme}, exclude: [acme/old]}}\n"
        "targets: [{name: t, credential: k, groups: [g], repos: [acme/api], exclude: [acme/api, svc]}]\n"
    )
    assert ((), ()) == (manifest.warnings, expand(manifest))


def test_two_ways_to_one_place(loaded: Callable[..., Manifest]) -> None:
    """A place that one target finds and another names is the named one's, whichever stands first."""
    manifest = loaded(
        HEAD + "targets:\n  - {name: a, credential: k, select: {org: acme}}\n"
        "  - {name: b, credential: k, repos: [acme/api]}\n"
    )
    assert [("acme/api", 5, ()), ("acme/web", 4, ("target a",))] == chosen(
        expand_with(manifest, found_in(manifest, {API: 1, WEB: 2}), {})
    )


def test_a_list_that_cannot_be_had(loaded: Callable[..., Manifest]) -> None:
    """Whatever stands on it, through groups and exclusions too, cannot be known; what does not is untouched."""
    manifest = loaded(
        HEAD + "groups:\n  g: {select: {org: acme}}\n  h: {groups: [g], repos: [acme/api]}\n"
        "targets:\n  - {name: a, credential: k, groups: [h], exclude: [acme/api]}\n"
        '  - {name: b, credential: k, secret: B, repos: [acme/web], exclude: ["@g"]}\n'
        "  - {name: c, credential: k, secret: C, repos: [acme/svc]}\n"
        "absent:\n  - {name: d, secret: D, repos: [acme/api], select: {org: acme}}\n"
    )
    cut = Unreadable(Why.CUT_SHORT, "the list was cut short")
    expanded = expand_with(manifest, found_in(manifest, cut), {})
    lines = {"target a": 7, "target b": 8, "absent entry d": 11}
    assert [(name, line, cut) for name, line in lines.items()] == [
        (each.entry, each.where.line, each.unreadable) for each in expanded.unresolved
    ]
    assert all(isinstance(each, Unresolved) for each in expanded.unresolved)
    assert [("acme/api", cut), ("acme/svc", None), ("acme/web", cut)] == [
        (str(place.address.scope.repo), place.unread) for place in expanded.places
    ]
    assert () == expanded.warnings


def test_a_repo_that_may_be_excluded_is_no_fault(loaded: Callable[..., Manifest]) -> None:
    """What two entries want differently is blocked, and not an error, while one of them may not mean the repo."""
    manifest = loaded(
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: K}}\n"
        '  p: {type: anthropic_api_key, from: {file: "{repo}"}, per_repo: {allow: [ap*]}}\n'
        "groups: {keep: {select: {org: keep}}}\n"
        "targets:\n  - {name: a, credential: k, repos: [acme/api, acme/web]}\n"
        '  - {name: b, credential: p, select: {org: acme}, exclude: ["@keep"]}\n'
        "  - {name: c, credential: k, repos: [acme/api]}\n"
        '  - {name: o, credential: k, secret: O, org: acme, visible_to: {select: {org: zoo}, exclude: ["@keep"]}}\n'
        "absent:\n  - {name: d, secret: ANTHROPIC_API_KEY, select: {org: acme, name: s*}}\n"
    )
    keep, all_of_acme, zoo, some = selectors_of(manifest)
    found: dict[Selector, Mapping[Repo, int] | Unreadable] = {
        all_of_acme: {API: 1, SVC: 3},
        zoo: {Repo.parse("zoo/api"): 4},
        some: {SVC: 3},
    }
    cut = Unreadable(Why.CUT_SHORT, "the list was cut short")
    places = expand_with(manifest, {**found, keep: cut}, {}).places
    assert [("acme", "o", cut), ("acme/api", "a", cut), ("acme/svc", "b", cut), ("acme/web", "a", None)] == [
        (str(place.address.scope.repo), place.target, place.unread) for place in places
    ]
    with pytest.raises(ManifestError) as caught:
        expand_with(manifest, {**found, keep: {}}, {})
    codes = {"FF150", "FF151", "FF163", "FF172"}
    assert codes <= {problem.code for problem in caught.value.problems}


def said(manifest: Manifest, repos: Mapping[Repo, int], environ: Mapping[str, str] | None = None) -> str:
    """Return what is said of what selectors found."""
    with pytest.raises(ManifestError) as caught:
        expand_with(manifest, found_in(manifest, repos), environ or {})
    return str(caught.value)


def test_what_finds_nothing_is_an_error(loaded: Callable[..., Manifest]) -> None:
    """A selector that finds nothing is reported where it stands, unless it may; so is one that is excluded whole."""
    text = HEAD + "targets: [{name: t, credential: k, select: {org: acme}, exclude: [api], allow_empty: false}]\n"
    empty = (
        'error FF164: flowforge.yaml:3:36: the selector of the target "t" finds no repository\n'
        "  why: it leaves out archived repositories, forks and public ones unless it asks for them\n"
        "  fix: ask for less, or write `allow_empty: true` beside it"
    )
    excluded = (
        'error FF144: flowforge.yaml:3:11: the target "t" excludes every repository that it names\n'
        "  fix: exclude less, or remove the entry"
    )
    assert (empty, excluded) == (said(loaded(text), {}), said(loaded(text), {API: 1}))
    allowed = loaded(text.replace("false", "true"))
    assert [(), ()] == [expand_with(allowed, found_in(allowed, repos), {}).places for repos in ({}, {API: 1})]


def test_an_exclusion_of_nothing_is_warned_of_once_it_is_known(loaded: Callable[..., Manifest]) -> None:
    """What excludes nothing of what was found is told as of what is named."""
    manifest = loaded(HEAD + "targets: [{name: t, credential: k, select: {org: acme}, exclude: [old]}]\n")
    expanded = expand_with(manifest, found_in(manifest, {API: 1}), {})
    assert ('flowforge.yaml:3:67: "old" excludes nothing here',) == expanded.warnings


def test_the_operator_says_which_owners(loaded: Callable[..., Manifest], refused: Callable[..., str]) -> None:
    """An owner that is selected from must be allowed, and so must each of an installation's repos that is found."""
    rules = {"FLOWFORGE_ALLOWED_OWNERS": "acme"}
    text = HEAD + "targets: [{name: t, credential: k, select: {org: Other}}]\n"
    assert (
        'error FF112: flowforge.yaml:3:50: the owner "Other" is not allowed by FLOWFORGE_ALLOWED_OWNERS\n'
        "  why: it admits acme\n"
        "  fix: remove the selector, or let the operator add Other to FLOWFORGE_ALLOWED_OWNERS"
    ) == refused(text, environ=rules)
    manifest = loaded(text.replace("org: Other", "installation: true"), environ=rules)
    assert (
        'error FF112: flowforge.yaml:3:36: the owner of "other/x" is not allowed by FLOWFORGE_ALLOWED_OWNERS\n'
        "  why: it admits acme\n"
        "  fix: remove the repository, or let the operator add other to FLOWFORGE_ALLOWED_OWNERS"
    ) == said(manifest, {API: 1, Repo.parse("other/x"): 2}, rules)


def test_whose_name_may_choose_a_value(loaded: Callable[..., Manifest]) -> None:
    """A found repo must fit a pattern of per_repo, with an owner or without; one that is named needs none."""
    manifest = loaded(
        "version: 1\ncredentials:\n"
        '  k: {type: anthropic_api_key, from: {file: "keys/{repo}"}, per_repo: {allow: [ACME/ap?, web]}}\n'
        "targets: [{name: t, credential: k, select: {org: acme}, repos: [acme/lib]}]\n"
    )
    assert (
        'error FF163: flowforge.yaml:3:3: "acme/svc" may not choose its value of "k" by its name\n'
        "  why: a selector found it, and no pattern of the credential's per_repo matches it; the target is "
        "flowforge.yaml:4:11\n"
        "  fix: add a pattern for it, or exclude the repository"
    ) == said(manifest, {API: 1, WEB: 2, SVC: 3, Repo.parse("acme/lib"): 4})
    good = {API: 1, WEB: 2}
    assert ["acme/api", "acme/lib", "acme/web"] == [
        row[0] for row in chosen(expand_with(manifest, found_in(manifest, good), {}))
    ]


def test_new_repos_may_be_admitted_without_asking(loaded: Callable[..., Manifest]) -> None:
    """`auto_admit` goes with the selector's holder, a group, a target or an absent entry."""
    manifest = loaded(HEAD + "targets: [{name: t, credential: k, select: {org: acme}, auto_admit: true}]\n")
    (place,) = expand_with(manifest, found_in(manifest, {API: 7}), {}).places
    assert ((Holder("target t", auto=True),), 7) == (place.holders, place.repo_id)
    assert place != replace(place, holders=())


def test_only_the_selectors_that_are_needed_are_asked(loaded: Callable[..., Manifest]) -> None:
    """A group that is only excluded counts; one that nothing uses does not, nor one called as an excluded repo is."""
    manifest = loaded(
        HEAD + "groups:\n  taken: {select: {org: a}}\n  left: {select: {org: b}}\n  svc: {select: {org: c}}\n"
        'targets: [{name: t, credential: k, groups: [taken, taken], exclude: ["@left", svc]}]\n'
    )
    assert ["a", "b"] == [selector.owner for selector in selectors_of(manifest)]


def test_two_targets_that_find_the_same(loaded: Callable[..., Manifest]) -> None:
    """What two targets want alike has every way to it; where one of them cannot be known, the other stands."""
    manifest = loaded(
        HEAD + "targets:\n  - {name: a, credential: k, select: {org: acme}, repos: [acme/svc]}\n"
        "  - {name: b, credential: k, select: {org: acme, name: api}}\n"
        "  - {name: c, credential: k, repos: [acme/svc]}\n"
    )
    first, second = selectors_of(manifest)
    both = expand_with(manifest, {first: {API: 1, WEB: 2}, second: {API: 1}}, {})
    assert [
        ("acme/api", 4, ("target a", "target b")),
        ("acme/svc", 4, ()),
        ("acme/web", 4, ("target a",)),
    ] == chosen(both)
    cut = Unreadable(Why.CUT_SHORT)
    halves = expand_with(manifest, {first: cut, second: {API: 1}}, {})
    assert [("acme/api", 5, ("target b",)), ("acme/svc", 6, ())] == chosen(halves)
    assert [None, None] == [place.unread for place in halves.places]
