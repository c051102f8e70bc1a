"""The three things a decision stands on: what is wanted, what GitHub shows, what the state remembers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from flowforge.errors import Where
from flowforge.plan.action import OnDrift, Why
from flowforge.plan.address import Address
from flowforge.plan.audience import Audience


class Presence(StrEnum):
    """What the manifest says of a secret it names."""

    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Known:
    """A value that was read; only its fingerprint is here (see `flowforge.vault.Fingerprinter`)."""

    fingerprint: str


@dataclass(frozen=True, slots=True)
class Public:
    """The value of a variable, which everybody who sees the repo may read; it is compared and shown as it is."""

    text: str

    @property
    def fingerprint(self) -> str:
        """Tell it from others, in a state that holds no value: `sha256:<hex>`; no key, as it is no secret."""
        return "sha256:" + hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class NotRead:
    """A value that was not asked for, such as under `--skip-values`."""

    why: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A value that was asked for and cannot be had. `why` is one clause, `env X is unset`; `because` explains it."""

    why: str
    code: str = ""
    fix: str = ""
    because: str = ""


Value = Known | Public | NotRead | Unavailable


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the manifest wants of one secret. `value` matters only where it is to be present.

    unread: why it cannot be known whether it is wanted. new_to: the group, `group services`, whose selector found its
    repo and had found others before; empty for one that is named, or admitted. audience: who is to see an
    organization's secret, None for any other. shown: where selectors say who is to see it, the ids of all repos that
    GitHub shows this token; None where all are named. prove: it is written again where it is only assumed.
    """

    address: Address
    presence: Presence
    target: str
    where: Where
    credential: str = ""
    type: str = ""
    value: Value = NotRead("not needed")
    on_drift: OnDrift = OnDrift.OVERWRITE
    creates_environment: bool = False
    unread: "Unreadable | None" = None
    new_to: str = ""
    audience: Audience | None = None
    shown: frozenset[int] | None = None
    prove: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What GitHub lists under a name: its `updated_at`, empty where it is missing, and a variable's value."""

    updated_at: str = ""
    value: Public | None = None

    def is_as_recorded(self, record: "Record") -> bool:
        """Whether it is what the record says: a variable by its value, a secret by the time of its last change."""
        if self.value is not None:
            return self.value.fingerprint == record.fingerprint
        return self.updated_at == record.updated_at


@dataclass(frozen=True, slots=True)
class Listing:
    """The list of one scope as GitHub gave it, whole: upper-case name to GitHub's `updated_at`, never empty.

    made: False for an environment that is not there, and that apply makes. audiences: who sees those secrets of an
    organization that the manifest wants. values: of variables, by the same names.
    """

    updated_at: Mapping[str, str]
    made: bool = True
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    values: Mapping[str, Public] = field(default_factory=dict)

    def entry(self, name: str) -> Entry:
        """Give what is listed under an upper-case name."""
        return Entry(self.updated_at.get(name, ""), self.values.get(name))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A scope that could not be read, why, and what a person needs to know: `renamed to acme/new`."""

    why: Why
    detail: str = ""
    fix: str = ""


Seen = Listing | Unreadable


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A target or an absent entry, `target All services`, whose repos cannot be known, and why. wants: a target."""

    entry: str
    where: Where
    unreadable: Unreadable
    wants: bool = False


# The fingerprint of no value: whatever is wanted there is written again.
UNKNOWN: Final = "unknown:"


@dataclass(frozen=True, slots=True)
class Record:
    """What the state holds of one secret or variable; of a variable, the fingerprint is `Public.fingerprint`.

    updated_at: GitHub's own time for it after our write. written_at: GitHub's `Date` of our write, empty before one.
    value_since: when this value was first written or seen (ISO 8601, UTC). repo_id: 0 when not known.
    adopted: recorded without a write, so the value is assumed. visibility, repo_ids: who sees an organization's secret
    since our write, the ids sorted; empty for any other. drifted_at: GitHub's time for it as the last apply found it,
    where that was not the recorded one; empty where it was.
    """

    fingerprint: str
    updated_at: str
    credential: str
    repo_id: int
    written_at: str
    value_since: str
    adopted: bool = False
    visibility: str = ""
    repo_ids: tuple[int, ...] = ()
    drifted_at: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The record, if there is one, and whether a write or a delete was begun whose end was never recorded."""

    record: Record | None
    pending: bool = False
