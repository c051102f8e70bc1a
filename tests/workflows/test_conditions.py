"""Conditions for each class of run: who reaches a step, who does not, and where nobody can tell."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from flowforge.workflows.conditions import Conditions
from flowforge.workflows.expression_tree import And, Comparison, Expression, FunctionCall, Literal, Not, Or
from flowforge.workflows.expressions import read_condition
from flowforge.workflows.runs import RunClass, Who, runs_of
from flowforge.workflows.scopes import Bound, NameScope
from flowforge.workflows.values import truth
from flowforge.workflows.workflow import Workflow
from flowforge.workflows.yaml_reader import read_yaml

PERSON = RunClass("pull_request", Who.PERSON)
DEPENDABOT = RunClass("pull_request", Who.DEPENDABOT, "dependabot[bot]")
FORK = RunClass("pull_request", Who.FORK)
RENOVATE = RunClass("pull_request", Who.BOT, "renovate[bot]")
CLASSES = {"p": PERSON, "d": DEPENDABOT, "f": FORK, "r": RENOVATE}
SAME = "github.event.pull_request.head.repo.full_name == github.repository"
TRUSTED = """contains(fromJSON('["OWNER","MEMBER"]'), github.event.pull_request.author_association)"""


def _reached(condition: str, run: RunClass, scope: NameScope | None = None, absent: str = "") -> str:
    names = frozenset({absent}) if absent else frozenset()
    found = truth(Conditions(run, names).value(read_condition(condition), scope or NameScope("x")))
    return "?" if found.unknown else "may" if found.true and found.false else "yes" if found.true else "no"


@pytest.mark.parametrize(
    ("condition", "who"),
    [
        ("github.actor != 'dependabot[bot]'", "pfr"),
        ("github.actor == 'dependabot[bot]'", "d"),
        ("github.event.pull_request.user.login == 'Dependabot[bot]'", "d"),
        ("!endsWith(github.actor, '[bot]')", "pf"),
        ("github.event.sender.type != 'Bot'", "pf"),
        ("!startsWith(github.head_ref, 'dependabot/')", "pfr"),
        (SAME, "pdr"),
        ("!github.event.pull_request.head.repo.fork", "pdr"),
        ("github.event.pull_request.head.repo.owner.login == github.repository_owner", "pdr"),
        (TRUSTED, "pdr"),
        ("github.event_name == 'push'", ""),
        ("github.event_name == 'push' || github.event_name == 'pull_request'", "pdfr"),
        ("contains(github.event.comment.body, '@claude')", ""),
        ("contains(github.event.pull_request.body, '@claude')", "pdfr"),
        ("github.event.pull_request.draft == false && " + SAME, "pdr"),
        ("false", ""),
        ("always()", "pdfr"),
        ("failure()", "pdfr"),
        ("contains(github.event.pull_request.labels.*.name, 'go')", "pdfr"),
        ("contains('a,b', 'c')", ""),
        ("1 < 2 && 'a' != 'A'", ""),
        ("null == ''", "pdfr"),
        ("github.event.issue", ""),
        ("inputs.review != 'no'", "pdfr"),
    ],
)
def test_who_reaches_it(condition: str, who: str) -> None:
    """Of a person, Dependabot, a fork and another bot, those reach it whom the condition admits or may admit."""
    assert who == "".join(key for key, run in CLASSES.items() if _reached(condition, run) in {"yes", "may"})


@pytest.mark.parametrize(
    "condition", ["a b", "unknown.thing == 'x'", "nosuch(1)", "fromJSON('{')", "github.repository == 'a/b'"]
)
def test_nobody_can_tell(condition: str) -> None:
    """What does not parse, or names what GitHub does not have, is unknown; so is a repository without a name."""
    assert "?" == _reached(condition, PERSON)


def test_unknown_beside_what_is_known() -> None:
    """What settles a chain settles it, whatever unknown stands beside it."""
    assert ["no", "yes", "?"] == [_reached(text, PERSON) for text in ("x.y && false", "x.y || true", "x.y && true")]


def test_the_name_of_the_repository() -> None:
    """Where the name is known a condition on it is decided, and a fork is another one."""
    here, fork = (RunClass("pull_request", who, repo="acme/api") for who in (Who.PERSON, Who.FORK))
    found = [_reached(f"github.repository == '{name}'", here) for name in ("Acme/API", "acme/web")]
    assert ["yes", "no", "no", "yes"] == [*found, _reached(SAME, fork), _reached(SAME, here)]


GATES = """\
on: push
env: {HAS: "${{ secrets.KEY != '' }}", WORD: "${{ secrets.KEY != '' && 'yes' || 'no' }}", KEY: "${{ secrets.KEY }}"}
jobs:
  look:
    outputs: {there: "${{ steps.look.outputs.there }}"}
    steps:
      - {id: look, run: 'if [ -n "$KEY" ]; then echo "there=true" >> "$GITHUB_OUTPUT"; fi'}
      - {id: other, run: 'echo "there=true" >> "$GITHUB_OUTPUT"'}
"""


@pytest.mark.parametrize(
    ("condition", "gated"),
    [
        ("env.HAS == 'true'", True),
        ("env.WORD == 'yes'", True),
        ("env.KEY != ''", True),
        ("env.KEY", True),
        ("steps.look.outputs.there == 'true'", True),
        ("needs.look.outputs.there == 'true'", True),
        ("steps.look.outputs.there != 'true'", False),
        ("steps.other.outputs.there == 'true'", False),
        ("env.HAS == 'true' || github.event_name == 'push'", False),
    ],
)
def test_a_presence_test_is_a_gate(condition: str, gated: bool) -> None:  # noqa: FBT001 -- a row of the table
    """Without the secret a gated step is not reached, and with it it may be: by env, by a step's or a job's output."""
    workflow = Workflow("x", read_yaml(GATES))
    scope = NameScope("x", workflow=workflow).with_env(workflow.root.get("env")).in_job(workflow.jobs["look"])
    push = RunClass("push", Who.PERSON)
    without, with_it = (_reached(condition, push, scope, absent) for absent in ("KEY", ""))
    assert (gated, True) == (without == "no", with_it in {"yes", "may"})


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ("push", "push person, push dependabot"),
        ("{push: {branches: [main]}}", "push person"),
        ("{push: {branches: ['**', '!dependabot/**']}}", "push person"),
        ("{push: {branches: ['dependabot/**']}}", "push person, push dependabot"),
        ("{push: {branches-ignore: ['dependabot/**']}}", "push person"),
        ("{push: {branches: ['*']}}", "push person"),
        ("{push: {branches: ['*/*/*']}}", "push person, push dependabot"),
        ("{push: {branches: ['dependabot/pip/requests-2.32.0?']}}", "push person, push dependabot"),
        ("{push: {branches: ['dependabot/pip/requests-2.3?.??']}}", "push person, push dependabot"),
        ("{push: {branches: ['dependabot/pip/requests-2.3?']}}", "push person"),
        ("{push: {branches: ['d**t/**left**0']}}", "push person, push dependabot"),
        # As a regular expression this would be tried for longer than anybody lives.
        pytest.param(f"{{push: {{branches: ['{'*a' * 1000}']}}}}", "push person", id="a thousand stars"),
        ("{push: {tags: ['v*']}}", "push person"),
        ("[issue_comment, schedule]", "issue_comment person, schedule person"),
        ("pull_request", "pull_request person, pull_request dependabot, pull_request fork"),
        ("workflow_run", "workflow_run person, workflow_run fork"),
        ("workflow_call", ""),
    ],
)
def test_the_runs_of_events(events: str, expected: str) -> None:
    """Dependabot starts pull_request, and push where branches admit its own; forks start what they start."""
    found = runs_of(Workflow("x", read_yaml(f"on: {events}")).events)
    assert expected == ", ".join(f"{run.event} {run.who}" for run in found)


@pytest.mark.parametrize(
    ("event", "bots"),
    [
        ("issue_comment", True), ("pull_request", True), ("push", True), ("pull_request_target", True),
        ("schedule", False), ("workflow_dispatch", False), ("repository_dispatch", False), ("workflow_run", False),
    ],
)  # fmt: skip
def test_the_runs_of_bots(event: str, bots: bool) -> None:  # noqa: FBT001 -- a table
    """Each that a condition names starts what a bot can start; each class of run knows its repository."""
    named = frozenset({"renovate[bot]", "a[bot]", "dependabot[bot]"})
    found = list(runs_of(Workflow("x", read_yaml(f"on: {event}")).events, named, "acme/api"))
    assert (["a[bot]", "renovate[bot]"] if bots else [], {"acme/api"}) == (
        [run.login for run in found if run.who is Who.BOT],
        {run.repo for run in found},
    )


@pytest.mark.parametrize(
    ("event", "stores"),
    [
        ("push", {"person": "actions", "dependabot": "dependabot", "fork": "actions"}),
        ("pull_request", {"person": "actions", "dependabot": "dependabot", "fork": ""}),
        ("pull_request_review", {"person": "actions", "dependabot": "", "fork": ""}),
        ("pull_request_review_comment", {"person": "actions", "dependabot": "", "fork": ""}),
        ("pull_request_target", {"person": "actions", "dependabot": "", "fork": "actions"}),
        ("workflow_run", {"person": "actions", "dependabot": "", "fork": "actions"}),
    ],
)
def test_the_store_of_a_run(event: str, stores: dict[str, str]) -> None:
    """Dependabot has a store of its own where it is given one, and a fork's pull request is given nothing."""
    assert stores == {who: RunClass(event, Who(who)).store for who in stores}


TRUE = Literal(value=True)
NESTED: dict[str, Callable[[Expression], Expression]] = {
    "!": lambda inner: Not(Not(inner)),
    "&&": lambda inner: And((Or((inner,)), TRUE)),
    "left": lambda inner: Comparison("==", Comparison("==", inner, TRUE), TRUE),
    "right": lambda inner: Comparison("==", TRUE, Comparison("==", TRUE, inner)),
    "call": lambda inner: FunctionCall("format", (FunctionCall("format", (inner,)),)),
}


@pytest.mark.parametrize("name", NESTED)
def test_a_condition_of_forty_levels(name: str) -> None:
    """It is decided; what is deeper nobody can tell, whatever is nested in what."""
    condition: Expression = TRUE
    for _ in range(20):
        condition = NESTED[name](condition)
    found = [truth(Conditions(PERSON).value(each, NameScope("x"))).unknown for each in (condition, Not(condition))]
    assert [False, True] == found


@pytest.mark.parametrize("name", ["env", "inputs"])
def test_names_of_forty_levels(name: str) -> None:
    """A name that stands for another counts as a level."""
    scope, found = NameScope("x"), list[bool]()
    node = read_yaml("a: ${{ true }}")
    for _ in range(42):
        here = scope
        scope = (
            here.with_env(node)
            if name == "env"
            else replace(here, inputs={key: Bound(value, here) for key, value in node.entries()})
        )
        found.append(truth(Conditions(PERSON).value(read_condition(f"{name}.a"), scope)).unknown)
        node = read_yaml(f"a: ${{{{ {name}.a }}}}")
    assert [False] * 40 + [True] * 2 == found


def test_outputs_of_four_jobs() -> None:
    """An output that stands for another job's is followed over four jobs, and no level deeper."""
    jobs = [f"  j{at}: {{outputs: {{a: '${{{{ needs.j{at - 1}.outputs.a }}}}'}}}}\n" for at in range(1, 5)]
    first = "  j0: {outputs: {a: '${{ secrets.KEY }}'}}\n"
    workflow = Workflow("x", read_yaml(f"on: push\njobs:\n{first}{''.join(jobs)}"))
    scope = NameScope("x", workflow=workflow)
    conditions = ("needs.j3.outputs.a", "!needs.j3.outputs.a", "needs.j4.outputs.a")
    assert ["no", "?", "?"] == [_reached(each, PERSON, scope, "KEY") for each in conditions]
