"""The flow of every command that asks GitHub. No other package puts the parts together."""

from flowforge.run.flows import adopt, apply, list_owners, list_repos, plan, plan_to_save
from flowforge.run.offline_plan import plan_offline
from flowforge.run.plan_file.place import require_place
from flowforge.run.plan_file.saved import SavedPlan
from flowforge.run.probing import probe
from flowforge.run.rekeying import rekey
from flowforge.run.request import Planned, Request
from flowforge.run.state_commands import Migrated, forget, kept, migrate, move, pull, push, unlock

__all__ = [
    "Migrated",
    "Planned",
    "Request",
    "SavedPlan",
    "adopt",
    "apply",
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
    "unlock",
]
