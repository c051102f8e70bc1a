"""Pins that are too old: moved to the newest version of the same major one, which the shipped table knows."""

import re
from typing import Final

from flowforge.audit.case import Case
from flowforge.audit.claude_steps import ClaudeStep
from flowforge.audit.fixes.mend import Mend, ReplacedValue, Unmended, own_path
from flowforge.workflows.actions import HONEST_SINCE
from flowforge.workflows.pins import newest, written_version

_TAG: Final = re.compile(r"v\d+\.\d+\.\d+")
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{40}")


def dead_credential_looks_green(case: Case, step: ClaudeStep) -> Mend | Unmended:
    """Return the newer pin; where `continue-on-error` is why, to take it out is nobody's decision but a person's."""
    if step.version is None or step.version >= HONEST_SINCE:
        return Unmended("whether a failure may pass is for you to say")
    return old_pin(case, step)


def old_pin(case: Case, step: ClaudeStep) -> Mend | Unmended:
    """Return the newer pin, with its version in words beside a commit."""
    del case
    uses, version = step.uses, step.version
    if uses is None or version is None or (found := newest(uses.repo, version[0])) is None:
        return Unmended("no newer version of it is known here")
    # Version 1 has other inputs than version 0, so that a move needs more than a pin.
    if version[0] == 0 or found[0] <= version:
        return Unmended(f"a move from {written_version(version)} changes more than the pin")
    tag, by_tag = written_version(found[0]), bool(_TAG.fullmatch(uses.ref))
    if not by_tag and not _COMMIT.fullmatch(uses.ref):
        return Unmended("the pin is neither a version nor a commit")
    old = step.occurrence.uses
    new = old.removesuffix(uses.ref) + (tag if by_tag else found[1])
    path = (*own_path(step.occurrence), "uses")
    # A comment that says something else than the version has nothing to do with the pin, and stays.
    change = ReplacedValue(step.occurrence.own.file, path, old, new, tag, uses.ref if by_tag else None)
    return Mend(f"moves {uses.whole} from {written_version(version)} to {tag}", (change,))
