"""The three things a decision stands on: what is wanted, what GitHub shows, what the state remembers."""

import hashlib
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Where
from flowforge.plan.action import OnDrift, Why
from flowforge.plan.address import Address
from flowforge.plan.audience import Audience
from flowforge.plan.sighting import Sighting, sighting


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
        """A hash for the state, which holds no values: `sha256:<hex>`. It has no key, because this is no secret."""
        # YAML and JSON can name half a surrogate pair; a strict encoder would raise on it.
        return "sha256:" + hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class NotRead:
    """A value that was not read, though nothing is wrong with its source."""

    why: str
    """One clause: `--skip-values`."""
    fix: str = ""
    """What a person can do to have it read."""
    chosen: bool = True
    """Whether the run was told not to read it, so that it blocks nothing. False where a person was to give it."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A value that was asked for and is not available."""

    why: str
    """One clause: `env X is unset`."""
    code: str = ""
    """The code of the error that the source met."""
    fix: str = ""
    """What a person can do about it."""
    because: str = ""
    """What explains the clause, where it needs that."""


Value = Known | Public | NotRead | Unavailable


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the manifest wants of one secret."""

    address: Address
    """The secret or variable."""
    presence: Presence
    """Whether it is to be there."""
    target: str
    """The name of the target or absent entry."""
    where: Where
    """The line of the manifest that asks for it."""
    credential: str = ""
    """The name of the credential; empty under `absent`."""
    type: str = ""
    """The type of the credential; empty under `absent`."""
    value: Value = NotRead("not needed")
    """What is known of the value. Only a secret that is to be present needs one."""
    on_drift: OnDrift = OnDrift.OVERWRITE
    """What to do where it was changed outside FlowForge."""
    creates_environment: bool = False
    """Whether apply may create the environment."""
    unread: "Unreadable | None" = None
    """Why it is not known whether the secret is wanted there; None where it is known."""
    new_to: str = ""
    """The group, `group services`, whose selector newly found the repo; empty where the repo is named or admitted."""
    audience: Audience | None = None
    """Who is to see an organization's secret; None for every other secret."""
    shown: frozenset[int] | None = None
    """The ids of all repos that GitHub shows this token, where selectors choose who sees it; None where all are named.

    A repo that this token cannot see is in no selector's list. It must not lose access for that.
    """
    prove: bool = False
    """Whether to write the secret again where its value is only assumed."""

    @property
    def missed(self) -> NotRead | None:
        """The value that a person was to give and did not; None for every other one."""
        return self.value if isinstance(self.value, NotRead) and not self.value.chosen else None


@dataclass(frozen=True, slots=True)
class Entry:
    """What GitHub lists under a name."""

    updated_at: str = ""
    """GitHub's time of the last change; empty where the name is missing."""
    value: Public | None = None
    """What a variable holds; None for a secret, which GitHub never shows."""

    def is_as_recorded(self, record: "Record") -> bool:
        """Return whether it is as recorded: a variable by its value, a secret by the time of its last change."""
        if self.value is not None:
            return self.value.fingerprint == record.fingerprint
        if record.unconfirmed and self.updated_at:
            return sighting(self.updated_at, record.updated_at) is Sighting.OURS
        return self.updated_at == record.updated_at

    def is_behind(self, record: "Record") -> bool:
        """Return whether the list shows a secret as it was before a write that no list has shown yet."""
        if not record.unconfirmed or self.value is not None or not self.updated_at:
            return False
        return sighting(self.updated_at, record.updated_at) is Sighting.BEHIND


@dataclass(frozen=True, slots=True)
class Listing:
    """The whole list of one scope, as GitHub gave it. A list that was cut short is `Unreadable` instead."""

    updated_at: Mapping[str, str]
    """GitHub's time of the last change by upper-case name. No time is empty."""
    made: bool = True
    """False for an environment that is missing and that apply creates."""
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    """Who sees those secrets of an organization that the manifest wants."""
    values: Mapping[str, Public] = field(default_factory=dict)
    """What variables hold, by the same names."""

    def entry(self, name: str) -> Entry:
        """Return what is listed under an upper-case name."""
        return Entry(self.updated_at.get(name, ""), self.values.get(name))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A scope that could not be read. It is never taken for an empty one."""

    why: Why
    """The reason, for machines."""
    detail: str = ""
    """What a person needs to know: `renamed to acme/new`."""
    fix: str = ""
    """What a person can do about it."""

    @property
    def sentence(self) -> str:
        """What a person is told: the detail, or else the reason's own words."""
        return self.detail or self.why.text

    @property
    def remedy(self) -> str:
        """What a person can do about it, or else what helps with this reason."""
        return self.fix or self.why.fix


Seen = Listing | Unreadable


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An entry of the manifest whose repos cannot be known."""

    entry: str
    """What it is called: `target All services`."""
    where: Where
    """Its line in the manifest."""
    unreadable: Unreadable
    """Why its repos cannot be known."""
    wants: bool = False
    """Whether it wants something to be present: true for a target, false for an absent entry."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run of a CI system writes from. Outside of one nobody vouches that a manifest was committed at all."""

    commit: str = ""
    """The commit of the manifest's checkout; empty where it is not known."""
    run: str = ""
    """The address of the run; empty where it is not known."""


UNTOLD: Final = Origin()


# The fingerprint of no value, for a record whose real one was lost. It equals none, so the next apply writes again.
UNKNOWN: Final = "unknown:"


@dataclass(frozen=True, slots=True)
class Record:
    """What the state holds of one secret or variable."""

    fingerprint: str
    """The keyed hash of a secret's value, or `Public.fingerprint` of a variable's."""
    updated_at: str
    """GitHub's time of the last change, as it was after our write; see `unconfirmed`."""
    credential: str
    """The name of the credential that provided the value."""
    repo_id: int
    """GitHub's id of the repo; 0 where it is not known, and for an organization."""
    written_at: str
    """GitHub's `Date` of our write; empty where there was none."""
    value_since: str
    """When this value was first written or seen (ISO 8601, UTC)."""
    adopted: bool = False
    """Whether it was recorded without a write, so that its value is only assumed."""
    visibility: str = ""
    """Who sees an organization's secret since our write; empty for every other secret."""
    repo_ids: tuple[int, ...] = ()
    """The sorted ids of the repos that see an organization's secret since our write."""
    drifted_at: str = ""
    """GitHub's time of a change outside FlowForge, as the last apply found it; empty where it found none."""
    commit: str = ""
    """The commit of the manifest that was written or adopted from; empty where that is not known."""
    run: str = ""
    """The address of the CI run that did it; empty where that is not known."""
    public_key: str = ""
    """The public key of its scope that our write was sealed with, `KEY_ID:BASE64`; empty where there is none."""
    unconfirmed: bool = False
    """Whether `updated_at` is GitHub's `Date` of our write, because no list has shown its own time of it yet."""
    api_key_id: str = ""
    """Anthropic's id of the API key that was written, `apikey_…`; empty where that is not known."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the state remembers of one secret."""

    record: Record | None
    """The record of the last write; None where there is none."""
    pending: bool = False
    """Whether a later write or delete was begun whose end was never recorded."""
