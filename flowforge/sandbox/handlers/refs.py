"""Handlers of references: a branch is created once, moved forward only, and deleted."""

from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.handlers.files import reading, refuse_empty, refuse_guarded, text_of, writing
from flowforge.sandbox.handlers.shapes import node_id
from flowforge.sandbox.rules.answers import ApiAnswer, RefusalError, not_found, parsed
from flowforge.sandbox.world.model import Repository


def get(call: Call) -> ApiAnswer:
    """Answer GET …/git/ref/{ref}, where the reference is named without its `refs/`."""
    repo = reading(call)
    refuse_empty(repo)
    ref = f"refs/{call.params['ref']}"
    if ref not in repo.git.refs:
        raise not_found()
    return ApiAnswer(200, _shape(call, repo, ref))


def matching(call: Call) -> ApiAnswer:
    """Answer GET …/git/matching-refs/{ref}: the references with that prefix, if any."""
    repo = reading(call)
    refuse_empty(repo)
    start = f"refs/{call.params['ref']}"
    return ApiAnswer(200, [_shape(call, repo, ref) for ref in sorted(repo.git.refs) if ref.startswith(start)])


def create(call: Call) -> ApiAnswer:
    """Answer POST …/git/refs. If two requests create the same one, the second is refused."""
    repo, data = writing(call), parsed(call.request.body)
    refuse_empty(repo)
    ref, sha = text_of(data, "ref"), text_of(data, "sha")
    if not ref.startswith("refs/") or ref.count("/") < 2:  # noqa: PLR2004 -- as GitHub documents it
        raise RefusalError(422, "Reference name must start with 'refs/' and contain at least two slashes.")
    if ref in repo.git.refs:
        raise RefusalError(422, "Reference already exists")
    if sha not in repo.git.commits:
        raise RefusalError(422, "Object does not exist")
    refuse_guarded(repo, ref, 422, "Reference update failed: ")
    repo.git.refs[ref] = sha
    shape = _shape(call, repo, ref)
    return ApiAnswer(201, shape, {"location": str(shape["url"])})


def update(call: Call) -> ApiAnswer:
    """Answer PATCH …/git/refs/{ref}: forward along the history, or anywhere with `force`."""
    repo, ref = _named(call)
    data = parsed(call.request.body)
    sha = text_of(data, "sha")
    if sha not in repo.git.commits:
        raise RefusalError(422, "Object does not exist")
    if data.get("force") is not True and repo.git.refs[ref] not in repo.git.history(sha):
        raise RefusalError(422, "Update is not a fast forward")
    repo.git.refs[ref] = sha
    return ApiAnswer(200, _shape(call, repo, ref))


def delete(call: Call) -> ApiAnswer:
    """Answer DELETE …/git/refs/{ref}."""
    repo, ref = _named(call)
    del repo.git.refs[ref]
    return ApiAnswer(204)


def _named(call: Call) -> tuple[Repository, str]:
    """Return the reference to change. Raise 422 if it is missing or its branch is guarded."""
    repo, ref = writing(call), f"refs/{call.params['ref']}"
    refuse_empty(repo)
    if ref not in repo.git.refs:
        raise RefusalError(422, "Reference does not exist")
    refuse_guarded(repo, ref, 422, "")
    return repo, ref


def _shape(call: Call, repo: Repository, ref: str) -> dict[str, object]:
    base, sha = f"{call.request.base}/repos/{repo.full_name}/git", repo.git.refs[ref]
    target = {"type": "commit", "sha": sha, "url": f"{base}/commits/{sha}"}
    return {"ref": ref, "node_id": node_id("Ref", repo.id), "url": f"{base}/{ref}", "object": target}
