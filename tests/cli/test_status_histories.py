"""Hundreds of run histories against a table of their own: nothing is called alive or dead that is not."""

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

PATH: Final = ".github/workflows/agent.yml"
CHANGED: Final = "# proposed\n"
REFUSED: Final = (
    "Failed to authenticate. API Error: 401 Invalid bearer token",
    "API Error: 401 Invalid authentication credentials",
    "Invalid API key · Fix external API key",
    "OAuth token has expired. Please obtain a new token or refresh your existing token.",
)
OTHER_TROUBLE: Final = (
    "",
    "Claude execution failed: result is_error:true",
    "Claude reached the limit of turns (error_max_turns)",
    "The job has exceeded the maximum execution time of 10m0s",
    "Actor does not have write permissions to the repository",
    "Credit balance is too low",
)
HONEST_PINS: Final = ("v1.0.172", "v1.0.181", "v1", "v1.2.0")
OTHER_PINS: Final = ("v1.0.171", "v1.0.88", "beta", "0123456789012345678901234567890123456789", "my-branch")


@dataclass(frozen=True)
class History:
    """One repository: its workflow, and one run of it."""

    pin: str
    prompt: bool
    forgiven: str
    """Where `continue-on-error` stands: nowhere, at the step or at the job."""
    second: bool
    """Whether the step is given another credential too."""
    event: str
    changed: bool
    """Whether the run had another version of the workflow than the default branch."""
    fork: bool
    actor: str
    late: bool
    """Whether it was queued after the write."""
    conclusion: str
    """Of the Claude step."""
    note: str
    """What its check says."""

    @property
    def workflow(self) -> str:
        """The file."""
        lines = ["on: [push, pull_request, schedule]", "permissions: {id-token: write}", "jobs:", "  agent:"]
        lines += ["    continue-on-error: true"] if self.forgiven == "job" else []
        lines += ["    runs-on: ubuntu-latest", "    steps:", "      - uses: actions/checkout@v4"]
        lines += ["      - name: Ask Claude", f"        uses: anthropics/claude-code-action@{self.pin}"]
        lines += ["        continue-on-error: true"] if self.forgiven == "step" else []
        lines += ["        with:", "          anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}"]
        lines += ["          claude_code_oauth_token: ${{ secrets.CLAUDE_TOKEN }}"] if self.second else []
        lines += ["          prompt: Review ${{ github.ref }}."] if self.prompt else []
        return "\n".join(lines) + "\n"

    @property
    def expected(self) -> str:
        """What may be said of it, by a table of its own: not by the code that is tested."""
        given = self.late and not self.fork and self.actor != "dependabot[bot]"
        if not given:
            return "not_run"
        if self.conclusion == "failure":
            if self.note in REFUSED:
                # What a check says may be of a step that is forgiven, or of the other credential.
                return "failing" if self.second or self.forgiven == "step" else "dead"
            return "failing"
        if self.conclusion != "success":
            return "unknown"
        proves = (
            self.prompt
            and self.pin in HONEST_PINS
            and not self.forgiven
            and not self.second
            # The action compares the workflow with the default branch's, and ends green where they differ.
            and not (self.changed and self.event != "schedule")
        )
        return "alive" if proves else "unknown"


def histories(count: int, seed: int) -> list[History]:
    """Make up so many, a good part of which decide."""
    draw = random.Random(seed)

    def odds(percent: int) -> bool:
        return draw.random() * 100 < percent

    made = []
    for _ in range(count):
        event = draw.choice(("schedule", "push", "pull_request", "schedule"))
        made.append(
            History(
                pin=draw.choice(HONEST_PINS) if odds(70) else draw.choice(OTHER_PINS),
                prompt=odds(75),
                forgiven=draw.choice(("step", "job")) if odds(10) else "",
                second=odds(10),
                event=event,
                changed=event != "schedule" and odds(15),
                fork=event == "pull_request" and odds(20),
                actor="dependabot[bot]" if event in {"push", "pull_request"} and odds(10) else "ada",
                late=odds(90),
                conclusion=draw.choice(("success", "success", "success", "failure", "failure", "cancelled", "skipped")),
                note=draw.choice((*REFUSED, *OTHER_TROUBLE)),
            )
        )
    return made


def played(fleet: "Fleet", made: list[History]) -> dict[str, str]:
    """Let the histories happen, and return what a status says of each repository."""
    world, start = fleet.sandbox.world, int(fleet.sandbox.world.clock.now())
    fleet.set_key()
    fleet.grow(len(made))
    fleet.later()
    assert fleet.flowforge("apply", "--yes").code == 0
    for repo, history in zip(fleet.repos, made, strict=True):
        commit = ""
        if history.changed:
            world.edit_file(repo, PATH, CHANGED + history.workflow, branch="proposed")
            commit = "proposed"
        world.edit_file(repo, PATH, history.workflow)
        steps = [["Run actions/checkout@v4", "success"], ["Ask Claude", history.conclusion]]
        notes = [history.note] if history.note and history.conclusion == "failure" else []
        job: dict[str, object] = {
            "name": "agent",
            "conclusion": history.conclusion,
            "steps": steps,
            "annotations": notes,
        }
        world.add_run(
            repo,
            PATH,
            jobs=[job],
            conclusion=history.conclusion,
            event=history.event,
            actor=history.actor,
            branch=commit or "main",
            fork=history.fork,
            created=int(world.clock.now()) + 60 if history.late else start - 60,
        )
    world.reset_stats()
    document = json.loads(fleet.flowforge("status", "--format", "json").out)
    return {each["repo"]: each["life"] for each in document["secrets"]}


@pytest.mark.parametrize(("count", "idle"), [(60, 4), pytest.param(400, 100, marks=pytest.mark.slow)])
def test_nothing_is_said_that_is_not_so(fleet: "Fleet", count: int, idle: int) -> None:
    """No false alive and no false dead, all is decided that can be, and a repo costs a handful of requests.

    Of the histories `idle` or more are green without a call to Claude. Of each repo the secrets and the runs are listed
    once; a run's jobs are asked about where they decide, annotations where one of these failed.
    """
    made = histories(count, seed=count)
    said = played(fleet, made)
    wrong = [
        (repo, said[repo], each.expected, each)
        for repo, each in zip(fleet.repos, made, strict=True)
        if said[repo] != each.expected
    ]
    assert wrong == []
    assert idle <= sum(each.conclusion == "success" and each.expected == "unknown" for each in made)
    asked = {route.rpartition("/")[2]: number for route, number in fleet.sandbox.world.stats().requests.items()}
    failed = sum(each.conclusion == "failure" for each in made)
    most = {"secrets": count, "runs": count, "jobs": count, "annotations": failed, "{path}": 2 * count, "rate_limit": 1}
    assert {} == {what: number for what, number in asked.items() if number > most[what]}


def test_a_green_run_without_a_call_is_never_alive(fleet: "Fleet") -> None:
    """Whatever else holds: a step without a prompt, an old pin, a failure that is forgiven."""
    made = [each for each in histories(300, seed=5) if each.conclusion == "success" and each.expected == "unknown"][:30]
    assert set(played(fleet, made).values()) == {"unknown"}
