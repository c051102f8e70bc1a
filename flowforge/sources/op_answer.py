"""What a refusal of op means, recognised by its text: the exit code is 1 for nearly all of them."""

import re
from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import Final

from flowforge.data_class import dataclass
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
    APP = "FF280"
    ARCHIVED = "FF281"
    NOT_PERMITTED = "FF282"
    SEVERAL_ACCOUNTS = "FF283"


class Reach(IntEnum):
    """Which references a refusal holds for: how much of their `Reference.path` they share."""

    ACCOUNT = 1
    VAULT = 2
    ITEM = 3
    REFERENCE = 4


# Op is not started for a reference that is known to be refused: each start might ask a person again, or count against
# 1Password's limit.
_REACH: Final = {
    OpRefusal.NOT_INSTALLED: Reach.ACCOUNT,
    OpRefusal.SIGNED_OUT: Reach.ACCOUNT,
    OpRefusal.NOT_ACCEPTED: Reach.ACCOUNT,
    OpRefusal.LIMITED: Reach.ACCOUNT,
    OpRefusal.FAILING: Reach.ACCOUNT,
    OpRefusal.SILENT: Reach.ACCOUNT,
    OpRefusal.STOPPED: Reach.ACCOUNT,
    OpRefusal.APP: Reach.ACCOUNT,
    OpRefusal.SEVERAL_ACCOUNTS: Reach.ACCOUNT,
    OpRefusal.NOT_PERMITTED: Reach.VAULT,
    OpRefusal.ARCHIVED: Reach.ITEM,
}
_NAMED: Final = {"vault": Reach.VAULT, "item": Reach.ITEM}
_UNEXPLAINED: Final = frozenset({OpRefusal.UNKNOWN, OpRefusal.CRASHED})


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal. detail: what it is about, in a word of ours, or the wait that op names, like `58 minutes`."""

    refusal: OpRefusal
    detail: str = ""

    @property
    def reach(self) -> Reach:
        """Which other references it holds for."""
        if self.refusal in {OpRefusal.MISSING, OpRefusal.AMBIGUOUS}:
            return _NAMED.get(self.detail, Reach.REFERENCE)
        return _REACH.get(self.refusal, Reach.REFERENCE)

    @property
    def is_unexplained(self) -> bool:
        """Whether nobody can tell by itself which references it holds for."""
        return self.refusal in _UNEXPLAINED


_SIGNED_OUT: Final = (
    r"not (?:currently )?signed in|no account found for filter|not authenticated yet|no session token found"
    r"|session expired|invalid session token|authentication required|signin credentials are not compatible"
)
_APP: Final = (
    r"desktop app|requestdelegatedsession|authorization (?:timeout|prompt dismissed)|logs of the 1password app"
    r"|reading frame length"
)
_UNREACHED: Final = (
    r"connection refused|connection reset|no such host|network is unreachable|i/o timeout|dial tcp"
    r"|tls handshake|unexpected eof|context deadline exceeded|name resolution"
)
_NOT_PERMITTED: Final = r"\(101\)|do(?:es)? not have permission|(?:aren't|not) authorized to"
_NO_ACCOUNTS: Final = re.compile(
    r"^(?:\[ERROR\] [\d/: ]*)?no accounts configured for use", re.IGNORECASE | re.MULTILINE
)
# In this order: a text may match several, and the more exact one stands first.
_TEXTS: Final = tuple(
    (refusal, detail, re.compile(text, re.IGNORECASE))
    for refusal, detail, text in (
        (OpRefusal.NOT_ACCEPTED, "deleted", r"service account (?:used in this integration has been )?deleted"),
        (OpRefusal.NOT_ACCEPTED, "malformed", r"decodesacredentials|deserializeserviceaccountauthtoken"),
        (OpRefusal.LIMITED, "", r"\(429\)|too many requests"),
        (OpRefusal.FAILING, "failed", r"\(5\d\d\)|internal server error"),
        (OpRefusal.MALFORMED, "", r"secret references should match|secret reference has invalid"),
        (OpRefusal.SEVERAL_ACCOUNTS, "", r"multiple accounts found"),
        (OpRefusal.ARCHIVED, "", r"deleted or archived"),
        (OpRefusal.AMBIGUOUS, "vault", r"more than one vault matches"),
        (OpRefusal.AMBIGUOUS, "item", r"more than one item matches"),
        (OpRefusal.MISSING, "vault", r"isn't a vault"),
        (OpRefusal.MISSING, "item", r"isn't an item"),
        (OpRefusal.MISSING, "field", r"(?:doesn't|does not) have a (?:field|section|file)|could not find field"),
        (OpRefusal.NOT_PERMITTED, "", _NOT_PERMITTED),
        (OpRefusal.APP, "", _APP),
        (OpRefusal.SIGNED_OUT, "", _SIGNED_OUT),
        (OpRefusal.NOT_ACCEPTED, "", r"\(40[13]\)|invalid (?:bearer )?token"),
        (OpRefusal.FAILING, "could not be reached", _UNREACHED),
    )
)
_PANIC: Final = re.compile(r"^panic: |^fatal error: |^goroutine \d+ \[|\[signal SIG", re.MULTILINE)
_WAIT: Final = re.compile(r"(?:retry|try again) in (\d{1,5}) (second|minute|hour)s?\b", re.IGNORECASE)
# Names come from the manifest and from 1Password: an item may be called "connection refused".
_QUOTED: Final = re.compile(r"(?<!\w)'[^'\n]*'|\"[^\"\n]*\"")


def recognise(code: int, said: str, references: Iterable[Reference] = ()) -> Refused:
    """Return what a refusal means. code: op's exit code, or the negative number of a signal. said: its stderr.

    references: what it was asked for. Nothing of the text is in the result, except the wait that it names.
    """
    if code < 0 or _PANIC.search(said):
        return Refused(OpRefusal.CRASHED)
    # The one reason that stands before the error.
    if _NO_ACCOUNTS.search(said):
        return Refused(OpRefusal.SIGNED_OUT)
    # Notices, such as one of a newer version, stand before the error.
    text = _without_names(said[max(said.find("[ERROR]"), 0) :], references)
    known = next(((refusal, detail) for refusal, detail, pattern in _TEXTS if pattern.search(text)), None)
    if known is None:
        return Refused(OpRefusal.UNKNOWN, f"exit code {code}")
    refusal, detail = known
    return Refused(refusal, _wait(text) if refusal is OpRefusal.LIMITED else detail)


def _without_names(said: str, references: Iterable[Reference]) -> str:
    text = _QUOTED.sub(" ", said)
    for reference in references:
        for name in (reference.text, f"{reference.vault}/{reference.item}"):
            text = text.replace(name, " ")
        for what, name in (("vault", reference.vault), ("item", reference.item), ("field", reference.field)):
            text = text.replace(f"{what} {name}", what)
    return text


def _wait(text: str) -> str:
    found = _WAIT.search(text)
    return f"{int(found[1])} {found[2].lower()}{'' if int(found[1]) == 1 else 's'}" if found else ""
