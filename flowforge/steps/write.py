"""Make GitHub match: intent to the journal, seal, write, list again, result to the journal; one scope at a time."""

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from flowforge.errors import FlowForgeError, GitHubError, Problem, StateError, UnrecordedError
from flowforge.github.confirm import ChangedSince, Confirmed, Done, Lagging, Readable, Sent, confirm
from flowforge.github.environments import make_environment
from flowforge.github.http import Client
from flowforge.github.lists import delete
from flowforge.github.problems import No, RepoError, StoppedError
from flowforge.github.repos import RepoInfo
from flowforge.github.secrets import Keys, Written, put_secret
from flowforge.github.variables import put_variable
from flowforge.plan.action import Action, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.facts import Known, Public, Record
from flowforge.plan.report import DONE, Outcome, Result
from flowforge.state.memory import Memory
from flowforge.steps.permits import Permits
from flowforge.steps.turns import deletes
from flowforge.steps.write_access import (
    audience_body,
    list_alone,
    put_alone,
    record_of_list,
    recorded_audience,
    with_kept_unseen,
)
from flowforge.vault import Vault

_STILL_LISTED: Final = No(
    "FF341", Why.FAILED, "GitHub answered that it is not there, and lists it", "run it again; then check the token"
)


@dataclass(slots=True)
class Writer:
    """Writes scopes, safe to be used from many threads. Every success is in the journal before the next write.

    begun: the lines that may have been sent: what was announced alone is open in the memory too.
    """

    client: Client
    memory: Memory
    vault: Vault
    repos: Mapping[Repo, RepoInfo]
    keys: Keys
    stop: threading.Event
    halted: threading.Event = field(default_factory=threading.Event)
    permits: Permits = field(default_factory=Permits)
    begun: set[Address] = field(default_factory=set)
    _made: set[Scope] = field(default_factory=set)
    sent: threading.Event = field(default_factory=threading.Event)

    def over(self) -> bool:
        """Whether nothing more may be begun: a person said so, or going on makes no sense."""
        return self.stop.is_set() or self.halted.is_set()

    @property
    def untouched(self) -> bool:
        """Whether what concerns the whole run ended it before anything may have reached GitHub."""
        return self.halted.is_set() and not self.sent.is_set()

    def write_scope(self, scope: Scope, changes: Iterable[Change]) -> list[Result]:
        """Write one scope's changes; a failure of one of them is its result, not an exception.

        Deletes come last, and not at all where a write failed: a repo must not lose its old credential before it has
        the new one.
        """
        results: list[Result] = []
        written: dict[Change, Written] = {}
        for change in sorted(changes, key=deletes):
            held = deletes(change) and any(result.outcome is Outcome.FAILED for result in results)
            refusal = self.permits.refusal(change.address)
            if held or refusal or self.over():
                results.append(Result(change.address, Outcome.NOT_DONE, refusal))
                continue
            try:
                done = self._send(change)
            except FlowForgeError as error:
                # Making an environment takes another permission than what is written into it.
                if not change.makes_environment or scope in self._made:
                    self.permits.failed(scope, error)
                results.append(self._failed(change, error))
                continue
            self.permits.granted(scope)
            self.sent.set()
            if done is None:
                results.append(Result(change.address, Outcome.DELETED))
            else:
                written[change] = done
        return results + (self._settle(scope, written) if written else [])

    def _send(self, change: Change) -> Written | None:
        """Write or delete one secret; None says that a delete is done and recorded."""
        address = change.address.of_value
        # First of all: a refusal takes back what was intended now, and not what an interrupted run has left.
        self.memory.intend({address: intent(change)})
        self.begun.add(change.address)
        if change.action is Action.DELETE:
            self._delete(address)
            self.memory.forget(address)
            return None
        if list_alone(change):
            return put_alone(self.client, change)
        if change.makes_environment and address.scope not in self._made:
            make_environment(self.client, address.scope)
            self._made.add(address.scope)
            self.sent.set()
        value, more = _value(change), audience_body(change)
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

    def _failed(self, change: Change, error: FlowForgeError) -> Result:
        """Tell what a failure leaves behind. Only what certainly did not happen is taken back from the journal."""
        outcome = Outcome.FAILED
        if isinstance(error, UnrecordedError):
            outcome = Outcome.UNRECORDED
            self.sent.set()
        elif isinstance(error, GitHubError) and error.certain:
            self._abandon(change)
            outcome = Outcome.NOT_DONE if isinstance(error, StoppedError) else Outcome.FAILED
        elif isinstance(error, GitHubError):
            self.sent.set()
        if not isinstance(error, RepoError | StoppedError):
            # It concerns the whole run: a bad token, GitHub down, or a journal in which nothing can be recorded.
            self.halted.set()
        return Result(change.address, outcome, with_kept_unseen(change, error))

    def _abandon(self, change: Change) -> None:
        with suppress(StateError):  # the intent then stays open, which costs one more write and loses nothing
            self.memory.abandon(change.address.of_value)

    def _settle(self, scope: Scope, written: Mapping[Change, Written]) -> list[Result]:
        """Ask GitHub what time it gave each write, and record it."""
        sent = {change.address.secret: _sent(change, done) for change, done in written.items()}
        try:
            found = confirm(self.client, scope, sent)
        except GitHubError as error:
            return [Result(change.address, Outcome.UNRECORDED, error.problems[0]) for change in written]
        return [self._record(change, done, found[change.address.secret]) for change, done in written.items()]

    def _record(self, change: Change, done: Written, found: Confirmed | ChangedSince | Lagging) -> Result:
        notes = _surprises(change, done)
        match found:
            case Confirmed(updated_at):
                pass
            case ChangedSince():
                # Our own time, which is not GitHub's any more: the next plan says "changed outside FlowForge".
                updated_at = done.date
                notes = (*notes, "somebody else wrote it right after FlowForge")
            case Lagging(why):
                return Result(change.address, Outcome.UNRECORDED, _lagging(change.address, why), notes)
        try:
            self.memory.record(change.address.of_value, self._new_record(change, done, updated_at))
        except StateError as error:
            self.halted.set()
            return Result(change.address, Outcome.UNRECORDED, error.problems[0], notes)
        return Result(change.address, DONE[change.action], None, notes)

    def _new_record(self, change: Change, done: Written, updated_at: str) -> Record:
        if alone := list_alone(change):
            return record_of_list(change, alone, updated_at)
        fingerprint, before, repo = _fingerprint(change), change.record, change.address.scope.repo
        same_value = before is not None and before.fingerprint == fingerprint
        record = Record(
            fingerprint=fingerprint,
            updated_at=updated_at,
            credential=change.wanted.credential if change.wanted else "",
            repo_id=0 if repo.is_organization else self.repos[repo].id,
            written_at=done.date,
            value_since=before.value_since if before is not None and same_value else done.date,
            drifted_at=change.drifted_at,
        )
        return recorded_audience(change, record)


def intent(change: Change) -> str | None:
    """Give what is intended: None for a delete, else the fingerprint that the secret will have.

    A list of viewers alone is intended too. It moves the time of the value: killed there, the next run must not take
    that for somebody else's write.
    """
    if change.action is Action.DELETE:
        return None
    alone = list_alone(change)
    return alone.fingerprint if alone else _fingerprint(change)


def _value(change: Change) -> Known | Public:
    if change.wanted is None or not isinstance(change.wanted.value, Known | Public):
        message = f"{change.address} has no value to write"
        raise TypeError(message)
    return change.wanted.value


def _fingerprint(change: Change) -> str:
    return _value(change).fingerprint


def _sent(change: Change, done: Written) -> Done:
    value = change.seen_value if list_alone(change) else change.wanted.value if change.wanted else None
    if isinstance(value, Public):
        return Readable(done.date, value)
    return Sent(done.date, change.seen_at or None, done.retried)


def _surprises(change: Change, done: Written) -> tuple[str, ...]:
    """Tell by GitHub's 201 or 204 whether the secret was still what the plan saw.

    An earlier try of the same write whose answer was lost may have created it: then the answer tells nothing.
    """
    if done.retried:
        return ()
    if change.action is Action.CREATE and not done.created:
        return ("somebody created it between the plan and the write; FlowForge's value stands",)
    if change.action is Action.UPDATE and done.created:
        return ("it was deleted between the plan and the write; FlowForge created it again",)
    return ()


def _lagging(address: Address, why: str) -> Problem:
    return Problem(
        "FF340",
        "written, but GitHub's list does not show it yet, so its time could not be recorded",
        str(address),
        why or "GitHub's lists lag behind its writes at times",
        "run plan again in a minute; it will write this secret once more",
    )
