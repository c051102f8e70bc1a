"""Whatever is raised at whatever step of a write: all is told, the exit code is true, and the next plan right."""

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.errors import GitHubError, StateError
from flowforge.resources import schema_text
from flowforge.sandbox import Fault, FaultKind
from tests.cli.breaking import CANARY, Strike, foreign, ours
from tests.cli.scene import DELETED, DONE, KEY, LINES, OPS, PATH, TOKEN, Scene, Told
from tests.rows import one_in

LOCK = 700  # seconds in which the lock of a run ends that could not give it back
SCHEMA = json.loads(schema_text("report"))
# Steps that only the main thread takes.
MAIN = {
    "before memory.announce": 2,
    "after memory.announce": 1,
    "before memory.batch": 2,
    "before memory.close": 1,
    "after memory.close": 1,
    "before memory.begun": 1,
    "before memory.settled": 1,
    "before memory.unrecorded": 1,
    "begin Writing": 1,
    "advance Writing": 1,
    "end Writing": 1,
    "recap": 1,
    "close client": 1,
}
# Steps of a worker, each with how often it comes until it raises.
WORKERS = {
    "before memory.intend": 2,
    "after memory.intend": 2,
    "before memory.record": 2,
    "after memory.record": 2,
    "before memory.forget": 1,
    "after memory.forget": 1,
    "before memory.abandon": 1,
    "after memory.abandon": 1,
    "before vault.get": 2,
    "after vault.get": 2,
    "before permissions.refusal": 3,
    "before permissions.granted": 2,
    "before permissions.failed": 1,
    "notify": 1,
    **{
        f"{when} {what}": 1
        for when in ("before", "after", "within")
        for what in (
            "GET /repos/acme/b/actions/secrets/public-key",
            f"PUT /repos/acme/b/actions/secrets/{KEY}",
            "GET /repos/acme/b/actions/secrets",
            f"DELETE /repos/acme/b/actions/secrets/{TOKEN}",
            "PUT /repos/acme/c/environments/production",
            "POST /repos/acme/a/actions/variables",
            "GET /repos/acme/a/actions/variables",
        )
    },
}
OF_THE_STATE = {step: nth for step, nth in WORKERS.items() if "memory." in step or "PUT" in step}
# A push of the state: the announcement of the first writes, that of the others, and the end.
PUSHES = [f"{when} PUT /repos/{OPS}/contents/{PATH}" for when in ("before", "after", "within")]
# What makes a step come at all.
REFUSED = Fault(f"PUT /repos/acme/c/actions/secrets/{KEY}", FaultKind.STATUS, status=422, message="no")
LIMITED = Fault(f"PUT /repos/acme/b/actions/secrets/{KEY}", FaultKind.STATUS, status=403, retry_after=1)
NEEDS = {"memory.abandon": REFUSED, "permissions.failed": REFUSED, "notify": LIMITED}


Scenes = Callable[[str], Scene]


def judge(scene: Scene, strike: Strike, *, again: bool) -> None:
    """Let an apply meet an exception, and hold what is told of it against the wire, GitHub and the state.

    again: the next apply is run, too.
    """
    for part, fault in NEEDS.items():
        if part in strike.step:
            scene.sandbox.world.faults.add(fault)
    told = scene.apply(strike)
    scene.sandbox.world.faults.clear()
    assert strike.met
    left = {line for line, request in LINES.items() if any(each.left and each.what == request for each in strike.wire)}
    recorded, held = scene.recorded(), scene.held()
    assert {line: scene.wanted.get(line) for line in recorded} == {line: held.get(line) for line in recorded}
    document = json.loads(told.out)
    _is_true(document, strike, left, recorded)
    assert (told.code, told.out) == (document["exit_code"], told.json)
    _is_told(told, document, in_short=strike.step == "recap")
    assert CANARY not in told.out + told.err + told.text + json.dumps(sorted(map(str, scene.state.remembered)))
    # What comes next puts it right; the lock of a run that could not give it back ends by itself.
    scene.sandbox.world.clock.advance(LOCK if scene.on_branch else 0)
    gone = {DELETED} - held.keys()  # the next apply has nothing to do but to forget it
    assert set(LINES) - recorded - gone == set(scene.plan())
    if again:
        assert 0 == scene.run("apply", "--yes").code
        assert ({}, scene.wanted) == (scene.plan(), scene.held())


def _is_true(document: Any, strike: Strike, left: set[str], recorded: set[str]) -> None:  # noqa: ANN401 -- JSON
    """Hold the report against what was left at GitHub, or may have been, and what the state has of it."""
    Draft202012Validator(SCHEMA).validate(document)
    outcomes = {each["address"]: each["outcome"] for each in document["results"]}
    assert set(LINES) == set(outcomes)
    # A refusal of GitHub's that came to no end is told as a failure, and the state has it as open.
    lost = {"failed", "unrecorded"} if isinstance(strike.error, GitHubError) else {"unrecorded"}
    # Whether a push arrived is not asked where GitHub is over or has refused it, nor for a person who does not wait.
    unasked = strike.step in PUSHES and isinstance(strike.error, GitHubError | StateError | KeyboardInterrupt)
    done = DONE | {"unrecorded"} if unasked else DONE
    for line, outcome in outcomes.items():
        expected = done if line in recorded else lost if line in left else {"failed", "not_done"}
        assert outcome in expected, (line, outcome, line in left)
    assert document["exit_code"] in _codes(document, strike, outcomes)


def _is_told(told: Told, document: Any, *, in_short: bool) -> None:  # noqa: ANN401 -- JSON
    """Hold the recap against the report: in a line of the simplest words for each secret where it cannot be shown."""
    if in_short:
        short = [f"{each['outcome']}: {each['address']}" for each in document["results"]]
        assert short == told.text.splitlines()[-len(short) :]
        assert short == [line for line in told.err.splitlines() if line in short]
        return
    counts = document["counts"]
    named = ", ".join(f"{counts.get(each, 0)} {each}" for each in ("created", "updated", "deleted", "failed"))
    done = "Done" if set(counts) <= DONE and not document["errors"] else "Not all done"
    assert re.match(f"{done}: {named}, 0 blocked", told.text.splitlines()[-1])
    repos = [line.split(" : ")[0] for line in told.text.splitlines() if " : in_sync=" in line]
    assert sorted(document["recap"]) == repos


def _codes(document: Any, strike: Strike, outcomes: Mapping[str, str]) -> set[int]:  # noqa: ANN401 -- JSON
    """Return the exit codes that are true."""
    if strike.step in {*MAIN, *PUSHES} and isinstance(strike.error, KeyboardInterrupt):
        return {130}
    if "unrecorded" in outcomes.values():
        return {5}
    if set(outcomes.values()) <= DONE and not document["errors"]:
        return {0}
    return {3} if any(each.left and OPS not in each.request for each in strike.wire) else {1, 3}


# All that raises, all that it can be raised in, in both homes of a state: the second has pushes beside that.
KINDS = (*ours(), *foreign())
STEPS = [
    *(("file", step, nth) for step, nth in (WORKERS | MAIN).items()),
    *(("branch", step, nth) for step, nth in (MAIN | OF_THE_STATE).items()),
    *(("branch", step, nth) for nth in (1, 2, 3) for step in PUSHES),
]
SOME = range(0, len(STEPS), max(1, len(STEPS) // int(os.environ.get("STEPS", len(STEPS)))))
IDS = [f"{home}, {step.replace('/', '.')}, {nth}" for home, step, nth in STEPS]


@pytest.mark.parametrize("number", one_in(16, range(len(STEPS)), ids=IDS.__getitem__))
def test_an_exception_at_a_step(scenes: Scenes, number: int) -> None:
    """Each step meets an exception, and each kind of them meets a step or more; `make slow` has each with each."""
    home, step, nth = STEPS[number]
    judge(scenes(home), Strike(step, (ours() | foreign())[KINDS[number % len(KINDS)]], nth), again=True)


def test_each_kind_meets_a_step() -> None:
    """There are more steps than kinds, or some kind would be met by `make slow` alone."""
    assert len(STEPS) >= len(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("number", SOME, ids=[IDS[number] for number in SOME])
def test_every_exception_at_a_step(scenes: Scenes, number: int) -> None:
    """The same of every kind at every step, as far as the next plan; of STEPS steps alone where that is set."""
    home, step, nth = STEPS[number]
    for kind in KINDS:
        judge(scenes(home), Strike(step, (ours() | foreign())[kind], nth), again=False)
