"""One folder of manifests with the whole language, on 300 repos: what comes of it is what an independent reading says.

`tests/cli/whole_language` has every construct of docs/manifest.md but `prompt` and plugins, which need somebody to ask
and a package to install. The reading (`tests/cli/reading.py`) uses nothing of FlowForge's.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from flowforge.sandbox import Sandbox
from flowforge.sandbox.world.world import World
from tests.cli.estate import APP, FAMILIES, SCALE, Estate, api_key, app_token, is_given
from tests.cli.reading import Contents, Reading, contents
from tests.conftest import new_op

# One worker has them all, and so plans and applies the whole once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("estate")]

IN_SYNC = "No changes. GitHub matches the manifest.\n"
GH = shutil.which("gh") or ""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Plan and apply, once. Each test leaves the world as the manifests want it. A socket's path must be short."""
    folder = tmp_path_factory.mktemp("estate")
    with (
        tempfile.TemporaryDirectory(prefix="ff") as short,
        Sandbox(socket_path=Path(short) / "gh.sock", time_scale=SCALE) as sandbox,
    ):
        estate = Estate(sandbox, folder, new_op(tmp_path_factory.mktemp("op")))
        planned = estate.flowforge("plan", "--detailed-exitcode")
        assert (2, estate.before) == (planned.code, contents(sandbox.world)), planned.err
        applied = estate.flowforge("apply", "--yes")
        assert 0 == applied.code, applied.err
        yield estate


def differing(one: Contents, other: Contents) -> set[tuple[str, str]]:
    """Return the places and names at which two worlds differ."""
    flat = [
        {(place, name): value for place, items in each.items() for name, value in items.items()}
        for each in (one, other)
    ]
    return {key for key in flat[0].keys() | flat[1].keys() if flat[0].get(key) != flat[1].get(key)}


def is_clean(estate: Estate) -> None:
    """Prove that the world is what the manifests say, to the reading and to FlowForge."""
    assert estate.expected == contents(estate.sandbox.world)
    planned = estate.flowforge("plan", "--detailed-exitcode")
    assert (0, IN_SYNC) == (planned.code, planned.out)


def test_all_of_it_arrives(estate: Estate) -> None:
    """Values, access lists and variables are what the reading says, in every place, and the next plan has no change."""
    estate.sandbox.world.reset_stats()
    is_clean(estate)
    asked = estate.sandbox.world.stats().requests
    # The three lists of repos, one of them of two pages and so read twice, the user's, the team's and the properties':
    # nothing more to know the repos.
    assert {
        "GET /orgs/{owner}/repos": 6,
        "GET /user/repos": 1,
        "GET /orgs/{owner}/teams/{team}/repos": 1,
        "GET /orgs/{owner}/properties/values": 1,
    } == {route: count for route, count in asked.items() if "secrets" not in route and "variables" not in route}


def test_how_large_it_is(estate: Estate) -> None:
    """3 organizations, 300 repos, four stores, 40 environments, 5 organization secrets and 30 variables; all stores."""
    expected = estate.expected
    written = differing(estate.before, expected)
    places = {place for place, _ in written}
    stores = {place.rpartition(": ")[2] for place in places}
    organizations = [place for place, _ in written if place.startswith("organization ") and "variables" not in place]
    added = {(place, name) for place, name in written if name in expected.get(place, {}) and "variables" in place}
    assert (300, 40) == (sum(FAMILIES.values()), sum(map(len, estate.reading.environments().values())))
    assert {"actions", "dependabot", "codespaces", "agents", "variables"} == stores
    assert (6, 30) == (len(organizations), len(added))  # five that are wanted, and one that goes
    assert {"organization acme", "organization beta", "organization gamma-labs"} == {
        place.partition(":")[0] for place in organizations
    }


def test_what_others_keep_there_is_not_touched(estate: Estate) -> None:
    """Nothing but what the manifests name was written, not even with the value that it had."""
    now, expected = contents(estate.sandbox.world, times=True), estate.expected
    foreign = {
        (place, name)
        for place, items in estate.before.items()
        for name, value in items.items()
        if expected.get(place, {}).get(name) == value
    }
    assert len(foreign) > 150
    assert {key: estate.times[key[0]][key[1]] for key in foreign} == {key: now[key[0]][key[1]] for key in foreign}


def test_the_environments(estate: Estate) -> None:
    """Those that are wanted are there, and none other; those that were there keep their protection."""
    world = estate.sandbox.world
    for repo, named in estate.reading.environments().items():
        timers = {name.lower(): minutes for name, minutes in world.environments(repo).items()}
        number = int(repo[-3:])
        there = dict.fromkeys(named, number) if repo.startswith("beta/") else {"production": 30}
        assert dict.fromkeys(named, 0) | there == timers


def test_each_key_carries_weight(estate: Estate) -> None:
    """Take any key out of the manifests, and the reading says something else: the comparison sees each of them."""
    reading, expected = estate.reading, estate.expected
    lost = [label for label, entry, key in _keys(reading) if not _matters(reading, entry, key, estate, expected)]
    # The one is there to find nothing, the other to want what is wanted already.
    assert ["group nothing: select", "The same once more, which is no conflict: repos"] == lost


# What says how something is done, and not what there is in the end. (Archived repos can be read alone.)
_MANNERS = {"on_drift", "tags", "allow_empty", "auto_admit", "create_environment", "archived"}
# Without these there is no such entry, or no such selector.
_NEEDED = {"credential", "name", "org", "user", "variable"}


def _keys(reading: Reading) -> Iterator[tuple[str, dict[str, object], str]]:
    """Yield each key that could be left out, with what it stands in."""
    entries = [(f"group {name}", group) for name, group in reading.groups.items()]
    entries += [(str(each["name"]), each) for each in (*reading.targets, *reading.absent)]
    for label, entry in entries:
        nested = [part for part in (entry, entry.get("visible_to")) if isinstance(part, dict)]
        parts = [*nested, *(part["select"] for part in nested if "select" in part)]
        for part in parts:
            unneeded = (
                part.keys() - _MANNERS - (_NEEDED if part is not parts[-1] or part is entry else _NEEDED - {"name"})
            )
            yield from ((f"{label}: {key}", part, key) for key in sorted(unneeded - {"visible_to"}))


def _matters(reading: Reading, entry: dict[str, object], key: str, estate: Estate, expected: Contents) -> bool:
    kept = entry.pop(key)
    try:
        return reading.after(estate.before) != expected
    except (KeyError, FileNotFoundError):
        return True  # it asks for values that are not there
    finally:
        entry[key] = kept


def _break(world: World) -> list[tuple[tuple[str, str], str]]:
    """Change one thing of each kind; give for each where it is to the reading, and FlowForge's address of it."""
    world.set_secret("acme/svc-009", "ANTHROPIC_API_KEY", "broken")
    world.set_secret("acme/svc-004", "ANTHROPIC_API_KEY", "broken", store="agents")
    world.delete_secret("acme/svc-003", "ANTHROPIC_API_KEY", environment="Staging / EU")
    world.set_variable("gamma-labs/job-020", "ANTHROPIC_WORKSPACE_ID", "broken")
    world.delete_variable("beta/web-000", "ANTHROPIC_ORGANIZATION_ID", environment="production")
    world.set_secret("beta/api-001", "CLAUDE_CODE_OAUTH_TOKEN", "is back")
    value = world.reveal_org("gamma-labs", store="codespaces")["ANTHROPIC_API_KEY"]
    world.set_org_secret(
        "gamma-labs",
        "ANTHROPIC_API_KEY",
        value,
        store="codespaces",
        visibility="selected",
        repos=["job-000", "job-003"],
    )
    seen = world.org_audience("beta", "ANTHROPIC_ORGANIZATION_ID", store="variables")[1]
    world.set_org_variable("beta", "ANTHROPIC_ORGANIZATION_ID", "broken", visibility="selected", repos=seen)
    rule = world.org_variables("gamma-labs")["ANTHROPIC_FEDERATION_RULE_ID"]
    world.set_org_variable("gamma-labs", "ANTHROPIC_FEDERATION_RULE_ID", rule, visibility="all")
    world.set_org_secret("acme", "ORG_KEY", world.reveal_org("acme")["ORG_KEY"], visibility="private")
    key, jobs, org = "ANTHROPIC_API_KEY", "orgs/gamma-labs/codespaces/ANTHROPIC_API_KEY", "orgs/acme/actions/ORG_KEY"
    return [
        (("acme/svc-009: actions", key), f"acme/svc-009/actions/{key}"),
        (("acme/svc-004: agents", key), f"acme/svc-004/agents/{key}"),
        (("acme/svc-003 in staging / eu: actions", key), f"acme/svc-003/environments/Staging / EU/{key}"),
        (
            ("gamma-labs/job-020: variables", "ANTHROPIC_WORKSPACE_ID"),
            "gamma-labs/job-020/variables/ANTHROPIC_WORKSPACE_ID",
        ),
        (
            ("beta/web-000 in production: variables", "ANTHROPIC_ORGANIZATION_ID"),
            "beta/web-000/variables/environments/production/ANTHROPIC_ORGANIZATION_ID",
        ),
        (("beta/api-001: actions", "CLAUDE_CODE_OAUTH_TOKEN"), "BETA/API-001/actions/CLAUDE_CODE_OAUTH_TOKEN"),
        (("organization gamma-labs: codespaces", key), jobs),
        (("organization gamma-labs: codespaces", key), f"{jobs}/access"),
        (
            ("organization beta: variables", "ANTHROPIC_ORGANIZATION_ID"),
            "orgs/beta/variables/ANTHROPIC_ORGANIZATION_ID",
        ),
        (
            ("organization gamma-labs: variables", "ANTHROPIC_FEDERATION_RULE_ID"),
            "orgs/gamma-labs/variables/ANTHROPIC_FEDERATION_RULE_ID/access",
        ),
        (("organization acme: actions", "ORG_KEY"), org),
        (("organization acme: actions", "ORG_KEY"), f"{org}/access"),
    ]


def test_what_somebody_breaks_is_seen_and_mended(estate: Estate) -> None:
    """One value, list, visibility or variable changed behind our back: the reading sees each, and so does FlowForge."""
    estate.later()
    broken = _break(estate.sandbox.world)
    assert {place for place, _ in broken} == differing(estate.expected, contents(estate.sandbox.world))
    assert sorted(address for _, address in broken) == estate.written()
    is_clean(estate)


def test_a_change_of_membership_changes_access_alone(estate: Estate) -> None:
    """Who sees it, and GitHub's time for it: nothing else moves, and the next plan is clean."""
    world, place = estate.sandbox.world, "organization acme: agents"
    before, times = contents(world), contents(world, times=True)
    estate.later()
    estate.edit("1-common.yaml", "watchers: {repos: [acme/app-000, acme/app-001,", "watchers: {repos: [acme/app-005,")
    assert ["orgs/acme/agents/GATEWAY_KEY/access"] == estate.written()
    is_clean(estate)
    assert (
        {(place, "GATEWAY_KEY")} == differing(before, contents(world)) == differing(times, contents(world, times=True))
    )
    assert {"acme/app-005"} == {*world.org_audience("acme", "GATEWAY_KEY", store="agents")[1]} - {
        *_selected(before[place]["GATEWAY_KEY"])
    }


def _selected(item: object) -> list[str]:
    """Return the repos of what an organization has."""
    assert isinstance(item, tuple)
    return [str(each) for each in item[2]]


@pytest.mark.skipif(not GH, reason="gh is not installed")
def test_the_real_gh_lists_the_same(estate: Estate) -> None:
    """`gh secret list` of environments, of Dependabot's store and of organizations with who sees them is just that."""
    of_repos, of_environments = ("acme/svc-00", "beta/web-00"), ("acme/svc-000", "beta/web-002", "beta/web-004")
    asked = 0
    for place, items in estate.expected.items():
        match place.partition(": "):
            case repo, _, "dependabot" if repo.startswith(of_repos):
                listed = _listed(estate, "-R", repo, "--app", "dependabot")
            case where, _, "actions" if " in " in where and where.startswith(of_environments):
                # gh puts the name into the URL as it stands, so that of one with a slash it must be given encoded.
                repo, _, environment = where.partition(" in ")
                listed = _listed(estate, "-R", repo, "--env", quote(environment, safe=""))
            case owner, _, ("actions" | "dependabot" | "codespaces") as store if owner.startswith("organization "):
                listed = _listed(estate, "--org", owner.removeprefix("organization "), "--app", store)
                seen = {name: str(item[1]).upper() for name, item in items.items() if isinstance(item, tuple)}
                assert seen == {name: fields[1].split()[0] for name, fields in listed.items()}
            case _:
                continue
        assert {*items} == {*listed}
        asked += 1
    assert 6 + 12 + 5 == asked


def _listed(estate: Estate, *args: str) -> dict[str, list[str]]:
    """Run `gh secret list`, and give what it says of each."""
    config = estate.folder / "gh"
    config.mkdir(exist_ok=True)
    (config / "config.yml").write_text(f"http_unix_socket: {estate.sandbox.socket}\n", encoding="utf-8")
    own = {"GH_CONFIG_DIR": str(config), "GH_TOKEN": estate.sandbox.token, "GH_NO_UPDATE_NOTIFIER": "1"}
    done = subprocess.run(
        [GH, "secret", "list", *args], env=estate.environ | own, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    return {name: fields for name, *fields in (line.split("\t") for line in done.stdout.splitlines())}


def test_what_an_app_was_given(estate: Estate) -> None:
    """With an App's token `installation` means what it was given, whatever else the token could see."""
    folder = estate.folder / "app"
    folder.mkdir()
    shutil.copy(APP, folder / "flowforge.yaml")
    own = {
        "GITHUB_API_URL": estate.sandbox.url,
        "FLOWFORGE_GITHUB_TOKEN": app_token(estate.sandbox),
        "APP_KEY": api_key(),
    }
    reading = Reading(folder, estate.sandbox.world, own, given=is_given)
    before = contents(estate.sandbox.world)
    expected = reading.after(before)
    for args, code in (("apply", "--yes"), 0), (("plan", "--detailed-exitcode"), 0):
        assert code == estate.flowforge(*args, manifest="app/flowforge.yaml", **own).code
    assert expected == contents(estate.sandbox.world)
    places = {place for place, _ in differing(before, expected)}
    assert ({"beta/web-000: actions", "beta/web-007: actions"}, 50) == (
        {place for place in places if "beta/" in place},
        len(places),
    )
    for place in places:  # the estate's own manifests know nothing of it
        estate.sandbox.world.delete_secret(place.removesuffix(": actions"), "APP_KEY")
