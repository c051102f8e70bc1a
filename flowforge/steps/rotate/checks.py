"""What must hold before a rotation begins, goes on or goes back. Each refusal says what to do instead."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from flowforge.errors import Problem, RotationError, SourceError, UsageError, quote
from flowforge.manifest.model import Credential
from flowforge.manifest.placeholders import names_in
from flowforge.plan.facts import Known, Public, Unavailable, Value
from flowforge.plan.rotation import Rotation, backward, forward, onward
from flowforge.state.model import State
from flowforge.steps.rotate.standing import written_unproven
from flowforge.steps.rotate.walk import Walk

_SHOWN: Final = 3


def require_credential(credentials: Mapping[str, Credential], name: str) -> Credential:
    """Return a credential of the manifest that has one value. Raises UsageError FF902 and FF903."""
    found = credentials.get(name)
    if found is None:
        near = get_close_matches(name, credentials, n=1)
        fix = f"did you mean {quote(near[0])}?" if near else "name a credential of the manifest"
        raise UsageError(Problem("FF902", f"the manifest has no credential {quote(name)}", fix=fix))
    what = f"credential {quote(name)} cannot be rotated as one"
    if found.kind is None:
        why, fix = "it becomes variables, which are no secret", "change it in the manifest, then `flowforge apply`"
        raise UsageError(Problem("FF903", what, str(found.where), why, fix))
    if any(names_in(text) for text in found.source.texts):
        why = "each repo has a value of its own, which its source names by a placeholder"
        fix = "`flowforge apply --limit OWNER/REPO` writes them, as many at a time as you like"
        raise UsageError(Problem("FF903", what, str(found.where), why, fix))
    return found


def require_value(values: Collection[Value], credential: Credential) -> str:
    """Return the fingerprint of a credential's value. Raises SourceError where it cannot be had, UsageError FF903."""
    where = f"credential {quote(credential.name)}"
    for value in values:
        if isinstance(value, Known):
            return value.fingerprint
        if isinstance(value, Unavailable):
            what = f"value not available: {value.why}; nothing was written"
            raise SourceError(Problem(value.code, what, where, value.because, value.fix))
        if not isinstance(value, Public):
            raise SourceError(
                Problem("FF904", f"value not read: {value.why}; nothing was written", where, "", value.fix)
            )
    what = f"nothing wants credential {quote(credential.name)}, so there is nothing to rotate"
    raise UsageError(Problem("FF903", what, str(credential.where), fix="name it in a target, then `flowforge apply`"))


def require_new(walk: Walk, state: State, name: str) -> None:
    """Raise RotationError FF905 where all that is to be written holds the value already."""
    if walk.to_go(state):
        return
    what = f"there is nothing to rotate: every secret of {quote(name)} holds the value that its source gives"
    why = "the new value is the old one; or the rotation has ended already"
    raise RotationError(Problem("FF905", what, why=why, fix="put the new value at its source, then run this again"))


def require_same_value(walk: Walk, rotation: Rotation, name: str) -> None:
    """Raise RotationError FF906 where the source has another value than the rotation that is under way."""
    if walk.fingerprint == rotation.fingerprint:
        return
    back = walk.fingerprint in rotation.before
    why = (
        "its source has the old value again"
        if back
        else f"its source has changed since {rotation.since}, when the rotation began"
    )
    fix = f"{backward(name)} takes the rotation back" + (
        "; or put the new value at its source again, and run this again"
        if back
        else f", once the source has the old value again; {forward(name, '--now')} writes today's value everywhere"
    )
    raise RotationError(Problem("FF906", f"the rotation of {quote(name)} under way is to another value", "", why, fix))


def require_way_back(walk: Walk, rotation: Rotation | None, name: str) -> Rotation:
    """Return the rotation to take back. Raises RotationError FF907 and FF908."""
    if rotation is None:
        what = f"no rotation of {quote(name)} is under way, so that there is none to take back"
        fix = f"to write another value, put it at its source, then {forward(name)}"
        raise RotationError(Problem("FF907", what, fix=fix))
    fix = f"put the old value at its source again, then {backward(name)}"
    if walk.fingerprint == rotation.fingerprint:
        what = f"the source of {quote(name)} still has the new value"
        raise RotationError(Problem("FF908", what, why="to go back takes the old one", fix=fix))
    if rotation.before and walk.fingerprint not in rotation.before:
        what = f"the source of {quote(name)} has neither the new value nor the one before it"
        fix = f"{fix}; {forward(name, '--now')} writes today's value everywhere"
        raise RotationError(Problem("FF908", what, why="to go back takes the old one", fix=fix))
    return rotation


def require_canary(rotation: Rotation | None, name: str, *, asks: bool, without: bool) -> None:
    """Raise UsageError FF917 where a rotation was begun with a canary, and is to go on without one.

    asks: whether a canary is named now. without: whether it is said that none is to be asked.
    """
    if rotation is None or not rotation.proof.asks or asks or without:
        return
    what = f"the rotation of {quote(name)} was begun with a canary, and none is named now"
    why = (
        "a canary of the state is shown and never run, as whoever may propose a change to the state could name another"
    )
    dropped = replace(rotation.proof, canary="", command="", timeout=0).options
    as_begun, without_it = forward(name, rotation.proof.options), forward(name, f"{dropped} --no-canary".lstrip())
    fix = f"{as_begun} goes on as it was begun, once you have looked at it; {without_it} goes on without a canary"
    raise UsageError(Problem("FF917", what, why=why, fix=fix))


def require_in_sight(walk: Walk, rotation: Rotation | None, state: State, name: str) -> None:
    """Raise RotationError FF918 where this run does not see all of a batch that was written and not found well.

    A canary in the rest of it, or in the next one, would prove nothing of those that it stopped at.
    """
    hidden = sorted(written_unproven(rotation, state) - {*walk.lines}) if rotation else []
    if not hidden:
        return
    shown = ", ".join(map(str, hidden[:_SHOWN])) + (f" and {len(hidden) - _SHOWN:,} more" if hidden[_SHOWN:] else "")
    what = f"the batch under way of the rotation of {quote(name)} is not proven, and this run does not see all of it"
    fix = (
        "run it without --owner; where the manifest no longer names a place, `flowforge apply --prune` deletes it, and "
        "`flowforge state forget ADDRESS` drops it"
    )
    raise RotationError(Problem("FF918", what, shown, "the new value may be bad there", fix))


def require_own(found: Rotation | None, ours: Rotation | None, name: str) -> None:
    """Raise RotationError FF909 where another run has moved the rotation since this one last looked."""
    if found != ours:
        what = f"another run walks the rotation of {quote(name)} too, so that this one stops"
        fix = f"let one run go on at a time; when the other has ended, {onward(name, found)} takes it up"
        raise RotationError(Problem("FF909", what, why="the state has it further, or ended", fix=fix))
