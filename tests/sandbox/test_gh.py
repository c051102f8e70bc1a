"""The real gh drives the sandbox over its unix socket: an oracle that knows nothing of FlowForge."""

import base64
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowforge.sandbox import Sandbox

GH = shutil.which("gh") or ""
pytestmark = pytest.mark.skipif(not GH, reason="gh is not installed")
Gh = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Serve on a unix socket, whose relative path is short whatever the temporary folder's is."""
    monkeypatch.chdir(tmp_path)
    with Sandbox(socket_path=Path("gh.sock")) as running:
        running.world.create_repos("acme", 35)
        yield running


@pytest.fixture
def gh(rehearsal: Sandbox, tmp_path: Path) -> Gh:
    """Return a function that runs gh against the sandbox, with a configuration of its own."""
    own = {"GH_CONFIG_DIR": str(tmp_path / "gh"), "GH_TOKEN": rehearsal.token, "GH_NO_UPDATE_NOTIFIER": "1"}
    environ = {**os.environ, **own, "NO_COLOR": "1"}

    def run(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [GH, *args], env=environ, input=stdin, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=30
        )

    run("config", "set", "http_unix_socket", "gh.sock")
    return run


def test_secret_set_list_delete(rehearsal: Sandbox, gh: Gh) -> None:
    """Gh seals, writes, lists and deletes; the sandbox opens what it sealed."""
    made = gh("secret", "set", "api_key", "-R", "acme/repo-001", stdin="from gh")
    listed = gh("secret", "list", "-R", "acme/repo-001")
    value = rehearsal.world.reveal("acme/repo-001")
    removed = gh("secret", "delete", "API_KEY", "-R", "acme/repo-001")
    assert [done.returncode for done in (made, listed, removed)] == [0, 0, 0], (
        made.stderr + listed.stderr + removed.stderr
    )
    assert (listed.stdout.split("\t")[0], value) == ("API_KEY", {"API_KEY": "from gh"})
    assert rehearsal.world.reveal("acme/repo-001") == {}


def test_other_stores(rehearsal: Sandbox, gh: Gh) -> None:
    """Gh writes and lists the Dependabot store and an environment, each apart from the others."""
    rehearsal.world.create_environment("acme/repo-001", "a b")
    repo = ("-R", "acme/repo-001")
    places = [("--app", "dependabot"), ("--app", "codespaces"), ("--env", "a b")]
    made = [gh("secret", "set", f"key_{number}", *repo, *place, "-b", "x") for number, place in enumerate(places)]
    assert [done.returncode for done in made] == [0] * 3, [done.stderr for done in made]
    assert [gh("secret", "list", *repo, *place).stdout.split("\t")[0] for place in places] == [
        "KEY_0",
        "KEY_1",
        "KEY_2",
    ]
    reveal = rehearsal.world.reveal
    assert [
        reveal("acme/repo-001", store="dependabot"),
        reveal("acme/repo-001", store="codespaces"),
        reveal("acme/repo-001", environment="a b"),
        reveal("acme/repo-001"),
    ] == [{"KEY_0": "x"}, {"KEY_1": "x"}, {"KEY_2": "x"}, {}]


def test_organization(rehearsal: Sandbox, gh: Gh) -> None:
    """Gh writes, lists and deletes an organization's secrets, with each visibility, and in Dependabot's store too."""
    org = ("--org", "acme")
    whom = [("--visibility", "all"), ("--visibility", "private"), ("--repos", "repo-002,repo-001")]
    made = [gh("secret", "set", f"key_{number}", *org, *audience, "-b", "x") for number, audience in enumerate(whom)]
    made += [gh("secret", "set", "other", *org, "--app", "dependabot", "--repos", "repo-001", "-b", "y")]
    assert [done.returncode for done in made] == [0] * 4, [done.stderr for done in made]
    lines = [line.split("\t") for line in gh("secret", "list", *org).stdout.splitlines()]
    audiences = [rehearsal.world.org_audience("acme", f"KEY_{number}") for number in range(3)]
    assert [(line[0], line[2]) for line in lines] == [
        ("KEY_0", "ALL"),
        ("KEY_1", "PRIVATE"),
        ("KEY_2", "SELECTED"),
    ]
    assert audiences == [("all", []), ("private", []), ("selected", ["acme/repo-001", "acme/repo-002"])]
    assert rehearsal.world.reveal_org("acme", store="dependabot") == {"OTHER": "y"}
    assert rehearsal.world.org_audience("acme", "OTHER", store="dependabot") == ("selected", ["acme/repo-001"])
    assert gh("secret", "delete", "KEY_0", *org).returncode == 0
    assert list(rehearsal.world.reveal_org("acme")) == ["KEY_1", "KEY_2"]


def test_refusals(rehearsal: Sandbox, gh: Gh) -> None:
    """Gh shows the sandbox's refusals in GitHub's words."""
    rehearsal.world.archive_repo("acme/repo-002")
    archived = gh("secret", "set", "A", "-b", "x", "-R", "acme/repo-002")
    missing = gh("secret", "delete", "A", "-R", "acme/repo-001")
    assert (archived.returncode, "HTTP 403: Repository was archived so is read-only." in archived.stderr) == (1, True)
    assert (missing.returncode, "HTTP 404: Not Found" in missing.stderr) == (1, True)


def test_api_follows_pages(gh: Gh) -> None:
    """`gh api --paginate` follows the Link headers to the end."""
    listed = gh("api", "--paginate", "/orgs/acme/repos?sort=full_name", "--jq", ".[].name")
    assert listed.stdout.split() == [f"repo-{number:03}" for number in range(1, 36)]


def test_api_follows_a_rename(rehearsal: Sandbox, gh: Gh) -> None:
    """A read of a renamed repository is redirected, and gh arrives."""
    rehearsal.world.rename_repo("acme/repo-001", "acme/new")
    assert gh("api", "/repos/acme/repo-001", "--jq", ".full_name").stdout == "acme/new\n"


def test_files_through_the_api(rehearsal: Sandbox, gh: Gh) -> None:
    """`gh api` writes a file by the hash of what it read, reads it raw, and meets the refusal of a stale hash."""
    path, new = "/repos/acme/repo-001/contents/a/b.json", base64.b64encode(b"two").decode()
    rehearsal.world.edit_file("acme/repo-001", "a/b.json", "one")
    read = gh("api", path, "--jq", ".sha")
    fields = ("-X", "PUT", "-f", f"content={new}", "-f", f"sha={read.stdout.strip()}")
    done = gh("api", path, *fields, "-f", "message=from gh", "--jq", ".content.sha")
    shown = gh("api", path, "-H", "Accept: application/vnd.github.raw")
    stale = gh("api", path, *fields, "-f", "message=late")
    assert (read.returncode, done.returncode, shown.stdout, stale.returncode) == (0, 0, "two", 1)
    assert f"a/b.json does not match {read.stdout.strip()} (HTTP 409)" in stale.stderr
    assert rehearsal.world.history("acme/repo-001") == ["Initial commit", "edited by hand", "from gh"]


def test_control_through_gh(rehearsal: Sandbox, gh: Gh) -> None:
    """People change things behind FlowForge's back with the gh that they have at hand."""
    done = gh("api", "/_sandbox/rename_repo", "-f", "full_name=acme/repo-001", "-f", "new_name=acme/new")
    assert (done.returncode, rehearsal.world.directory["acme/new"].name) == (0, "new")
