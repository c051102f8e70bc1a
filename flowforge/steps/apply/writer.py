"""Write one scope: intent to the journal, seal, write, list again, result to the journal."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.errors import FlowForgeError, Problem, StateError, bug
from flowforge.github.clients import Clients
from flowforge.github.confirm import ChangedSince, Confirmation, Confirmed, Lagging, Unasked, confirm, is_plain
from flowforge.github.environments import make_environment
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.github.repos import RepoInfo
from flowforge.github.scopes import delete
from flowforge.github.secrets import PublicKeys, Written, put_secret
from flowforge.github.variables import put_variable
from flowforge.plan.action import Action
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.facts import UNTOLD, Origin, Public, Record
from flowforge.plan.ordering import Work, deletes
from flowforge.plan.report import DONE, Outcome, Result
from flowforge.state.session import StateSession
from flowforge.steps.apply.access_writes import Stamp, audience_body, list_alone, put_alone
from flowforge.steps.apply.confirming import Confirming
from flowforge.steps.apply.intents import from_here, identified, intent, record_of, sent_of, surprises, value_of
from flowforge.steps.apply.ledger import Ledger
from flowforge.steps.apply.outcomes import STILL_LISTED, lagging, problem_of, unfinished
from flowforge.steps.apply.permissions import Permissions
from flowforge.steps.apply.unforeseen import ends_the_run
from flowforge.vault import Vault


@dataclass(slots=True)
class ScopeWriter:
    """Writes scopes, from many threads at once. Every success is in the journal before the next write of its scope."""

    clients: Clients
    """The clients of the run."""
    session: StateSession
    """The state, open for writing."""
    vault: Vault
    """The values to write."""
    repos: Mapping[Repo, RepoInfo]
    """The repos to write to, as they were looked up."""
    keys: PublicKeys
    """The public keys that seal the values."""
    stop: threading.Event
    """Set where a person or the system stops the run."""
    confirming: Confirming
    """Whether the times of writes are asked for at once."""
    origin: Origin = UNTOLD
    """What the run writes from."""
    key_ids: Mapping[str, str] = field(default_factory=dict)
    """Anthropic's ids of the API keys among the values, where they are known, by their fingerprints."""
    unforeseen: Callable[[BaseException], None] = lambda _: None
    """Shows an exception that nobody foresaw."""
    halted: threading.Event = field(default_factory=threading.Event)
    """Set where going on makes no sense, such as after a token was refused."""
    permissions: Permissions = field(default_factory=Permissions)
    """What the writes so far have shown of the token's permissions."""
    ledger: Ledger = field(default_factory=Ledger)
    """What became of each line so far."""
    sent: threading.Event = field(default_factory=threading.Event)
    """Set once something may have reached GitHub."""
    problems: list[Problem] = field(default_factory=list)
    """What went wrong with the run as a whole, and with no single line."""
    warnings: list[str] = field(default_factory=list)
    """What a person should know of the run as a whole."""
    left: set[str] = field(default_factory=set)
    """What kept the times of writes from being asked for, which is left to the next run."""
    _made: set[Scope] = field(default_factory=set)  # environments that this run has created

    def client(self, scope: Scope) -> Client:
        """Return the client for a scope."""
        return self.clients.of(scope.repo.owner)

    def expect(self, stages: Sequence[Work]) -> None:
        """Take note of all that is to be written with one client."""
        scopes = [scope for stage in stages for scope in stage]
        if scopes:
            self.confirming.expect(self.client(scopes[0]), stages)

    def over(self) -> bool:
        """Return whether nothing more may be begun."""
        return self.stop.is_set() or self.halted.is_set()

    @property
    def untouched(self) -> bool:
        """Whether the run was ended before anything may have reached GitHub."""
        return self.halted.is_set() and not self.sent.is_set()

    def end(self, error: BaseException) -> None:
        """Begin nothing more after an exception outside every scope: a second Ctrl-C, or a bug."""
        self.halted.set()
        if isinstance(error, KeyboardInterrupt):
            self.stop.set()
        elif isinstance(error, FlowForgeError):
            self.problems += error.problems
        else:
            self.note(error)
            self.problems.append(bug(error))

    def unshown(self, error: Exception) -> None:
        """Note that the progress failed. It is only for people to look at, so the run goes on without it."""
        self.note(error)
        self.warnings.append(f"no progress was shown: {bug(error).what}")

    def note(self, error: BaseException) -> None:
        """Show an exception that nobody foresaw."""
        if not isinstance(error, FlowForgeError):
            with suppress(Exception):  # to show it must not be the next thing that fails
                self.unforeseen(error)

    def write_scope(self, scope: Scope, changes: Iterable[Change]) -> None:
        """Write the changes of one scope. Whatever is raised meanwhile becomes a result of theirs."""
        # Deletes come last, and not after a failed write: a repo must not lose a credential before it has the new one.
        todo = sorted(changes, key=deletes)
        with self.ledger.working():
            self._write_scope(scope, todo)

    def _write_scope(self, scope: Scope, todo: Sequence[Change]) -> None:
        try:
            self.confirming.begin(self.client(scope), {scope: tuple(todo)})
            done = {change: self._write(scope, change, todo) for change in todo}
            self._settle(scope, {change: written for change, written in done.items() if written is not None})
        except BaseException as error:  # noqa: BLE001 -- an exception in a worker is a result of its scope
            self._meet(error)
            for change in todo:
                sent = self.ledger.has_begun(change.address)
                self.ledger.report(unfinished(change, error, sent=sent))

    def _write(self, scope: Scope, change: Change, beside: Iterable[Change]) -> Written | None:
        """Write or delete one secret, and report what became of it. Return a write that GitHub's list must confirm."""
        refusal = self.permissions.refusal(change.address)
        held = deletes(change) and self.ledger.has_undone(each.address for each in beside)
        if held or refusal or self.over():
            self.ledger.report(Result(change.address, Outcome.NOT_DONE, refusal))
            return None
        try:
            self._intend(change)
        except BaseException as error:  # noqa: BLE001 -- as above
            self._meet(error)
            self.ledger.report(unfinished(change, error, sent=False))
            return None
        try:
            done = self._send(change)
            self.permissions.granted(scope)
        except BaseException as error:  # noqa: BLE001 -- as above
            unsure = isinstance(error, RepoError) and not error.certain
            self._fail(change, error, sent=unsure or self.client(scope).trace.left)
            # To create an environment takes another permission than to write a secret into it.
            if isinstance(error, FlowForgeError) and (not change.makes_environment or scope in self._made):
                self.permissions.failed(scope, error)
            return None
        self.sent.set()
        if done is None:
            self._keep(change, lambda: self.session.forget(change.address.of_value))
        return done

    def _intend(self, change: Change) -> None:
        # Nothing is sent before the state has the intent. Where GitHub refuses the write, `abandon` takes back this one
        # and leaves an older one of an interrupted run.
        self.ledger.begin(change.address)
        self.session.intend({change.address.of_value: intent(change)})
        self.client(change.address.scope).trace.left = False

    def _send(self, change: Change) -> Written | None:
        """Write or delete one secret. Return the write, or None for a delete."""
        address, client = change.address.of_value, self.client(change.address.scope)
        if change.action is Action.DELETE:
            self._delete(address)
            return None
        if list_alone(change):
            return put_alone(client, change)
        if change.makes_environment and address.scope not in self._made:
            self._make_environment(address.scope)
        value, more = value_of(change), audience_body(change)
        if isinstance(value, Public):
            exists = bool(change.seen_at)
            return put_variable(client, address.scope, address.secret, value, exists=exists, more=more)
        plaintext = self.vault.get(value.fingerprint)
        return put_secret(client, self.keys, address.scope, address.secret, plaintext, more=more)

    def _delete(self, address: Address) -> None:
        client = self.client(address.scope)
        done = delete(client, address)
        # A 404 may also mean that the token sees nothing there, so it is believed only when the list agrees.
        if not done.date and not isinstance(
            confirm(client, address.scope, {address.secret: done})[address.secret], Confirmed
        ):
            raise RepoError(STILL_LISTED, where=str(address), certain=False)

    def _make_environment(self, scope: Scope) -> None:
        client = self.client(scope)
        try:
            make_environment(client, scope)
            self._made.add(scope)
        finally:
            if client.trace.left:
                self.sent.set()
            # The trace must speak of the secret alone, of which nothing was sent yet.
            client.trace.left = False

    def _fail(self, change: Change, error: BaseException, *, sent: bool) -> None:
        """Report a failed write. Its intent is taken back only where GitHub certainly did not get it."""
        self._meet(error)
        self.ledger.report(unfinished(change, error, sent=sent))
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
        """List the scope again for the time that GitHub gave each write where that costs no wait, and record it."""
        sent = {change.address.secret: sent_of(change, done) for change, done in written.items()}
        found: Mapping[str, Confirmation] = dict.fromkeys(sent, Unasked())
        if sent and (self.confirming.at_once(self.client(scope)) or not all(map(is_plain, sent.values()))):
            try:
                found = confirm(self.client(scope), scope, sent)
            except FlowForgeError as error:
                # It ends the run, and not this write: GitHub has answered that, and the next run's list shows it.
                self._meet(error)
                problem = error.problems[0]
                self.left.add("; ".join(filter(None, (problem.what, problem.fix))))
        for change, done in written.items():
            self._record(change, done, found[change.address.secret])

    def _record(self, change: Change, done: Written, found: Confirmation) -> None:
        notes = surprises(change, done)
        match found:
            case Confirmed(updated_at):
                stamp = Stamp(updated_at)
            case ChangedSince():
                # We record our own time, which GitHub no longer shows: the next plan reads "changed outside FlowForge".
                stamp = Stamp(done.date)
                notes = (*notes, "somebody else wrote it right after FlowForge")
            case Unasked() if done.date:
                stamp = Stamp(done.date, unconfirmed=True)
            case _:
                why = found.why if isinstance(found, Lagging) else ""
                self.ledger.report(Result(change.address, Outcome.UNRECORDED, lagging(change.address, why), notes))
                return
        address, record = change.address.of_value, self._new_record(change, done, stamp)
        self._keep(change, lambda: self.session.record(address, record), notes)

    def _keep(self, change: Change, keep: Callable[[], None], notes: tuple[str, ...] = ()) -> None:
        """Record what was done, and report it. A record that cannot be kept ends the run."""
        try:
            keep()
        except BaseException as error:  # noqa: BLE001 -- as above
            self._meet(error)
            self.halted.set()
            problem = problem_of(change, error, sent=True)
            self.ledger.report(Result(change.address, Outcome.UNRECORDED, problem, notes))
            return
        self.ledger.report(Result(change.address, DONE[change.action], None, notes))

    def _new_record(self, change: Change, done: Written, stamp: Stamp) -> Record:
        scope = change.address.scope
        number = 0 if scope.repo.is_organization else self.repos[scope.repo].id
        record = record_of(change, done, stamp, repo_id=number, public_key=self.keys.text(scope))
        return identified(from_here(record, self.origin), self.key_ids)
