"""Find the token, and make the one client and the one pacer of a run."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flowforge import sources
from flowforge.github.auth import find_token
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.spent import Spent, spent_path
from flowforge.github.urls import DOTCOM, ApiUrl
from flowforge.manifest.model import GitHubSettings
from flowforge.sources.base import Context


@contextmanager
def sign_in(
    settings: GitHubSettings,
    *,
    environ: Mapping[str, str],
    jobs: int,
    max_wait: float,
    stop: threading.Event,
    notify: Callable[[str], None],
) -> Iterator[Client]:
    """Give a client that is signed in; what it spends of the limits is kept for the next process.

    The API is the manifest's, else the one that GitHub's runner names in GITHUB_API_URL, else github.com's. Raises
    GitHubError without a usable token, SourceError when the manifest's source of it cannot be read.
    """
    api = ApiUrl.parse(settings.api_url or environ.get("GITHUB_API_URL") or f"https://{DOTCOM}")
    explicit = None
    if settings.token is not None:
        explicit = sources.read(settings.token.options, Context(environ, settings.token.folder))
    token = find_token(api, explicit, environ)
    clock = Clock.of(api, environ)
    spent = Spent(spent_path(environ, token.digest("spent")))
    pacer = Pacer(clock, stop, max_in_flight=jobs, max_wait=max_wait, spent=spent, notify=notify)
    with Client(api, token, pacer, jobs=jobs) as client:
        yield client
