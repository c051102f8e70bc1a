"""Handlers of git data: blobs, trees and commits, from which an orphan branch is made."""

from collections.abc import Mapping

from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.handlers.files import (
    decoded,
    encoded,
    raw,
    reading,
    refuse_empty,
    refuse_huge,
    text_of,
    writing,
)
from flowforge.sandbox.handlers.shapes import node_id
from flowforge.sandbox.rules.answers import ApiAnswer, RefusalError, not_found, parsed
from flowforge.sandbox.world.git import BLOB, TREE, Commit
from flowforge.sandbox.world.model import Repository

_MODES = {TREE: "040000"}


def create_blob(call: Call) -> ApiAnswer:
    """Answer POST …/git/blobs."""
    repo, data = writing(call), parsed(call.request.body)
    refuse_empty(repo)
    content = text_of(data, "content")
    sha = repo.git.add_blob(decoded(content) if data.get("encoding") == "base64" else content.encode())
    return _created({"sha": sha, "url": _url(call, repo, "blobs", sha)})


def get_blob(call: Call) -> ApiAnswer:
    """Answer GET …/git/blobs/{sha}, raw if asked for."""
    repo, sha = reading(call), call.params["sha"]
    if sha not in repo.git.blobs:
        raise not_found()
    data = repo.git.blobs[sha]
    refuse_huge(data)
    shape = {"sha": sha, "node_id": node_id("Blob", repo.id), "size": len(data), "url": _url(call, repo, "blobs", sha)}
    return raw(call, data) or ApiAnswer(200, {**shape, "content": encoded(data), "encoding": "base64"})


def create_tree(call: Call) -> ApiAnswer:
    """Answer POST …/git/trees: files by path, from existing blobs, on top of `base_tree` if it is given."""
    repo, data = writing(call), parsed(call.request.body)
    refuse_empty(repo)
    tree = str(data.get("base_tree", ""))
    if tree and tree not in repo.git.trees:
        raise RefusalError(404, "Not Found")
    items = data.get("tree")
    if not isinstance(items, list) or not items:
        raise RefusalError(422, "Invalid tree info")
    for item in items:
        match item:
            case {"path": str() as path, "mode": "100644", "type": "blob", "sha": str() as sha} if (
                sha in repo.git.blobs
            ):
                tree = repo.git.with_entry(tree, path, sha)
            case _:
                raise RefusalError(422, "tree.sha is not a valid blob")  # the wording is ours
    return _created(_tree_shape(call, repo, tree))


def get_tree(call: Call) -> ApiAnswer:
    """Answer GET …/git/trees/{sha}, where a branch's name will do as well."""
    repo, name = reading(call), call.params["sha"]
    refuse_empty(repo)
    commit = repo.git.resolve(name)
    tree = repo.git.commits[commit].tree if commit else name
    if tree not in repo.git.trees:
        raise not_found()
    return ApiAnswer(200, _tree_shape(call, repo, tree))


def create_commit(call: Call) -> ApiAnswer:
    """Answer POST …/git/commits. Without parents it is the first commit of an orphan branch."""
    repo, data = writing(call), parsed(call.request.body)
    refuse_empty(repo)
    tree, parents = text_of(data, "tree"), data.get("parents", [])
    if tree not in repo.git.trees:
        raise RefusalError(422, "Tree SHA does not exist")
    if not isinstance(parents, list) or any(parent not in repo.git.commits for parent in parents):
        raise RefusalError(422, "Parent SHA does not exist or is not a commit object")
    commit = Commit(tree, tuple(parents), text_of(data, "message"), call.token.login, call.now)
    return _created(commit_shape(call, repo, repo.git.add_commit(commit)))


def get_commit(call: Call) -> ApiAnswer:
    """Answer GET …/git/commits/{sha}."""
    repo, sha = reading(call), call.params["sha"]
    if sha not in repo.git.commits:
        raise not_found()
    return ApiAnswer(200, commit_shape(call, repo, sha))


def commit_shape(call: Call, repo: Repository, sha: str) -> dict[str, object]:
    """Return a commit as GitHub does."""
    commit = repo.git.commits[sha]
    web = f"https://github.com/{repo.full_name}/commit"
    parents = [
        {"sha": parent, "url": _url(call, repo, "commits", parent), "html_url": f"{web}/{parent}"}
        for parent in commit.parents
    ]
    return {
        "sha": sha,
        "node_id": node_id("Commit", repo.id),
        "url": _url(call, repo, "commits", sha),
        "html_url": f"{web}/{sha}",
        "author": commit.signature,
        "committer": commit.signature,
        "tree": {"sha": commit.tree, "url": _url(call, repo, "trees", commit.tree)},
        "message": commit.message,
        "parents": parents,
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def _tree_shape(call: Call, repo: Repository, sha: str) -> dict[str, object]:
    items = []
    for name, (mode, found) in sorted(repo.git.trees[sha].entries.items()):
        kind = "blob" if mode == BLOB else "tree"
        item = {"path": name, "mode": _MODES.get(mode, mode), "type": kind, "sha": found}
        size = {"size": len(repo.git.blobs[found])} if kind == "blob" else {}
        items.append({**item, **size, "url": _url(call, repo, f"{kind}s", found)})
    return {"sha": sha, "url": _url(call, repo, "trees", sha), "tree": items, "truncated": False}


def _url(call: Call, repo: Repository, kind: str, sha: str) -> str:
    return f"{call.request.base}/repos/{repo.full_name}/git/{kind}/{sha}"


def _created(shape: Mapping[str, object]) -> ApiAnswer:
    return ApiAnswer(201, shape, {"location": str(shape["url"])})
