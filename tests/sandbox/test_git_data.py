"""Git's data: hashes that are git's own, orphan branches of which one creator wins, references that move forward."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from flowforge.sandbox import Sandbox

REPO = "acme/repo-001"
GIT = f"/repos/{REPO}/git"


def said(answer: httpx.Response) -> tuple[int, str]:
    """Return a refusal's status and words."""
    return answer.status_code, answer.json()["message"]


def orphan(http: httpx.Client, text: str, path: str = "a/b.json") -> str:
    """Make a commit without parents that holds one file; give its hash."""
    blob = http.post(f"{GIT}/blobs", json={"content": text}).json()["sha"]
    items = [{"path": path, "mode": "100644", "type": "blob", "sha": blob}]
    tree = http.post(f"{GIT}/trees", json={"tree": items}).json()["sha"]
    return str(http.post(f"{GIT}/commits", json={"message": text, "tree": tree, "parents": []}).json()["sha"])


def test_an_orphan_branch(sandbox: Sandbox, http: httpx.Client) -> None:
    """Blob, tree, commit without parents and reference make a branch of one file that shares nothing with main."""
    commit = orphan(http, "one")
    made = http.post(f"{GIT}/refs", json={"ref": "refs/heads/state", "sha": commit})
    assert (made.status_code, made.json()["object"]["sha"]) == (201, commit)
    assert (sandbox.world.read_file(REPO, "a/b.json", branch="state"), sandbox.world.history(REPO, branch="state")) == (
        "one",
        ["one"],
    )
    assert http.get(f"/repos/{REPO}/contents/README.md", params={"ref": "state"}).status_code == 404
    shown = http.get(f"{GIT}/commits/{commit}").json()
    tree = http.get(f"{GIT}/trees/{shown['tree']['sha']}").json()["tree"]
    assert (shown["message"], shown["parents"], [item["path"] for item in tree]) == ("one", [], ["a"])


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_hashes_are_gits(sandbox: Sandbox, http: httpx.Client, tmp_path: Path) -> None:
    """Git itself, given the same files, makes the same blobs and trees, folders and their order included."""
    names = ("a.json", "a/b", "a-b", "z")
    for name in names:
        sandbox.world.edit_file(REPO, name, f"in {name}", branch="other")
    ours = http.get(f"{GIT}/trees/other").json()["sha"]

    def git(*args: str) -> str:
        return subprocess.run(["git", *args], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"in {name}")
    git("add", ".")
    assert ours == git("write-tree")


def test_one_creator_wins(sandbox: Sandbox, http: httpx.Client) -> None:
    """Of many who make the same reference at once, one gets 201 and the others are told that it exists."""
    commits = [orphan(http, f"by {number}") for number in range(6)]

    def create(commit: str) -> httpx.Response:
        return http.post(f"{GIT}/refs", json={"ref": "refs/heads/state", "sha": commit})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(create, commits))
    winners = [answer.json()["object"]["sha"] for answer in answers if answer.status_code == 201]
    refused = {said(answer) for answer in answers if answer.status_code != 201}
    assert (len(winners), refused) == (1, {(422, "Reference already exists")})
    assert sandbox.world.history(REPO, branch="state") == [f"by {commits.index(winners[0])}"]


def test_references_move_forward(sandbox: Sandbox, http: httpx.Client) -> None:
    """A reference follows its history; elsewhere it goes by force alone; deleted, it is gone."""
    sandbox.world.edit_file(REPO, "a", "one")
    heads = f"{GIT}/refs/heads/main"
    first = http.get(f"{GIT}/ref/heads/main").json()["object"]["sha"]
    tree = http.get(f"{GIT}/trees/main").json()["sha"]
    ahead = http.post(f"{GIT}/commits", json={"message": "m", "tree": tree, "parents": [first]}).json()["sha"]
    steps = [({"sha": ahead}, 200), ({"sha": first}, 422), ({"sha": first, "force": True}, 200), ({"sha": "0"}, 422)]
    answers = [http.patch(heads, json=step) for step, _ in steps]
    assert [answer.status_code for answer in answers] == [status for _, status in steps]
    assert (said(answers[1])[1], said(answers[3])[1]) == ("Update is not a fast forward", "Object does not exist")
    assert http.get(f"{GIT}/matching-refs/heads/ma").json()[0]["object"]["sha"] == first
    assert (http.delete(heads).status_code, http.get(f"{GIT}/ref/heads/main").status_code) == (204, 404)
    assert (http.get(f"{GIT}/matching-refs/heads/main").json(), said(http.delete(heads))) == (
        [],
        (422, "Reference does not exist"),
    )


def test_guarded_references(sandbox: Sandbox, http: httpx.Client) -> None:
    """A guarded branch is not made, moved or deleted."""
    commit = orphan(http, "x")
    for branch in ("state", "main"):
        sandbox.world.protect_branch(REPO, branch)
    answers = [
        http.post(f"{GIT}/refs", json={"ref": "refs/heads/state", "sha": commit}),
        http.patch(f"{GIT}/refs/heads/main", json={"sha": commit, "force": True}),
        http.delete(f"{GIT}/refs/heads/main"),
    ]
    words = "Changes must be made through a pull request."
    assert [said(answer) for answer in answers] == [(422, f"Reference update failed: {words}"), *[(422, words)] * 2]


def test_an_empty_repository_has_no_data(sandbox: Sandbox, http: httpx.Client) -> None:
    """Without a first commit git's data answers 409, as GitHub's does."""
    sandbox.world.create_repo("acme/empty", empty=True)
    base = "/repos/acme/empty/git"
    answers = [
        http.get(f"{base}/matching-refs/heads/x"),
        http.post(f"{base}/blobs", json={"content": "x"}),
        http.post(f"{base}/refs", json={"ref": "refs/heads/x", "sha": "0"}),
    ]
    assert {said(answer) for answer in answers} == {(409, "Git Repository is empty.")}


@pytest.mark.parametrize(
    ("path", "asked", "expected"),
    [
        ("blobs", {}, (422, 'Invalid request.\n\n"content" wasn\'t supplied.')),
        ("blobs", {"content": "?", "encoding": "base64"}, (422, "content is not valid Base64")),
        ("trees", {}, (422, "Invalid tree info")),
        ("trees", {"tree": [{}]}, (422, "tree.sha is not a valid blob")),
        ("trees", {"tree": [{}], "base_tree": "0"}, (404, "Not Found")),
        ("commits", {"message": "m", "tree": "0"}, (422, "Tree SHA does not exist")),
        ("refs", {"ref": "refs/heads/x", "sha": "0"}, (422, "Object does not exist")),
        (
            "refs",
            {"ref": "x", "sha": "0"},
            (422, "Reference name must start with 'refs/' and contain at least two slashes."),
        ),
    ],
)
def test_refused(http: httpx.Client, path: str, asked: dict[str, object], expected: tuple[int, str]) -> None:
    """What names nothing that is there is refused."""
    assert said(http.post(f"{GIT}/{path}", json=asked)) == expected


def test_unknown_hashes(http: httpx.Client) -> None:
    """No object has a hash that nobody made; a commit's parents must be there too."""
    tree = http.get(f"{GIT}/trees/main").json()["sha"]
    assert [http.get(f"{GIT}/{kind}/{'0' * 40}").status_code for kind in ("blobs", "trees", "commits")] == [404] * 3
    made = http.post(f"{GIT}/commits", json={"message": "m", "tree": tree, "parents": ["0"]})
    assert said(made) == (422, "Parent SHA does not exist or is not a commit object")
