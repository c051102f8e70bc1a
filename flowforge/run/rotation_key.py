"""The old key at the end of a rotation: what is asked about it, and what became of it."""

from dataclasses import replace
from typing import Final

from flowforge.ci_systems import doubt
from flowforge.data_class import dataclass
from flowforge.errors import Problem, RotationError, UsageError, quote
from flowforge.plan.address import Address
from flowforge.run.planning import decide, desire
from flowforge.run.refreshing import refresh
from flowforge.run.request import Request
from flowforge.run.rotation_outside import is_in_doubt
from flowforge.run.task import Task
from flowforge.steps.rotate.consent import Consent
from flowforge.steps.rotate.old_key import (
    Grounds,
    OldKey,
    Quiet,
    admin_api,
    deactivate,
    is_unknown,
    known_old_key,
    quiet_for,
    require_key_id,
    which_old_key,
)
from flowforge.steps.rotate.remains import ValuesOfToday, may_hold
from flowforge.steps.values.resolver import Resolver
from flowforge.steps.verify import ADMIN_KEY

_HOUR: Final = 3600.0
_YEAR: Final = 24 * 365 * _HOUR


@dataclass(frozen=True, slots=True)
class KeyAsked:
    """What the command line says of the old key."""

    given: str = ""
    """Its id; empty where nobody gave it."""
    quiet: float = 0.0
    """For how many seconds it must not have been used before the rotation ends; 0 where nobody asks."""
    deactivate: str = ""
    """The id of the key to switch off; empty for none."""

    def __bool__(self) -> bool:
        """Return whether the rotation ends only when something is so."""
        return bool(self.quiet or self.deactivate)

    def require(self, request: Request, recorded: tuple[str, ...] | None = None) -> None:
        """Refuse, before anything is written, what could not be done at the end. recorded: the ids that are known.

        Raises UsageError FF914 and FF916, RotationError FF915, and SourceError.
        """
        for text, option in ((self.given, "--old-key"), (self.deactivate, "--deactivate")):
            if text:
                require_key_id(text, option)
        if self.deactivate and not self.quiet:
            what, why = "--deactivate says nothing of --quiet-for", "a key is switched off when it is known to be quiet"
            raise UsageError(Problem("FF916", what, why=why, fix="say --quiet-for 24h too"))
        if self.quiet > _YEAR:
            what = "--quiet-for is longer than a year"
            raise UsageError(Problem("FF916", what, fix="say hours or days, such as 24h"))
        if (self or self.given) and (doubt(request.environ) is not None or not request.environ.get(ADMIN_KEY)):
            option, what_for = ("--quiet-for", "the usage of keys") if self else ("--old-key", "what a key is")
            what, why = f"{option} asks Anthropic, and there is no Admin key", f"only that may read {what_for}"
            fix = f"set {ADMIN_KEY} where flowforge runs, in no run that a pull request begins"
            raise UsageError(Problem("FF914", what, why=why, fix=fix))
        if self and recorded is not None and not which_old_key(recorded, self.given):
            what = "which key the rotation replaces is not known"
            why = "the records have more than one id" if recorded else "no record has its id"
            fix = "name the key with --old-key apikey_…, as the Console shows its id"
            raise RotationError(Problem("FF915", what, why=why, fix=fix))

    def require_known(self, request: Request, scale: float) -> None:
        """Raise RotationError FF915 where Anthropic knows no key with the given id. scale: that of the deadlines."""
        if not self.given:
            return
        with admin_api(request.environ, scale=scale) as admin:
            unknown = admin is not None and is_unknown(admin, self.given)
        if unknown:
            what = f"Anthropic knows no key {quote(self.given)} in the organization of the Admin key"
            fix = "copy the id of the key from the Console, as it shows it"
            raise RotationError(Problem("FF915", what, "--old-key", "the answer was 404", fix))


@dataclass(frozen=True, slots=True)
class KeyTold:
    """What is known of the old key at the end."""

    key: OldKey | None = None
    """The key; None where nobody can tell."""
    quiet: Quiet | None = None
    """What was found out about its usage; None where nobody asked."""
    off: bool = False
    """Whether it was switched off."""
    problem: Problem | None = None
    """Why it was not."""

    @property
    def waits(self) -> bool:
        """Whether something that was asked for is not so."""
        return self.problem is not None or (self.quiet is not None and not self.quiet.quiet)


def look_at_old_key(
    request: Request, asked: KeyAsked, recorded: tuple[str, ...], scale: float, consent: Consent
) -> KeyTold:
    """Find out what is asked about the old key, and switch it off where that is asked and everything speaks for it.

    recorded: the ids of before the rotation. scale: that of the deadlines. consent: without one no key is
    switched off.
    """
    if not which_old_key(recorded, asked.given):
        return KeyTold()
    with admin_api(request.environ, scale=scale) as admin:
        key = known_old_key(admin, recorded, asked.given) if admin else None
        if admin is None or key is None:
            return KeyTold()
        quiet = quiet_for(admin, key, asked.quiet / _HOUR) if asked.quiet else None
        told = KeyTold(key, quiet)
        # All places and values are read only where nothing else is in the way.
        if not asked.deactivate or told.waits:
            return told
        today, places = _remains(request, key.id)
        problem = deactivate(admin, key, Grounds(asked.deactivate, today, places, quiet, consent))
        return replace(told, off=problem is None, problem=problem)


def _remains(request: Request, key_id: str) -> tuple[ValuesOfToday | None, tuple[Address, ...] | None]:
    """Return all values of today, and the places that may hold a key; None where a run sees only a part of them."""
    task = Task.of_all_owners(replace(request, owner=""))
    if task.manifest.state.per_owner:
        return None, None
    with task.signed_in() as clients, task.backend(clients) as backend:
        state = backend.read()
        clients.need(task.to_read(state))
        task = task.with_selected_repos(clients)
        select, resolver = task.chooser(state), Resolver(task.context, backend.fingerprinter(state))
        refreshed = refresh(task, state, select, clients, desire(task, state, select, resolver), carried_out=False)
        plan = decide(task, state, select, clients, refreshed, fresh=False, records_only=True).plan
    today = ValuesOfToday.of(refreshed.wanted.values(), resolver.vault, task.unresolved)
    changed = {change.address.of_value for change in plan.changes if is_in_doubt(change)}
    return today, may_hold(state.remembered, today, key_id, changed)
