"""The client: what is sent when, what is tried again, and what ends the run."""

import random
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Self

from flowforge.errors import GitHubError, Problem
from flowforge.github.answer import Answer, Broken
from flowforge.github.api_request import GitHubRequest
from flowforge.github.auth import GitHubToken
from flowforge.github.body import JSON
from flowforge.github.classify import (
    INTEGRATION,
    Again,
    BadToken,
    Classification,
    Fine,
    Limited,
    OtherVersion,
    Strayed,
    classify,
)
from flowforge.github.clock import Patience
from flowforge.github.exchange import Transport, Wire
from flowforge.github.pacer import Pacer
from flowforge.github.problems import (
    Refusal,
    RepoError,
    StoppedError,
    bad_token,
    exhausted,
    limited,
    other_shape,
    strayed,
    unanswered,
    unreachable,
    workflow_token,
)
from flowforge.github.sent_trace import Trace
from flowforge.github.urls import ApiUrl

VERSION: Final = "2026-03-10"
OLDER_VERSION: Final = "2022-11-28"  # the default of GitHub Enterprise Server; nothing we read differs
_RETRIES: Final = 3
_OVERDUE: Final = 2  # times that an answer may take all of its time
_LIMITED: Final = 5
_LEAST_UNANSWERED: Final = 8
_PATIENCE: Final = Patience()


class Client:
    """GitHub's REST API for one token. Thread-safe: one for all workers, which its owner bounds to `jobs`.

    The first request goes alone: a bad token or a GitHub that is down is then met once and not by every worker, and
    GitHub locks out who tries a bad token often. Such a trouble ends the run: every later call raises it again.

    scopes: those that GitHub says a classic token has. What it lists to such a one may be written, but for the role.
    Paths are below the API's base and begin with a slash. The verbs give a 2xx answer. They raise RepoError for
    a no that concerns one repo, StoppedError, and GitHubError for the end of the run.
    """

    def __init__(
        self,
        api: ApiUrl,
        token: GitHubToken,
        pacer: Pacer,
        *,
        jobs: int = 32,
        patience: Patience = _PATIENCE,
        transport: Transport | None = None,
    ) -> None:
        self.api = api
        self.token = token
        self.pacer = pacer
        self.trace = Trace()
        self.requests = 0
        self.token_expires: datetime | None = None
        self.scopes: frozenset[str] = frozenset()
        self._wire = Wire(api, token, jobs, patience, transport)
        self._version = VERSION
        self._most_unanswered = max(jobs, _LEAST_UNANSWERED)
        self._lock = threading.Lock()
        self._first = threading.Lock()
        self._begun = self._heard = False
        self._unanswered = 0
        self._over: tuple[Problem, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, and leave the pacer's account for the next process."""
        self._wire.close()
        self.pacer.close()

    def hide(self, token: GitHubToken) -> None:
        """Let nothing of another token of this run be in any answer, as nothing of its own is."""
        self._wire.hide(token)

    def get(self, path: str, accept: str = JSON) -> Answer:
        """Ask. accept: a media type; of RAW the answer's data is the bytes themselves."""
        return self._send(GitHubRequest("GET", path, accept=accept))

    def put(self, path: str, body: Mapping[str, object]) -> Answer:
        """Write. Sent again when no answer came: what is put must be the same put twice."""
        return self._send(GitHubRequest("PUT", path, body))

    def post(self, path: str, body: Mapping[str, object]) -> Answer:
        """Create. Sent again when no answer came: the second may find what the first made, a RepoError of 409."""
        return self._send(GitHubRequest("POST", path, body))

    def patch(self, path: str, body: Mapping[str, object]) -> Answer:
        """Change. Sent again when no answer came, as a put is."""
        return self._send(GitHubRequest("PATCH", path, body))

    def delete(self, path: str) -> Answer:
        """Delete. Sent again when no answer came: the second may find nothing there, which is a RepoError of 404."""
        return self._send(GitHubRequest("DELETE", path))

    def _send(self, request: GitHubRequest) -> Answer:
        if not self._begun:
            with self._first:
                if not self._begun:
                    try:
                        return self._persist(request)
                    finally:
                        self._begun = True
        return self._persist(request)

    def _persist(self, request: GitHubRequest) -> Answer:
        """Send until there is an answer to go by; say of an error whether the request may have done something."""
        failures: list[str] = []
        try:
            return self._attempts(request, failures)
        except GitHubError as error:
            error.certain = request.reads or not failures
            if not isinstance(error, RepoError | StoppedError):
                self._over = error.problems
            raise

    def _attempts(self, request: GitHubRequest, failures: list[str]) -> Answer:
        limits, overdue, held = 0, 0, 0.0
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
                    overdue += isinstance(outcome, Broken) and outcome.overdue
                    if len(failures) > _RETRIES or overdue == _OVERDUE:
                        raise self._exhausted(outcome, failures)
                    self.pacer.sleep(len(failures) ** 2 + random.random())  # noqa: S311 -- spreads retries, guards nothing
                case Limited(seconds, secondary) if limits < _LIMITED:
                    limits += 1
                    self.pacer.refused(seconds, secondary=secondary, sent=sent)
                case OtherVersion() if version != OLDER_VERSION:
                    self._version = OLDER_VERSION
                case _:
                    raise self._error(verdict, request)

    def _once(self, request: GitHubRequest) -> tuple[float, str, Answer | Broken]:
        """Send once, within the limits: gives when it was sent, as which version of the API, and what came of it."""
        if self._over:
            raise GitHubError(*self._over)
        sent = self.pacer.start(request.points)
        version = self._version
        outcome: Answer | Broken = Broken("it was interrupted")
        try:
            self.trace.left = self.trace.left or request.method != "GET"
            outcome = self._wire.send(request, version)
        finally:
            self._note(outcome)
            self.pacer.end(request.points, outcome if isinstance(outcome, Answer) else None)
        return sent, version, outcome

    def _note(self, outcome: Answer | Broken) -> None:
        with self._lock:
            self.requests += 1
            if isinstance(outcome, Answer):
                self._heard, self._unanswered = True, 0
                self.scopes = outcome.scopes or self.scopes
                self.token_expires = outcome.token_expires or self.token_expires

    def _exhausted(self, outcome: Answer | Broken, failures: list[str]) -> GitHubError:
        """Tell one repo's bad luck from a GitHub that nobody can reach, or that answers nobody."""
        if isinstance(outcome, Broken):
            with self._lock:
                self._unanswered += 1
                many = self._unanswered >= self._most_unanswered
                if outcome.unreached and (many or not self._heard):
                    return unreachable(self.api, failures[-1])
                if many:
                    return unanswered(self.api, self._unanswered, failures[-1])
        return exhausted(len(failures), failures[-1])

    def _no(self, no: Refusal) -> GitHubError:
        """Return the exception of a refusal; the token that every workflow run gets is refused everywhere."""
        if not (self.token.workflow and no.message.startswith(INTEGRATION)):
            return RepoError(no)
        if self.token.origin == "GITHUB_TOKEN":
            return workflow_token()
        return RepoError(replace(no, fix=f"{no.fix}; the workflow's own token never can"))

    def _error(self, verdict: Classification, request: GitHubRequest) -> GitHubError:
        """Return the exception of a verdict that neither waiting nor trying again helps."""
        match verdict:
            case BadToken(what):
                return bad_token(self.api, self.token.origin, what)
            case Strayed():
                return strayed(self.api)
            case Refusal():
                return RepoError(verdict) if request.of_files else self._no(verdict)
            case Limited():
                return limited(_LIMITED + 1)
            case _:
                return other_shape("GitHub knows no version of its API that we know")
