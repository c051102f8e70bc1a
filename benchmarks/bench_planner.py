"""Planning alone, 10,000 repos, no network: CPU and peak memory of one process for each case."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from common import SECRET, Goal, Project, goals, made_up, median, names, project, ran, say, table
from flowforge.manifest.places import Place
from flowforge.offline import validate
from flowforge.plan.action import Reason
from flowforge.plan.address import Address
from flowforge.plan.decide import Situation, make_plan
from flowforge.plan.facts import Known, Listing, Record, Wanted
from flowforge.plan.safety import Allowed, Estate, brakes
from flowforge.render.as_json import write as dumps
from flowforge.render.results import plan_document
from flowforge.render.text import plan_lines
from flowforge.sources import Context
from flowforge.state.file import StateFile
from flowforge.state.model import State
from flowforge.steps.values.resolver import Resolver, desired
from flowforge.vault import Fingerprinter

REPOS = 10_000
RUNS = 3
MANIFEST, STATE = "flowforge.yaml", "flowforge.state.json"
BEFORE, SINCE = 20, 23  # days of November
# What the fleet looks like, and the lines that its plan has.
CASES = {
    "in sync": Reason.IN_SYNC,
    "all to create": Reason.MISSING,
    "all edited outside": Reason.CHANGED_OUTSIDE,
    "every value rotated": Reason.VALUE_CHANGED,
}


def main() -> None:
    """Run each case as a process of its own, which times its parts."""
    say(
        f"{REPOS:,} repos, {RUNS} runs of each, medians. Decide: the decision and the brakes. Text, JSON: rendered.\n"
        "All: a process that starts, reads manifest and state, resolves, decides and renders both; its CPU and peak."
    )
    rows = [_row(case) for case in CASES]
    table(("fleet", "decide CPU s", "text CPU s", "JSON CPU s", "all CPU s", "peak MB"), rows)
    slowest = max(float(row[1]) + float(row[2]) for row in rows)
    goals(
        Goal(f"CPU s of deciding and showing {REPOS:,} repos, the slowest fleet", slowest, 1),
        Goal("peak MB of its process", max(float(row[-1]) for row in rows), 150, digits=0),
    )


def _row(case: str) -> tuple[str, ...]:
    with project(names(REPOS)) as here:
        if case != "all to create":
            _remember(here)
        if case == "every value rotated":
            here.environ["ACME_KEY"] = made_up()
        runs = [ran([sys.executable, __file__, case], here.environ, here.folder) for _ in range(RUNS)]
    if any(run.code for run in runs):
        message = f"the plan of a fleet {case} is not as it should be"
        raise RuntimeError(message)
    parts = zip(*(map(float, run.out.split()) for run in runs), strict=True)
    whole = f"{median(run.cpu for run in runs):.2f}", f"{median(run.memory for run in runs):.0f}"
    return case, *(f"{median(part):.2f}" for part in parts), *whole


def _remember(here: Project) -> None:
    """Write the state of a fleet that was applied before."""
    _, places = validate([here.folder / MANIFEST], here.environ)
    with StateFile.open(here.folder / STATE, manifests=(MANIFEST,)) as memory:
        for number, wanted in enumerate(_wanted(places, memory.state, here.environ).values()):
            if isinstance(wanted.value, Known):
                before = _time(BEFORE, number)
                record = Record(wanted.value.fingerprint, before, "ci-key", number, before, before)
                memory.record(wanted.address, record)


def _wanted(places: tuple[Place, ...], state: State, environ: Mapping[str, str]) -> Mapping[Address, Wanted]:
    resolver = Resolver(Context(environ, Path()), Fingerprinter(state.salt))
    return desired(places, resolver, select=lambda _: True, skip_values=False, admitted={})


def _time(day: int, number: int) -> str:
    """Return a time of that day, another one for each number."""
    return f"2026-11-{day}T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"


def measure(case: str) -> None:
    """Plan one case in this process, and print the CPU seconds of its parts."""
    _, places = validate([Path(MANIFEST)], os.environ)
    state = StateFile.read(Path(STATE))
    wanted = _wanted(places, state, os.environ)
    day = SINCE if case == "all edited outside" else BEFORE
    seen = {
        address.scope: Listing({} if case == "all to create" else {SECRET: _time(day, number)})
        for number, address in enumerate(wanted)
    }
    situation = Situation(wanted, seen, state.remembered)
    estate = Estate(len(state.records), len(places), len(places), STATE, (MANIFEST,), state.manifests)
    clock = time.process_time
    begun = clock()
    plan = make_plan(situation)
    held = brakes(plan, estate, Allowed())
    decided = clock()
    text = "\n".join(plan_lines(plan, verbose=True))
    written = clock()
    document = dumps(plan_document(plan, brakes=held, warnings=(), requests=0, to_come=0, eta=0.0))
    done = clock()
    if not text or not document or {change.reason for change in plan.changes} != {CASES[case]}:
        sys.exit(1)
    print(decided - begun, written - decided, done - written)


if __name__ == "__main__":
    measure(sys.argv[1]) if len(sys.argv) > 1 else main()
