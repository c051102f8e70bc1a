"""Groups and what has selectors: whose repos are known, which lists they stand on, and what remembers new ones."""

from collections.abc import Callable, Mapping

import pytest

from flowforge.errors import Where
from flowforge.manifest.expand import holders_of, members_of, selectors_of
from flowforge.manifest.model import Manifest
from flowforge.manifest.places import Holder, Member
from flowforge.manifest.selector import SelectorResults
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable

HEAD = "version: 1\ncredentials: {k: {type: anthropic_api_key, from: {env: K}}}\n"
API, WEB = Repo.parse("acme/api"), Repo.parse("acme/web")
CUT = Unreadable(Why.CUT_SHORT)
TEXT = (
    HEAD + "groups:\n"
    "  named: {repos: [acme/api, acme/web]}\n"
    "  found: {select: {org: acme}}\n"
    "  both: {groups: [named, found]}\n"
    "  less: {groups: [named], exclude: ['@found', acme/none]}\n"
    "  deep: {groups: [less], exclude: ['@both']}\n"
    "  other: {select: {org: zoo}}\n"
    "targets:\n"
    "  - {name: t, credential: k, groups: [both], exclude: ['@other']}\n"
    "  - {name: u, credential: k, secret: U, select: {user: me}}\n"
    "  - {name: v, org: acme, visible_to: {select: {org: acme, name: v}}, credential: k}\n"
    "absent:\n"
    "  - {name: gone, secret: OLD, select: {org: old}}\n"
    "  - {name: gone too, secret: OLD_TOO, groups: [both, deep]}\n"
)


@pytest.fixture
def manifest(loaded: Callable[..., Manifest]) -> Manifest:
    """Return a manifest whose groups need each other."""
    return loaded(TEXT)


def found_in(manifest: Manifest, found: Mapping[str, Mapping[Repo, int] | Unreadable]) -> SelectorResults:
    """Let the selectors of these owners find this."""
    selectors = selectors_of(manifest, ["other", "found", "nothing like it"])
    return {selector: found[selector.owner] for selector in selectors if selector.owner in found}


def test_who_is_in_a_group(manifest: Manifest) -> None:
    """Named and found together, what is excluded taken away; what nobody asked for contributes nothing."""
    found = found_in(manifest, {"acme": {API: 1}, "zoo": {WEB: 2}})
    expected = {"named": {API, WEB}, "found": {API}, "both": {API, WEB}, "less": {WEB}, "deep": set(), "other": {WEB}}
    assert {name: frozenset(repo.key for repo in repos) for name, repos in expected.items()} == members_of(
        manifest, found
    )
    unasked = members_of(manifest, {})
    assert [frozenset(), frozenset({API.key, WEB.key})] == [unasked["found"], unasked["less"]]


def test_whose_list_is_not_known(manifest: Manifest) -> None:
    """A group that stands on it cannot be known, by way of groups and of exclusions; others are as they are."""
    members = members_of(manifest, found_in(manifest, {"acme": CUT, "zoo": {WEB: 2}}))
    assert {"found", "both", "less", "deep"} == {name for name, repos in members.items() if repos is CUT}
    assert [frozenset({API.key, WEB.key}), frozenset({WEB.key})] == [members["named"], members["other"]]


def test_which_lists_are_asked_for(manifest: Manifest, loaded: Callable[..., Manifest]) -> None:
    """Each that an entry stands on, once, in the order of the manifest; of a group more only if that is named."""
    assert ["acme", "zoo", "me", "acme", "old"] == [each.owner for each in selectors_of(manifest)]
    lone = loaded(HEAD + "groups: {a: {select: {org: acme}}, b: {groups: [a]}}\ntargets: []\n")
    assert ((), ()) == (selectors_of(lone), selectors_of(lone, ["nothing like it"]))
    assert [["acme"], ["acme"]] == [[each.owner for each in selectors_of(lone, names)] for names in (["b"], ["a", "b"])]


def test_what_remembers_its_repos(manifest: Manifest, loaded: Callable[..., Manifest]) -> None:
    """What gives or takes by a selector: not what is only excluded, and not who sees an organization's secret."""
    assert {"group found": "acme", "target u": "me", "absent entry gone": "old"} == {
        name: selector.owner for name, selector in holders_of(manifest).items()
    }
    assert {} == holders_of(loaded(HEAD + "groups: {a: {select: {org: acme}}}\ntargets: []\n"))


HERE, THERE = Where("m", 1, 1), Where("m", 2, 1)
ONE, TWO = Holder("group one"), Holder("group two", auto=True)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Member(API, HERE), Member(API, THERE), Member(API, HERE)),
        (Member(API, HERE), Member(API, THERE, (ONE,), 7), Member(API, HERE)),
        (Member(API, HERE, (ONE,), 7), Member(API, THERE), Member(API, THERE)),
        (Member(API, HERE, (ONE,), 7), Member(API, THERE, (TWO, ONE), 8), Member(API, HERE, (ONE, TWO), 7)),
    ],
)
def test_two_ways_to_one_repo(first: Member, second: Member, expected: Member) -> None:
    """To be named weighs more than to be found, the first more than the second; all who found it are kept."""
    assert expected == first.and_by(second)
    assert (Member(API, HERE, holders=(), id=0), Holder("group one", auto=False)) == (Member(API, HERE), ONE)
