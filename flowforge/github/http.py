"""The client: the only place that speaks HTTP, and the only importer of httpx."""

import logging
import random
import re
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

import httpx

from flowforge import __version__
from flowforge.errors import GitHubError, Problem, printable
from flowforge.github.answer import Answer, Broken, parsed
from flowforge.github.auth import Token
from flowforge.github.body import JSON, RAW, whole_body
from flowforge.github.classify import (
    INTEGRATION,
    Again,
    BadToken,
    Fine,
    Limited,
    OtherVersion,
    Strayed,
    Verdict,
    classify,
)
from flowforge.github.pacer import READ_POINTS, WRITE_POINTS, Pacer
from flowforge.github.problems import (
    No,
    RepoError,
    StoppedError,
    bad_token,
    exhausted,
    limited,
    other_shape,
    strayed,
    unreachable,
    workflow_token,
)
from flowforge.github.trace import Trace
from flowforge.github.urls import ApiUrl

VERSION: Final = "2026-03-10"
OLDER_VERSION: Final = "2022-11-28"  # the default of GitHub Enterprise Server; nothing we read differs
_RETRIES: Final = 3
_LIMITED: Final = 5
_LEAST_UNREACHED: Final = 8
# Other numbers on other systems and with other releases, the same words.
_NUMBERS: Final = re.compile(r"^\[(?:Errno -?\d+|SSL[^]]*)\] | \(_ssl\.c:\d+\)$")
_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0, pool=None)
_ASIDE: Final = "flowforge.location"
_FILES: Final = re.compile(r"/repos/[^/]+/[^/]+/(?:contents|git)/")

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # httpx logs every URL at INFO


class _Bearer(httpx.Auth):
    """Adds the header at the moment of sending, so that the client itself never holds the token's text."""

    def __init__(self, header: Callable[[], str]) -> None:
        self._header = header

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header()
        yield request


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    body: Mapping[str, object] | None = None
    accept: str = JSON

    @property
    def of_files(self) -> bool:
        """Whether it is about files, for which even a workflow's own token may have a permission."""
        return bool(_FILES.match(self.path))

    @property
    def points(self) -> int:
        return READ_POINTS if self.method == "GET" else WRITE_POINTS


class Client:
    """GitHub's REST API for one token. Thread-safe: one for all workers, which its owner bounds to `jobs`.

    The first request goes alone: a bad token or a GitHub that is down is then met once and not by every worker, and
    GitHub locks out who tries a bad token often. Such a trouble ends the run: every later call raises it again.

    scopes: those that GitHub says a classic token has. What it lists to such a one may be written, but for the role.
    Paths are below the API's base and begin with a slash. The verbs give a 2xx answer. They raise RepoError for
    a no that concerns one repo, StoppedError, and GitHubError for the end of the run.
    """

    def __init__(
        self, api: ApiUrl, token: Token, pacer: Pacer, *, jobs: int = 32, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.api = api
        self.token = token
        self.pacer = pacer
        self.trace = Trace()
        self.requests = 0
        self.token_expires: datetime | None = None
        self.scopes: frozenset[str] = frozenset()
        self._http = _http(api, token, jobs, transport)
        self._version = VERSION
        self._most_unreached = max(jobs, _LEAST_UNREACHED)
        self._lock = threading.Lock()
        self._first = threading.Lock()
        self._begun = self._heard = False
        self._unreached = 0
        self._over: tuple[Problem, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, and leave the pacer's account for the next process."""
        self._http.close()
        self.pacer.close()

    def get(self, path: str, accept: str = JSON) -> Answer:
        """Ask. accept: a media type; of RAW the answer's data is the bytes themselves."""
        return self._send(_Request("GET", path, accept=accept))

    def put(self, path: str, body: Mapping[str, object]) -> Answer:
        """Write. Sent again when no answer came: what is put must be the same put twice."""
        return self._send(_Request("PUT", path, body))

    def post(self, path: str, body: Mapping[str, object]) -> Answer:
        """Create. Sent again when no answer came: the second may find what the first made, a RepoError of 409."""
        return self._send(_Request("POST", path, body))

    def patch(self, path: str, body: Mapping[str, object]) -> Answer:
        """Change. Sent again when no answer came, as a put is."""
        return self._send(_Request("PATCH", path, body))

    def delete(self, path: str) -> Answer:
        """Delete. Sent again when no answer came: the second may find nothing there, which is a RepoError of 404."""
        return self._send(_Request("DELETE", path))

    def _send(self, request: _Request) -> Answer:
        if not self._begun:
            with self._first:
                if not self._begun:
                    try:
                        return self._persist(request)
                    finally:
                        self._begun = True
        return self._persist(request)

    def _persist(self, request: _Request) -> Answer:
        """Send until there is an answer to go by; say of an error whether the request may have done something."""
        failures: list[str] = []
        try:
            return self._attempts(request, failures)
        except GitHubError as error:
            error.certain = request.method == "GET" or not failures
            if not isinstance(error, RepoError | StoppedError):
                self._over = error.problems
            raise

    def _attempts(self, request: _Request, failures: list[str]) -> Answer:
        limits, held = 0, 0.0
        while True:
            asked, before = self.pacer.clock.now(), self.trace.left
            sent, version, outcome = self._once(request)
            held += sent - asked
            verdict = classify(outcome, self.api)
            if not isinstance(verdict, Fine | Again):
                self.trace.left = before
            match verdict:
                case Fine(answer):
                    return replace(answer, retried=bool(failures), held=held)
                case Again(what):
                    failures.append(what)
                    if len(failures) > _RETRIES:
                        raise self._exhausted(outcome, failures)
                    self.pacer.sleep(len(failures) ** 2 + random.random())  # noqa: S311 -- spreads retries, guards nothing
                case Limited(seconds, secondary) if limits < _LIMITED:
                    limits += 1
                    self.pacer.refused(seconds, secondary=secondary, sent=sent)
                case OtherVersion() if version != OLDER_VERSION:
                    self._version = OLDER_VERSION
                case _:
                    raise self._error(verdict, request)

    def _once(self, request: _Request) -> tuple[float, str, Answer | Broken]:
        """Send once, within the limits: gives when it was sent, as which version of the API, and what came of it."""
        if self._over:
            raise GitHubError(*self._over)
        sent = self.pacer.start(request.points)
        version = self._version
        outcome: Answer | Broken = Broken("it was interrupted", unreached=False)
        try:
            self.trace.left = self.trace.left or request.method != "GET"
            outcome = self._exchange(request, version)
        finally:
            self._note(outcome)
            self.pacer.end(request.points, outcome if isinstance(outcome, Answer) else None)
        return sent, version, outcome

    def _exchange(self, request: _Request, version: str) -> Answer | Broken:
        headers = {"X-GitHub-Api-Version": version, "Accept": request.accept}
        try:
            url = f"{self.api}{request.path}"
            with self._http.stream(request.method, url, headers=headers, json=request.body) as found:
                raw = request.accept == RAW and found.is_success
                body = whole_body(found.iter_bytes(), raw=raw)
        except (httpx.TransportError, httpx.DecodingError) as error:
            return _broken(error)
        if isinstance(body, Broken):
            return body
        return Answer(found.status_code, {**found.headers, **found.extensions[_ASIDE]}, body if raw else parsed(body))

    def _note(self, outcome: Answer | Broken) -> None:
        with self._lock:
            self.requests += 1
            if isinstance(outcome, Answer):
                self._heard, self._unreached = True, 0
                self.scopes = outcome.scopes or self.scopes
                self.token_expires = outcome.token_expires or self.token_expires

    def _exhausted(self, outcome: Answer | Broken, failures: list[str]) -> GitHubError:
        """Tell one repo's bad luck from a GitHub that nobody can reach."""
        if isinstance(outcome, Broken) and outcome.unreached:
            with self._lock:
                self._unreached += 1
                if not self._heard or self._unreached >= self._most_unreached:
                    return unreachable(self.api, failures[-1])
        return exhausted(len(failures), failures[-1])

    def _no(self, no: No) -> GitHubError:
        """Make the exception of a refusal; the token that every workflow run gets is refused everywhere."""
        if not (self.token.workflow and no.message.startswith(INTEGRATION)):
            return RepoError(no)
        if self.token.origin == "GITHUB_TOKEN":
            return workflow_token()
        return RepoError(replace(no, fix=f"{no.fix}; the workflow's own token never can"))

    def _error(self, verdict: Verdict, request: _Request) -> GitHubError:
        """Make the exception of a verdict that neither waiting nor trying again helps."""
        match verdict:
            case BadToken(what):
                return bad_token(self.api, self.token.origin, what)
            case Strayed():
                return strayed(self.api)
            case No():
                return RepoError(verdict) if request.of_files else self._no(verdict)
            case Limited():
                return limited(_LIMITED + 1)
            case _:
                return other_shape("GitHub knows no version of its API that we know")


def _http(api: ApiUrl, token: Token, jobs: int, transport: httpx.BaseTransport | None) -> httpx.Client:
    """Set httpx up: its own rules for proxies and certificates, except that nothing to this machine passes a proxy."""
    secure = api.scheme == "https" and transport is None  # certificates take 30 ms to load
    try:
        return httpx.Client(
            auth=_Bearer(token.header),
            event_hooks={"response": [_set_aside]},
            headers={"User-Agent": f"flowforge/{__version__}"},
            limits=httpx.Limits(max_connections=jobs, max_keepalive_connections=jobs),
            timeout=_TIMEOUT,
            transport=transport,
            trust_env=not api.loopback,
            verify=secure and httpx.create_ssl_context(),
        )
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        # NOTE: the text of these may hold a proxy's password.
        why = f"{type(error).__name__} from a proxy's URL or a file of certificates"
        fix = "check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
        raise GitHubError(Problem("FF305", "the HTTPS client cannot be set up", why=why, fix=fix)) from None


def _set_aside(answer: httpx.Response) -> None:
    """Keep `Location` from httpx: it makes a request of it even where it follows none, and raises where it cannot."""
    location = answer.headers.pop("location", None)
    answer.extensions[_ASIDE] = {} if location is None else {"location": location}


def _broken(error: httpx.TransportError | httpx.DecodingError) -> Broken:
    """Say in our words what happened: the exception itself holds the request, whose headers hold the token."""
    match error:
        case httpx.ConnectTimeout():
            return Broken(f"no connection within {_TIMEOUT.connect:g} s", unreached=True)
        case httpx.ConnectError() | httpx.ProxyError():
            return Broken(f"no connection: {printable(_NUMBERS.sub('', str(error)))}", unreached=True)
        case httpx.TimeoutException():
            return Broken(f"no answer within {_TIMEOUT.read:g} s", unreached=False)
        case _:
            return Broken("the connection broke", unreached=False)
