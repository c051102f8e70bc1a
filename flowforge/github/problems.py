"""What can go wrong with GitHub, as exceptions.

GitHubError         ends the run: GitHub down, an answer that leads to another host
├── TokenError          ends the run of a token: none, a wait too long for its limits
│   ├── BadTokenError       GitHub does not accept it
│   └── HeldError           ends its writes: a wait too long for the limits of writes alone
├── RepoError         concerns one repo: the run goes on without it
└── StoppedError         a wait was ended because the run is to stop
"""

import re
from dataclasses import replace
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import GitHubError, Problem
from flowforge.github.urls import DEFAULT_ORIGIN, ApiUrl
from flowforge.plan.action import Why
from flowforge.plan.facts import Unreadable

ADDRESS: Final = "check that github.api_url, or GITHUB_API_URL, names a GitHub API"
# GitHub's words to the token of an installation that was suspended.
SUSPENDED: Final = "installation has been suspended"
# Where an advice speaks of the token that was refused.
_THIS_TOKEN: Final = re.compile(r"\b(?:(?:give|authorize|that|what) the|whose) token\b(?! \()")


@dataclass(frozen=True, slots=True)
class Refusal:
    """GitHub's refusal of one request, as the planner and people need it."""

    code: str
    """The code of the error, like `FF320`."""
    why: Why
    """The reason, as a word of the plan."""
    detail: str
    """A clause that stands alone. It is also the problem's `what`."""
    fix: str = ""
    """What to do, as an imperative sentence."""
    status: int = 0
    """The HTTP status; 0 without an answer."""
    message: str = ""
    """GitHub's own words. Not safe to print."""
    location: str = ""
    """Where a redirect points. Unchecked."""

    def of_token(self, whose: str) -> "Refusal":
        """Return it with an advice that says which token it speaks of. whose: where that one is from."""
        return replace(self, fix=naming(self.fix, whose))

    def unreadable(self) -> Unreadable:
        """Return it in the planner's terms."""
        return Unreadable(self.why, self.detail, self.fix)


def naming(advice: str, whose: str) -> str:
    """Return an advice that says which token it speaks of. Whoever has several must not give rights to another one."""
    return _THIS_TOKEN.sub(lambda found: f"{found[0]} ({whose})", advice, count=1) if whose else advice


class RepoError(GitHubError):
    """A Refusal, raised. It concerns one repo, so the run goes on without that repo."""

    def __init__(self, no: Refusal, *, where: str = "", certain: bool = True) -> None:
        super().__init__(Problem(no.code, no.detail, where, fix=no.fix))
        self.no = no
        self.certain = certain

    def at(self, where: str, no: Refusal | None = None) -> "RepoError":
        """Return the same error with its place, and with a refusal that says more, if one is given."""
        return RepoError(no or self.no, where=where, certain=self.certain)


class TokenError(GitHubError):
    """Nothing more can be done with a token. It ends the run where all owners share the token."""

    def of_owner(self, owner: str) -> RepoError:
        """Return it as a refusal that concerns one owner, which has a token of its own."""
        first = self.problems[0]
        why = f": {first.why}" if first.why else ""
        detail = f"no usable token for {owner}: {first.what}{why}"
        return RepoError(Refusal(first.code, Why.NO_TOKEN, detail, first.fix), certain=self.certain)


class HeldError(TokenError):
    """Nothing more is written for longer than the run may wait. What was written can still be read."""


class BadTokenError(TokenError):
    """GitHub does not accept a token for anything."""


class StoppedError(GitHubError):
    """The run is to stop, so a wait was ended."""

    def __init__(self) -> None:
        super().__init__(Problem("FF332", "stopped while waiting for GitHub"))


def strayed(api: ApiUrl) -> GitHubError:
    """Return the error of an answer whose `Link` or `Location` names another host. Nothing is sent there."""
    why = "no token goes there, and GitHub never sends one there"
    check = "check" if api.origin == DEFAULT_ORIGIN else f"check that {api.origin} is your GitHub's, and"
    fix = f"{check} what stands between it and this machine"
    return GitHubError(Problem("FF311", f"an answer of {api.host} points to another host", api.origin, why, fix))


def not_an_api(api: ApiUrl, what: str) -> GitHubError:
    """Return the error of an address where something else than GitHub's API answers. what: its answer, as a clause."""
    origin = "it is the default" if api.origin == DEFAULT_ORIGIN else f"the address came from {api.origin}"
    why = f"{what}; {origin}"
    fix = "check what stands between it and this machine, such as a network's sign-in page"
    if api.origin != DEFAULT_ORIGIN:
        form = "https://api.github.com, or https://ghe.example.com/api/v3"
        fix = f"correct {api.origin}, whose form is {form}; if it is right, {fix}"
    return GitHubError(Problem("FF349", "what answers at this address is not GitHub's API", str(api), why, fix))


def nothing_listens(api: ApiUrl) -> GitHubError:
    """Return the error of an address of this machine where no server is."""
    what = f"nothing listens at {api}; is `flowforge sandbox` running?"
    fix = f"start it, or name the address that it shows in {api.origin}"
    return GitHubError(Problem("FF351", what, api.origin, fix=fix))


def other_shape(detail: str) -> RepoError:
    """Return the refusal of an answer that is not what GitHub documents."""
    return RepoError(Refusal("FF327", Why.FAILED, detail, ADDRESS))


def exhausted(tries: int, what: str) -> RepoError:
    """Return the refusal after failures that retries did not help."""
    return RepoError(
        Refusal("FF328", Why.FAILED, f"no usable answer in {tries} tries: {what}", "run it again in a while")
    )


def limited(times: int, said: str) -> RepoError:
    """Return the refusal after rate limits that waiting did not help. said: GitHub's sentence, quoted, or nothing."""
    detail = f"refused by a rate limit {times} times{said and f': {said}'}"
    return RepoError(Refusal("FF333", Why.FAILED, detail, "run it again in an hour, with fewer --jobs"))


def refused_for_good(times: int, said: str) -> TokenError:
    """Return the error of a token whose requests are refused after every pause. said: as for `limited`."""
    what = f"refused by a rate limit {times} times in a row{said and f': {said}'}"
    return TokenError(Problem("FF333", what, fix="run it again in an hour, with --pace gentle"))


def unreachable(api: ApiUrl, what: str) -> GitHubError:
    """Return the error of a GitHub that is down, or that this machine cannot reach."""
    last = " and SSL_CERT_FILE" if api.origin == DEFAULT_ORIGIN else f", SSL_CERT_FILE and {api.origin}"
    fix = f"check the network, HTTPS_PROXY, NO_PROXY{last}"
    return GitHubError(Problem("FF330", "GitHub cannot be reached", str(api), what, fix))


def unanswered(api: ApiUrl, times: int, what: str) -> GitHubError:
    """Return the error of a GitHub that can be reached, and that has not answered any worker for some time."""
    fix = "run it again in a while; see whether GitHub says that it has trouble"
    return GitHubError(
        Problem("FF334", f"{times} requests in a row got no usable answer from GitHub", str(api), what, fix)
    )


def bad_token(api: ApiUrl, origin: str, what: str) -> GitHubError:
    """Return the error of a token that GitHub does not accept."""
    why = f"{what}; the token came from {origin}"
    fix = "check that it is whole, not expired, not revoked, and made for this host"
    return BadTokenError(Problem("FF302", "GitHub does not accept the token", str(api), why, fix))


def suspended(owner: str, origin: str) -> TokenError:
    """Return the error of a GitHub App's installation that somebody has suspended. owner: empty if not known."""
    whose = f" for {owner}" if owner else ""
    what = f"the installation of the GitHub App{whose} is suspended"
    fix = f"let {f'an owner of {owner}' if owner else 'its owner'} unsuspend it in the settings of the installation"
    return TokenError(Problem("FF364", what, origin, fix=fix))


def workflow_token() -> GitHubError:
    """Return the error of the token that GitHub gives to every workflow run."""
    # `permissions:` of a workflow has no key for secrets (docs.github.com, "Workflow syntax for GitHub Actions").
    why = "GitHub has no permission for secrets that a workflow could ask for"
    fix = "set FLOWFORGE_GITHUB_TOKEN to the token of a GitHub App with Secrets: write, or to a personal access token"
    return TokenError(
        Problem("FF303", "the workflow's own GITHUB_TOKEN cannot manage secrets", "GITHUB_TOKEN", why, fix)
    )
