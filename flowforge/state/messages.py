"""The texts about a state: the messages of its commits on a branch, and the problems of a lock or a lost result."""

from collections.abc import Iterable
from typing import Final

from flowforge.errors import FlowForgeError, Problem, printable
from flowforge.plan.address import Address
from flowforge.state.model import Lease, State

# A commit of 10,000 writes would have a message of a megabyte; the file itself names them all.
_NAMED: Final = 100


def message(before: State, after: State) -> str:
    """Return the message of a commit: a summary in one line, then the secrets that this version changes."""
    recorded = sorted(each for each, record in after.records.items() if before.records.get(each) != record)
    forgotten = sorted(before.records.keys() - after.records.keys())
    coming = sorted(after.pending.keys() - before.pending.keys())
    lines = {"recorded": recorded, "forgotten": forgotten, "to be written": coming}
    parts = [f"{len(found)} {word}" for word, found in lines.items() if found]
    if after.admitted != before.admitted or after.manifests != before.manifests:
        parts.append("what it is of")
    if after.moved_to != before.moved_to:
        parts.append(f"moved to {after.moved_to}" if after.moved_to else "moved here")
    # Nothing but the lease differs: the run took the lock, renewed it, or gave it back.
    if not parts:
        parts.append("locked" if after.lease and after.lease != before.lease else "unlocked")
    body = [f"{word}: {address}" for word, found in lines.items() for address in found]
    if len(body) > _NAMED:
        body = [*body[:_NAMED], f"and {len(body) - _NAMED} more"]
    return "\n".join([f"flowforge: {', '.join(parts)}", *([""] if body else []), *body])


def in_use(where: str, lease: Lease) -> Problem:
    """Return the problem of a state on a branch that another run holds."""
    # The lease is text from the branch, which others write too: it may hold escape sequences.
    why = f"{printable(lease.holder)} holds its lock since {printable(lease.since)}, until {printable(lease.until)}"
    return _in_use(where, why, "wait for it (--lock-timeout 60s); if it is dead, `flowforge state unlock`")


def locked(where: str, holder: str, since: str) -> Problem:
    """Return the problem of a state file that another process holds. since: empty where nobody knows."""
    why = f"{holder} holds its lock since {since}" if since else f"{holder} holds its lock"
    return _in_use(where, why, "wait for it (--lock-timeout 60s), or stop it: the lock goes with it")


def _in_use(where: str, why: str, fix: str) -> Problem:
    return Problem("FF411", "the state is in use", where, why, fix)


def changed(where: str) -> Problem:
    """Return the problem of a plan whose state another run changed before this one wrote anything."""
    why = "another run wrote it; nothing was written to GitHub"
    return Problem("FF441", "the state changed while this was planned", where, why, "run `flowforge apply` again")


def taken_over(where: str) -> Problem:
    """Return the problem of a run whose lock another run has now."""
    fix = "run `flowforge plan`; it will write again what could not be recorded"
    why = "its lock had expired, or somebody removed it"
    return Problem("FF442", "another run took the state over", where, why, fix)


def races_lost(where: str, races: int) -> Problem:
    """Return the problem of a run to which others came first so many times in a row."""
    why = f"others wrote it {races} times while this run tried"
    return Problem("FF443", "the state could not be written", where, why, "run `flowforge plan`, then apply again")


def other_lineage(where: str, lineage: str, ours: str) -> Problem:
    """Return the problem of a state that is not the one that the run began with."""
    why = f"its lineage is {lineage}, not {ours}"
    fix = "put the right one back, then run `flowforge plan`"
    return Problem("FF444", "another state stands in its place", where, why, fix)


def not_replaced(where: str) -> Problem:
    """Return the problem of a replacement for which another run came first."""
    return Problem(
        "FF452", "the state changed meanwhile", where, "another run wrote it; nothing was replaced", "run it again"
    )


def unpushed(where: str, error: FlowForgeError, unrecorded: Iterable[Address]) -> Problem:
    """Return the problem of results that could not be pushed to the branch."""
    # The intents were pushed before the writes were sent, so the next plan finds these secrets pending.
    first = error.problems[0]
    return _unrecorded(where, unrecorded, first.what, first.fix or "run `flowforge apply` again")


def unwritten(where: str, reason: str, unrecorded: Iterable[Address] = ()) -> Problem:
    """Return the problem of results that could not be written to the disk. unrecorded: empty if the caller names it."""
    return _unrecorded(where, unrecorded, reason, "make room or mend the folder, then run `flowforge apply` again")


def _unrecorded(where: str, unrecorded: Iterable[Address], reason: str, fix: str) -> Problem:
    names = ", ".join(map(str, sorted(unrecorded)))
    what = f"done on GitHub, but not recorded: {names}" if names else "done on GitHub, but not recorded"
    why = f"{reason}; the next plan shows it as interrupted, so nothing goes unnoticed"
    return Problem("FF412", what, where, why, fix)


def left_behind(where: str, error: FlowForgeError) -> Problem:
    """Return the problem of a last push that failed when it had to release only the lock."""
    # 10 minutes is the lease, `LEASE` in state/branch.py.
    first = error.problems[0]
    fix = "the lock ends by itself within 10 minutes, or by `flowforge state unlock`"
    return Problem(first.code, "its lock may still be there", where, first.what, fix)
