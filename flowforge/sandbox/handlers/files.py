"""What the routes of files and of git data share: who may read and write, and what a request lacks."""

import base64
import binascii
from typing import Final

from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.handlers.scope_paths import refuse_archived
from flowforge.sandbox.rules.access import CONTENTS, Level, Need, TokenKind
from flowforge.sandbox.rules.answers import DOCS, ApiAnswer, RefusalError, not_found
from flowforge.sandbox.world.model import Repository

_RULES: Final = "Repository rule violations found\n\nChanges must be made through a pull request.\n\n"
_PROTECTED: Final = "Changes must be made through a pull request."
_PROTECTED_DOCS: Final = "https://docs.github.com/articles/about-protected-branches"
_LINE: Final = 60
_MOST: Final = 100_000_000


def reading(call: Call) -> Repository:
    """Return the repository if the token may read its files. Anybody may read those of a public one."""
    repo = call.repository()
    if repo.private:
        call.token.demand(repo, Need(CONTENTS, Level.READ, "read"))
    return repo


def writing(call: Call) -> Repository:
    """Return the repository if the token may write its files. Raise 404 for a classic token that may not."""
    repo = call.repository()
    if call.token.kind is TokenKind.CLASSIC and call.token.role == "read":
        raise not_found()
    call.token.demand(repo, Need(CONTENTS, Level.WRITE))
    refuse_archived(repo)
    return repo


def refuse_guarded(repo: Repository, ref: str, status: int, what: str) -> None:
    """Raise the refusal of a push to a guarded branch. what: what classic protection says first."""
    match repo.git.guards.get(ref, ""):
        case "rules":
            raise RefusalError(status, _RULES, docs=f"{DOCS}/repos/rules")
        case "protection":
            raise RefusalError(status, f"{what}{_PROTECTED}", docs=_PROTECTED_DOCS)


def refuse_empty(repo: Repository) -> None:
    """Raise the 409 of git's data in a repository without a commit."""
    if not repo.git.commits:
        raise RefusalError(409, "Git Repository is empty.")


def unprocessable(message: str) -> RefusalError:
    """Return a 422 in the form that GitHub uses for missing fields."""
    return RefusalError(422, f"Invalid request.\n\n{message}")


def text_of(data: dict[str, object], member: str) -> str:
    """Return a text that the body must have. Raise 422 in GitHub's words if it is missing."""
    found = data.get(member)
    if found is None:
        message = f'"{member}" wasn\'t supplied.'
        raise unprocessable(message)
    if not isinstance(found, str):
        message = f"For 'properties/{member}', {found!r} is not a string."
        raise unprocessable(message)
    return found


def decoded(content: str) -> bytes:
    """Read base64, with or without line breaks. Raise 422 for anything else."""
    try:
        return base64.b64decode(content.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise RefusalError(422, "content is not valid Base64") from None


def encoded(data: bytes) -> str:
    """Return base64 in lines of 60 characters, as GitHub writes it."""
    text = base64.b64encode(data).decode()
    return "".join(f"{text[start : start + _LINE]}\n" for start in range(0, len(text), _LINE))


def refuse_huge(data: bytes) -> None:
    """Raise GitHub's 403 for a file over 100 MB, which its API never returns."""
    if len(data) > _MOST:
        raise RefusalError(403, "This API returns blobs up to 100 MB in size.")


def raw(call: Call, data: bytes) -> ApiAnswer | None:
    """Return the bytes themselves if the request asks for them by media type; else None."""
    wanted = ".raw" in call.request.headers.get("accept", "")
    return ApiAnswer(200, raw=data, content_type="application/vnd.github.raw+json; charset=utf-8") if wanted else None
