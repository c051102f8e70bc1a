"""The flow of every command that asks GitHub. No other package puts the parts together."""

from typing import TYPE_CHECKING, Any, Final

from flowforge.on_demand import load

if TYPE_CHECKING:
    from flowforge.run.adopting import adopt
    from flowforge.run.applying import apply
    from flowforge.run.auditing import FleetAudit, audit_owner, audit_targets
    from flowforge.run.doctoring import doctor
    from flowforge.run.federating import federation_rules
    from flowforge.run.flows import list_owners, list_repos, plan, plan_to_save
    from flowforge.run.offline_plan import plan_offline
    from flowforge.run.plan_file.place import require_place
    from flowforge.run.plan_file.saved import SavedPlan
    from flowforge.run.probing import probe
    from flowforge.run.rekeying import rekey
    from flowforge.run.request import Planned, Request
    from flowforge.run.rotating import rotate
    from flowforge.run.rotation_told import Asked, Course, Ended, Teller
    from flowforge.run.state_commands import Migrated, forget, kept, migrate, move, pull, push, unlock
    from flowforge.run.statusing import status
    from flowforge.run.surveying import draft_of_owner

# A plan does without what writes, and most commands without most of this: each name's module is imported with it.
_HOMES: Final = {
    "adopting": ("adopt",),
    "applying": ("apply",),
    "auditing": ("FleetAudit", "audit_owner", "audit_targets"),
    "flows": ("list_owners", "list_repos", "plan", "plan_to_save"),
    "offline_plan": ("plan_offline",),
    "plan_file.place": ("require_place",),
    "plan_file.saved": ("SavedPlan",),
    "doctoring": ("doctor",),
    "federating": ("federation_rules",),
    "probing": ("probe",),
    "rekeying": ("rekey",),
    "request": ("Planned", "Request"),
    "rotating": ("rotate",),
    "rotation_told": ("Asked", "Course", "Ended", "Teller"),
    "statusing": ("status",),
    "surveying": ("draft_of_owner",),
    "state_commands": ("Migrated", "forget", "kept", "migrate", "move", "pull", "push", "unlock"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Asked",
    "Course",
    "Ended",
    "FleetAudit",
    "Migrated",
    "Planned",
    "Request",
    "SavedPlan",
    "Teller",
    "adopt",
    "apply",
    "audit_owner",
    "audit_targets",
    "doctor",
    "draft_of_owner",
    "federation_rules",
    "forget",
    "kept",
    "list_owners",
    "list_repos",
    "migrate",
    "move",
    "plan",
    "plan_offline",
    "plan_to_save",
    "probe",
    "pull",
    "push",
    "rekey",
    "require_place",
    "rotate",
    "status",
    "unlock",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- functions and classes; the checker of types reads the imports above
    """Return what a module of this package has under a public name."""
    if name not in _HOME_OF:
        raise AttributeError(name)
    return getattr(load(f"flowforge.run.{_HOME_OF[name]}"), name)
