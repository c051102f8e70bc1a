"""Sign in: find the token, and make the one client and the one pacer of a run."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from flowforge.api_address import DOTCOM
from flowforge.github.auth import check_host, find_token
from flowforge.github.clock import Clock, ClockOf, Patience
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.rate_ledger import Spent, spent_path
from flowforge.github.urls import DEFAULT_ORIGIN, ApiUrl
from flowforge.manifest.model import GitHubSettings
from flowforge.sources.base import Context
from flowforge.steps.values.single import read_named


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What bounds a run."""

    jobs: int
    """How many requests may be under way at once."""
    max_wait: float
    """How many seconds a pause for GitHub's limits may take."""
    notify: Callable[[str], None]
    """Shows a person why the run pauses."""
    clock: ClockOf = Clock.of
    """Makes the clock of the waits."""


@contextmanager
def sign_in(settings: GitHubSettings, *, context: Context, limits: RunLimits) -> Iterator[Client]:
    """Yield a client that is signed in.

    The API is the manifest's, else the one that GitHub's runner names in GITHUB_API_URL, else github.com's. Raises
    GitHubError without a usable token, and SourceError where the manifest's source of it cannot be read.
    """
    environ = context.environ
    api = _api(settings, environ)
    # First of all, so that no source is opened for a host that gets no token anyway.
    check_host(api, environ)
    explicit = read_named("the GitHub token", settings.token, context) if settings.token else None
    token = find_token(api, explicit, environ)
    # GitHub counts the points of a token and not of a process, so what this run spends is kept for the next one.
    clock = limits.clock(api, environ)
    spent = Spent(spent_path(environ, token.digest(f"{api.host}:{api.port} at {clock.scale}")))
    jobs = limits.jobs
    pacer = Pacer(clock, context.stop, max_in_flight=jobs, max_wait=limits.max_wait, spent=spent, notify=limits.notify)
    with Client(api, token, pacer, jobs=jobs, patience=Patience.of(api, environ)) as client:
        yield client


def _api(settings: GitHubSettings, environ: Mapping[str, str]) -> ApiUrl:
    """Return the address of the API, which knows where it was found. Raises GitHubError FF304."""
    if settings.api_url:
        return ApiUrl.parse(settings.api_url)
    if text := environ.get("GITHUB_API_URL"):
        return ApiUrl.parse(text, "GITHUB_API_URL")
    return ApiUrl.parse(f"https://{DOTCOM}", DEFAULT_ORIGIN)
