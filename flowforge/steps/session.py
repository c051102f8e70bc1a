"""Sign in: find the token of each owner, and make the clients and pacers of a run."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from flowforge.api_address import DOTCOM
from flowforge.ci_systems import doubt
from flowforge.data_class import dataclass
from flowforge.errors import SourceError
from flowforge.github.auth import GitHubToken, TokenSource, check_host, digest_of, find_token, token_of
from flowforge.github.cache_folder import cache_file
from flowforge.github.clients import SHARED, Clients
from flowforge.github.clock import Clock, ClockOf, Patience
from flowforge.github.content_limits import HOUR, ContentLimits
from flowforge.github.http import Client
from flowforge.github.kept_bodies import NAME, KeptBodies
from flowforge.github.kept_lists import KeptLists
from flowforge.github.pace import Pace
from flowforge.github.pacer import Pacer
from flowforge.github.pacers import Pacers
from flowforge.github.permissions import Needs
from flowforge.github.problems import TokenError
from flowforge.github.rate_ledger import Spent, spent_path
from flowforge.github.traces import Traces
from flowforge.github.urls import DEFAULT_ORIGIN, ApiUrl
from flowforge.manifest.github_settings import AppSettings, AuthSettings, GitHubSettings
from flowforge.on_demand import load
from flowforge.sources.base import Context
from flowforge.steps.values.single import read_named
from flowforge.vault import SecretValue
from flowforge.waiting import Waiting

# Of a command that has no option for it.
_USUAL_WAIT: Final = 900.0
if TYPE_CHECKING:
    from flowforge.github.app import App

_OTHERS = "the owners that github.auth.owners does not name"


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What bounds a run."""

    jobs: int
    """How many requests may be under way at once, for each token."""
    max_wait: float
    """How many seconds a pause for GitHub's limits may take."""
    notify: Callable[[str], None]
    """Shows a person why the run pauses."""
    clock: ClockOf = Clock.of
    """Makes the clock of the waits."""
    cache: bool = True
    """Whether lists are kept from run to run."""
    pace: Pace = Pace.LIMITS
    """How much GitHub is spared."""
    waiting: Waiting = field(default_factory=Waiting)
    """Where people see the waits."""
    pacers: Pacers = field(default_factory=Pacers)
    """The pacers of the sign-ins before, which are gone on with."""


@contextmanager
def sign_in(
    settings: GitHubSettings, *, context: Context, limits: RunLimits, traces: Traces | None = None
) -> Iterator[Clients]:
    """Yield the clients of a run. Each signs in when it is first asked for.

    The API is the manifest's, else the one that GitHub's runner names in GITHUB_API_URL, else github.com's. Where all
    owners share one token, what is wrong with it is raised at once: GitHubError without a usable token, and SourceError
    where the manifest's source of it cannot be read. Else it is a refusal of that owner's requests. traces: those of
    the run, where it has other clients.
    """
    environ = context.environ
    api = _api(settings.api_url, environ)
    # First of all, so that no source is opened for a host that gets no token anyway.
    check_host(api, environ)
    lists = _lists(environ, kept=limits.cache)
    entrance = Entrance(settings, api, context, limits, traces=traces or Traces(), lists=lists)
    parts = Clients(
        api, entrance.client, apart=entrance.apart, traces=entrance.traces, lists=lists, beside=entrance.signers
    )
    with closing(lists), entrance.held, parts as clients:
        if not settings.divided:
            clients.of(SHARED)
        yield clients


@contextmanager
def client_of_named_token(
    environ: Mapping[str, str],
    names: Sequence[str],
    stop: threading.Event,
    notify: Callable[[str], None],
    clock: ClockOf,
) -> Iterator[Client]:
    """Yield a client with the token of the first of these variables that is set, for whoever has no manifest.

    The API is the one that GitHub's runner names, else github.com's. Raises GitHubError.
    """
    api = _api("", environ)
    limits = RunLimits(1, _USUAL_WAIT, notify, clock)
    token = token_of(environ, names)
    with _signed(api, token, limits, limits.clock(api, environ), environ=environ, stop=stop) as client:
        yield client


def _api(named: str | None, environ: Mapping[str, str]) -> ApiUrl:
    """Return the address of the API, which knows where it was found. named: by a manifest. Raises GitHubError FF304."""
    if named:
        return ApiUrl.parse(named)
    if text := environ.get("GITHUB_API_URL"):
        return ApiUrl.parse(text, "GITHUB_API_URL")
    return ApiUrl.parse(f"https://{DOTCOM}", DEFAULT_ORIGIN)


class Entrance:
    """Makes clients that are signed in to one API."""

    def __init__(
        self,
        settings: GitHubSettings,
        api: ApiUrl,
        context: Context,
        limits: RunLimits,
        *,
        traces: Traces,
        lists: KeptLists,
    ) -> None:
        """Take the parts."""
        self._settings = settings
        self._api = api
        self._context = context
        self._limits = limits
        self._clock = limits.clock(api, context.environ)
        limits.waiting.go_by(self._clock)
        self._apps: dict[object, App] = {}
        self.traces = traces
        self._lists = lists
        self.held = ExitStack()
        self.signers: list[Client] = []

    def apart(self, owner: str) -> bool:
        """Return whether an owner, in lower case, has a token of its own. An App has one for each owner."""
        return owner in self._settings.owners or self._settings.auth.app is not None

    def client(self, lane: str) -> Client:
        """Return the client of a lane. Raises GitHubError and SourceError where that ends the run."""
        if not self._settings.divided:
            return self.signed(self.token(self._settings.auth, ""))
        owner = lane or _OTHERS
        try:
            source = self.token(self._settings.owners.get(lane, self._settings.auth), lane)
        except TokenError as error:
            source = _NoToken(error)
        except SourceError as error:
            # What an owner lacks blocks that owner, and no other.
            if lane not in self._settings.owners:
                raise
            source = _NoToken(TokenError(*error.problems))
        return self.signed(source, owner)

    def token(self, auth: AuthSettings, owner: str) -> TokenSource:
        """Return what an owner's requests are signed with. Raises GitHubError and SourceError."""
        if auth.app is not None:
            tokens: TokenSource = load("flowforge.github.app").InstallationTokens(self._app(auth.app, auth.key), owner)
            return tokens
        explicit = self._read("the GitHub token", auth) if auth.token else None
        return find_token(self._api, explicit, self._context.environ, origin=f"{auth.key}.token")

    def _read(self, noun: str, auth: AuthSettings) -> SecretValue:
        (source,) = auth.sources
        return read_named(noun, source, self._context)

    def _app(self, settings: AppSettings, key: str) -> "App":
        """Return an App. One that several owners name signs in once."""
        source = settings.private_key
        known = settings.client_id, source.name, *sorted(source.options.items())
        if known not in self._apps:
            origin = f"{key}.app"
            pem = self._read("the private key of the GitHub App", AuthSettings(app=settings))
            app, app_key = load("flowforge.github.app"), load("flowforge.github.app_key")
            jwt = app.AppJwt(settings.client_id, app_key.AppKey(pem, f"{origin}.private_key"))
            self.signers.append(self.held.enter_context(self.signed(jwt)))
            self._apps[known] = app.App(self.signers[-1], jwt, origin)
        return self._apps[known]

    def signed(self, token: TokenSource, owner: str = "") -> Client:
        """Return a client that sends a token. owner: whose it is, where it is not everybody's."""
        return _signed(
            self._api,
            token,
            self._limits,
            self._clock,
            environ=self._context.environ,
            stop=self._context.stop,
            owner=owner,
            traces=self.traces,
            lists=self._lists,
        )


def _signed(
    api: ApiUrl,
    token: TokenSource,
    limits: RunLimits,
    clock: Clock,
    *,
    environ: Mapping[str, str],
    stop: threading.Event,
    owner: str = "",
    traces: Traces | None = None,
    lists: KeptLists | None = None,
) -> Client:
    name = token.digest(f"{api.host}:{api.port} at {clock.scale}")
    # Whoever runs GitHub's own hosts has limits there, whatever is asked for here.
    pace = Pace.LIMITS if limits.pace is Pace.FREE and api.dotcom else limits.pace
    if pace is not limits.pace:
        limits.notify(f"--pace free is for a GitHub Enterprise Server: the limits of {api.host} are kept")

    def make() -> Pacer:
        # GitHub counts the points of a token and not of a process, so what this run spends is kept for the next one.
        minute = Spent(spent_path(environ, name, kind="writes-minute"))
        hour = Spent(spent_path(environ, name, kind="writes-hour"), span=HOUR)
        return Pacer(
            clock,
            stop,
            max_in_flight=limits.jobs,
            max_wait=limits.max_wait,
            spent=Spent(spent_path(environ, name)),
            notify=limits.notify,
            unless_free=api.self_hosted,
            free=pace is Pace.FREE,
            content=ContentLimits(clock, minute, hour, pace),
            waiting=limits.waiting,
            whose=owner,
        )

    pacer = limits.pacers.of(name, make)
    patience = Patience.of(api, environ)
    return Client(api, token, pacer, owner=owner, jobs=limits.jobs, patience=patience, traces=traces, lists=lists)


def _lists(environ: Mapping[str, str], *, kept: bool) -> KeptLists:
    """Return what lists are asked for with. kept: whether this run may keep any."""
    path = cache_file(environ, NAME) if kept else None
    # What somebody proposes has no say in what the runs after it begin with.
    return KeptLists(KeptBodies(path, writes=doubt(environ) is None))


class _NoToken:
    """A `TokenSource` without a token: the reason stands in the place of each."""

    workflow = False
    installation = False
    origin = ""

    def __init__(self, error: TokenError) -> None:
        self._error = error

    def current(self) -> GitHubToken:
        raise TokenError(*self._error.problems)

    def served(self, token: GitHubToken) -> None:
        """Do nothing."""

    def renew(self, refused: GitHubToken, time: datetime | None) -> bool:
        del refused, time
        return False

    def need(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Do nothing."""

    def lacks(self, needs: Needs) -> tuple[str, ...]:
        del needs
        return ()

    def apart(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        del needs, repos

    def digest(self, purpose: str) -> str:
        return digest_of("", purpose)

    def known_to(self, traces: Traces) -> None:
        """Do nothing."""
