"""Files on branches through the contents API: read by hash, written only by who knows the hash."""

import base64
import hashlib
from collections.abc import Callable

import httpx
import pytest

from flowforge.sandbox import Level, Sandbox, Token, TokenKind

AsToken = Callable[[Token], dict[str, str]]
REPO = "acme/repo-001"
PATH = f"/repos/{REPO}/contents/a/state.json"
RAW = {"accept": "application/vnd.github.raw+json"}


def sha_of(data: bytes) -> str:
    """Return git's hash of a blob."""
    return hashlib.sha1(b"blob %d\0%s" % (len(data), data), usedforsecurity=False).hexdigest()


def body(data: bytes, **more: str) -> dict[str, str]:
    """Return the body of a PUT."""
    return {"message": "m", "content": base64.b64encode(data).decode(), **more}


def said(answer: httpx.Response) -> tuple[int, str]:
    """Return a refusal's status and words."""
    return answer.status_code, answer.json()["message"]


def test_written_and_read(sandbox: Sandbox, http: httpx.Client) -> None:
    """A file is created, read with its blob's hash, replaced by who knows that, and its branch tells the story."""
    made = http.put(PATH, json=body(b"one", branch="main"))
    read = http.get(PATH, params={"ref": "refs/heads/main"})
    changed = http.put(PATH, json=body(b"two", sha=sha_of(b"one"), message="second"))
    assert [made.status_code, read.status_code, changed.status_code] == [201, 200, 200]
    shown = read.json()
    assert (shown["sha"], base64.b64decode(shown["content"]), shown["encoding"], shown["size"]) == (
        sha_of(b"one"),
        b"one",
        "base64",
        3,
    )
    assert changed.json()["content"]["sha"] == sha_of(b"two")
    assert changed.json()["commit"]["parents"][0]["sha"] == made.json()["commit"]["sha"]
    assert sandbox.world.read_file(REPO, "a/state.json") == "two"
    assert sandbox.world.history(REPO) == ["Initial commit", "m", "second"]


def test_a_swap_is_refused(sandbox: Sandbox, http: httpx.Client) -> None:
    """Another hash is 409, none is 422, in GitHub's words; a missing branch is looked at first; nothing is written."""
    sandbox.world.edit_file(REPO, "a/state.json", "one")
    other = sha_of(b"else")
    answers = [
        http.put(PATH, json=body(b"two", sha=other)),
        http.put(PATH, json=body(b"two")),
        http.put(PATH, json=body(b"two", sha=other, branch="none")),
    ]
    assert [said(answer) for answer in answers] == [
        (409, f"a/state.json does not match {other}"),
        (422, 'Invalid request.\n\n"sha" wasn\'t supplied.'),
        (404, "Branch none not found"),
    ]
    assert sandbox.world.read_file(REPO, "a/state.json") == "one"


def test_a_hash_of_nothing_is_ignored(sandbox: Sandbox, http: httpx.Client) -> None:
    """GitHub creates a file that is gone, whatever hash comes with it: only the 201 tells."""
    sandbox.world.edit_file(REPO, "a/state.json", "one")
    sandbox.world.delete_file(REPO, "a/state.json")
    assert http.get(PATH).status_code == 404
    assert http.put(PATH, json=body(b"two", sha=sha_of(b"one"))).status_code == 201


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"message": None}, 'Invalid request.\n\n"message" wasn\'t supplied.'),
        ({"content": None}, 'Invalid request.\n\n"content" wasn\'t supplied.'),
        ({"content": 1}, "Invalid request.\n\nFor 'properties/content', 1 is not a string."),
        ({"content": "?"}, "content is not valid Base64"),
    ],
)
def test_bodies_that_lack_something(http: httpx.Client, change: dict[str, object], message: str) -> None:
    """What a body lacks is a 422 that names it."""
    assert said(http.put(PATH, json={**body(b"x"), **change})) == (422, message)


def test_what_is_not_there(sandbox: Sandbox, http: httpx.Client) -> None:
    """A missing file, a missing branch, an empty repository and a bad path answer differently; a folder is a list."""
    sandbox.world.create_repo("acme/empty", empty=True)
    sandbox.world.edit_file(REPO, "a/b", "x")
    assert [
        said(http.get(PATH)),
        said(http.get(PATH, params={"ref": "none"})),
        said(http.get("/repos/acme/empty/contents/a")),
        said(http.get(f"/repos/{REPO}/contents/a//b")),
        said(http.get(f"/repos/{REPO}/contents/a/b/c")),
        said(http.put(f"/repos/{REPO}/contents/a", json=body(b"x"))),
    ] == [
        (404, "Not Found"),
        (404, "No commit found for the ref none"),
        (404, "This repository is empty."),
        (422, "path contains a malformed path component"),
        (404, "Not Found"),
        (422, "Invalid request.\n\na is a directory."),
    ]
    folder = http.get(f"/repos/{REPO}/contents/a")
    as_object = http.get(f"/repos/{REPO}/contents/a", headers={"accept": "application/vnd.github.object+json"})
    assert [item["path"] for item in folder.json()] == ["a/b"]
    assert (as_object.json()["type"], len(as_object.json()["entries"])) == ("dir", 1)


def test_an_empty_repository_begins(sandbox: Sandbox, http: httpx.Client) -> None:
    """The first file of an empty repository makes its branch."""
    sandbox.world.create_repo("acme/empty", empty=True)
    assert http.put("/repos/acme/empty/contents/a", json=body(b"x")).status_code == 201
    assert (sandbox.world.branches("acme/empty"), sandbox.world.history("acme/empty")) == (["main"], ["m"])


def test_large_files(sandbox: Sandbox, http: httpx.Client) -> None:
    """Over 1 MB a file is shown without its content, which comes raw, by the file or by its blob; over 100 MB never."""
    text = "x" * 1_000_001
    sandbox.world.edit_file(REPO, "a/state.json", text)
    shown = http.get(PATH).json()
    blob = f"/repos/{REPO}/git/blobs/{shown['sha']}"
    assert (shown["content"], shown["encoding"], shown["size"]) == ("", "none", 1_000_001)
    raw = [http.get(path, headers=RAW) for path in (PATH, blob)]
    assert [answer.text == text for answer in raw] == [True, True]
    assert ["etag" in answer.headers for answer in raw] == [True, True]
    assert base64.b64decode(http.get(blob).json()["content"]) == text.encode()
    sandbox.world.edit_file(REPO, "a/state.json", "x" * 100_000_001)
    assert said(http.get(PATH, headers=RAW)) == (403, "This API returns blobs up to 100 MB in size.")


BY_TOKEN, BY_APP = "Resource not accessible by personal access token", "Resource not accessible by integration"


@pytest.mark.parametrize(
    ("token", "read", "written"),
    [
        (Token(permissions={"contents": Level.WRITE}, secrets=Level.NONE), 200, (201, "")),
        (Token(permissions={"contents": Level.READ}), 200, (403, BY_TOKEN)),
        (Token(permissions={"contents": Level.NONE}), 403, (403, BY_TOKEN)),
        (Token(role="read"), 200, (403, BY_TOKEN)),
        (Token(repos=frozenset()), 404, (404, "Not Found")),
        (Token(TokenKind.APP, permissions={"contents": Level.NONE}), 403, (403, BY_APP)),
        (Token(TokenKind.CLASSIC), 200, (201, "")),
        (Token(TokenKind.CLASSIC, role="read"), 200, (404, "Not Found")),
        (Token(TokenKind.CLASSIC, scopes=()), 404, (404, "Not Found")),
        (Token(TokenKind.WORKFLOW), 200, (403, BY_APP)),
        (Token(TokenKind.WORKFLOW, permissions={"contents": Level.WRITE}), 200, (201, "")),
        (Token(TokenKind.WORKFLOW, permissions={"contents": Level.NONE}), 403, (403, BY_APP)),
    ],
)
def test_permission(http: httpx.Client, as_token: AsToken, token: Token, read: int, written: tuple[int, str]) -> None:
    """Reading and writing take the permission `contents`, which a workflow's own token can have, unlike secrets."""
    header = as_token(token)
    done = http.put(PATH, json=body(b"x"), headers=header)
    message = done.json().get("message", "")
    assert http.get(f"/repos/{REPO}/contents/README.md", headers=header).status_code == read
    assert (done.status_code, message) == written
    if written[0] == 403:
        assert done.headers["x-accepted-github-permissions"] == "contents=write"


def test_a_workflow_reaches_no_secrets(http: httpx.Client, as_token: AsToken) -> None:
    """Whatever a workflow's own token is said to have, secrets are not among it."""
    header = as_token(Token(TokenKind.WORKFLOW, permissions={"contents": Level.WRITE}))
    assert http.get(f"/repos/{REPO}/actions/secrets", headers=header).status_code == 403


def test_public_and_archived(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """Anybody reads a public repository's files; nobody writes an archived one's."""
    sandbox.world.set_visibility(REPO, "public")
    sandbox.world.archive_repo(REPO)
    header = as_token(Token(permissions={"contents": Level.NONE}))
    assert http.get(f"/repos/{REPO}/contents/README.md", headers=header).status_code == 200
    assert said(http.put(PATH, json=body(b"x"))) == (403, "Repository was archived so is read-only.")


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("protection", "Could not {} file: Changes must be made through a pull request."),
        ("rules", "Repository rule violations found\n\nChanges must be made through a pull request.\n\n"),
    ],
)
def test_a_guarded_branch(sandbox: Sandbox, http: httpx.Client, by: str, message: str) -> None:
    """A protected branch refuses new and changed files with 409, in the words of who guards it, until it is open."""
    sandbox.world.edit_file(REPO, "a/state.json", "one")
    sandbox.world.protect_branch(REPO, "main", by=by)
    new = http.put(f"/repos/{REPO}/contents/new", json=body(b"x"))
    changed = http.put(PATH, json=body(b"x", sha=sha_of(b"one")))
    assert [said(new), said(changed)] == [(409, message.format("create")), (409, message.format("update"))]
    sandbox.world.protect_branch(REPO, "main", by="")
    assert http.put(PATH, json=body(b"x", sha=sha_of(b"one"))).status_code == 200
    with pytest.raises(ValueError, match="by protection, by rules, or by nothing"):
        sandbox.world.protect_branch(REPO, "main", by="magic")


def test_verbs_name_what_is_missing(sandbox: Sandbox) -> None:
    """Verbs raise KeyError for a file or a branch that is not there; editing makes the branch, as an orphan."""
    world = sandbox.world
    with pytest.raises(KeyError, match="file none"):
        world.read_file(REPO, "none")
    for verb in (world.delete_branch, lambda repo, branch: world.delete_file(repo, "x", branch=branch)):
        with pytest.raises(KeyError, match="branch none"):
            verb(REPO, "none")
    world.edit_file(REPO, "x", "y", branch="state")
    assert (world.branches(REPO), world.history(REPO, branch="state")) == (["main", "state"], ["edited by hand"])
    world.delete_branch(REPO, "state")
    assert world.branches(REPO) == ["main"]
