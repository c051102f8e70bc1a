"""The questions that a run has about the keys of its plan: whether they work, and what an Admin key tells of them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import date
from typing import Final

from flowforge.anthropic.address import VerifyAddress, verify_address
from flowforge.anthropic.admin import list_keys
from flowforge.anthropic.exchange import AnthropicWire
from flowforge.anthropic.keys import AdminKey
from flowforge.credentials.types import TYPES
from flowforge.data_class import dataclass
from flowforge.manifest.model import Credential
from flowforge.plan.address import Address
from flowforge.plan.decide import Plan
from flowforge.plan.expiry import Expiry
from flowforge.plan.facts import Known, Presence, Unavailable, Wanted
from flowforge.steps.verify.admin_keys import admin_key, key_facts
from flowforge.steps.verify.keys import verify_values
from flowforge.vault import Vault

_VERIFIABLE: Final = frozenset(each.type for each in TYPES.values() if each.verifiable)


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """What Anthropic says of the values of a plan."""

    refused: Mapping[Address, Unavailable]
    """The lines whose value must not be written, each with the reason."""
    warnings: tuple[str, ...]
    """What a person should know, a sentence each."""
    expiries: tuple[Expiry, ...]
    """When credentials end."""
    key_ids: Mapping[str, str] = field(default_factory=dict)
    """Anthropic's ids of the API keys in use, where they are known, by the fingerprints of their values."""


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """Whom to ask, and with what."""

    address: VerifyAddress
    """Where Anthropic's API is."""
    admin: AdminKey | None
    """The operator's Admin key, if there is one."""
    credentials: Mapping[str, Credential]
    """Those of the manifest."""
    scale: float
    """How many seconds of the exchanges' deadlines pass in a real one; other than 1 on this machine alone."""
    pause: Callable[[float], bool]
    """Waits for so many seconds before another try; returns whether the run is to end."""
    stop: threading.Event
    """Ends the run early once it is set."""
    notify: Callable[[str], None]
    """Shows a person what was verified."""

    @classmethod
    def of(
        cls,
        credentials: Mapping[str, Credential],
        environ: Mapping[str, str],
        *,
        scale: float,
        pause: Callable[[float], bool],
        stop: threading.Event,
        notify: Callable[[str], None],
    ) -> "KeyCheck | None":
        """Return the questions; None where the manifest has none and there is no Admin key. Nobody is asked yet.

        Raises TrustError for an address that keys do not go to, and SourceError for an Admin key that is none: before
        anything is written, also where it would turn out that nothing has to be asked.
        """
        admin = admin_key(environ)
        if admin is None and not any(each.verify for each in credentials.values()):
            return None
        address = verify_address(environ)
        return cls(address, admin, credentials, scale if address.loopback else 1.0, pause, stop, notify)

    def ask(self, plan: Plan, wanted: Mapping[Address, Wanted], vault: Vault, today: date) -> CheckedPlan:
        """Ask about what the plan would write, and list the keys in use where there is an Admin key."""
        with AnthropicWire(self.address, scale=self.scale) as wire:
            found = verify_values(plan.todo, self.credentials, vault, wire, pause=self.pause, stop=self.stop)
            for note in found.notes:
                self.notify(note)
            if self.admin is None or self.stop.is_set():
                return CheckedPlan(found.refused, found.warnings, plan.expiries)
            listed = list_keys(wire, self.admin)
        facts = key_facts(listed, self._used(wanted), vault, found.known, today)
        warnings, expiries = found.warnings + facts.warnings, facts.expiries(plan.expiries, today)
        return CheckedPlan(found.refused, warnings, expiries, facts.ids)

    def _used(self, wanted: Mapping[Address, Wanted]) -> Mapping[str, frozenset[str]]:
        """Return the fingerprints of each credential whose values may be Anthropic's API keys."""
        used: dict[str, frozenset[str]] = {}
        for want in wanted.values():
            credential = self.credentials.get(want.credential)
            usual = credential is not None and credential.type in _VERIFIABLE and not credential.allow_nonstandard
            if usual and want.presence is Presence.PRESENT and isinstance(want.value, Known):
                used[want.credential] = used.get(want.credential, frozenset()) | {want.value.fingerprint}
        return used


def require_usable(credentials: Mapping[str, Credential], environ: Mapping[str, str]) -> str:
    """Return the address at which keys would be verified; empty where nobody wants that. Nobody is asked.

    Raises TrustError and SourceError, as a run would.
    """
    admin = admin_key(environ)
    wanted = admin is not None or any(each.verify for each in credentials.values())
    return verify_address(environ).url if wanted else ""
