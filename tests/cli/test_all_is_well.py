"""The last sentence and the exit code of a plan follow from all that it lists; each case as people met it."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"
INCOMPLETE = "The plan is incomplete: see the lines above."
IN_SYNC = "No changes. GitHub matches the manifest."
ASKS = """\
version: 1
credentials:
  asked: {type: anthropic_api_key, from: {prompt: "The key?"}}
  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}
targets:
  - {name: Asked, repos: [acme/repo-001], credential: asked}
  - {name: Rest, repos: [acme/repo-002], credential: ci-key}
"""
WAYS_OUT = (
    "`flowforge apply --prune` deletes it; "
    f"`flowforge state forget acme/repo-002/actions/{KEY}` leaves it there for good"
)
NOBODY_FIX = "run it at a terminal, or name a source that needs nobody, such as env"


def answers(fleet: "Fleet", *args: str) -> tuple[object, ...]:
    """Return what a plan's JSON answers: has_changes, in_sync, complete."""
    document = json.loads(fleet.flowforge("plan", "--format", "json", *args).out)
    return tuple(document[name] for name in ("has_changes", "in_sync", "complete"))


def test_what_is_left_over(fleet: "Fleet") -> None:
    """A repo that left the manifest: the line names both ways out, the sentence says it, and the flag answers 2."""
    fleet.simple("acme/repo-001", "acme/repo-002")
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.simple("acme/repo-001")
    expected = [
        f"  acme/repo-002  {KEY}  no longer in the manifest",
        f"    fix: {WAYS_OUT}",
        "",
        "No changes found; 1 no longer in the manifest.",
    ]
    plain, exact = fleet.flowforge("plan"), fleet.flowforge("plan", "--detailed-exitcode")
    assert (0, expected, 2, expected) == (plain.code, plain.lines, exact.code, exact.lines)
    assert (True, False, True) == answers(fleet)
    assert 0 == fleet.flowforge("state", "forget", f"acme/repo-002/actions/{KEY}", "--yes").code
    after = fleet.flowforge("plan", "--detailed-exitcode")
    assert (0, [IN_SYNC], (False, True, True)) == (after.code, after.lines, answers(fleet))


def test_a_misspelt_secret_is_no_green_check(fleet: "Fleet") -> None:
    """A value that a write needs and that cannot be had: exit 3, and what is blocked stands last."""
    fleet.simple("acme/repo-001")
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.simple("acme/repo-002", "acme/repo-003")
    fleet.monkeypatch.delenv("ACME_KEY")
    done = fleet.refused("plan")
    fix = "    fix: set it where flowforge runs; in a workflow, map the secret to it under the step's `env:`"
    assert (3, 3) == (done.code, fleet.refused("apply", "--check").code)
    assert [
        *(f"! acme/repo-00{number}  {KEY}  ci-key  value not available: env ACME_KEY is unset" for number in (2, 3)),
        *(fix, "", "No changes found; 2 blocked, 1 no longer in the manifest.", INCOMPLETE),
    ] == done.lines[2:]
    # There is something to say beside it, so the flag says that: 2 wins over 3.
    assert 2 == fleet.refused("plan", "--detailed-exitcode").code


def test_a_prompt_that_nobody_answers(fleet: "Fleet") -> None:
    """It is no choice: the write that needs it is blocked, with its reason and its fix, and the rest is written."""
    fleet.manifest(ASKS)
    planned, done = fleet.refused("plan"), fleet.flowforge("apply", "--yes")
    blocked = [f"! acme/repo-001  {KEY}  asked   value not read: nobody can be asked", f"    fix: {NOBODY_FIX}", ""]
    sentence = "Plan: 1 to create, 0 to update, 0 to delete, 0 in sync, 1 blocked."
    assert (3, [*blocked, sentence, INCOMPLETE]) == (planned.code, planned.lines[1:6])
    assert (3, [*blocked, sentence, INCOMPLETE]) == (done.code, done.lines[1:6])
    assert [
        "blocked: value not read: nobody can be asked",
        f"    acme/repo-001/actions/{KEY}",
        f"  fix: {NOBODY_FIX}",
        "",
        "acme/repo-001 : in_sync=0 created=0 updated=0 deleted=0 failed=0 blocked=1",
        "acme/repo-002 : in_sync=0 created=1 updated=0 deleted=0 failed=0 blocked=0",
        "Not all done: 1 created, 0 updated, 0 deleted, 0 failed, 1 blocked.",
    ] == done.lines[7:]
    report = json.loads(fleet.flowforge("apply", "--yes", "--format", "json").out)
    assert ("blocked", "value not read: nobody can be asked", NOBODY_FIX) == tuple(
        report["results"][0][name] for name in ("outcome", "sentence", "fix")
    )


def test_a_prompt_where_nothing_needs_it(fleet: "Fleet") -> None:
    """Presence and time are still watched: what is there and remembered is not blocked, and it is not proven either."""
    fleet.simple("acme/repo-001", "acme/repo-002")
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.manifest(ASKS)
    done = fleet.flowforge("plan")
    assert (0, ["No changes found; 1 value not checked."]) == (done.code, done.lines)
    fleet.sandbox.world.delete_secret("acme/repo-001", KEY)
    assert (3, "No changes found; 1 blocked.") == ((again := fleet.flowforge("plan")).code, again.lines[-2])


def test_what_was_left_out_by_choice_blocks_nothing(fleet: "Fleet") -> None:
    """--skip-values: lines count as what they would do and as not checked, exit 0; --require-values makes it 3."""
    done = fleet.refused("plan", "--skip-values")
    sentence = "Plan: 5 to create, 0 to update, 0 to delete, 0 in sync, 5 values not checked."
    assert (0, [sentence, INCOMPLETE]) == (done.code, done.lines[-2:])
    assert (True, False, False) == answers(fleet, "--skip-values")
    flags = [(), ("--require-values",), ("--detailed-exitcode",), ("--require-values", "--detailed-exitcode")]
    assert [0, 3, 2, 2] == [fleet.refused("plan", "--skip-values", *each).code for each in flags]
    assert [0, 0] == [fleet.refused("plan", *each).code for each in ((), ("--require-values",))]
    assert [0, 3] == [fleet.refused("plan", "--offline", *each).code for each in ((), ("--require-values",))]
    applied = fleet.refused("apply", "--yes", "--skip-values")
    assert (
        3,
        "blocked: missing, and its value was not read: --skip-values",
        "  fix: run it without --skip-values",
    ) == (
        applied.code,
        *(line for line in applied.lines if line.startswith(("blocked: ", "  fix: "))),
    )


def test_an_expired_credential_is_never_all_is_well(fleet: "Fleet") -> None:
    """It is in the sentence, in the recap and in the JSON; no exit code depends on it."""
    fleet.flowforge("apply", "--yes")
    text = (fleet.folder / "flowforge.yaml").read_text().replace("{env: ACME_KEY}", "{env: ACME_KEY}\n    expires: {}")
    fleet.manifest(text.replace("expires: {}", "expires: 2026-10-10"))
    planned, applied = fleet.flowforge("plan", "--detailed-exitcode"), fleet.flowforge("apply", "--yes")
    assert (0, ["No changes found; 1 credential expired."]) == (planned.code, planned.lines)
    assert (0, "Done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 1 credential expired.") == (
        applied.code,
        applied.lines[-1],
    )
    assert (
        "No changes found; 5 values not checked, 1 credential expired." == fleet.flowforge("plan", "--offline").lines[0]
    )
    document = json.loads(fleet.flowforge("plan", "--format", "json").out)
    (known,) = document["credentials"]
    assert ("ci-key", "2026-10-10", True) == (known["name"], known["expires_at"], known["days_left"] < 0)
    assert (False, False, True, True) == tuple(
        document[name] for name in ("has_changes", "in_sync", "complete", "proven")
    )
    fleet.set_key()
    assert (
        "Plan: 0 to create, 5 to update, 0 to delete, 0 in sync, 1 credential expired." in fleet.flowforge("plan").lines
    )
    fleet.manifest(text.replace("expires: {}", "expires: 9999-12-31"))
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert ([IN_SYNC], (False, True, True)) == (fleet.flowforge("plan").lines, answers(fleet))


def test_a_list_of_repos_that_is_not_whole(fleet: "Fleet") -> None:
    """`--list-repos` with an entry whose repos are not known: it says so, and exits 3 as a plan does."""
    fleet.manifest(
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "targets:\n  - {name: All, select: {org: nobody-here}, credential: k}\n"
    )
    done = fleet.flowforge("plan", "--list-repos")
    assert (3, "0 repos, and more that are not known.") == (done.code, done.lines[-1])
