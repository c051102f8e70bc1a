"""Which files are mutated, and which tests are a part's own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """Files that are tested together. files: globs below the root. own: tests that are asked first."""

    name: str
    files: tuple[str, ...]
    own: tuple[str, ...]


PARTS = (
    Part(
        "the decision",
        (
            "plan/decide*.py",
            "plan/unseen.py",
            "plan/sighting.py",
            "plan/capacity.py",
            "plan/facts.py",
            "plan/change.py",
            "plan/action.py",
            "plan/difference.py",
        ),
        ("tests/plan",),
    ),
    Part("the brakes", ("plan/safety.py",), ("tests/plan",)),
    Part(
        "stale and approved plans",
        ("plan/staleness.py", "plan/digest.py", "run/plan_file/*.py"),
        (
            "tests/plan",
            "tests/cli/test_stale_plan.py",
            "tests/cli/test_saved_plan.py",
            "tests/cli/test_saved_flags.py",
        ),
    ),
    Part(
        "rotation",
        (
            "plan/rotation.py",
            "plan/succession.py",
            "steps/rotate/*.py",
            "run/rotating.py",
            "run/rotation_*.py",
        ),
        (
            "tests/plan",
            "tests/steps/rotate",
            "tests/cli/test_rotate.py",
            "tests/cli/test_rotate_fleet.py",
            "tests/cli/test_rotate_old_key.py",
            "tests/cli/test_rotate_old_runs.py",
        ),
    ),
    Part(
        "rules of Anthropic's federation",
        ("plan/federation.py", "steps/federate.py", "run/federating.py"),
        (
            "tests/plan",
            "tests/steps/test_federate.py",
            "tests/cli/test_identity_rules.py",
            "tests/cli/test_identity_move.py",
        ),
    ),
    Part("adoption, audience, report", ("plan/adoption.py", "plan/audience.py", "plan/report.py"), ("tests/plan",)),
    Part(
        "limits of GitHub",
        (
            "github/rate_window.py",
            "github/content_limits.py",
            "github/pauses.py",
            "github/pacer.py",
            "github/pace.py",
            "github/pacers.py",
            "github/rate_ledger.py",
            "waiting.py",
        ),
        ("tests/github", "tests/test_waiting.py"),
    ),
    Part(
        "answers of GitHub",
        (
            "github/http.py",
            "github/exchange.py",
            "transport/*.py",
            "github/answer.py",
            "github/body.py",
            "github/classify.py",
            "github/forbidden.py",
            "github/confirm.py",
        ),
        ("tests/github",),
    ),
    Part(
        "lists and writes of GitHub",
        (
            "github/paging.py",
            "github/repos.py",
            "github/discover.py",
            "github/secrets.py",
            "github/variables.py",
            "github/org_secrets.py",
            "github/seal.py",
            "github/kept_lists.py",
            "github/kept_bodies.py",
        ),
        ("tests/github",),
    ),
    Part(
        "permissions",
        ("github/permission_table.py", "github/permissions.py", "steps/token_needs.py"),
        ("tests/github", "tests/steps/test_token_needs.py", "tests/cli/test_permissions_table.py"),
    ),
    Part("signing in", ("github/auth.py", "github/app.py", "github/app_key.py", "github/traces.py"), ("tests/github",)),
    Part("runs of workflows", ("github/dispatch.py", "github/runs.py"), ("tests/github", "tests/steps/rotate")),
    Part(
        "Anthropic's API",
        ("anthropic/*.py", "api_address.py", "steps/verify/*.py"),
        (
            "tests/anthropic",
            "tests/test_api_address.py",
            "tests/steps/test_verify_keys.py",
            "tests/cli/test_verify.py",
            "tests/cli/test_verify_admin.py",
        ),
    ),
    Part(
        "the life of a credential",
        ("life/*.py",),
        (
            "tests/life",
            "tests/cli/test_status.py",
            "tests/cli/test_status_edges.py",
            "tests/cli/test_status_from.py",
            "tests/cli/test_status_histories.py",
        ),
    ),
    Part("the audit", ("audit/*.py",), ("tests/audit", "tests/workflows")),
    Part("fixes of the audit", ("audit/fixes/*.py",), ("tests/audit", "tests/cli/test_audit_fix.py")),
    Part(
        "when a job runs",
        (
            "workflows/conditions.py",
            "workflows/expressions.py",
            "workflows/joins.py",
            "workflows/permissions.py",
            "workflows/runs.py",
        ),
        ("tests/workflows", "tests/audit"),
    ),
    Part(
        "the state",
        (
            "state/merge.py",
            "state/codec.py",
            "state/entry_codec.py",
            "state/rotation_codec.py",
            "state/shape.py",
            "state/versions.py",
            "state/journal.py",
            "state/signature.py",
            "state/edit.py",
        ),
        ("tests/state",),
    ),
    Part(
        "one run at a time",
        ("state/lock.py", "state/session.py", "state/snapshot.py", "state/branch.py", "run/holding.py"),
        ("tests/state", "tests/cli/test_state_races.py", "tests/cli/test_stale_plan.py"),
    ),
    Part("values", ("vault.py",), ("tests/test_vault.py",)),
    Part("credentials", ("credentials/*_checks.py", "credentials/types.py"), ("tests/credentials",)),
    Part(
        "errors",
        ("errors.py", "tokens.py", "durations.py", "text_encoding.py"),
        ("tests/test_errors.py", "tests/test_tokens.py", "tests/test_durations.py", "tests/test_text_encoding.py"),
    ),
    Part("writing", ("steps/apply/*.py",), ("tests/steps",)),
    Part(
        "what is looked at",
        ("steps/refresh/*.py",),
        ("tests/steps", "tests/cli/test_org_hidden.py", "tests/cli/test_identity_rules.py"),
    ),
    Part(
        "probing",
        ("plan/probing.py", "steps/probe/*.py"),
        ("tests/steps", "tests/cli/test_probe.py", "tests/cli/test_probe_ends.py"),
    ),
    Part(
        "warnings",
        ("steps/warnings/*.py",),
        ("tests/steps", "tests/cli/test_personal.py", "tests/cli/test_many_repos.py", "tests/cli/test_owners.py"),
    ),
    Part("values in use", ("steps/values/*.py",), ("tests/steps", "tests/cli/test_state_key.py")),
    Part("order and ground", ("plan/ordering.py", "plan/recordable.py"), ("tests/plan",)),
    Part("threads", ("concurrency.py",), ("tests/test_concurrency.py",)),
    Part(
        "trust",
        ("sources/trust.py", "ci_systems.py", "ci_runs.py"),
        ("tests/sources/test_trust.py", "tests/test_ci_systems.py", "tests/test_ci_runs.py"),
    ),
    Part("paths", ("paths.py", "real_path.py"), ("tests/test_paths.py", "tests/test_real_path.py")),
    Part(
        "who is chosen",
        (
            "manifest/members.py",
            "manifest/expand.py",
            "manifest/clashes.py",
            "manifest/only.py",
            "manifest/same_source.py",
        ),
        ("tests/manifest",),
    ),
)


def files(root: Path, parts: Sequence[Part]) -> Iterator[tuple[Part, Path]]:
    """Yield each file with its part, sorted within a part.

    Raises ValueError for a glob that matches nothing: the file was renamed, and so shall be its line here; for a file
    that two parts have, as its mutants would count twice; and for own tests that are not there.
    """
    met: set[Path] = set()
    for part in parts:
        if lost := [own for own in part.own if not (root / own).exists()]:
            message = f"tools/mutants/table.py: no test is {lost[0]}"
            raise ValueError(message)
        for glob in part.files:
            found = sorted((root / "flowforge").glob(glob))
            if not found or not met.isdisjoint(found):
                message = f"tools/mutants/table.py: {'two lines have' if found else 'no file is'} flowforge/{glob}"
                raise ValueError(message)
            met.update(found)
            yield from ((part, path) for path in found)
