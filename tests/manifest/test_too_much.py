"""What a small manifest can make large is counted while it is made, and refused at once with the line that does it."""

import tracemalloc
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from flowforge.errors import ManifestError, Where
from flowforge.manifest.expand import expand_with, selectors_of
from flowforge.manifest.findings import Findings
from flowforge.manifest.limits import MAX_PLACES, PlaceLimit
from flowforge.manifest.loading import load
from flowforge.manifest.members import MAX_WORK, Members
from flowforge.manifest.model import AbsentEntry, Lists, Manifest, RepoSet, Target
from flowforge.manifest.selector import Selector, SelectorResults
from flowforge.manifest.source_spec import Mention
from flowforge.plan.address import Repo, Store

Load = Callable[[str], Manifest]
CHOICE = RepoSet((), (), ())
HEAD = "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: K}}\n"
IDENTITY = (
    "version: 1\ncredentials:\n  k: {type: anthropic_workload_identity, federation_rule_id: fdrl_x, "
    "organization_id: 00000000-0000-0000-0000-000000000000, service_account_id: svac_x}\n# It has no value.\n"
)
REPO, OTHER, ENVIRONMENT, GROUP = "a/r{}", "a/b{}", "e{}", "'@h'"
FIX = "\n  fix: name fewer repositories, environments or stores, or split the manifest into several"


def target(name: str, more: str) -> str:
    """Return a line of a target."""
    return f"  - {{name: {name}, credential: k, {more}}}\n"


def one_target(more: str, groups: str = "") -> str:
    """Return a manifest of one target."""
    return f"{HEAD}{groups}targets:\n{target('All', more)}"


def names(count: int, form: str) -> str:
    """Return a list of so many names."""
    return f"[{', '.join(form.format(number) for number in range(count))}]"


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Read a manifest from a file called `flowforge.yaml`."""
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> Manifest:
        Path("flowforge.yaml").write_text(text, encoding="utf-8")
        return load([Path("flowforge.yaml")], environ={})

    return read


def found_of(manifest: Manifest, repos: Mapping[Repo, int]) -> Mapping[Selector, Mapping[Repo, int]]:
    """Let every selector find these."""
    return {each.choice.select: repos for each in manifest.targets if each.choice.select}


def refusal(act: Callable[[], object]) -> str:
    """Return the message that something is refused with."""
    with pytest.raises(ManifestError) as caught:
        act()
    return str(caught.value)


def test_a_small_file_of_two_million_secrets(loaded: Load) -> None:
    """38 KB of repos and environments that multiply are refused before a place of them is made: nothing grows."""
    text = one_target(f"repos: {names(4000, REPO)}, environments: {names(500, ENVIRONMENT)}")
    assert len(text) < 40_000
    tracemalloc.start()
    try:
        said = refusal(lambda: loaded(text))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert said == (
        'error FF154: flowforge.yaml:5:5: the target "All" leads to more than 200,000 secrets and variables\n'
        f"  why: it has 4,000 repositories times 500 environments{FIX}"
    )
    assert peak < 60_000_000


def test_what_stands_before_an_entry_counts(loaded: Load) -> None:
    """What entries come to is added up: the one that goes beyond is named, though it would be admitted alone."""
    small = target("T0", f"repos: {names(2, REPO)}, environments: {names(3, ENVIRONMENT)}")
    large = target("T1", f"repos: {names(4000, REPO)}, environments: {names(50, ENVIRONMENT)}")
    assert refusal(lambda: loaded(f"{HEAD}targets:\n{small}{large}")) == (
        'error FF154: flowforge.yaml:6:5: the target "T1" leads to more than 200,000 secrets and variables\n'
        f"  why: it has 4,000 repositories times 50 environments; the entries before it lead to 6{FIX}"
    )


def test_who_sees_what_an_organization_has_counts(loaded: Load) -> None:
    """Three variables that seventy thousand repos see are as many entries of lists."""
    more = "select: {org: acme}"
    manifest = loaded(f"{IDENTITY}targets:\n{target('All', f'org: acme, visible_to: {{{more}}}')}")
    repos = {Repo.parse(f"acme/r{number}"): number + 1 for number in range(66_667)}
    assert refusal(lambda: expand_with(manifest, found_of(manifest, repos), {})) == (
        'error FF154: flowforge.yaml:6:5: the target "All" leads to more than 200,000 secrets and variables\n'
        f"  why: it has 3 names times 66,667 repositories that see it{FIX}"
    )


def test_what_selectors_find_counts(loaded: Load) -> None:
    """A manifest of two lines that is small by itself is refused once GitHub has said how many repos it means."""
    manifest = loaded(one_target(f"select: {{org: acme}}, environments: {names(50, ENVIRONMENT)}"))
    (selector,) = {each.choice.select for each in manifest.targets}
    assert selector is not None

    def expanded(count: int) -> int:
        found: SelectorResults = {selector: {Repo.parse(f"acme/r{number}"): number + 1 for number in range(count)}}
        return len(expand_with(manifest, found, {}).places)

    assert 5000 == expanded(100)
    assert refusal(lambda: expanded(4001)) == (
        'error FF154: flowforge.yaml:5:5: the target "All" leads to more than 200,000 secrets and variables\n'
        f"  why: it has 4,001 repositories times 50 environments{FIX}"
    )


def test_the_limit_itself_is_admitted() -> None:
    """Exactly as many as the limit pass, in one entry or in several; one more does not, be it of one place."""
    stores = Lists(stores=(Store.ACTIONS, Store.AGENTS))
    entry = Target("T", CHOICE, "k", "S", Where("f", 3, 5), stores)
    gone = AbsentEntry("A", CHOICE, "S", Where("f", 9, 5))
    whole, parts = PlaceLimit(), PlaceLimit()
    whole.count(entry, MAX_PLACES // 2, 1, 0)
    for _ in range(2):
        parts.count(entry, MAX_PLACES // 8, 2, 0)
    parts.count(entry, 0, 7, 0)
    beyond = (
        'error FF154: f:9:5: the absent entry "A" leads to more than 200,000 secrets and variables\n'
        f"  why: the entries before it lead to 200,000{FIX}"
    )
    assert [beyond] * 2 == [refusal(partial(each.count, gone, 1, 1, 0)) for each in (whole, parts)]


def test_patterns_cost_what_their_compiling_does() -> None:
    """A pattern is work though it is tried on one repo alone: a file of them would be compiled for minutes."""
    repo, here = Repo.parse("a/x"), Where("f", 3, 5)
    members = Members({}, Findings())
    members.spend(MAX_WORK - 10 * 44, here)

    def excluding(count: int) -> Target:
        patterns = tuple(Mention(f"{number:06}*", Where("f", 4, number + 1)) for number in range(count))
        return Target("T", RepoSet((repo,), (), patterns), "k", "S", here)

    assert ["a/x"] == list(members.of(excluding(10)))
    assert refusal(lambda: members.of(excluding(1))) == (
        "error FF103: f:4:1: the groups and exclusions up to here come to more than 2,000,000 repositories\n"
        "  fix: name each repository in fewer groups, or split the manifest into several"
    )


def test_a_repo_that_many_groups_find_counts_for_each_before(loaded: Load) -> None:
    """Each of them makes a longer list of those by which it is chosen, and a thousand make half a million entries."""
    count = 30
    groups = "".join(f"  g{n}: {{select: {{org: a}}}}\n" for n in range(count))
    manifest = loaded(one_target(f"groups: [{', '.join(f'g{n}' for n in range(count))}]", f"groups:\n{groups}"))
    found: SelectorResults = {selector: {Repo.parse("a/x"): 1} for selector in selectors_of(manifest)}
    members = Members(manifest.groups, Findings(), found)
    before = members._work
    ((member,), longer) = list(members.of(manifest.targets[0]).values()), range(2, count + 1)
    assert (count, count + sum(longer)) == (len(member.holders), members._work - before)


def test_excluding_a_group_over_and_over_counts(loaded: Load) -> None:
    """A group that is excluded a thousand times is compared as often, and that is work too."""
    groups = f"groups:\n  g: {{repos: {names(3000, REPO)}}}\n  h: {{repos: {names(3000, REPO)}}}\n"
    said = refusal(lambda: loaded(one_target(f"groups: [g], exclude: {names(700, GROUP)}", groups)))
    assert "error FF103: flowforge.yaml:8:" in said


def test_many_tags_at_one_place_are_put_together_once(loaded: Load) -> None:
    """Two thousand targets for one secret have all their tags there, and each pair of them is not looked at anew."""
    entries = "".join(target(f"T{n}", f"repos: [a/x], tags: [t{n}, u{n}]") for n in range(2000))
    manifest = loaded(f"{HEAD}targets:\n{entries}")
    (place,) = expand_with(manifest, {}, {}).places
    assert {f"{letter}{number}" for letter in "tu" for number in range(2000)} == place.tags


def test_warnings_beyond_reading_are_not_printed(loaded: Load) -> None:
    """A thousand warnings are shown, and that there are more."""
    manifest = loaded(one_target(f"repos: [a/x], exclude: {names(1500, OTHER)}"))
    assert (1001, "more than 1,000 warnings, and only these are shown") == (
        len(manifest.warnings),
        manifest.warnings[-1],
    )


def test_per_repo_is_asked_once_for_each_repo(loaded: Load) -> None:
    """FF103 where the patterns that admit repos to a value, times the repos that were found, are too many."""
    patterns = names(300, "acme/x{}-*").replace("]", ", acme/r*]")
    text = (
        "version: 1\ncredentials:\n"
        f"  k: {{type: anthropic_api_key, from: {{env: 'K_{{repo}}'}}, per_repo: {{allow: {patterns}}}}}\n"
        f"targets:\n{target('All', 'select: {org: acme}')}"
    )
    manifest = loaded(text)
    repos = {Repo.parse(f"acme/r{number}"): number + 1 for number in range(7000)}
    said = refusal(lambda: expand_with(manifest, found_of(manifest, repos), {}))
    assert "error FF103: flowforge.yaml:3:3: the groups and exclusions up to here come to more than" in said
