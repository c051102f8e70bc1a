"""Secrets of an organization: what is said of wrong targets, and who is to see what right ones name."""

from collections.abc import Callable

import pytest

from flowforge.errors import ManifestError
from flowforge.manifest.expand import expand, expand_with, selectors_of
from flowforge.manifest.model import Manifest
from flowforge.manifest.selector import SelectorResults
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.facts import Presence, Unreadable

KEY = "credentials: {k: {type: anthropic_api_key, from: {env: K}}}"
CASES = rf"""
## repos and environments beside org
version: 1
{KEY}
targets:
  - {{name: T, org: acme, visible_to: all, credential: k, repos: [acme/a], environments: [prod]}}
=>
error FF170: flowforge.yaml:4:58: "repos" cannot be used with org
  why: an organization's secret is in no repository; visible_to says who sees it
  fix: remove it, or name repositories under `visible_to`
error FF170: flowforge.yaml:4:75: "environments" cannot be used with org
  why: an organization's secret is in no repository; visible_to says who sees it
  fix: remove it, or name repositories under `visible_to`
## org without visible_to
version: 1
{KEY}
targets:
  - {{name: T, org: acme, credential: k}}
=>
error FF171: flowforge.yaml:4:5: the target "T" does not say who sees its secret
  fix: write `visible_to: private`, `visible_to: all` or `visible_to: {{repos: [owner/name]}}`
## visible_to without org
version: 1
{KEY}
targets:
  - {{name: T, repos: [acme/a], visible_to: all, credential: k}}
=>
error FF171: flowforge.yaml:4:32: "visible_to" requires org
  fix: name the organization with `org:`, or remove it
## selected is not a word of ours
version: 1
{KEY}
targets:
  - {{name: T, org: acme, visible_to: selected, credential: k}}
=>
error FF123: flowforge.yaml:4:38: "visible_to" cannot be "selected"
  fix: write all or private
## a list in the place of a mapping
version: 1
{KEY}
targets:
  - {{name: T, org: acme, visible_to: [acme/a], credential: k}}
=>
error FF122: flowforge.yaml:4:38: "visible_to" must be a string or a mapping, but this is a list
  fix: write all, private, or {{repos: [owner/name]}}
## an unknown key
version: 1
{KEY}
targets:
  - {{name: T, org: acme, visible_to: {{repo: [acme/a]}}, credential: k}}
=>
error FF120: flowforge.yaml:4:39: the key "repo" is not known here
  fix: did you mean "repos"?
## not an organization's name
version: 1
{KEY}
targets:
  - {{name: T, org: acme/a, visible_to: all, credential: k}}
=>
error FF124: flowforge.yaml:4:20: "acme/a" is not an owner
  fix: write the name of one organization or user, as acme
## a repo of another owner
version: 1
{KEY}
targets:
  - {{name: T, org: acme, visible_to: {{repos: [acme/a, zoo/b, zoo/c]}}, credential: k}}
=>
error FF172: flowforge.yaml:4:55: "zoo/b" and 1 more cannot see a secret of "acme"
  why: the repository is another owner's; the target "T" is at flowforge.yaml:4:5
  fix: exclude it under visible_to
## no repo at all
version: 1
{KEY}
targets:
  - {{name: T, org: acme, visible_to: {{exclude: [acme/a]}}, credential: k}}
=>
error FF143: flowforge.yaml:4:38: the target "T" names no repositories
  fix: add `repos: [owner/name]`, `groups: [name]` or `select: {{org: name}}`
## every repo excluded
version: 1
{KEY}
targets:
  - {{name: T, org: acme, visible_to: {{repos: [acme/a], exclude: [acme/*]}}, credential: k}}
=>
error FF144: flowforge.yaml:4:5: the target "T" excludes every repository that it names
  fix: exclude less, or remove the entry
## two targets that say otherwise who sees it
version: 1
{KEY}
targets:
  - {{name: T, org: acme, visible_to: all, credential: k}}
  - {{name: U, org: Acme, visible_to: private, credential: k}}
=>
error FF174: flowforge.yaml:5:5: ANTHROPIC_API_KEY of "Acme" is wanted visible to two sets of repositories
  why: "T" at flowforge.yaml:4:5 wants it visible to others
  fix: name all who see it under visible_to of one target
## present and absent
version: 1
{KEY}
targets:
  - {{name: T, org: acme, visible_to: all, credential: k}}
absent:
  - {{name: A, org: acme, secret: anthropic_api_key}}
=>
error FF151: flowforge.yaml:6:5: ANTHROPIC_API_KEY of "acme" is wanted present and absent
  why: "T" at flowforge.yaml:4:5 wants it present
  fix: exclude the repository from one of the two
## a value for each repository
version: 1
credentials: {{k: {{type: anthropic_api_key, from: {{file: "{{owner}}-{{repo}}"}}}}}}
targets:
  - {{name: T, org: acme, visible_to: {{select: {{org: acme}}}}, credential: k}}
=>
error FF152: flowforge.yaml:4:5: there is no name for {{repo}} in a secret of the organization "acme"
  why: it is one secret for all of the organization's repositories
  fix: use a credential whose source has no such placeholder
"""


TWO = (("Named", "repos: [acme/a]"), ("SelectorResults", "repos: [acme/a], select: {org: acme}"))


def test_problems(given: str, expected: str, refused: Callable[[str], str]) -> None:
    """Each manifest is refused with exactly these sentences."""
    assert expected == refused(given)


def manifest(visible_to: str, rest: str = "") -> str:
    """Write one target of acme."""
    return f"version: 1\n{KEY}\n{rest}targets:\n  - {{name: T, org: acme, visible_to: {visible_to}, credential: k}}\n"


def test_groups_that_come_to_nothing(loaded: Callable[..., Manifest], refused: Callable[..., str]) -> None:
    """Nobody to see it is an error, which `allow_empty: true` admits; an organization's owner has to be allowed."""
    groups = "groups: {none: {select: {org: acme}, allow_empty: true}}\n"
    nobody = loaded(manifest("{groups: [none]}", groups))
    found: SelectorResults = {selector: {} for selector in selectors_of(nobody)}
    with pytest.raises(ManifestError) as caught:
        expand_with(nobody, found, {})
    assert (
        'error FF173: flowforge.yaml:5:5: the secret of the target "T" would be visible to no repository\n'
        "  fix: name a repository under visible_to, or write `allow_empty: true` there"
    ) == str(caught.value)
    for admitted in ("{groups: [none], allow_empty: true}", "{allow_empty: true}", "{repos: [], allow_empty: true}"):
        (place,) = expand_with(loaded(manifest(admitted, groups)), found, {}).places
        assert Audience(Visibility.SELECTED) == place.audience
    assert (
        'error FF112: flowforge.yaml:4:20: the owner "acme" is not allowed by FLOWFORGE_ALLOWED_OWNERS\n'
        "  why: it admits zoo\n"
        "  fix: remove the organization, or let the operator add acme to FLOWFORGE_ALLOWED_OWNERS"
    ) == refused(manifest("all"), environ={"FLOWFORGE_ALLOWED_OWNERS": "zoo"})


def test_who_is_to_see_it(loaded: Callable[..., Manifest]) -> None:
    """One place for each store, whoever sees it; a selector's ids come along, and one that cannot be read blocks it."""
    found = loaded(
        manifest("{repos: [acme/b], select: {org: acme}, exclude: [acme/c]}").replace(
            "k}", "k, stores: [actions, agents]}"
        )
    )
    (selector,) = selectors_of(found)
    repos = {Repo.parse("acme/a"): 1, Repo.parse("acme/c"): 3}
    places = expand_with(found, {selector: repos}, {}).places
    audience = Audience.selected([Viewer(Repo.parse("acme/a"), 1), Viewer(Repo.parse("acme/b"))])
    assert [
        ("orgs/acme/actions/ANTHROPIC_API_KEY", audience, None),
        ("orgs/acme/agents/ANTHROPIC_API_KEY", audience, None),
    ] == [(str(place.address), place.audience, place.unread) for place in places]
    hidden = Unreadable(Why.SSO)
    assert [hidden, hidden] == [place.unread for place in expand_with(found, {selector: hidden}, {}).places]


@pytest.mark.parametrize(
    ("visible_to", "selects"),
    [
        ("{repos: [acme/b]}", False),
        ("{groups: [named]}", False),
        ("{select: {org: acme}}", True),
        ("{groups: [found]}", True),
        ("{repos: [acme/b], exclude: ['@found']}", True),
        ("all", False),
        ("private", False),
    ],
)
def test_whether_a_selector_decides_who_sees_it(
    loaded: Callable[..., Manifest], visible_to: str, *, selects: bool
) -> None:
    """It may, by what it chooses or excludes: then a repo that is hidden from it keeps what it sees."""
    groups = "groups: {named: {repos: [acme/b]}, found: {select: {org: acme}}}\n"
    found = loaded(manifest(visible_to, groups))
    results: SelectorResults = {selector: {Repo.parse("acme/a"): 1} for selector in selectors_of(found)}
    (place,) = expand_with(found, results, {}).places
    assert selects is place.selects


def test_two_targets_of_which_one_cannot_be_read(loaded: Callable[..., Manifest]) -> None:
    """Whether they say the same is not known, so the secret is blocked, whichever comes first."""
    hidden = Unreadable(Why.SSO)
    targets = [f"  - {{name: {name}, org: acme, visible_to: {{{by}}}, credential: k}}\n" for name, by in TWO]
    for text in ("".join(targets), "".join(reversed(targets))):
        both = loaded(f"version: 1\n{KEY}\ntargets:\n{text}")
        (selector,) = selectors_of(both)
        (place,) = expand_with(both, {selector: hidden}, {}).places
        assert (hidden, "SelectorResults") == (place.unread, place.target)


def test_an_organization_to_have_none(loaded: Callable[..., Manifest]) -> None:
    """An absent entry names the organization alone; stores are those of the defaults."""
    (place,) = expand(
        loaded("version: 1\ndefaults: {stores: [codespaces]}\nabsent: [{name: A, org: acme, secret: x}]\n")
    )
    assert ("orgs/acme/codespaces/X", Presence.ABSENT, None) == (str(place.address), place.presence, place.audience)
