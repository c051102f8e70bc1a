"""Handlers of contents: a file on a branch, which is read with its blob's hash and written only with that hash."""

from typing import Final
from urllib.parse import quote, urlencode

from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.handlers.files import (
    decoded,
    encoded,
    raw,
    reading,
    refuse_guarded,
    refuse_huge,
    text_of,
    unprocessable,
    writing,
)
from flowforge.sandbox.handlers.git_data import commit_shape
from flowforge.sandbox.rules.answers import ApiAnswer, RefusalError, not_found, parsed
from flowforge.sandbox.world.git import MAIN, TREE
from flowforge.sandbox.world.model import Repository

_INLINE: Final = 1_000_000  # a file of more bytes is shown without them


def get(call: Call) -> ApiAnswer:
    """Answer GET …/contents/{path}: a file with its content, raw if asked for, or the entries of a folder."""
    repo = reading(call)
    git, ref = repo.git, call.request.query.get("ref", MAIN)
    if not git.refs:
        raise RefusalError(404, "This repository is empty.")
    commit = git.resolve(ref)
    if not commit:
        message = f"No commit found for the ref {ref}"
        raise RefusalError(404, message)
    path = _checked(call.params["path"])
    mode, sha = git.entry(commit, path)
    if mode == TREE:
        return _folder(call, repo, path, ref, sha)
    if not sha:
        raise not_found()
    data = git.blobs[sha]
    refuse_huge(data)
    inline = len(data) <= _INLINE
    content = {"content": encoded(data) if inline else "", "encoding": "base64" if inline else "none"}
    return raw(call, data) or ApiAnswer(200, {**_shape(call, repo, path, ref, sha), **content})


def put(call: Call) -> ApiAnswer:
    """Answer PUT …/contents/{path}: 201 for a new file, whatever hash came with it; 200 for one whose hash was known.

    Measured at GitHub (pome-sh/digital-twins#400): 409 for another hash, 422 for none; the branch is looked at first.
    """
    repo, data = writing(call), parsed(call.request.body)
    path, branch = _checked(call.params["path"]), str(data.get("branch", MAIN))
    ref = branch if branch.startswith("refs/heads/") else f"refs/heads/{branch}"
    message, content = text_of(data, "message"), decoded(text_of(data, "content"))
    git = repo.git
    head = git.refs.get(ref)
    if head is None and git.refs:
        said = f"Branch {branch} not found"
        raise RefusalError(404, said)
    mode, old = git.entry(head, path) if head else ("", "")
    if mode == TREE:
        said = f"{path} is a directory."  # the wording is ours
        raise unprocessable(said)
    if old:
        given = text_of(data, "sha")
        if given != old:
            said = f"{path} does not match {given}"
            raise RefusalError(409, said)
    refuse_guarded(repo, ref, 409, f"Could not {'update' if old else 'create'} file: ")
    commit = git.commit_file(ref, path, content, message, author=call.token.login, at=call.now)
    shape = _shape(call, repo, path, branch, git.entry(commit, path)[1])
    return ApiAnswer(200 if old else 201, {"content": shape, "commit": commit_shape(call, repo, commit)})


def _checked(path: str) -> str:
    if any(part in {"", ".", "..", ".git"} for part in path.split("/")):
        raise RefusalError(422, "path contains a malformed path component")
    return path


def _folder(call: Call, repo: Repository, path: str, ref: str, tree: str) -> ApiAnswer:
    entries = repo.git.trees[tree].entries.items()
    items = [_shape(call, repo, f"{path}/{name}", ref, sha, folder=mode == TREE) for name, (mode, sha) in entries]
    if ".object" in call.request.headers.get("accept", ""):
        return ApiAnswer(200, {**_shape(call, repo, path, ref, tree, folder=True), "entries": items})
    return ApiAnswer(200, items)


def _shape(call: Call, repo: Repository, path: str, ref: str, sha: str, *, folder: bool = False) -> dict[str, object]:
    """Return a file or a folder without its content."""
    base, web = f"{call.request.base}/repos/{repo.full_name}", f"https://github.com/{repo.full_name}"
    short, there = ref.removeprefix("refs/heads/"), quote(path)
    kind = "tree" if folder else "blob"
    links = {
        "self": f"{base}/contents/{there}?{urlencode({'ref': ref})}",
        "git": f"{base}/git/{kind}s/{sha}",
        "html": f"{web}/{kind}/{quote(short)}/{there}",
    }
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": 0 if folder else len(repo.git.blobs[sha]),
        "url": links["self"],
        "html_url": links["html"],
        "git_url": links["git"],
        "download_url": None
        if folder
        else f"https://raw.githubusercontent.com/{repo.full_name}/{quote(short)}/{there}",
        "type": "dir" if folder else "file",
        "_links": links,
    }
