"""What `flowforge rotate --format json` says of a rotation: its canaries, who is exposed, and which runs are old."""

import json
import sys
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.sandbox import Fault, FaultKind
from tests.cli.conftest import Done, Fleet
from tests.cli.walking import KEY

SCHEMA = Draft202012Validator(json.loads(schema_text("report")))
WALK = ("rotate", "ci-key", "--yes", "--format", "json", "--batch", "1,40%,rest")
NOBODY: dict[str, list[object]] = {"alive": [], "cancelled": [], "not_cancelled": [], "unknown": []}


@pytest.fixture
def rotating(fleet: Fleet) -> Fleet:
    """Return five repos that hold an old key, with a new one at its source."""
    fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    fleet.set_key()
    return fleet


def document(done: Done) -> Any:  # noqa: ANN401 -- any JSON
    """Return the document on stdout, which is of the schema and has the exit code."""
    found = json.loads(done.out)
    SCHEMA.validate(found)
    assert ("flowforge.report", done.code) == (found["format"], found["exit_code"])
    return found


def canary(fleet: Fleet, body: str) -> tuple[str, str]:
    """Return the option of a canary that runs lines of Python."""
    script = fleet.folder / "canary.py"
    script.write_text(f"import pathlib, sys\n{body}\n", encoding="utf-8")
    return "--canary-command", f"{sys.executable} {script}"


def places(repos: list[str]) -> list[str]:
    """Return the addresses of the key in repos."""
    return [f"{repo}/actions/{KEY}" for repo in repos]


def test_where_it_stands(rotating: Fleet) -> None:
    """Each verdict with its batch, in words; what the walk has not come to is exposed; the walk goes on later."""
    red = rotating.repos[2]
    found = document(rotating.flowforge(*WALK, *canary(rotating, f"sys.exit(sys.argv[1] == {red!r})")))
    rotation = found["rotation"]
    assert ("ci-key", False, 3) == (rotation["credential"], rotation["ended"], found["exit_code"])
    said = {True: "the command ended well", False: "the command ended with 1"}
    assert [
        {"batch": 1 + bool(number), "repo": repo, "well": repo != red, "sentence": said[repo != red], "url": None}
        for number, repo in enumerate(rotating.repos[:3])
    ] == rotation["canaries"]
    assert (places(rotating.repos[3:]), NOBODY) == (rotation["exposed"], rotation["older_runs"])
    again = document(rotating.flowforge(*WALK, *canary(rotating, "")))["rotation"]
    assert ([2, 2, 3, 3], [], True) == ([each["batch"] for each in again["canaries"]], again["exposed"], again["ended"])


def test_what_a_leak_leaves(rotating: Fleet) -> None:
    """A repo that cannot be written is exposed, a run that was queued before is alive, and one not seen is unknown."""
    world, (first, second, third, *_) = rotating.sandbox.world, rotating.repos
    world.archive_repo(third)
    run = world.add_run(first, ".github/workflows/claude.yml", conclusion="")
    world.faults.add(Fault(f"{second}/actions/runs", FaultKind.STATUS, status=404, times=9))
    rotation = document(rotating.flowforge("rotate", "ci-key", "--yes", "--now", "--format", "json"))["rotation"]
    (alive,), (unknown,) = rotation["older_runs"]["alive"], rotation["older_runs"]["unknown"]
    assert (first, run) == (alive["repo"], alive["run"])
    assert alive["url"].endswith(f"/{first}/actions/runs/{run}")
    assert (second, True) == (unknown["repo"], bool(unknown["sentence"]))
    assert (places([third]), [], False) == (rotation["exposed"], rotation["canaries"], rotation["ended"])


def test_runs_that_are_cancelled(rotating: Fleet) -> None:
    """They are told apart from those that are alive."""
    run = rotating.sandbox.world.add_run(rotating.repos[0], ".github/workflows/claude.yml", conclusion="")
    done = rotating.flowforge("rotate", "ci-key", "--yes", "--batch", "rest", "--cancel-runs", "--format", "json")
    rotation = document(done)["rotation"]
    assert ([run], []) == (
        [each["run"] for each in rotation["older_runs"]["cancelled"]],
        rotation["older_runs"]["alive"],
    )


def test_what_ended_it_is_an_error_of_the_report(rotating: Fleet) -> None:
    """A manifest that gives another value after the first batch: its code is in the report, and not on stdout alone."""
    rotating.set_key("OTHER_KEY")
    swap = "file = pathlib.Path('flowforge.yaml'); file.write_text(file.read_text().replace('ACME_KEY', 'OTHER_KEY'))"
    found = document(rotating.flowforge(*WALK, *canary(rotating, swap)))
    assert ["FF910"] == [each["code"] for each in found["errors"]]
    assert places(rotating.repos[1:]) == found["rotation"]["exposed"]


def test_an_apply_has_no_rotation(rotating: Fleet) -> None:
    """The field is of `rotate` alone."""
    assert "rotation" not in document(rotating.flowforge("apply", "--yes", "--format", "json"))
