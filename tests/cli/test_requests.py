"""What a plan says that it took, and that applying takes: so many requests reach GitHub."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

UUID = "00000000-0000-0000-0000-00000000000a"
KEY = "ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}"
IDENTITY = f"ci: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}"


def write(fleet: "Fleet", *targets: str, state: str = "", absent: str = "", identity: bool = False) -> None:
    """Write a manifest with these targets."""
    entries = "".join(f"  - {{name: T{number}, {target}}}\n" for number, target in enumerate(targets))
    credentials = f"  {KEY}\n" + (f"  {IDENTITY}\n" if identity else "")
    more = (f"absent:\n  - {absent}\n" if absent else "") + state
    fleet.manifest(f"version: 1\ncredentials:\n{credentials}targets:\n{entries}{more}")


def counted(fleet: "Fleet", *args: str) -> tuple[int, int, int]:
    """Apply; give what it said of the plan and of the writes, and prove that as many requests came."""
    fleet.later()
    fleet.requests()
    done = fleet.flowforge("apply", "--yes", "--format", "json", *args)
    assert done.code == 0, done.out + done.err
    asked = fleet.requests()
    took = sum(asked.values())
    plan = json.loads(done.out)["plan"]
    assert took == plan["requests"] + plan["requests_to_come"], asked
    return plan["requests"], plan["requests_to_come"], took


def test_the_pushes_of_a_state_on_a_branch_count(ops: "Fleet") -> None:
    """To begin the branch, each announcement, and the last push, as text too; with a token of its own as with ours."""
    ops.monkeypatch.setattr("flowforge.state.batch_size._BATCH", 2)
    state, target = "state: {github: {repo: acme/ops}}\n", f"repos: [{', '.join(ops.repos)}], credential: ci-key"
    write(ops, target, state=state)
    # Five secrets: a list, a key and a write each. Three announcements, for one goes first, four writes to begin, and
    # the end.
    assert (9, 22, 31) == counted(ops)
    assert (7, 0, 7) == counted(ops)
    state = state.replace("acme/ops", "acme/ops, auth: {token: {env: FLOWFORGE_GITHUB_TOKEN}}")
    write(ops, target, state=state)
    ops.set_key()
    text = ops.flowforge("plan").lines
    assert "It took 8 requests; applying takes 14 more, with no wait at GitHub's limits." in text
    assert (8, 14, 22) == counted(ops)
    ops.sandbox.world.delete_secret(ops.repos[0], "ANTHROPIC_API_KEY")
    write(ops, f"repos: [{ops.repos[1]}], credential: ci-key", state=state)
    # Nothing is written, and what is gone is forgotten.
    assert 1 == counted(ops)[1]


def test_whatever_is_written_counts(fleet: "Fleet") -> None:
    """Secrets and variables, of repos, environments and an organization, made, changed and deleted."""
    one, two, three, *_ = fleet.repos
    fleet.sandbox.world.set_secret(two, "OLD_KEY", "x")
    fleet.sandbox.world.set_secret(three, "OLD_KEY", "x")
    for number in range(30):
        fleet.sandbox.world.set_variable(one, f"OTHER_{number}", "x")
    targets = (
        f"repos: [{one}, {two}], credential: ci-key",
        f"repos: [{one}], credential: ci",
        f"repos: [{three}], environments: [live], create_environment: true, credential: ci-key",
        "org: acme, visible_to: all, credential: ci-key",
    )
    write(fleet, *targets, identity=True, absent=f"{{name: Old, repos: [{two}, {three}], secret: OLD_KEY}}")
    told = [counted(fleet)]
    fleet.set_key()
    told.append(counted(fleet))
    write(fleet, targets[0])
    told.append(counted(fleet, "--prune", "--allow-deletes", "9"))
    # With ours the variables are more than 30: a list of two pages, which is read twice.
    assert [(10, 22, 32), (10, 8, 18), (9, 4, 13)] == told
