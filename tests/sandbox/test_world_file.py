"""The file of `flowforge sandbox --world`: what it says is there, and what it cannot say is told by its place."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from flowforge.cli.sandbox.world_file import build
from flowforge.errors import FlowForgeError
from flowforge.sandbox import World

START: Final = "import sys; from flowforge.__main__ import run; sys.exit(run(['sandbox', *sys.argv[1:]]))"
WHOLE: Final = """\
# YAML is taken too
octocat: {user: true, plan: free}
zoo: {plan: enterprise, sso: true, secrets: {SHARED: of zoo}, variables: [REGION]}
acme/api:
  topics: [Claude]
  visibility: public
  teams: [Core, Night Shift]
  secrets: {API_KEY: old}
  variables: {A: b}
  environments: {production: {secrets: {E: deep}, variables: [V]}}
  properties: {tier: gold, langs: [go, rust]}
  files: {.github/workflows/claude.yml: "on: push\\n"}
zoo/lions: {archived: true, fork: true, secrets: [X, Y], environments: [plain], teams: [Core]}
acme/web: {teams: [Core], visibility: internal}
octocat/dotfiles: {}
"""


def built(folder: Path, text: str | bytes) -> World:
    """Build a world of a file."""
    (folder / "world.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    world = World()
    build(folder / "world.yaml", world)
    return world


def test_all_that_a_file_can_say(tmp_path: Path) -> None:
    """Owners, topics, teams, values, environments, properties of both kinds and files are there."""
    world = built(tmp_path, WHOLE)
    repos = {repo.full_name: repo for repo in world.directory}
    api, lions, web = repos["acme/api"], repos["zoo/lions"], repos["acme/web"]
    assert ["acme/api", "zoo/lions", "acme/web", "octocat/dotfiles"] == list(repos)
    assert (("claude",), "public", False) == (api.topics, api.visibility, api.archived)
    assert ("private", True, True, "internal") == (lions.visibility, lions.archived, lions.fork, web.visibility)
    assert {"core": {api.id, web.id}, "night-shift": {api.id}} == {
        slug: team.repos for slug, team in api.owner.teams.items()
    }
    assert {"core": {lions.id}} == {slug: team.repos for slug, team in lions.owner.teams.items()}
    assert [
        {"API_KEY": "old"},
        {"E": "deep"},
        {"X": "from before", "Y": "from before"},
        {"SHARED": "of zoo"},
        {"A": "b"},
        {"V": "from before"},
        {"REGION": "from before"},
        {"tier": "gold", "langs": ["go", "rust"]},
        {"plain": 0},
        "on: push\n",
    ] == [
        world.reveal("acme/api"),
        world.reveal("acme/api", environment="production"),
        world.reveal("zoo/lions"),
        world.reveal_org("zoo"),
        world.variables("acme/api"),
        world.variables("acme/api", environment="production"),
        world.org_variables("zoo"),
        world.properties("acme/api"),
        world.environments("zoo/lions"),
        world.read_file("acme/api", ".github/workflows/claude.yml"),
    ]
    assert ("User", "free", "enterprise", True) == (
        repos["octocat/dotfiles"].owner.type,
        repos["octocat/dotfiles"].owner.plan,
        lions.owner.plan,
        lions.owner.sso,
    )


def test_the_example_of_the_page(tmp_path: Path) -> None:
    """The file that docs/sandbox.md shows is one."""
    page = (Path(__file__).parents[2] / "docs/sandbox.md").read_text("utf-8")
    world = built(tmp_path, page.partition("```yaml\n")[2].partition("```")[0])
    assert (["octocat/dotfiles", "acme/api", "acme/web"], {"REGION": "eu"}) == (
        [repo.full_name for repo in world.directory],
        world.variables("acme/api"),
    )


ABOUT: Final = 'name repositories as keys, such as {"acme/api": {"topics": ["claude"]}}'
REPO_KEYS: Final = "visibility, archived, fork, topics, teams, properties, secrets, variables, environments, files"


@pytest.mark.parametrize(
    ("text", "code", "place", "what", "fix"),
    [
        ("", "FF047", "", "the world file is no mapping of repositories", ABOUT),
        ("[]", "FF047", "", "the world file is no mapping of repositories", ABOUT),
        ("acme/api", "FF047", "", "the world file is no mapping of repositories", ABOUT),
        (b"\xff\xfe\x00", "FF047", "", "the world file is no text", "save the file as UTF-8"),
        ("acme/api: []", "FF047", ":1:11", '"acme/api" must be a mapping', f"the keys are {REPO_KEYS}"),
        ("acme/api: {topic: [a]}", "FF047", ":1:12", 'the key "topic" is not known here', 'did you mean "topics"?'),
        ("acme/api: {zzz: 1}", "FF047", ":1:12", 'the key "zzz" is not known here', f"the keys here are {REPO_KEYS}"),
        ("zoo: {user: 1}", "FF047", ":1:13", '"user" must be true or false', "write true or false, without quotes"),
        ("a/b: {topics: x}", "FF047", ":1:15", '"topics" must be a list', 'write it like ["one", "two"]'),
        ("a/b:\n  topics: [x, 2]", "FF047", ":2:15", '"topics" must be a text', "put it in quotes"),
        ("a/b: {secrets: {A: 1}}", "FF047", ":1:20", '"A" must be a text', "put it in quotes"),
        ("a/b: {properties: []}", "FF047", ":1:19", '"properties" must be a mapping', 'write it like {"tier": "gold"}'),
        (
            "a/b: {environments: {p: {topics: []}}}",
            "FF047",
            ":1:26",
            'the key "topics" is not known here',
            "the keys here are secrets, variables",
        ),
        ("a/b: {visibility: open}", "FF047", ":1:1", '"a/b" cannot be made', "change what it has"),
        ("a/b/c: {}", "FF047", ":1:1", '"a/b/c" cannot be made', "change what it has"),
        ("a/b: {secrets: [a b]}", "FF047", ":1:1", '"a/b" cannot be made', "change what it has"),
        ("zoo: {plan: gold}", "FF047", ":1:1", '"zoo" cannot be made', "change what it has"),
        ("me: {user: true}\nme/x: {teams: [a]}", "FF047", ":2:1", '"me/x" cannot be made', "change what it has"),
        ('{"a/b": {}, "A/B": {}}', "FF047", ":1:13", '"A/B" cannot be made', "change what it has"),
        ('{"::error::x": {}}', "FF047", ":1:2", '"\\u003a:error::x" cannot be made', "change what it has"),
        ('{"a/b": {}, "a/b": {}}', "FF108", ":1:13", 'the key "a/b" stands twice in this mapping, first in line 1', ""),
        ('{"a/b": {}', "FF105", ":1:1", "the mapping that opens here is not closed", ""),
    ],
)
def test_what_a_file_cannot_say(  # noqa: PLR0917 -- the columns of the table
    tmp_path: Path, text: str | bytes, code: str, place: str, what: str, fix: str
) -> None:
    """One error with code, file, line and column; nothing listens yet."""
    with pytest.raises(FlowForgeError) as raised:
        built(tmp_path, text)
    found = raised.value.problems[0]
    assert (code, f"{tmp_path / 'world.yaml'}{place}", what) == (found.code, found.where, found.what)
    assert fix in ("", found.fix)


def test_what_is_no_file(tmp_path: Path) -> None:
    """None at all, and a folder."""
    for path, why in ((tmp_path / "none", "no such file or directory"), (tmp_path, "it is a directory")):
        with pytest.raises(FlowForgeError, match=f"the world file cannot be read\n  why: {why}"):
            build(path, World())


@pytest.fixture
def started(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Start the command with a world and a log; return the process and what its ready file says."""
    (tmp_path / "world.json").write_text('{"acme/api": {"topics": ["claude"]}, "zoo/lions": {}}', "utf-8")
    args = [sys.executable, "-c", START, "--ready-file", "ready.json", "--world", "world.json", *request.param]
    with subprocess.Popen(args, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        ready, deadline = tmp_path / "ready.json", time.monotonic() + 60
        while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        yield process, json.loads(ready.read_text("utf-8"))
        process.kill()


@pytest.mark.parametrize(
    ("started", "content", "names"),
    [
        (["--log"], "2 repositories of world.json", ["acme/api"]),
        (
            ["--repos", "1", "--log"],
            "2 repositories of world.json, and 1 repository, acme/repo-001",
            ["acme/api", "acme/repo-001"],
        ),
    ],
    indirect=["started"],
)
@pytest.mark.usefixtures("covered")
def test_a_sandbox_of_a_file_says_who_asks_what(
    started: tuple[subprocess.Popen[str], dict[str, Any]], content: str, names: list[str]
) -> None:
    """Each request is a line on stderr, with its status and whose token it was; a token in a path is not shown."""
    process, ready = started
    header = {"authorization": f"token {ready['token']}"}
    with httpx.Client(base_url=ready["url"], headers=header, trust_env=False) as client:
        found = client.get("/orgs/acme/repos?sort=full_name").json()
        client.get(f"/repos/acme/none?x={ready['token']}")
        client.get("/user", headers={"authorization": "token unknown"})
        client.post("/_sandbox/add_fault", json={"match": "/rate_limit", "kind": "reset_before"})
        with pytest.raises(httpx.TransportError):
            client.get("/rate_limit")
    process.terminate()
    stdout, stderr = process.communicate(timeout=60)
    assert names == [repo["full_name"] for repo in found]
    assert f"# A local GitHub with {content}. Ctrl-C ends it, and nothing stays." == stdout.splitlines()[0]
    assert [
        "GET /orgs/acme/repos?sort=full_name 200 rehearsal",
        "GET /repos/acme/none?x=github_pat_[redacted] 404 rehearsal",
        "GET /user 401",
        "GET /rate_limit dropped rehearsal",
    ] == stderr.splitlines()
