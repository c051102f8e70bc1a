"""Which exception ends a request that neither waiting nor another try can help."""

from dataclasses import replace

from flowforge.errors import GitHubError
from flowforge.github.api_request import GitHubRequest
from flowforge.github.auth import TokenSource
from flowforge.github.classify import BadToken, Foreign, Limited, OtherVersion, Strayed
from flowforge.github.forbidden import INTEGRATION
from flowforge.github.pacer import LIMITED
from flowforge.github.problems import (
    SUSPENDED,
    Refusal,
    RepoError,
    bad_token,
    limited,
    not_an_api,
    other_shape,
    strayed,
    suspended,
    workflow_token,
)
from flowforge.github.urls import ApiUrl

Hopeless = BadToken | Strayed | Foreign | Limited | OtherVersion | Refusal


def failure_of(verdict: Hopeless, api: ApiUrl, token: TokenSource, owner: str, request: GitHubRequest) -> GitHubError:
    """Return the exception. owner: whose token it is, where each owner has one."""
    match verdict:
        case BadToken(what):
            return bad_token(api, token.origin, what)
        case Strayed():
            return strayed(api)
        case Refusal():
            return _of_refusal(
                verdict.of_token(f"{token.origin}, for {owner}" if owner else token.origin), token, owner, request
            )
        case Limited():
            return limited(LIMITED + 1, verdict.what)
        case Foreign(what):
            return not_an_api(api, what)
        case OtherVersion(what):
            no = "GitHub supports no version of its API that FlowForge knows"
            return other_shape(f"{no}: {what}" if what else no)


def _of_refusal(no: Refusal, token: TokenSource, owner: str, request: GitHubRequest) -> GitHubError:
    """Return the exception of a refusal. The token that every workflow run gets is refused everywhere."""
    if token.installation and SUSPENDED in no.message:
        return suspended(owner, token.origin)
    if request.of_files or not (token.workflow and no.message.startswith(INTEGRATION)):
        return RepoError(no)
    if token.origin == "GITHUB_TOKEN":
        return workflow_token()
    return RepoError(replace(no, fix=f"{no.fix}; the workflow's own token never can"))
