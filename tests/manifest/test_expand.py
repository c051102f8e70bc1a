"""From a manifest to its model, and to the places where secrets are wanted."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.credentials.types import TYPES
from flowforge.errors import ManifestError, Where
from flowforge.manifest.expand import expand
from flowforge.manifest.findings import Findings
from flowforge.manifest.members import Members
from flowforge.manifest.model import Credential, Group, Manifest, RepoSet
from flowforge.manifest.placeholders import fill, names_in
from flowforge.manifest.source_spec import Mention, SourceSpec
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Repo, Scope
from flowforge.plan.facts import Presence

pytestmark = pytest.mark.no_coverage

Loader = Callable[..., Manifest]
Refuser = Callable[..., str]

FULL = """\
version: 1
github:
  api_url: https://GHE.example.com/api/v3/
  auth: {token: {file: "to{{ken"}}
state: {file: state/x.json}
defaults: {on_drift: report}
x-common: &common {type: anthropic_api_key, issued: 2026-02-15}
credentials:
  ci-key:
    <<: *common
    from: {env: ACME_KEY}
    expires: 2027-02-01
    max_age: 90d
  per-repo:
    type: claude_code_oauth_token
    from: {file: "keys/{owner}/{repo}.key"}
    secret: my_token
    allow_nonstandard: true
    max_age: 12w
groups:
  backend: {repos: [acme/api, ACME/billing, Acme/API]}
  services: {repos: [acme/svc-a, acme/svc-b, other/svc-a], exclude: [other/*]}
  everything: {groups: [backend, services], exclude: ["@backend", svc-b]}
targets:
  - name: Überprüfung 東京
    groups: [backend]
    exclude: [ACME/Billing]
    credential: ci-key
  - {name: per repo, groups: [everything], credential: per-repo}
  - {name: also, repos: [acme/SVC-A], credential: per-repo, secret: other_name}
absent:
  - {name: the old one, groups: [backend], secret: claude_code_oauth_token}
"""


def places_of(manifest: Manifest) -> list[tuple[str, Presence, str, str, int]]:
    """Return address, presence, credential, target and line of each place."""
    return [
        (
            str(place.address),
            place.presence,
            place.credential.name if place.credential else "",
            place.target,
            place.where.line,
        )
        for place in expand(manifest)
    ]


def test_places(loaded: Loader) -> None:
    """Groups, exclusions, names and cases come to one sorted list, each address once, the first writing standing."""
    present, absent = Presence.PRESENT, Presence.ABSENT
    assert [
        ("acme/api/actions/ANTHROPIC_API_KEY", present, "ci-key", "Überprüfung 東京", 25),
        ("acme/api/actions/CLAUDE_CODE_OAUTH_TOKEN", absent, "", "the old one", 32),
        ("ACME/billing/actions/CLAUDE_CODE_OAUTH_TOKEN", absent, "", "the old one", 32),
        ("acme/svc-a/actions/MY_TOKEN", present, "per-repo", "per repo", 29),
        ("acme/SVC-A/actions/OTHER_NAME", present, "per-repo", "also", 30),
    ] == places_of(loaded(FULL))


def test_model(loaded: Loader, folder: Path) -> None:
    """Settings and credentials are typed: paths absolute, dates days, ages durations, names in upper case."""
    manifest = loaded(FULL)
    assert (
        (Path("flowforge.yaml"),),
        folder,
        "https://ghe.example.com/api/v3",
        SourceSpec("file", {"file": "to{ken"}, Where("flowforge.yaml", 4, 17), folder),
        folder / "state/x.json",
        OnDrift.REPORT,
        (),
    ) == (
        manifest.files,
        manifest.folder,
        manifest.github.api_url,
        manifest.github.auth.token,
        manifest.state.file,
        manifest.on_drift,
        manifest.warnings,
    )
    assert {
        "ci-key": Credential(
            name="ci-key",
            type="anthropic_api_key",
            secret="ANTHROPIC_API_KEY",
            source=SourceSpec("env", {"env": "ACME_KEY"}, Where("flowforge.yaml", 11, 11), folder),
            expires=date(2027, 2, 1),
            issued=date(2026, 2, 15),
            max_age=timedelta(days=90),
            allow_nonstandard=False,
            where=Where("flowforge.yaml", 9, 3),
            kind=TYPES["anthropic_api_key"],
        ),
        "per-repo": Credential(
            name="per-repo",
            type="claude_code_oauth_token",
            secret="MY_TOKEN",
            source=SourceSpec("file", {"file": "keys/{owner}/{repo}.key"}, Where("flowforge.yaml", 16, 11), folder),
            expires=None,
            issued=None,
            max_age=timedelta(weeks=12),
            allow_nonstandard=True,
            where=Where("flowforge.yaml", 14, 3),
            kind=TYPES["claude_code_oauth_token"],
        ),
    } == manifest.credentials


def test_what_a_manifest_need_not_say(loaded: Loader, folder: Path) -> None:
    """Without github, state and defaults: no address, no token, the state beside the manifest, drift overwritten."""
    manifest = loaded("version: 1\ntargets: []\n")
    assert ("", None, folder / "flowforge.state.json", OnDrift.OVERWRITE, ()) == (
        manifest.github.api_url,
        manifest.github.auth.token,
        manifest.state.file,
        manifest.on_drift,
        expand(manifest),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://api.github.com/", "https://api.github.com"),
        ("HTTPS://API.octo.ghe.com", "https://api.octo.ghe.com"),
        ("https://ghe.example.com:8443/api/v3", "https://ghe.example.com:8443/api/v3"),
        ("https://proxy.example.com/GitHub/", "https://proxy.example.com/GitHub"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost/api/v3", "http://localhost/api/v3"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_addresses_of_apis(written: str, read: str, loaded: Loader) -> None:
    """GitHub's hosts, a server's /api/v3, a proxy's path, and plain http on this machine are addresses of an API."""
    text = f"version: 1\ntargets: []\ngithub: {{api_url: '{written}'}}\n"
    assert read == loaded(text).github.api_url


def test_only_who_says_so_makes_the_environment(loaded: Loader) -> None:
    """A target that says `create_environment: true`; none that says nothing or false, and no absent entry."""
    text = """\
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets:
  - {name: A, repos: [acme/a], environments: [live], credential: k}
  - {name: B, repos: [acme/b], environments: [live], credential: k, create_environment: false}
  - {name: C, repos: [acme/c], environments: [live], credential: k, create_environment: true}
absent:
  - {name: D, repos: [acme/d], environments: [live], secret: OLD}
"""
    made = {str(place.address.scope.repo): place.creates_environment for place in expand(loaded(text))}
    assert {"acme/a": False, "acme/b": False, "acme/c": True, "acme/d": False} == made


def test_either_of_two_entries_may_make_the_environment(loaded: Loader) -> None:
    """One secret wanted twice: that one of the two says `create_environment` is enough, whichever comes first."""
    one, two = (
        f"  - {{name: {name}, repos: [acme/api], environments: [live], credential: k{more}}}\n"
        for name, more in (("A", ""), ("B", ", create_environment: true"))
    )
    head = "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: K}}\ntargets:\n"
    made = [place.creates_environment for text in (one + two, two + one) for place in expand(loaded(head + text))]
    assert [True, True] == made


def test_the_same_twice_is_fine(loaded: Loader) -> None:
    """One secret wanted twice with the same credential, or twice absent, is one place: the first."""
    text = """\
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
targets:
  - {name: one, repos: [acme/api, ACME/API], credential: k}
  - {name: two, repos: [Acme/Api], credential: k}
absent:
  - {name: three, repos: [acme/web], secret: X}
  - {name: four, repos: [acme/web], secret: x}
"""
    assert [
        ("acme/api/actions/ANTHROPIC_API_KEY", Presence.PRESENT, "k", "one", 4),
        ("acme/web/actions/X", Presence.ABSENT, "", "three", 7),
    ] == places_of(loaded(text))


def test_warnings(loaded: Loader) -> None:
    """What is no error and hardly meant is told: exclusions of nothing, unused credentials, credentials in comments."""
    token = "ghp_" + "a1" * 18
    text = f"""\
version: 1
credentials:
  k: {{type: anthropic_api_key, from: {{env: K}}}}
  unused: {{type: anthropic_api_key, from: {{env: U}}}}
targets:   # it was {token} before
  - name: t
    repos: [acme/api, acme/web]
    exclude: [acme/wbe, "svc-*", "@g", acme/web]
    credential: k
groups: {{g: {{repos: [acme/other]}}}}
"""
    assert (
        'flowforge.yaml:4:3: no target uses the credential "unused"',
        "flowforge.yaml:5:21: this comment contains what looks like a credential: remove and rotate it",
        'flowforge.yaml:8:15: "acme/wbe" excludes nothing here',
        'flowforge.yaml:8:25: "svc-*" excludes nothing here',
        'flowforge.yaml:8:34: "@g" excludes nothing here',
    ) == loaded(text).warnings


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("acme/svc-a", ["acme/api", "acme/svc-b", "other/svc-a"]),
        ("ACME/SVC-A", ["acme/api", "acme/svc-b", "other/svc-a"]),
        ("svc-a", ["acme/api", "acme/svc-b"]),
        ("acme/svc-*", ["acme/api", "other/svc-a"]),
        ("*/svc-?", ["acme/api"]),
        ("svc-[!a]", ["acme/api", "acme/svc-a", "other/svc-a"]),
        ("a*", ["acme/svc-a", "acme/svc-b", "other/svc-a"]),
        ("acme/*", ["other/svc-a"]),
        ("@g", ["acme/api", "acme/svc-a", "acme/svc-b"]),
    ],
)
def test_exclusions(pattern: str, left: list[str], loaded: Loader) -> None:
    """An exclusion is a name, a pattern of owner/name, one of the name alone, or a group; case does not matter."""
    text = f"""\
version: 1
credentials: {{k: {{type: anthropic_api_key, from: {{env: K}}}}}}
groups: {{g: {{repos: [other/svc-a]}}}}
targets: [{{name: t, repos: [acme/api, acme/svc-a, acme/svc-b, other/svc-a], exclude: ['{pattern}'], credential: k}}]
"""
    assert left == [str(place.address.scope.repo) for place in expand(loaded(text))]


@pytest.mark.parametrize(
    ("default", "credential", "target", "expected"),
    [
        ("", "", "", OnDrift.OVERWRITE),
        ("report", "", "", OnDrift.REPORT),
        ("report", "overwrite", "", OnDrift.OVERWRITE),
        ("overwrite", "report", "overwrite", OnDrift.OVERWRITE),
        ("", "overwrite", "report", OnDrift.REPORT),
    ],
)
def test_who_says_what_becomes_of_drift(
    default: str, credential: str, target: str, expected: OnDrift, loaded: Loader
) -> None:
    """A target's word stands before its credential's, and that before the default; a workload identity has one too."""
    said = [f"on_drift: {each}" if each else "" for each in (default, credential, target)]
    ids = f"federation_rule_id: fdrl_1, organization_id: {'-'.join('0' * each for each in (8, 4, 4, 4, 12))}"
    manifest = loaded(
        f"version: 1\ndefaults: {{{said[0]}}}\ncredentials:\n"
        f"  k: {{type: anthropic_api_key, from: {{env: K}}, {said[1]}}}\n"
        f"  f: {{type: anthropic_workload_identity, {ids}, {said[1]}}}\n"
        f"targets:\n  - {{name: t, repos: [acme/api], credential: k, {said[2]}}}\n"
        f"  - {{name: u, repos: [acme/api], credential: f, {said[2]}}}\n"
    )
    assert [expected] * 3 == [place.on_drift for place in expand(manifest)]


@pytest.mark.parametrize(("first", "second"), [("report", "overwrite"), ("overwrite", "report")])
def test_one_of_two_targets_that_reports_drift_is_enough(first: str, second: str, loaded: Loader) -> None:
    """Two targets that want the same secret and differ in that overwrite nothing, whichever comes first."""
    (place,) = expand(
        loaded(
            "version: 1\ncredentials: {k: {type: anthropic_api_key, from: {env: K}}}\ntargets:\n"
            f"  - {{name: t, repos: [acme/api], credential: k, on_drift: {first}}}\n"
            f"  - {{name: u, repos: [acme/api], credential: k, on_drift: {second}}}\n"
        )
    )
    assert OnDrift.REPORT is place.on_drift


def test_expand_refuses_what_load_refuses(loaded: Loader) -> None:
    """A manifest that was changed after it was loaded is checked again: expand stands alone."""
    manifest = loaded(FULL)
    target = manifest.targets[1]
    changed = {**manifest.credentials, "other": manifest.credentials["ci-key"]}
    twice = type(target)("twice", target.choice, "other", target.secret, Where("f", 1, 1))
    clashing = Manifest(
        files=manifest.files,
        folder=manifest.folder,
        github=manifest.github,
        state=manifest.state,
        on_drift=manifest.on_drift,
        credentials=changed,
        groups=manifest.groups,
        targets=(target, twice),
        absent=(),
    )
    with pytest.raises(ManifestError) as caught:
        expand(clashing)
    assert ["FF150"] == [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("KEY", "KEY"),
        ("{owner}/{repo}", "Acme/api.v2"),
        ("{{{repo}}}", "{api.v2}"),
        ("{{repo}}", "{repo}"),
        ("a}}b{{", "a}b{"),
    ],
)
def test_fill(text: str, filled: str) -> None:
    """Placeholders are the repo's name and owner as written; doubled braces are braces."""
    assert filled == fill(text, Scope(Repo.parse("Acme/api.v2")))


def test_fill_refuses_what_is_no_segment() -> None:
    """A name that begins with a dot would be a hidden file, or lead upwards: it stands for nothing."""
    with pytest.raises(ManifestError) as caught:
        fill("keys/{repo}", Scope(Repo.parse("acme/.github")))
    expected = """\
error FF152: "acme/.github" cannot replace {repo}
  why: a placeholder can become only letters, digits, - _ and ., and must begin with a letter, a digit or _
  fix: use a credential whose source has no such placeholder"""
    assert expected == str(caught.value)


def test_names_in() -> None:
    """The names in braces are found, known or not, and doubled braces are none."""
    assert frozenset({"owner", "x"}) == names_in("{owner}{{repo}}{x}")


def test_a_chain_of_groups_needs_no_recursion(loaded: Loader) -> None:
    """Groups may stand in a chain longer than Python's stack."""
    chain = "".join(f"  g{n}: {{groups: [g{n + 1}]}}\n" for n in range(3_000))
    text = (
        f"version: 1\ngroups:\n{chain}  g3000: {{repos: [acme/api]}}\nabsent: [{{name: a, groups: [g0], secret: X}}]\n"
    )
    assert ["acme/api/actions/X"] == [str(place.address) for place in expand(loaded(text))]


def test_an_exclusion_is_no_mention_of_a_group_of_that_name(loaded: Loader) -> None:
    """Without its @ it is a pattern of names: groups that seem to go in a circle by it do not."""
    text = """\
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K}}}
groups: {a: {repos: [acme/a, acme/b], exclude: [b]}, b: {groups: [a]}}
targets: [{name: t, groups: [b], credential: k}]
"""
    assert ["acme/a"] == [str(place.address.scope.repo) for place in expand(loaded(text))]


def test_groups_that_multiply_are_refused(refused: Refuser) -> None:
    """What groups of groups come to is counted as it grows."""
    repos = ", ".join(f"acme/r{n}" for n in range(1_000))
    again = "".join("    - a\n" for _ in range(3_000))
    text = f"version: 1\ngroups:\n  a: {{repos: [{repos}]}}\n  b:\n    groups:\n{again}targets: []\n"
    expected = """\
error FF103: flowforge.yaml:4:3: the groups and exclusions up to here come to more than 2,000,000 repositories
  fix: name each repository in fewer groups, or split the manifest into several"""
    assert expected == refused(text)


def test_a_thousand_problems_are_enough(refused: Refuser) -> None:
    """A file that is wrong everywhere is answered with its first thousand problems, and says that there are more."""
    text = f"version: 1\ntargets: []\nabsent: [{', '.join(['7'] * 1_500)}]\n"
    found = refused(text).split("error ")
    expected = "FF100: more than 1,000 problems were found, and only these are shown\n  fix: fix these first"
    assert (1_002, expected) == (len(found), found[-1])


def test_suggestions_end(refused: Refuser) -> None:
    """Looking for what was meant ends after a number of comparisons, so that it cannot be made to take minutes."""
    names = ", ".join(f"group-{n}: {{repos: [acme/api]}}" for n in range(600))
    text = f"version: 1\ngroups: {{{names}}}\nabsent: [{{name: a, groups: [{', '.join(['group'] * 99)}], secret: X}}]\n"
    found = refused(text)
    assert (33, 66) == (found.count('did you mean "group-'), found.count("add it under `groups:`"))


Edges = Sequence[Sequence[int]]


@given(st.lists(st.lists(st.integers(0, 7), max_size=4), min_size=1, max_size=8))
def test_groups_against_a_plain_definition(edges: Edges) -> None:
    """Whatever the groups' graph: without a cycle each has what it reaches, and with one it is reported."""
    known = [[to for to in each if to < len(edges)] for each in edges]
    reached = [_reach(known, start) for start in range(len(known))]
    groups = {
        str(n): Group(
            str(n),
            RepoSet((Repo.parse(f"acme/r{n}"),), tuple(Mention(str(to), Where("f")) for to in tos), ()),
            Where("f"),
        )
        for n, tos in enumerate(known)
    }
    findings = Findings()
    found = Members(groups, findings)
    if any(n in {far for to in tos for far in reached[to]} for n, tos in enumerate(known)):
        with pytest.raises(ManifestError) as caught:
            findings.raise_any()
        assert {"FF142"} == {problem.code for problem in caught.value.problems}
    else:
        findings.raise_any()
        for n in range(len(known)):
            all_of_it = Group("x", RepoSet((), (Mention(str(n), Where("f")),), ()), Where("f"))
            assert {f"acme/r{far}" for far in reached[n]} == found.of(all_of_it).keys()


def _reach(edges: Edges, start: int) -> set[int]:
    seen, left = {start}, [start]
    while left:
        for to in edges[left.pop()]:
            if to not in seen:
                seen.add(to)
                left.append(to)
    return seen
