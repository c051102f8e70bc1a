"""`flowforge rotate` from end to end: the walk, on and back, and what is in its way, proven by decryption."""

import json
import os
import sys
from pathlib import Path

import pytest

from flowforge.sandbox import Fault, FaultKind
from tests.cli.conftest import Fleet
from tests.cli.scene import UUID
from tests.cli.verifying import known, serve, verifying
from tests.cli.walking import KEY, asked, canary, who_has

WALK = ("rotate", "ci-key", "--yes", "--batch", "1,40%,rest")
PATH = ".github/workflows/canary.yml"
BACK = ("rotate", "ci-key", "--yes", "--back")


@pytest.fixture
def rotating(fleet: Fleet) -> tuple[Fleet, str, str]:
    """Return five repos that hold an old key, with a new one at its source; and both keys."""
    old = fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    return fleet, old, fleet.set_key()


def test_a_walk_to_its_end(rotating: tuple[Fleet, str, str]) -> None:
    """Each batch is followed by its canary, everybody has the new value in the end, and the state has no walk left."""
    fleet, old, new = rotating
    done = fleet.flowforge(*WALK, *canary(fleet))
    assert (0, {"new": 5}) == (done.code, who_has(fleet, old, new)), done
    order = asked(fleet)  # side by side within a batch
    assert [fleet.repos[:1], fleet.repos[1:3], fleet.repos[3:]] == [order[:1], sorted(order[1:3]), sorted(order[3:])]
    assert "rotations" not in json.loads(Path("flowforge.state.json").read_text("utf-8"))
    assert "The rotation of ci-key has ended." in done.lines
    assert "No secret has an older value that FlowForge knows of." == done.lines[-1]
    assert fleet.plan() == {}


def test_a_red_canary_stops_and_the_same_command_goes_on(rotating: tuple[Fleet, str, str]) -> None:
    """Exit 3 after the second batch; a nightly apply writes nothing; the command that goes on writes none twice."""
    fleet, old, new = rotating
    red = fleet.repos[2]
    done = fleet.flowforge(*WALK, *canary(fleet, red))
    assert (3, {"old": 2, "new": 3}) == (done.code, who_has(fleet, old, new)), done
    assert f"canary red: {red}: the command ended with 1" in done.lines
    assert any(
        line.endswith(", 1 batch found well, 3 secrets reached") for line in fleet.flowforge("state", "show").lines
    )
    nightly = fleet.flowforge("apply", "--yes", "--keep-going")
    assert (3, {"old": 2, "new": 3}) == (nightly.code, who_has(fleet, old, new))
    assert "a rotation is under way: it has not come here yet (ci-key" in nightly.out
    assert "`flowforge rotate ci-key --batch 1,40%,rest --canary-command '" in nightly.out
    fleet.sandbox.world.reset_stats()
    again = fleet.flowforge(*WALK, *canary(fleet))
    assert (0, {"new": 5}) == (again.code, who_has(fleet, old, new)), again
    puts = [route for route, count in fleet.requests().items() if route.startswith("PUT ") for _ in range(count)]
    assert 2 == len(puts)


def test_the_way_back(rotating: tuple[Fleet, str, str]) -> None:
    """With the old value at its source again, it writes what the walk wrote and ends it; a nightly apply does not."""
    fleet, old, new = rotating
    assert 3 == fleet.flowforge(*WALK, *canary(fleet, fleet.repos[2])).code
    refused = fleet.refused(*BACK)
    assert (1, "error FF908") == (refused.code, refused.err.split(":")[0])
    fleet.monkeypatch.setenv("ACME_KEY", old)
    fleet.later()
    assert 1 == fleet.refused(*WALK).code
    assert (3, {"old": 2, "new": 3}) == (fleet.flowforge("apply", "--yes").code, who_has(fleet, old, new))
    fleet.requests()
    done = fleet.flowforge(*BACK)
    assert (0, {"old": 5}) == (done.code, who_has(fleet, old, new)), done
    assert 3 == sum(count for route, count in fleet.requests().items() if route.startswith("PUT "))
    assert fleet.plan() == {}
    assert "error FF907" in fleet.refused(*BACK).err


@pytest.mark.slow
def test_a_workflow_is_the_canary(rotating: tuple[Fleet, str, str]) -> None:
    """Dispatched in each batch just written, it stops the walk where it is red; one that is not there is refused."""
    fleet, old, new = rotating
    page = (Path(__file__).parents[2] / "docs" / "canary.md").read_text("utf-8")
    workflow = page.partition("```yaml title")[2].partition("\n")[2].partition("```")[0]
    for repo in fleet.repos:
        fleet.sandbox.world.edit_file(repo, PATH, workflow)
    fleet.sandbox.world.set_dispatched(fleet.repos[1], PATH, ends="red")
    dispatched = (*WALK, "--canary", "canary.yml")
    assert "error FF060" in fleet.refused(*WALK, "--canary", "other.yml").err
    done = fleet.flowforge(*dispatched)
    assert (3, {"old": 2, "new": 3}) == (done.code, who_has(fleet, old, new)), done
    assert [f"canary red: {fleet.repos[1]}"] == [
        ":".join(line.split(":")[:2]) for line in done.lines if line.startswith("canary red")
    ]
    fleet.sandbox.world.set_dispatched(fleet.repos[1], PATH, ends="well")
    again = fleet.flowforge(*dispatched)
    assert (0, {"new": 5}) == (again.code, who_has(fleet, old, new)), again


def test_the_new_value_is_the_old_one(rotating: tuple[Fleet, str, str]) -> None:
    """It is an error, in whichever way it is said, and nothing is written."""
    fleet, old, _ = rotating
    fleet.monkeypatch.setenv("ACME_KEY", old)
    for args in (WALK, (*WALK, "--check"), ("rotate", "ci-key", "--yes", "--now")):
        done = fleet.refused(*args)
        assert (1, "error FF905") == (done.code, done.err.split(":")[0])


@pytest.mark.slow
def test_the_source_changes_in_the_middle(rotating: tuple[Fleet, str, str]) -> None:
    """A third value is refused on the way on and on the way back; `--now` writes it everywhere and ends the walk."""
    fleet, old, new = rotating
    assert 3 == fleet.flowforge(*WALK, *canary(fleet, fleet.repos[0])).code
    third = fleet.set_key()
    on, back = fleet.refused(*WALK), fleet.refused(*BACK)
    assert ("error FF906", "error FF908") == (on.err.split(":")[0], back.err.split(":")[0])
    assert {"old": 4, "new": 1} == who_has(fleet, old, new)
    done = fleet.flowforge("rotate", "ci-key", "--yes", "--now")
    assert (0, {"third": 5}) == (done.code, who_has(fleet, old, new, third)), done
    assert fleet.plan() == {}


def test_check_shows_the_walk_and_writes_nothing(rotating: tuple[Fleet, str, str]) -> None:
    """The batches with their repos, and what it costs."""
    fleet, *_ = rotating
    done = fleet.refused("rotate", "ci-key", "--check", "--batch", "1,40%,rest")
    assert 0 == done.code
    assert [
        "Rotation of ci-key: 5 secrets.",
        "  batch 1: 1 repo: acme/repo-001",
        "  batch 2: 2 repos: acme/repo-002, acme/repo-003",
        "  batch 3: 2 repos: acme/repo-004, acme/repo-005",
    ] == done.lines[-4:]
    assert "requests" in done.out


def test_in_ci_batches_need_a_canary(rotating: tuple[Fleet, str, str]) -> None:
    """Without one only `--batch rest` is taken, as nobody would look between two batches."""
    fleet, old, new = rotating
    fleet.monkeypatch.setenv("CI", "true")
    done = fleet.refused(*WALK)
    assert (1, "error FF911") == (done.code, done.err.split(":")[0])
    assert 0 == fleet.flowforge("rotate", "ci-key", "--yes", "--batch", "rest").code
    assert {"new": 5} == who_has(fleet, old, new)


@pytest.mark.slow
def test_at_a_terminal_a_person_looks_between_two_batches(rotating: tuple[Fleet, str, str]) -> None:
    """Whoever says no stops the walk with exit 3; yes to all ends it."""
    fleet, old, new = rotating
    answers = iter(["yes", "no"])
    fleet.answers(lambda: next(answers))
    done = fleet.flowforge("rotate", "ci-key", "--batch", "1,rest")
    assert (3, {"old": 4, "new": 1}) == (done.code, who_has(fleet, old, new)), done
    fleet.answers("yes")
    assert 0 == fleet.flowforge("rotate", "ci-key", "--batch", "1,rest").code
    assert {"new": 5} == who_has(fleet, old, new)


def test_a_blocked_repo_holds_up_no_other(rotating: tuple[Fleet, str, str]) -> None:
    """Archived in the middle: all others are written, exit 3 names it, and the walk ends once the state drops it."""
    fleet, old, new = rotating
    fleet.sandbox.world.archive_repo(fleet.repos[0])
    done = fleet.flowforge(*WALK)
    assert (3, {"old": 1, "new": 4}) == (done.code, who_has(fleet, old, new)), done
    assert ["1 secret may hold an older value yet:", f"    {fleet.repos[0]}/actions/{KEY}"] == done.lines[-2:]
    fleet.simple(*fleet.repos[1:])
    again = fleet.flowforge(*WALK)
    assert (3, f"    {fleet.repos[0]}/actions/{KEY}") == (again.code, again.lines[-1]), again
    assert any(line.startswith("1 secret this run did not see: run it without --owner") for line in again.lines)
    assert 0 == fleet.flowforge("state", "forget", fleet.repos[0], "--yes").code
    last = fleet.flowforge(*WALK)
    assert (0, True) == (last.code, "The rotation of ci-key has ended." in last.lines), last


def test_now_says_last_what_is_still_exposed(rotating: tuple[Fleet, str, str]) -> None:
    """All others are written at once; what is blocked is the last thing printed, exit 3."""
    fleet, old, new = rotating
    fleet.sandbox.world.archive_repo(fleet.repos[3])
    done = fleet.flowforge("rotate", "ci-key", "--yes", "--now")
    assert (3, {"old": 1, "new": 4}) == (done.code, who_has(fleet, old, new)), done
    assert ["1 secret may hold an older value yet:", f"    {fleet.repos[3]}/actions/{KEY}"] == done.lines[-2:]


@pytest.mark.slow
def test_repos_that_join_and_leave_in_the_middle(rotating: tuple[Fleet, str, str]) -> None:
    """One that joins gets no value from a nightly apply, and its batch from the walk; one that left is told."""
    fleet, old, new = rotating
    assert 3 == fleet.flowforge(*WALK, *canary(fleet, fleet.repos[0])).code
    fleet.grow(6)
    fleet.simple(*fleet.repos[:4], fleet.repos[5])
    assert 3 == fleet.flowforge("apply", "--yes").code
    assert {"old": 4, "new": 1, "other": 1} == who_has(fleet, old, new)
    done = fleet.flowforge(*WALK, "--no-canary")
    assert (3, {"old": 1, "new": 5}) == (done.code, who_has(fleet, old, new)), done
    assert f"    {fleet.repos[4]}/actions/{KEY}" == done.lines[-1]


def interfering(fleet: Fleet, body: str) -> tuple[str, str]:
    """Return the option of a canary that is well, and does something else beside."""
    script = fleet.folder / "canary.py"
    script.write_text(f"import pathlib, subprocess, sys\n{body}\n", encoding="utf-8")
    return "--canary-command", f"{sys.executable} {script}"


@pytest.mark.slow
def test_two_runs_of_one_rotation(rotating: tuple[Fleet, str, str]) -> None:
    """A run that another one overtook stops with exit 3, and says so; nothing is written twice or lost."""
    fleet, old, new = rotating
    other = [sys.executable, "-m", "flowforge", *WALK, "--no-canary"]
    # A canary gets neither tokens nor values, so this one brings its own.
    run = f"subprocess.run({other!r}, check=True, capture_output=True, env={dict(os.environ)!r})"
    done = fleet.flowforge(*WALK, *interfering(fleet, run))
    assert (3, {"new": 5}) == (done.code, who_has(fleet, old, new)), done
    assert "error FF909: another run walks the rotation" in done.out


@pytest.mark.slow
def test_the_manifest_changes_in_the_middle(rotating: tuple[Fleet, str, str]) -> None:
    """Another source is another value: the run stops with exit 3 before the next batch."""
    fleet, old, new = rotating
    fleet.set_key("OTHER_KEY")
    swap = "file = pathlib.Path('flowforge.yaml'); file.write_text(file.read_text().replace('ACME_KEY', 'OTHER_KEY'))"
    done = fleet.flowforge(*WALK, *interfering(fleet, swap))
    assert (3, {"old": 4, "new": 1}) == (done.code, who_has(fleet, old, new)), done
    assert "error FF910: the manifest gives ci-key another value than when this run began" in done.out


@pytest.mark.slow
def test_it_is_taken_up_on_another_machine(rotating: tuple[Fleet, str, str], tmp_path: Path) -> None:
    """All that a run needs to go on stands in the state: the manifest and the state in another folder are enough."""
    fleet, old, new = rotating
    assert 3 == fleet.flowforge(*WALK, *canary(fleet, fleet.repos[0])).code
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("flowforge.yaml", "flowforge.state.json"):
        (elsewhere / name).write_bytes((fleet.folder / name).read_bytes())
    fleet.monkeypatch.chdir(elsewhere)
    done = fleet.flowforge(*WALK, "--no-canary")
    assert (0, {"new": 5}) == (done.code, who_has(fleet, old, new)), done


@pytest.mark.slow
def test_a_state_on_a_branch(ops: Fleet) -> None:
    """The walk stands on the branch between two batches, where the nightly run of another machine meets it."""
    ops.simple(*ops.repos, more="state: {github: {repo: acme/ops}}\n")
    old = ops.set_key()
    assert 0 == ops.flowforge("apply", "--yes").code
    ops.later()
    new = ops.set_key()
    assert 3 == ops.flowforge(*WALK, *canary(ops, ops.repos[1])).code
    assert {"old": 2, "new": 3} == who_has(ops, old, new)
    assert 3 == ops.flowforge("apply", "--yes").code
    assert {"old": 2, "new": 3} == who_has(ops, old, new)
    assert 0 == ops.flowforge(*WALK, "--no-canary").code
    assert ({"new": 5}, {}) == (who_has(ops, old, new), ops.plan())


@pytest.mark.parametrize(
    ("credential", "code"),
    [
        ("{type: anthropic_api_key, from: {file: 'keys/{repo}'}}", "FF903"),
        (f"{{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}", "FF903"),
        ("{type: anthropic_api_key, from: {prompt: 'Which key?'}}", "FF904"),
        ("{type: anthropic_api_key, from: {env: UNSET}}", "FF221"),
    ],
)
def test_what_cannot_be_rotated(fleet: Fleet, credential: str, code: str) -> None:
    """A value for each repo, variables, and a value that is not to be had: refused by name, nothing written."""
    fleet.manifest(
        f"version: 1\ncredentials:\n  ci-key: {credential}\n"
        "targets:\n  - {name: All, repos: [acme/repo-001], credential: ci-key}\n"
    )
    done = fleet.refused(*WALK)
    assert (1, f"error {code}") == (done.code, done.err.split(":")[0])


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("rotate", "ci-kee"), "FF902"),
        (("rotate", "ci-key", "--batch", "10%"), "FF901"),
        (("rotate", "ci-key", "--batch", "0,rest"), "FF901"),
        (("rotate", "ci-key", "--batch", "101%,rest"), "FF901"),
        (("rotate", "ci-key", "--now", "--back"), "FF913"),
        (("rotate", "ci-key", "--canary", "a.yml", "--canary-command", "true"), "FF912"),
        (("rotate", "ci-key", "--canary-command", "'"), "FF912"),
        (("rotate", "ci-key"), "FF008"),
    ],
)
def test_what_is_said_wrong(rotating: tuple[Fleet, str, str], args: tuple[str, ...], code: str) -> None:
    """It is refused by name, before anything is asked or written."""
    fleet, *_ = rotating
    yes = () if code == "FF008" else ("--yes",)
    done = fleet.refused(*args, *yes)
    assert (1, f"error {code}") == (done.code, done.err.split(":")[0])


@pytest.mark.parametrize(
    ("when", "more", "code", "held"),
    [
        ("GET ", (), 1, {"old": 5}),
        ("GET ", ("--check",), 1, {"old": 5}),
        ("PUT ", (), 3, {"old": 4, "new": 1}),
    ],
)
def test_a_new_key_that_is_dead(
    fleet: Fleet, when: str, more: tuple[str, ...], code: int, held: dict[str, int]
) -> None:
    """At once, or after the first batch: no more is written, and what to do about it is said and nothing else."""
    serve(fleet)
    verifying(fleet, repos=", ".join(fleet.repos))
    old = known(fleet)
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    new, world = known(fleet), fleet.sandbox.world
    world.faults.add(Fault(when, FaultKind.THEN, then=lambda: world.set_anthropic_key(new, "inactive")))
    done = fleet.flowforge(*WALK, *more, *canary(fleet))
    text = (done.out + done.err).partition("error FF292")[2]
    fix = "  fix: create an API key at https://platform.claude.com/settings/keys, and let its source give that"
    assert (code, held, fix) == (done.code, who_has(fleet, old, new), text.splitlines()[2]), done
