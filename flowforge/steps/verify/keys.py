"""Whether the values that a plan would write work: each key is asked about once, and judged for every credential."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Final

from flowforge.anthropic.exchange import JOBS, AnthropicWire
from flowforge.anthropic.keys import ApiKey
from flowforge.anthropic.models import KeyLife, Pause, Verification, verify
from flowforge.concurrency import each
from flowforge.data_class import dataclass
from flowforge.errors import Problem, printable
from flowforge.manifest.model import Credential, Verify
from flowforge.plan.action import Action
from flowforge.plan.address import Address
from flowforge.plan.change import Change
from flowforge.plan.facts import Known, Unavailable
from flowforge.vault import Vault

# So many keys in a row without an answer, and nobody is asked any more: each of them may take half a minute.
_GIVE_UP: Final = 3
_NOT_SENT: Final = Verification(KeyLife.UNKNOWN, "it has a character that no key has, so it was not sent")
_NOT_ASKED: Final = Verification(KeyLife.UNKNOWN, "not asked, since nobody answered before", reached=False)
_NEW: Final = "create an API key at https://platform.claude.com/settings/keys, and let its source give that"


@dataclass(frozen=True, slots=True)
class VerifiedKeys:
    """What was found out about the values of a plan."""

    refused: Mapping[Address, Unavailable] = field(default_factory=dict)
    """The lines whose value must not be written, each with the reason."""
    warnings: tuple[str, ...] = ()
    """What could not be told, a sentence each."""
    notes: tuple[str, ...] = ()
    """What was verified, a sentence each."""
    known: Mapping[str, Verification] = field(default_factory=dict)
    """What Anthropic said, by the fingerprint of the value."""


def verify_values(
    changes: Iterable[Change],
    credentials: Mapping[str, Credential],
    vault: Vault,
    wire: AnthropicWire,
    *,
    pause: Pause,
    stop: threading.Event,
) -> VerifiedKeys:
    """Ask Anthropic about the value of each line that is about to be written, where its credential says so."""
    lines = {
        change.address: (credentials[change.wanted.credential], change.wanted.value.fingerprint)
        for change in changes
        if _is_asked_about(change, credentials) and change.wanted and isinstance(change.wanted.value, Known)
    }
    asked = list(dict.fromkeys(fingerprint for _, fingerprint in lines.values()))
    known = dict(each(asked, asking(vault, wire, pause), jobs=JOBS, stopped=stop.is_set))
    return _told(lines, known)


def _is_asked_about(change: Change, credentials: Mapping[str, Credential]) -> bool:
    wanted = change.wanted
    writes_value = change.action in {Action.CREATE, Action.UPDATE} and change.access is None
    credential = credentials.get(wanted.credential) if wanted else None
    return writes_value and credential is not None and credential.verify is not None


def asking(vault: Vault, wire: AnthropicWire, pause: Pause) -> Callable[[str], Verification]:
    """Return a function that asks about the value of a fingerprint, until nobody answers."""
    silent: list[None] = []  # appended to and cleared, which threads may do at once

    def ask(fingerprint: str) -> Verification:
        if len(silent) >= _GIVE_UP:
            return _NOT_ASKED
        try:
            key = ApiKey(vault.get(fingerprint))
        except ValueError:
            return _NOT_SENT
        found = verify(wire, key, pause)
        if found.reached:
            silent.clear()
        else:
            silent.append(None)
        return found

    return ask


def _told(lines: Mapping[Address, tuple[Credential, str]], known: Mapping[str, Verification]) -> VerifiedKeys:
    """Return what follows for each line, with what to say of each credential."""
    refused: dict[Address, Unavailable] = {}
    warnings: dict[str, None] = {}
    live: dict[str, set[str]] = {}
    for address, (credential, fingerprint) in lines.items():
        found = known.get(fingerprint, _NOT_ASKED)
        name = f"credential {printable(credential.name)}"
        problem = _objection(found, credential.verify or Verify())
        if problem is not None:
            refused[address] = Unavailable(problem.what, problem.code, problem.fix, problem.why)
        elif found.life is KeyLife.LIVE:
            live.setdefault(name, set()).add(fingerprint)
            warnings |= dict.fromkeys(f"{name}: {clause}" for clause in _untold(found, credential.verify or Verify()))
        else:
            warnings[f"{name}: Anthropic did not say whether its key works ({found.why}); it is not verified"] = None
    counts = {name: len(values) for name, values in live.items()}
    notes = (f"{name}: {'its key works' if count == 1 else f'{count} keys work'}" for name, count in counts.items())
    return VerifiedKeys(refused, tuple(warnings), tuple(notes), known)


def _objection(found: Verification, expected: Verify) -> Problem | None:
    """Return why a value must not be written; None where nothing is known against it."""
    if found.life is KeyLife.DEAD:
        why = "it was revoked or switched off, has expired, or never was one"
        return Problem("FF292", f"Anthropic says that the key is dead ({found.why})", why=why, fix=_NEW)
    pairs = (
        ("organization", found.organization.lower(), expected.organization),
        ("workspace", found.workspace, expected.workspace),
    )
    clauses = [
        f"the key belongs to {noun} {has}, and expect_{noun} is {wanted}"
        for noun, has, wanted in pairs
        if has and wanted and has != wanted
    ]
    if not clauses:
        return None
    why = "Claude would run on the limits and the bill of another one"
    return Problem("FF293", "; ".join(clauses), why=why, fix="let its source give the key that is meant")


def _untold(found: Verification, expected: Verify) -> Iterable[str]:
    """Yield what could not be compared, because the answer does not say it."""
    for noun, has, wanted in (
        ("organization", found.organization, expected.organization),
        ("workspace", found.workspace, expected.workspace),
    ):
        if wanted and not has:
            yield f"Anthropic did not say the {noun} of its key, so expect_{noun} was not compared"
