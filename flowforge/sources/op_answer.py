"""What a refusal of op means, recognised by its text: the exit code is 1 for nearly all of them."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from flowforge.sources.op_reference import Reference


class OpRefusal(Enum):
    """The kinds of refusals, each with its code."""

    MALFORMED = "FF235"
    NOT_INSTALLED = "FF236"
    SIGNED_OUT = "FF237"
    NOT_ACCEPTED = "FF238"
    MISSING = "FF239"
    AMBIGUOUS = "FF240"
    LIMITED = "FF241"
    FAILING = "FF242"
    CRASHED = "FF243"
    SILENT = "FF244"
    EMPTY = "FF245"
    UNKNOWN = "FF246"
    TOO_MUCH = "FF247"
    STOPPED = "FF248"


# Refusals that every reference of an account meets alike. After one of them op is not started for the others: each
# start might ask a person again, or count against 1Password's limit.
GENERAL: Final = frozenset(
    {
        OpRefusal.NOT_INSTALLED,
        OpRefusal.SIGNED_OUT,
        OpRefusal.NOT_ACCEPTED,
        OpRefusal.LIMITED,
        OpRefusal.FAILING,
        OpRefusal.SILENT,
        OpRefusal.STOPPED,
    }
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal. detail: what it is about, in a word of ours, or the wait that op names, like `58 minutes`."""

    refusal: OpRefusal
    detail: str = ""


_SIGNED_OUT: Final = (
    r"not (?:currently )?signed in|no account found for filter|not authenticated yet|no accounts configured"
    r"|session expired|authorization prompt dismissed"
)
_UNREACHED: Final = (
    r"connection refused|connection reset|no such host|network is unreachable|i/o timeout|dial tcp"
    r"|tls handshake|unexpected eof|context deadline exceeded|name resolution"
)
# In this order: a text may match several, and the more exact one stands first.
_TEXTS: Final = tuple(
    (refusal, detail, re.compile(text, re.IGNORECASE))
    for refusal, detail, text in (
        (OpRefusal.NOT_ACCEPTED, "deleted", r"service account (?:used in this integration has been )?deleted"),
        (OpRefusal.LIMITED, "", r"\(429\)|too many requests"),
        (OpRefusal.FAILING, "failed", r"\(5\d\d\)|internal server error"),
        (OpRefusal.MALFORMED, "", r"secret references should match|secret reference has invalid"),
        (OpRefusal.AMBIGUOUS, "vault", r"more than one vault matches"),
        (OpRefusal.AMBIGUOUS, "item", r"more than one item matches"),
        (OpRefusal.MISSING, "vault", r"isn't a vault"),
        (OpRefusal.MISSING, "item", r"isn't an item"),
        (OpRefusal.MISSING, "field", r"(?:doesn't|does not) have a (?:field|section|file)|could not find field"),
        (OpRefusal.SIGNED_OUT, "", _SIGNED_OUT),
        (OpRefusal.NOT_ACCEPTED, "", r"\(40[13]\)|invalid (?:bearer )?token"),
        (OpRefusal.FAILING, "could not be reached", _UNREACHED),
    )
)
_PANIC: Final = re.compile(r"^panic: |^fatal error: |^goroutine \d+ \[|\[signal SIG", re.MULTILINE)
_WAIT: Final = re.compile(r"(?:retry|try again) in (\d{1,5}) (second|minute|hour)s?\b", re.IGNORECASE)
# Names come from the manifest and from 1Password: an item may be called "connection refused".
_QUOTED: Final = re.compile(r"(?<!\w)'[^'\n]*'|\"[^\"\n]*\"")


def recognise(code: int, said: str, reference: Reference | None = None) -> Refused:
    """Return what a refusal means. code: op's exit code, or the negative number of a signal. said: its stderr.

    Nothing of the text is in the result, except the wait that it names.
    """
    if code < 0 or _PANIC.search(said):
        return Refused(OpRefusal.CRASHED)
    # Notices, such as one of a newer version, stand before the error.
    text = _without_names(said[max(said.find("[ERROR]"), 0) :], reference)
    known = next(((refusal, detail) for refusal, detail, pattern in _TEXTS if pattern.search(text)), None)
    if known is None:
        return Refused(OpRefusal.UNKNOWN, f"exit code {code}")
    refusal, detail = known
    return Refused(refusal, _wait(text) if refusal is OpRefusal.LIMITED else detail)


def _without_names(said: str, reference: Reference | None) -> str:
    text = _QUOTED.sub(" ", said)
    for name in (reference.text, f"{reference.vault}/{reference.item}") if reference else ():
        text = text.replace(name, " ")
    return text


def _wait(text: str) -> str:
    found = _WAIT.search(text)
    return f"{int(found[1])} {found[2].lower()}{'' if int(found[1]) == 1 else 's'}" if found else ""
