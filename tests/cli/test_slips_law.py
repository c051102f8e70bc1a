"""The law of a plan while GitHub changes: every line is one that true lists, each of some moment, would have said."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from operator import methodcaller
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowforge.github.auth import GitHubToken
from flowforge.github.clients import Clients
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.urls import ApiUrl
from flowforge.plan.action import Action, Reason
from flowforge.plan.change import Change as Planned
from flowforge.plan.decide import Plan
from flowforge.run import applying
from flowforge.run.planning import prepare
from flowforge.run.request import Request
from flowforge.run.task import Task
from flowforge.sandbox import Fault, FaultKind, Lag, Sandbox
from flowforge.sandbox import Token as Known
from flowforge.sandbox.http.api import Api
from flowforge.sandbox.rules.answers import ApiRequest as Asked
from flowforge.sandbox.rules.faults import Faults
from flowforge.sandbox.world.viewers import SharedWith
from flowforge.sandbox.world.world import World
from flowforge.vault import SecretValue
from tests.made_up import letters
from tests.wire import answering

UUID = "00000000-0000-0000-0000-00000000000a"
MANIFEST = f"""
version: 1
credentials:
  k: {{type: anthropic_api_key, from: {{env: ACME_KEY}}}}
  f: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}
groups:
  keep: {{select: {{org: acme, team: keep}}, allow_empty: true}}
targets:
  - {{name: All, select: {{org: acme}}, allow_empty: true, exclude: ["@keep"], credential: k}}
  - name: Org
    org: acme
    visible_to: {{select: {{org: acme, team: see}}, allow_empty: true}}
    credential: k
    secret: ORG
  - {{name: Some, repos: [acme/repo-001], credential: f}}
absent:
  - {{name: Old, select: {{org: acme}}, allow_empty: true, exclude: ["@keep"], secret: OLD_KEY}}
"""
KEY, TOKEN = "ANTHROPIC_API_KEY", "ghp_" + "fake" * 5
REPOS = [f"repo-{number:03}" for number in range(1, 6)]
LATER = ["later-1", "later-2", "later-3"]
ORG, KEEP, SEE = "/orgs/acme/repos", "/orgs/acme/teams/keep/repos", "/orgs/acme/teams/see/repos"
SECRETS, VIEWERS = "/orgs/acme/actions/secrets", "/orgs/acme/actions/secrets/ORG/repositories"
VARIABLES = "/repos/acme/repo-001/actions/variables"
HELD = [SECRETS, VIEWERS]
HELD += [f"/repos/acme/{name}/actions/{kind}" for name in (*REPOS, *LATER) for kind in ("secrets", "variables")]
HELD += [f"/repos/acme/{name}" for name in (*REPOS, *LATER)]
# What a plan says of an address: action and reason, whether the state forgets it, and who sees it, before and after.
Line = tuple[Action, Reason, bool, tuple[tuple[int, ...], ...]]
Answers = Mapping[str, httpx.Response]
Handle = Callable[[httpx.Request], httpx.Response]
Change = Callable[[World], object]


def people(world: World) -> World:
    """Make an organization of five repos in a world, and give it."""
    world.limits.enabled = False
    world.add_token(TOKEN, Known())
    world.create_org("acme")
    for name in REPOS:
        world.create_repo(f"acme/{name}")
    world.create_team("acme", "keep", [])
    world.create_team("acme", "see", REPOS[:2])
    return world


@dataclass(frozen=True)
class Applied:
    """What a first apply left: its state, the values, and when GitHub says that each was written."""

    folder: Path
    environ: Mapping[str, str]
    times: Mapping[str, int]
    variables: Mapping[str, str]

    def world(self) -> World:
        """Return a world as that apply left it."""
        world = people(World())
        value = self.environ["ACME_KEY"].encode()
        for name in REPOS:
            world.directory[f"acme/{name}"].actions.put(KEY, value, at=self.times[name], lag=Lag())
        see = frozenset(world.directory[f"acme/{name}"].id for name in REPOS[:2])
        owner = world.directory.organization("acme")
        owner.stores["actions"].put("ORG", value, at=self.times[""], lag=Lag(), audience=SharedWith("selected", see))
        for name, text in self.variables.items():
            world.set_variable(f"acme/{REPOS[0]}", name, text)
        return world

    @property
    def request(self) -> Request:
        """Return what is asked for: to prune, one list after the other."""
        return Request((self.folder / "flowforge.yaml",), self.environ, prune=True, jobs=1)

    def plan(self, handle: Handle) -> Plan:
        """Plan against a GitHub, as apply does."""
        # A clock that runs so slowly that no machine is too busy for the ten minutes that a list has.
        pacer = Pacer(Clock(0.001), self.request.stop, points_per_minute=100_000)
        token = GitHubToken(SecretValue(TOKEN), "GH_TOKEN", workflow=False)
        api = ApiUrl.parse("http://127.0.0.1")
        with Client(api, token, pacer, jobs=1, transport=answering(handle)) as client:
            task, clients = Task.of(self.request), Clients.of_one(client)
            with task.backend(clients) as home:
                return prepare(task.with_selected_repos(clients), home, home.read(), clients, fresh=True).planned.plan


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Applied:
    """Apply once, for real."""
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")
    with Sandbox(token=TOKEN) as sandbox:
        world = people(sandbox.world)
        environ = {
            "FLOWFORGE_GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": sandbox.url,
            "FLOWFORGE_CACHE_DIR": str(folder),
            "ACME_KEY": f"sk-ant-api03-{letters(93)}AA",
        }
        request = Request((folder / "flowforge.yaml",), environ)
        _, report = applying.apply(request, show=lambda _: None, approve=lambda _: True)
        assert report is not None
        times = {name: world.directory[f"acme/{name}"].actions.secrets[KEY].updated for name in REPOS}
        times[""] = world.directory.organization("acme").stores["actions"].secrets["ORG"].updated
        return Applied(folder, environ, times, world.variables(f"acme/{REPOS[0]}"))


@dataclass
class Shifting:
    """A world that changes while it is asked. moments: all its lists, each whole, before and after every change."""

    world: World
    moments: list[Answers] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.api = Api(self.world)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        path, query = request.url.path, request.url.query.decode()
        target = f"{path}?{query}" if query else path
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(
            request.method, path, target, dict(parse_qsl(query)), headers, request.content, "http://127.0.0.1"
        )
        head, _, body = self.api.respond(asked).payload.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        found = dict(line.split(": ", 1) for line in lines)
        return httpx.Response(int(status.split()[1]), headers=found, content=body)

    def note(self) -> None:
        """Note all its lists as they are now."""
        faults, self.world.faults = self.world.faults, Faults()
        size, self.world.settings.per_page = self.world.settings.per_page, 100
        header = {"authorization": f"Bearer {TOKEN}", "x-github-api-version": "2026-03-10"}
        asked = [httpx.Request("GET", f"http://127.0.0.1{path}", headers=header) for path in (ORG, KEEP, SEE, *HELD)]
        self.moments.append({each.url.path: self(each) for each in asked})
        self.world.faults, self.world.settings.per_page = faults, size

    def changes(self, path: str, after: int, change: Change) -> None:
        """Have it change after so many pages of a list."""

        def then() -> None:
            change(self.world)
            self.note()

        self.world.faults.add(Fault(rf"GET {path}\?", FaultKind.THEN, after=after - 1, then=then))


def true(*lists: Answers) -> Handle:
    """Make a GitHub that stands still. lists: of what moment the organization's is, the two teams', and the rest."""
    of = dict(zip((ORG, KEEP, SEE), lists, strict=False))

    def handle(request: httpx.Request) -> httpx.Response:
        found = of.get(request.url.path, lists[-1]).get(request.url.path)
        if found is None:
            return httpx.Response(404, json={"message": "Not Found"})
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    return handle


def lines_of(plan: Plan) -> dict[str, Line]:
    """Return what a plan says of each address."""
    return {str(change.address): _line(change) for change in plan.changes}


def _line(change: Planned) -> Line:
    access = change.access
    seen_by = [(each.ids if each else ()) for each in (access.before, access.after)] if access else []
    return change.action, change.reason, change.forgets, tuple(seen_by)


@dataclass(frozen=True)
class Story:
    """A fleet as the plan finds it, how small its pages are, and what befalls it, each after so many pages of a list.

    kept, old, lost: the repos that are excluded, hold what is to go, and have lost what they had. others: how many
    secrets and variables of others there are, before ours in their lists. cut: a list that never comes whole.
    """

    size: int
    kept: frozenset[str] = frozenset()
    old: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    others: int = 2
    changes: tuple[tuple[str, int, str], ...] = ()
    cut: str = ""

    def told(self, applied: Applied) -> Shifting:
        """Make that world."""
        world = applied.world()
        world.settings.per_page = self.size
        world.set_team_repos("acme", "keep", sorted(self.kept))
        for name in self.old:
            world.set_secret(f"acme/{name}", "OLD_KEY", "theirs")
        for name in self.lost:
            world.delete_secret(f"acme/{name}", KEY)
        for number in range(self.others):
            world.set_org_secret("acme", f"A{number}", "theirs")
            world.set_variable(f"acme/{REPOS[0]}", f"A{number}", "theirs")
        shifting = Shifting(world)
        shifting.note()
        if self.cut:
            world.faults.add(Fault(rf"GET {self.cut}\?", FaultKind.PARTIAL, times=1000))
        for path, after, word in self.changes:
            shifting.changes(path, after, CHANGES[word])
        return shifting


def _in_team(team: str, name: str) -> Change:
    """Make what takes a repo into a team, or out of it."""

    def change(world: World) -> None:
        repo = world.directory.by_name(f"acme/{name}")
        if repo is not None:
            world.directory.organization("acme").teams[team].repos ^= {repo.id}

    return change


# What may befall each list, by what it is called.
_ORG: Mapping[str, Change] = {
    **{f"{name} goes": methodcaller("delete_repo", f"acme/{name}") for name in REPOS[1:]},
    **{f"{name} comes": methodcaller("create_repo", f"acme/{name}") for name in LATER},
}
_KEEP, _SEE = ({f"{name} in {team}": _in_team(team, name) for name in REPOS} for team in ("keep", "see"))
_SECRETS: Mapping[str, Change] = {
    "a secret goes": methodcaller("delete_org_secret", "acme", "A0"),
    "a secret comes": methodcaller("set_org_secret", "acme", "A9", "theirs"),
}
_VARIABLES: Mapping[str, Change] = {
    "a variable goes": methodcaller("delete_variable", f"acme/{REPOS[0]}", "A0"),
    "a variable comes": methodcaller("set_variable", f"acme/{REPOS[0]}", "A9", "theirs"),
}
CHANGES = {**_ORG, **_KEEP, **_SEE, **_SECRETS, **_VARIABLES}
BEFALLS: Mapping[str, Mapping[str, Change]] = {
    ORG: _ORG,
    KEEP: {**_KEEP, **_ORG},
    SEE: {**_SEE, **_ORG},
    SECRETS: _SECRETS,
    VIEWERS: _ORG,
    VARIABLES: _VARIABLES,
}


@st.composite
def changes(draw: st.DrawFn) -> tuple[tuple[str, int, str], ...]:
    """Draw one to three changes, each of something else, at any page of any reading of a list that it befalls."""
    paths = draw(st.lists(st.sampled_from([*BEFALLS]), min_size=1, max_size=3))
    drawn = [(path, draw(st.integers(1, 8)), draw(st.sampled_from([*BEFALLS[path]]))) for path in paths]
    return tuple({word: (path, after, word) for path, after, word in drawn}.values())


some = st.frozensets(st.sampled_from(REPOS))


cut = st.just("") | st.sampled_from([ORG, KEEP, SEE, SECRETS])


@settings(max_examples=settings().max_examples // 5)
@given(st.builds(Story, st.integers(1, 3), some, some, some, st.integers(1, 3), changes(), cut))
@example(Story(2, changes=((ORG, 1, "repo-005 goes"),)))  # which would be pruned
@example(Story(2, kept=frozenset(REPOS), old=frozenset(REPOS), changes=((KEEP, 1, "repo-001 in keep"),)))
@example(Story(2, kept=frozenset(REPOS), old=frozenset(REPOS), lost=frozenset(REPOS), cut=KEEP))
@example(Story(2, others=2, changes=((SECRETS, 1, "a secret goes"), (VARIABLES, 1, "a variable goes"))))
def test_what_is_said_is_true_of_some_moment(applied: Applied, story: Story) -> None:
    """Nothing is written, deleted, left out or forgotten that true lists would not have said; or it is blocked.

    Beside an entry whose repos are not known, there may be nothing to do where there would be something.
    """
    shifting = story.told(applied)
    plan = applied.plan(shifting)
    said = lines_of(plan)
    idle = {Action.BLOCKED, Action.NONE} if plan.unresolved else {Action.BLOCKED}
    wrong = {address: line for address, line in said.items() if line[0] not in idle or line[2]}
    # Of what is blocked, nothing is said of who sees it.
    without_access = {f"{address}/access" for address, line in said.items() if line[0] is Action.BLOCKED}
    left_out: set[str] | None = None
    for lists in of_all_moments(shifting.moments):
        expected = lines_of(applied.plan(true(*lists)))
        lacking = expected.keys() - said.keys() - without_access
        left_out = lacking if left_out is None else left_out & lacking
        wrong = {address: line for address, line in wrong.items() if expected.get(address) != line}
        if not wrong and (not left_out or plan.unresolved):
            return
    assert ({}, set()) == (wrong, left_out)


def of_all_moments(moments: list[Answers]) -> Iterator[tuple[Answers, ...]]:
    """Yield every choice of a moment for each list; first those in which all are of one."""
    yield from ((each,) * 4 for each in moments)
    yield from product(moments, repeat=4)
