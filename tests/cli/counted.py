"""During which of these tests coverage counts. It rests during the others, which take half the time so.

What they reach, these reach too, but for one branch in a hundred: chosen by what each file reaches and no cheaper one
does, per second of its time. Where a new command or a new path of one is reached here alone, its file belongs here.
"""

from typing import Final

COUNTED: Final = frozenset(
    f"test_{name}.py"
    for name in (
        "adopt",
        "apply_broken",
        "apply_faults",
        "audit",
        "audit_fix",
        "audit_fleet",
        "audit_in_plan",
        "bad_manifest",
        "before",
        "choice",
        "completion",
        "console",
        "doctor",
        "explain",
        "hints",
        "init",
        "init_owner",
        "links",
        "migrate_safely",
        "offline",
        "old_state",
        "one_owner",
        "org_access",
        "origin",
        "own_types",
        "owners_commands",
        "owners_input",
        "owners_mixed",
        "page_files",
        "plugins",
        "post",
        "posted_report",
        "probe",
        "rekey",
        "saved_plan",
        "stale_plan",
        "startup",
        "state",
        "state_branch",
        "state_look",
        "state_place",
        "status",
        "usage",
        "variables",
        "verify",
        "verify_admin",
    )
)
