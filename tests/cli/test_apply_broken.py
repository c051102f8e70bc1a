"""What is printed where something of an apply raises what nobody foresaw, and what becomes of who is still at work."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowforge import run
from flowforge.cli.output import Output
from flowforge.render.formats import JSON
from flowforge.resources import schema_text
from flowforge.sandbox import Fault, FaultKind
from tests.cli.breaking import CANARY, Strike
from tests.cli.scene import HEAD, KEY, LINES, TOKEN, Scene

Scenes = Callable[[str], Scene]
PUT_B = f"PUT /repos/acme/b/actions/secrets/{KEY}"
ALL_DONE = "Done: 5 created, 1 updated, 1 deleted, 0 failed, 0 blocked."


def test_after_it_was_sent(scenes: Scenes) -> None:
    """The place and the type are told, and what may have happened; with -v the way to it, and never its text.

    The other places are written; what this one was to replace stays.
    """
    scene = scenes("file")
    told = scene.apply(Strike(f"within {PUT_B}", KeyError(CANARY)), "-v")
    block = (
        "unrecorded (FF348): a bug in FlowForge: KeyError\n"
        f"    acme/b/actions/{KEY}\n"
        "  why: it was sent, or may have been, and is not recorded\n"
        "  fix: run `flowforge plan` again, it will write it once more; report it, with what -v prints\n"
    )
    last = "Not all done: 4 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded, 1 not done."
    assert (5, 1, last) == (told.code, told.out.count(block), told.out.splitlines()[-1])
    assert "tests/cli/breaking.py" in told.err
    assert CANARY not in told.out + told.err
    assert {f"acme/b/actions/{TOKEN}", f"acme/b/actions/{KEY}"} <= scene.held().keys()


def test_before_it_was_sent(scenes: Scenes) -> None:
    """That it was not sent is told, and without -v nothing more; the exit code is that of what failed."""
    told = scenes("file").apply(Strike("before GET /repos/acme/b/actions/secrets/public-key", KeyError(CANARY)), "-q")
    block = (
        "failed (FF348): a bug in FlowForge: KeyError\n"
        f"    acme/b/actions/{KEY}\n"
        "  why: it was not sent\n"
        "  fix: report it, with what -v prints\n"
    )
    assert (3, 1, "") == (told.code, told.out.count(block), told.err)


def test_a_record_that_cannot_be_kept(scenes: Scenes) -> None:
    """Nothing more is begun: what would be written then could not be recorded either."""
    told = scenes("file").apply(Strike("before memory.record", KeyError(CANARY)))
    outcomes = {each["address"]: each["outcome"] for each in json.loads(told.out)["results"]}
    assert (5, "unrecorded") == (told.code, outcomes.pop(f"acme/a/actions/{KEY}"))
    assert {"not_done"} == set(outcomes.values())


def test_an_environment_alone(scenes: Scenes) -> None:
    """Where that was made and nothing was written into it, something was sent: the exit code says so."""
    scene = scenes("file")
    place = "repos: [acme/c], environments: [new], create_environment: true"
    manifest = f"{HEAD}targets:\n  - {{name: P, {place}, credential: key}}\n"
    (scene.folder / "flowforge.yaml").write_text(manifest, encoding="utf-8")
    strike = Strike("before GET /repos/acme/c/environments/new/secrets/public-key", MemoryError(CANARY))
    told = scene.apply(strike)
    results = json.loads(told.out)["results"]
    expected = (3, [("failed", "it was not sent")], {"new"})
    assert expected == (
        told.code,
        [(each["outcome"], each["error"]["why"]) for each in results if each["error"]],
        set(scene.sandbox.world.directory["acme/c"].environments),
    )


@pytest.mark.parametrize("step", ["begin Writing", "advance Writing", "end Writing"])
def test_the_progress(scenes: Scenes, step: str) -> None:
    """It is for people to look at: all is written without it, and the recap says that it broke."""
    told = scenes("file").apply(Strike(step, ValueError(CANARY)), "-q")
    warning = "warning: no progress was shown: a bug in FlowForge: ValueError"
    assert (0, 1, ALL_DONE) == (told.code, told.out.splitlines().count(warning), told.out.splitlines()[-1])


def test_the_end_of_the_connections(scenes: Scenes) -> None:
    """What is raised after the last write leaves the exit code alone, and is told."""
    told = scenes("file").apply(Strike("close client", ValueError(CANARY)), "-v")
    warning = "warning: after the last write: a bug in FlowForge: ValueError"
    assert (0, 1, ALL_DONE) == (told.code, told.out.splitlines().count(warning), told.out.splitlines()[-1])
    assert "tests/cli/breaking.py" in told.err


def test_the_fold(scenes: Scenes) -> None:
    """All was written and the journal has it: the bug is told, and the exit code is not that of an error."""
    told = scenes("file").apply(Strike("after memory.close", ValueError(CANARY)), "-q")
    bug = "error FF099: a bug in FlowForge: ValueError\n  fix: report it, with what -v prints\n"
    assert (3, 1) == (told.code, told.out.count(bug))
    assert "Not all done: 5 created, 1 updated, 1 deleted, 0 failed, 0 blocked." == told.out.splitlines()[-1]


def test_the_recap(scenes: Scenes) -> None:
    """Where it cannot be shown, stderr and the report in text have a line for each secret; JSON is as ever."""
    told = scenes("file").apply(Strike("recap", ValueError(CANARY)), "-v")
    short = [line for line in told.err.splitlines() if re.match("(created|updated|deleted): ", line)]
    assert (0, sorted(LINES)) == (told.code, sorted(line.partition(": ")[2] for line in short))
    assert "error FF099: a bug in FlowForge: ValueError\n  fix: report it, with what -v prints\n" in told.err
    assert "tests/cli/breaking.py" in told.err
    assert short == told.text.splitlines()[-len(short) :]
    assert "flowforge.report" == json.loads(told.json)["format"]


def test_the_json(scenes: Scenes) -> None:
    """Where that cannot be made, an error document says so and has the exit code; people have the recap."""
    told = scenes("file").apply(Strike("recap", ValueError(CANARY), nth=2))
    document = json.loads(told.out)
    Draft202012Validator(json.loads(schema_text("error"))).validate(document)
    assert (0, 0, told.json, "FF099") == (told.code, document["exit_code"], told.out, document["errors"][0]["code"])
    assert (1, ALL_DONE) == (told.err.count("FF099"), told.text.splitlines()[-1])


@pytest.mark.parametrize("member", ["begin", "adopt_manifests", "state"])
def test_before_the_first_write(scenes: Scenes, member: str) -> None:
    """What is raised before anything was sent ends the run, in JSON and in the reports too, with the plan."""
    scene, strike = scenes("file"), Strike(f"before memory.{member}", KeyError(CANARY))
    with pytest.raises(KeyError):
        scene.apply(strike)
    document = json.loads(scene.capfd.readouterr().out)
    Draft202012Validator(json.loads(schema_text("error"))).validate(document)
    assert (1, ["FF099"], 7) == (
        document["exit_code"],
        [each["code"] for each in document["errors"]],
        len(document["plan"]["changes"]),
    )
    assert [] == [each.request for each in strike.wire if each.left]
    assert CANARY not in json.dumps(document)


class Ended(threading.Event):
    """A stop that raises when the main thread asks whether it is set, once a write was sent that is not answered yet.

    waits: that answer comes only after the apply has ended.
    """

    def __init__(self, strike: Strike, *, waits: bool) -> None:
        super().__init__()
        self._strike, self._waits = strike, waits

    def is_set(self) -> bool:
        """Raise, once, or tell as ever."""
        sent = any(f"after {each.request}" == self._strike.hold for each in self._strike.wire)
        if sent and threading.current_thread() is threading.main_thread() and not self._strike.met:
            if not self._waits:
                self._strike.go.set()
            self._strike("ask")
        return super().is_set()


@pytest.mark.parametrize(
    ("error", "code", "first"),
    [(MemoryError(CANARY), 3, "updated"), (KeyboardInterrupt(CANARY), 130, "unrecorded")],
    ids=["out of memory", "a second Ctrl-C"],
)
def test_who_is_still_at_work(scenes: Scenes, error: BaseException, code: int, first: str) -> None:
    """Where the main thread cannot go on, what is in flight is waited for, but not by who says stop a second time."""
    scene = scenes("file")
    strike = Strike("ask", error, hold=f"after PUT /repos/acme/a/actions/secrets/{KEY}")
    stop = Ended(strike, waits=code == 130)

    def apply(request: run.Request, **given: Any) -> Any:  # noqa: ANN401 -- as run.apply
        return run.apply(request, **given, arrange=lambda writer: replace(strike.arrange(writer), stop=stop))

    told = scene.apply(strike, apply=apply)
    strike.go.set()
    outcomes = {each["address"]: each["outcome"] for each in json.loads(told.out)["results"]}
    assert (code, first) == (told.code, outcomes.pop(f"acme/a/actions/{KEY}"))
    assert "not_done" in outcomes.values()
    said = "interrupted; what is not recorded is listed, and the next plan knows the rest"
    assert (code == 130) == (said in told.err.splitlines())


def test_a_refusal_after_a_lost_answer(scenes: Scenes) -> None:
    """A write that arrived without an answer stays open, although the requests that came after it were refused."""
    scene = scenes("file")
    faults = scene.sandbox.world.faults
    faults.add(Fault(f"PUT .*/a/actions/secrets/{KEY}", FaultKind.RESET_AFTER))
    faults.add(Fault(f"PUT .*/a/actions/secrets/{KEY}", FaultKind.STATUS, status=404, message="Not Found"))
    faults.add(Fault("GET /repos/acme/a$", FaultKind.STATUS, status=401, message="Bad credentials", times=9))
    told = scene.apply(Strike("never", ValueError(CANARY)))
    faults.clear()
    outcomes = {each["address"]: each["outcome"] for each in json.loads(told.out)["results"]}
    here = f"acme/a/actions/{KEY}"
    assert (3, "failed", scene.wanted[here]) == (told.code, outcomes[here], scene.held()[here])
    assert {here} == {str(address) for address in scene.state.pending}
    assert "update" == scene.plan()[here]


def test_a_signal_when_all_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What stops a command after its result was given adds no second document, and leaves the reports alone."""
    output = Output(JSON, ((JSON, tmp_path / "report.json"),))

    def told_and_stopped() -> None:
        with output.explaining():
            output.finish({"format": "flowforge.report"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        told_and_stopped()
    told = capfd.readouterr().out
    assert ({"format": "flowforge.report"}, told) == (
        json.loads(told),
        (tmp_path / "report.json").read_text(encoding="utf-8"),
    )
