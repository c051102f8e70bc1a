"""The client: when a request is sent, what is tried again, and what ends the run."""

import random
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final, Self

from flowforge.errors import GitHubError
from flowforge.github.answer import Answer, Broken
from flowforge.github.api_request import GitHubRequest
from flowforge.github.auth import GitHubToken, TokenSource
from flowforge.github.body import JSON
from flowforge.github.classify import (
    Again,
    BadToken,
    Classification,
    Fine,
    Foreign,
    Limited,
    OtherVersion,
    classify,
)
from flowforge.github.clock import Patience
from flowforge.github.exchange import Wire
from flowforge.github.failures import failure_of
from flowforge.github.kept_lists import KeptLists
from flowforge.github.pacer import LIMITED, Pacer
from flowforge.github.problems import (
    HeldError,
    Refusal,
    RepoError,
    StoppedError,
    TokenError,
    exhausted,
    nothing_listens,
    unanswered,
    unreachable,
)
from flowforge.github.sent_trace import Trace
from flowforge.github.traces import Traces
from flowforge.github.urls import ApiUrl
from flowforge.transport.client import Transport

VERSION: Final = "2026-03-10"
OLDER_VERSION: Final = "2022-11-28"  # the default of GitHub Enterprise Server; nothing we read differs
_OVERDUE: Final = 2  # times that an answer may take all of its time
_RENEWALS: Final = 3  # of a token, for one request
_LEAST_UNANSWERED: Final = 8
_PATIENCE: Final = Patience()


class Client:
    """GitHub's REST API for one token. Thread-safe: one for all workers, of which there may be `jobs`.

    Paths are below the API's base and begin with a slash. The verbs return a 2xx answer. They raise RepoError for a
    refusal that concerns one repo, StoppedError, and GitHubError for what ends the run: every later call raises that
    again. scopes: what GitHub says a classic token has; without the role that it also needs.
    """

    # The first request goes alone, so that a bad token is met once and not by every worker: after several bad logins
    # GitHub refuses all authentication of that user for a while (docs.github.com, "Authenticating to the REST API").

    def __init__(
        self,
        api: ApiUrl,
        token: TokenSource,
        pacer: Pacer,
        *,
        owner: str = "",
        jobs: int = 32,
        patience: Patience = _PATIENCE,
        transport: Transport | None = None,
        traces: Traces | None = None,
        lists: KeptLists | None = None,
    ) -> None:
        """Take the parts. owner: whose token it is, where each owner has one; no token of another ends this client.

        traces, lists: those of the run, where it has other tokens.
        """
        self.api, self.owner = api, owner
        self.token = token
        self.whose = f"{token.origin}, for {owner}" if owner else token.origin
        self.pacer = pacer
        self.trace = Trace()
        self.requests = 0
        self.token_expires: datetime | None = None
        self.scopes: frozenset[str] = frozenset()
        traces = traces or Traces()
        token.known_to(traces)
        self._lists = lists or KeptLists()
        self._wire = Wire(api, traces, patience, transport)
        self._like = partial(
            Client, api, pacer=pacer, owner=owner, jobs=jobs, patience=patience, transport=transport, traces=traces
        )
        self._version = VERSION
        self._most_unanswered = max(jobs, _LEAST_UNANSWERED)
        self._lock = threading.Lock()
        self._first = threading.Lock()
        self._begun = self._heard = self._met = False
        self._unanswered = 0
        self._over: GitHubError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, and leave what was spent to the next process."""
        self._wire.close()
        self.pacer.close()

    def apart(self, token: TokenSource) -> "Client":
        """Return a client that sends another token of the same account, within the same limits. `hang_up` ends it."""
        return self._like(token=token)

    def hang_up(self) -> None:
        """Close the connections alone: the limits are those of the client that it was made from."""
        self._wire.close()

    def get(self, path: str, accept: str = JSON) -> Answer:
        """Send a GET. accept: a media type; with RAW the data of the answer are the bytes themselves."""
        return self.send(GitHubRequest("GET", path, accept=accept))

    def get_list(self, path: str, *, fresh: bool = False) -> Answer:
        """Send a GET for a page of a list of secrets or repos, which is kept for the next run.

        What is known of it and still the same costs nothing of the hourly budget. fresh: whether to ask without that.
        """
        return self._lists.get(self.send, path, self.api.url_of(path), fresh=fresh)

    def put(self, path: str, body: Mapping[str, object]) -> Answer:
        """Send a PUT. It is sent again if no answer came, so putting it twice must be the same as once."""
        return self.send(GitHubRequest("PUT", path, body))

    def post(self, path: str, body: Mapping[str, object]) -> Answer:
        """Send a POST. It is sent again if no answer came; RepoError 409 may then mean that the first created it."""
        return self.send(GitHubRequest("POST", path, body))

    def patch(self, path: str, body: Mapping[str, object]) -> Answer:
        """Send a PATCH. It is sent again if no answer came, as a PUT is."""
        return self.send(GitHubRequest("PATCH", path, body))

    def delete(self, path: str) -> Answer:
        """Send a DELETE. It is sent again if no answer came; RepoError 404 may then mean that the first deleted it."""
        return self.send(GitHubRequest("DELETE", path))

    def once(self, request: GitHubRequest) -> Answer | Broken:
        """Send a request once, within the limits, and return whatever came of it: a refusal is an answer here.

        The client must have been answered before. Raises StoppedError, and GitHubError where the run is over.
        """
        sent, _, _, outcome = self._once(request)
        match classify(outcome, self.api):
            case Limited(seconds, secondary):
                self.pacer.refused(seconds, secondary=secondary, sent=sent, write=not request.reads)
        return outcome

    def send(self, request: GitHubRequest) -> Answer:
        """Send a request, and again where that may help."""
        if not self._begun:
            with self._first:
                if not self._begun:
                    try:
                        return self._persist(request)
                    finally:
                        self._begun = True
        return self._persist(request)

    def _persist(self, request: GitHubRequest) -> Answer:
        """Send until there is a usable answer. Mark an error as `certain` if the request changed nothing."""
        failures: list[str] = []
        try:
            return self._attempts(request, failures)
        except GitHubError as error:
            error.certain = request.reads or not failures
            if not isinstance(error, RepoError | StoppedError | HeldError):
                self._over = error
            raise self._raised(error) from None

    def _raised(self, error: GitHubError) -> GitHubError:
        """Return the error, as one that concerns an owner alone where it is about that owner's token."""
        if self.owner and isinstance(error, TokenError):
            return error.of_owner(self.owner)
        return error

    def _attempts(self, request: GitHubRequest, failures: list[str]) -> Answer:
        limits, renewals, overdue, held = 0, 0, 0, 0.0
        while True:
            asked, before = self.pacer.clock.now(), self.trace.left
            sent, version, token, outcome = self._once(request)
            held += sent - asked
            verdict = self._judged(outcome)
            if not isinstance(verdict, Fine | Again):
                self.trace.left = before
            match verdict:
                case Fine(answer):
                    return replace(answer, retried=bool(failures), held=held)
                case Again(what):
                    failures.append(what)
                    overdue += isinstance(outcome, Broken) and outcome.overdue
                    if len(failures) > request.retries or overdue == _OVERDUE:
                        raise self._exhausted(outcome, failures)
                    self._tell(outcome, failures, request)
                    self.pacer.sleep(len(failures) ** 2 + random.random())  # noqa: S311 -- spreads retries, guards nothing
                case Limited(seconds, secondary, words) if limits < LIMITED:
                    limits += 1
                    self.pacer.refused(seconds, secondary=secondary, sent=sent, words=words, write=not request.reads)
                case OtherVersion() if version != OLDER_VERSION:
                    self._version = OLDER_VERSION
                case BadToken() if renewals < _RENEWALS and self._renewed(token, outcome):
                    renewals += 1
                case _:
                    raise failure_of(verdict, self.api, self.token, self.owner, request)

    def _judged(self, outcome: Answer | Broken) -> Classification:
        """Return what came of one try. Raises GitHubError where it shows that this address is not GitHub's."""
        verdict = classify(outcome, self.api)
        if isinstance(outcome, Broken) and outcome.refused and self.api.loopback and not self._heard:
            raise nothing_listens(self.api)
        # What answered as GitHub before is GitHub: something in between has broken the connection, for now.
        if isinstance(verdict, Foreign) and self._met:
            return Again(verdict.what)
        self._met = self._met or isinstance(verdict, Fine | Limited | OtherVersion | BadToken | Refusal)
        return verdict

    def _tell(self, outcome: Answer | Broken, failures: list[str], request: GitHubRequest) -> None:
        """Report a try that reached nobody, and each without an answer before the first answer."""
        if isinstance(outcome, Broken) and (outcome.unreached or not self._heard):
            tries = f"try {len(failures)} of {request.retries + 1}, the next in {len(failures) ** 2} s"
            self.pacer.tell(f"{self.api.host}: {failures[-1]}; {tries}")

    def _renewed(self, token: GitHubToken, outcome: Answer | Broken) -> bool:
        return self.token.renew(token, outcome.time if isinstance(outcome, Answer) else None)

    def _once(self, request: GitHubRequest) -> tuple[float, str, GitHubToken, Answer | Broken]:
        """Send once within the limits. Return when, as which version of the API, with which token, and what came."""
        if self._over is not None:
            raise type(self._over)(*self._over.problems)
        sent = self.pacer.start(request.points, keeps=request.of_files)
        token = self._token(request)
        version = self._version
        outcome: Answer | Broken = Broken("it was interrupted")
        try:
            self.trace.left = self.trace.left or not request.reads
            outcome = self._wire.send(request, version, token)
        finally:
            self._note(outcome, token)
            self.pacer.end(request.points, outcome if isinstance(outcome, Answer) else None)
        return sent, version, token, outcome

    def _token(self, request: GitHubRequest) -> GitHubToken:
        """Return the token of a request that may be sent now. A wait for the limits may outlast a token."""
        try:
            return self.token.current()
        except BaseException:
            self.pacer.end(request.points, None)
            raise

    def _note(self, outcome: Answer | Broken, token: GitHubToken) -> None:
        if isinstance(outcome, Answer) and outcome.status != HTTPStatus.UNAUTHORIZED:
            self.token.served(token)
        with self._lock:
            self.requests += 1
            if isinstance(outcome, Answer):
                self._heard, self._unanswered = True, 0
                self.scopes = outcome.scopes or self.scopes
                self.token_expires = outcome.token_expires or self.token_expires

    def _exhausted(self, outcome: Answer | Broken, failures: list[str]) -> GitHubError:
        """Return the error after the last try: of one request, or of a GitHub that answers nobody."""
        if isinstance(outcome, Broken):
            with self._lock:
                self._unanswered += 1
                many = self._unanswered >= self._most_unanswered
                if outcome.unreached and (many or not self._heard):
                    return unreachable(self.api, failures[-1])
                if many:
                    return unanswered(self.api, self._unanswered, failures[-1])
        return exhausted(len(failures), failures[-1])
