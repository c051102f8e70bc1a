"""Make GitHub match: intent to the journal, seal, write, list again, result to the journal; one scope at a time."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from flowforge.errors import FlowForgeError, GitHubError, Problem, StateError, bug
from flowforge.github.confirm import ChangedSince, Confirmed, Lagging, confirm
from flowforge.github.environments import make_environment
from flowforge.github.http import Client
from flowforge.github.problems import Refusal, RepoError, StoppedError
from flowforge.github.repos import RepoInfo
from flowforge.github.scopes import delete
from flowforge.github.secrets import PublicKeys, Written, put_secret
from flowforge.github.variables import put_variable
from flowforge.plan.action import Action, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.facts import Public, Record
from flowforge.plan.ordering import deletes
from flowforge.plan.report import DONE, Outcome, Result
from flowforge.state.session import StateSession
from flowforge.steps.apply.access_writes import audience_body, list_alone, put_alone, with_kept_unseen
from flowforge.steps.apply.intents import intent, record_of, sent_of, surprises, value_of
from flowforge.steps.apply.ledger import Ledger
from flowforge.steps.apply.permissions import Permissions
from flowforge.steps.apply.unforeseen import ends_the_run, unforeseen
from flowforge.vault import Vault

_STILL_LISTED: Final = Refusal(
    "FF341", Why.FAILED, "GitHub answered that it is not there, and lists it", "run it again; then check the token"
)


@dataclass(slots=True)
class ScopeWriter:
    """Writes scopes, safe to be used from many threads. Every success is in the journal before the next write.

    ledger: what became of each line; one that was begun may have been sent, and what was announced alone is open in the
    memory too. unforeseen: told of exceptions that nobody foresaw. problems, warnings: of the run, and of no line.
    """

    client: Client
    session: StateSession
    vault: Vault
    repos: Mapping[Repo, RepoInfo]
    keys: PublicKeys
    stop: threading.Event
    unforeseen: Callable[[BaseException], None] = lambda _: None
    halted: threading.Event = field(default_factory=threading.Event)
    permissions: Permissions = field(default_factory=Permissions)
    ledger: Ledger = field(default_factory=Ledger)
    sent: threading.Event = field(default_factory=threading.Event)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _made: set[Scope] = field(default_factory=set)

    def over(self) -> bool:
        """Return whether nothing more may be begun: a person said so, or going on makes no sense."""
        return self.stop.is_set() or self.halted.is_set()

    @property
    def untouched(self) -> bool:
        """Whether what concerns the whole run ended it before anything may have reached GitHub."""
        return self.halted.is_set() and not self.sent.is_set()

    def end(self, error: BaseException) -> None:
        """Begin nothing more, for what was raised outside every scope: a person's second Ctrl-C, or a bug."""
        self.halted.set()
        if isinstance(error, KeyboardInterrupt):
            self.stop.set()
        elif isinstance(error, FlowForgeError):
            self.problems += error.problems
        else:
            self.note(error)
            self.problems.append(bug(error))

    def unshown(self, error: Exception) -> None:
        """Go on without the progress: it is for people to look at."""
        self.note(error)
        self.warnings.append(f"no progress was shown: {bug(error).what}")

    def note(self, error: BaseException) -> None:
        """Let somebody see what nobody foresaw; that must not be the next thing to go wrong."""
        if not isinstance(error, FlowForgeError):
            with suppress(Exception):
                self.unforeseen(error)

    def write_scope(self, scope: Scope, changes: Iterable[Change]) -> None:
        """Write one scope's changes. Whatever is raised meanwhile is a result of theirs, and never leaves here.

        Deletes come last, and not at all where a write failed: a repo must not lose its old credential before it has
        the new one.
        """
        todo = sorted(changes, key=deletes)
        with self.ledger.working():
            self._write_scope(scope, todo)

    def _write_scope(self, scope: Scope, todo: Sequence[Change]) -> None:
        try:
            done = {change: self._write(scope, change, todo) for change in todo}
            self._settle(scope, {change: written for change, written in done.items() if written is not None})
        except BaseException as error:  # noqa: BLE001 -- an exception in a worker is a result of its scope
            self._meet(error)
            for change in todo:
                sent = self.ledger.has_begun(change.address)
                self.ledger.tell(_unfinished(change, error, sent=sent))

    def _write(self, scope: Scope, change: Change, beside: Iterable[Change]) -> Written | None:
        """Write or delete one secret, and tell what became of it; returns what is still to be confirmed."""
        refusal = self.permissions.refusal(change.address)
        held = deletes(change) and self.ledger.lacks(each.address for each in beside)
        if held or refusal or self.over():
            self.ledger.tell(Result(change.address, Outcome.NOT_DONE, refusal))
            return None
        try:
            self._intend(change)
        except BaseException as error:  # noqa: BLE001 -- as above
            self._meet(error)
            self.ledger.tell(_unfinished(change, error, sent=False))
            return None
        try:
            done = self._send(change)
            self.permissions.granted(scope)
        except BaseException as error:  # noqa: BLE001 -- as above
            unsure = isinstance(error, RepoError) and not error.certain
            self._fail(change, error, sent=unsure or self.client.trace.left)
            # Making an environment takes another permission than what is written into it.
            if isinstance(error, FlowForgeError) and (not change.makes_environment or scope in self._made):
                self.permissions.failed(scope, error)
            return None
        self.sent.set()
        if done is None:
            self._keep(change, lambda: self.session.forget(change.address.of_value))
        return done

    def _intend(self, change: Change) -> None:
        # First of all: a refusal takes back what was intended now, and not what an interrupted run has left.
        self.ledger.begin(change.address)
        self.session.intend({change.address.of_value: intent(change)})
        self.client.trace.left = False

    def _send(self, change: Change) -> Written | None:
        """Write or delete one secret; None says that it was a delete."""
        address = change.address.of_value
        if change.action is Action.DELETE:
            self._delete(address)
            return None
        if list_alone(change):
            return put_alone(self.client, change)
        if change.makes_environment and address.scope not in self._made:
            self._make_environment(address.scope)
        value, more = value_of(change), audience_body(change)
        if isinstance(value, Public):
            exists = bool(change.seen_at)
            return put_variable(self.client, address.scope, address.secret, value, exists=exists, more=more)
        plaintext = self.vault.get(value.fingerprint)
        return put_secret(self.client, self.keys, address.scope, address.secret, plaintext, more=more)

    def _delete(self, address: Address) -> None:
        done = delete(self.client, address)
        # A 404 may also mean that the token sees nothing there, so it is believed only when the list agrees.
        if not done.date and not isinstance(
            confirm(self.client, address.scope, {address.secret: done})[address.secret], Confirmed
        ):
            raise RepoError(_STILL_LISTED, where=str(address), certain=False)

    def _make_environment(self, scope: Scope) -> None:
        try:
            make_environment(self.client, scope)
            self._made.add(scope)
        finally:
            if self.client.trace.left:
                self.sent.set()
            self.client.trace.left = False  # of what is written into it, nothing was sent yet

    def _fail(self, change: Change, error: BaseException, *, sent: bool) -> None:
        """Tell what a failure leaves behind. Only what certainly did not happen is taken back from the journal."""
        self._meet(error)
        self.ledger.tell(_unfinished(change, error, sent=sent))
        if sent:
            self.sent.set()
            return
        with suppress(StateError):  # the intent then stays open, which costs one more write and loses nothing
            self.session.abandon(change.address.of_value)

    def _meet(self, error: BaseException) -> None:
        self.note(error)
        if ends_the_run(error):
            self.halted.set()

    def _settle(self, scope: Scope, written: Mapping[Change, Written]) -> None:
        """Ask GitHub what time it gave each write, and record it."""
        if not written:
            return
        try:
            found = confirm(
                self.client, scope, {each.address.secret: sent_of(each, done) for each, done in written.items()}
            )
        except BaseException as error:  # noqa: BLE001 -- as above
            self._meet(error)
            for change in written:
                self.ledger.tell(Result(change.address, Outcome.UNRECORDED, _problem(change, error, sent=True)))
            return
        for change, done in written.items():
            self._record(change, done, found[change.address.secret])

    def _record(self, change: Change, done: Written, found: Confirmed | ChangedSince | Lagging) -> None:
        notes = surprises(change, done)
        match found:
            case Confirmed(updated_at):
                pass
            case ChangedSince():
                # Our own time, which is not GitHub's any more: the next plan says "changed outside FlowForge".
                updated_at = done.date
                notes = (*notes, "somebody else wrote it right after FlowForge")
            case Lagging(why):
                problem = _lagging(change.address, why)
                self.ledger.tell(Result(change.address, Outcome.UNRECORDED, problem, notes))
                return
        address = change.address.of_value
        self._keep(change, lambda: self.session.record(address, self._new_record(change, done, updated_at)), notes)

    def _keep(self, change: Change, keep: Callable[[], None], notes: tuple[str, ...] = ()) -> None:
        """Record what was done, and tell so. What cannot be recorded ends the run."""
        try:
            keep()
        except BaseException as error:  # noqa: BLE001 -- as above
            self._meet(error)
            self.halted.set()
            problem = _problem(change, error, sent=True)
            self.ledger.tell(Result(change.address, Outcome.UNRECORDED, problem, notes))
            return
        self.ledger.tell(Result(change.address, DONE[change.action], None, notes))

    def _new_record(self, change: Change, done: Written, updated_at: str) -> Record:
        repo = change.address.scope.repo
        return record_of(change, done, updated_at, repo_id=0 if repo.is_organization else self.repos[repo].id)


def _unfinished(change: Change, error: BaseException, *, sent: bool) -> Result:
    """Return the result of a write that was not seen to its end. sent: it may have arrived.

    One that got no answer is told as failed, and open in the state. Of what nobody foresaw, more may have gone wrong.
    """
    outcome = Outcome.FAILED
    if sent and not isinstance(error, GitHubError):
        outcome = Outcome.UNRECORDED
    elif isinstance(error, StoppedError) and not sent:
        outcome = Outcome.NOT_DONE
    return Result(change.address, outcome, _problem(change, error, sent=sent))


def _problem(change: Change, error: BaseException, *, sent: bool) -> Problem:
    if isinstance(error, FlowForgeError):
        return with_kept_unseen(change, error)
    return unforeseen(error, change.address, sent=sent)


def _lagging(address: Address, why: str) -> Problem:
    return Problem(
        "FF340",
        "written, but GitHub's list does not show it yet, so its time could not be recorded",
        str(address),
        why or "GitHub's lists lag behind its writes at times",
        "run plan again in a minute; it will write this secret once more",
    )
