"""However a probe ends, at whichever request: what it created is gone, or is named."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind
from tests.cli.probing import PROBE, READ, SCRATCH, VARIABLE, as_token, document, held, make_scratch, only, steps
from tests.clocks import WaitedClock
from tests.rows import one_in

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet


@pytest.fixture
def scratch(fleet: "Fleet") -> "Fleet":
    """Return the fleet with its scratch repo."""
    return make_scratch(fleet)


def signals(*numbers: int) -> Callable[[], None]:
    """Return what sends signals to this process."""

    def send() -> None:
        for number in numbers:
            os.kill(os.getpid(), number)

    return send


def test_interrupted_at_every_request(scratch: "Fleet") -> None:
    """A signal that comes with whichever answer ends the probe with 130; all that it created is gone."""
    as_token(scratch, only("actions", "variables"))
    before, faults = held(scratch), scratch.sandbox.world.faults
    scratch.requests()
    found = document(scratch.flowforge(*PROBE))
    number = sum(scratch.requests().values())
    # A signal comes with good answers alone. The others are those of the lists that the token may not see.
    refused = [
        each
        for each in (found["environments"], *(one["operations"][0] for one in found["places"]))
        if each["status"] == 403
    ]
    codes = []
    for at in range(number):
        which = signal.SIGTERM if at % 2 else signal.SIGINT
        faults.add(Fault(".", FaultKind.THEN, after=at, then=signals(which)))
        codes.append(scratch.flowforge(*PROBE).code)
        faults.clear()
        assert before == held(scratch), at
    assert ({0: len(refused), 130: number - len(refused)}, True) == (Counter(codes), number > 25)


def test_two_signals_at_every_write(scratch: "Fleet") -> None:
    """A second signal ends the request that is under way; what that created is deleted all the same."""
    as_token(scratch, only("actions", "variables"))
    before, faults = held(scratch), scratch.sandbox.world.faults
    for at in range(8):
        faults.add(
            Fault("^(PUT|POST|PATCH|DELETE)", FaultKind.THEN, after=at, then=signals(signal.SIGINT, signal.SIGTERM))
        )
        done = scratch.flowforge(*PROBE)
        faults.clear()
        scratch.sandbox.settle()
        found = document(done)
        assert (130, before, True, []) == (done.code, held(scratch), found["interrupted"], found["left"]), at
        assert "stopping: what was created is deleted first\n" in done.err


def test_a_signal_while_it_deletes(scratch: "Fleet") -> None:
    """One more signal then ends the deleting, and what may be left by that is named."""
    as_token(scratch, only("actions", "variables"))
    faults = scratch.sandbox.world.faults
    faults.add(Fault("^POST", FaultKind.THEN, then=signals(signal.SIGINT)))
    faults.add(Fault("^DELETE .*variables", FaultKind.THEN, then=signals(signal.SIGINT)))
    done = scratch.flowforge(*PROBE)
    found = document(done)
    assert (3, True, ["variables"], ["FF602"]) == (done.code, found["interrupted"], found["left"], found["errors"])
    assert "  why: it may have left acme/scratch/variables/FLOWFORGE_PROBE_VARIABLES_" in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["ctrl-c", "sigterm", "sighup"])
@pytest.mark.usefixtures("heeds_hangups")
def test_a_process_that_is_told_to_end(scratch: "Fleet", number: signal.Signals) -> None:
    """A process by itself deletes what it has created before it ends."""
    as_token(scratch, only("actions"))
    before, process = held(scratch), list[subprocess.Popen[str]]()
    fault = Fault("^PUT", FaultKind.THEN, after=1, then=lambda: process[0].send_signal(number))
    scratch.sandbox.world.faults.add(fault)
    process.append(
        subprocess.Popen(
            [sys.executable, "-m", "flowforge", *PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    out, err = process[0].communicate(timeout=300)
    left = json.loads(out)["left"]
    assert (130, [], before) == (process[0].returncode, left, held(scratch))
    assert err.endswith("interrupted\nNothing is left behind.\n")


@pytest.mark.parametrize(
    "fault",
    one_in(
        8,
        [
            Fault(".", FaultKind.RESET_AFTER),
            Fault(".", FaultKind.RESET_BEFORE),
            Fault(".", FaultKind.TRUNCATED),
            Fault(".", FaultKind.PROXY),
            Fault(".", FaultKind.STATUS, status=500),
            Fault(".", FaultKind.STATUS, status=422, message="no"),
            Fault(".", FaultKind.STATUS, status=403, retry_after=5),
            Fault(".", FaultKind.UNUSABLE_KEY),
        ],
        ids=lambda fault: f"{fault.kind}-{fault.status}-{fault.retry_after}",
    ),
)
def test_an_error_at_every_request(scratch: "Fleet", fault: Fault) -> None:
    """Whatever goes wrong with whichever request, nothing is left, and no more is told than what was met."""
    as_token(scratch, only("actions"))
    before, faults = held(scratch), scratch.sandbox.world.faults
    for at in range(18):
        fault.after, fault.times = at, 1
        faults.add(fault)
        done = scratch.flowforge(*PROBE)
        faults.clear()
        assert before == held(scratch), at
        assert done.code in {0, 1}, (at, done.err)
        assert "FF099" not in done.err, (at, done.err)


def test_what_cannot_be_deleted_is_named(scratch: "Fleet") -> None:
    """Where GitHub refuses every delete, the person is told what is left; the JSON says where, with exit 3."""
    as_token(scratch, only("actions", "variables"))
    scratch.sandbox.world.faults.add(Fault("^DELETE", FaultKind.STATUS, status=500, times=1000))
    done = scratch.flowforge(*PROBE)
    after, found = held(scratch), document(done)
    left = [
        f"acme/scratch/{place}/{name}"
        for place in ("actions", "variables")
        for name in after[place]
        if name.startswith("FLOWFORGE_PROBE_")
    ]
    said = (
        "error FF602: not all that the probe created could be deleted\n"
        f"  why: it may have left {', '.join(left)}\n"
        "  fix: delete by hand whichever of them is there: `gh secret delete` or `gh variable delete`\n"
    )
    assert (3, 2, ["actions", "variables"], ["FF602"]) == (done.code, len(left), found["left"], found["errors"])
    assert done.err.endswith(said)
    assert "Nothing is left" not in done.err
    again = scratch.refused(*PROBE)
    assert (
        1,
        (
            "error FF601: names that begin with FLOWFORGE_PROBE_ are there already\n"
            f"  why: another probe is under way there, or one was killed; {', '.join(left)}\n"
            "  fix: delete them by hand once no other probe is under way, and run it again\n"
        ),
    ) == (again.code, again.err)


def test_a_token_that_is_revoked_meanwhile(scratch: "Fleet") -> None:
    """A token that ends before the delete leaves what it created, and that is named."""
    world = scratch.sandbox.world
    as_token(scratch, only("actions"))
    world.faults.add(Fault("^PUT", FaultKind.THEN, then=lambda: world.revoke_token("ghp_" + "fake" * 5)))
    done = scratch.flowforge(*PROBE)
    found = document(done)
    assert (3, ["actions"], ["FF302", "FF602"]) == (done.code, found["left"], found["errors"])


def test_a_bug(scratch: "Fleet") -> None:
    """What nobody foresaw leaves nothing behind either, and is told as what it is."""

    class Bad(WaitedClock):
        def wait(self, seconds: float, event: threading.Event) -> bool:
            del seconds, event
            raise RuntimeError

    before = held(scratch)
    scratch.parts["clock"] = lambda *_: Bad(1)
    done = scratch.flowforge(*PROBE)
    found = document(done)
    assert (1, ["FF099"], [], before) == (done.code, found["errors"], found["left"], held(scratch))
    assert "error FF099: a bug in FlowForge: RuntimeError\n" in done.err


def test_a_delete_that_did_not_last(scratch: "Fleet") -> None:
    """What the list still shows five reads after its delete is deleted once more at the end."""
    as_token(scratch, only("actions"))
    world, before = scratch.sandbox.world, held(scratch)

    made: list[str] = []

    def restore() -> None:
        world.set_secret(SCRATCH, made[0], "again")

    world.faults.add(Fault("^PUT", FaultKind.THEN, then=lambda: made.extend({*held(scratch)["actions"]} - {"THEIRS"})))
    world.faults.add(Fault("^DELETE", FaultKind.THEN, then=restore))
    done = scratch.flowforge(*PROBE)
    (deleted,) = (one for one in document(done)["places"][0]["operations"] if one["step"] == "delete")
    expected = {"reads": 5, "lag": None, "offset": None, "changed": None}
    assert (0, before, expected) == (done.code, held(scratch), deleted["shown"])
    assert ", 1 not within five lists.\n" in done.err


def test_a_delete_that_must_be_tried_again(scratch: "Fleet") -> None:
    """After a signal, too, a delete that GitHub fails to answer is waited for and tried again."""
    as_token(scratch, only("actions"))
    before, faults = held(scratch), scratch.sandbox.world.faults
    faults.add(Fault("^PUT", FaultKind.THEN, then=signals(signal.SIGTERM)))
    faults.add(Fault("^DELETE", FaultKind.STATUS, status=500, times=3))
    done = scratch.flowforge(*PROBE)
    assert (130, [], before) == (done.code, document(done)["left"], held(scratch))


@pytest.mark.parametrize(("times", "code", "left"), [(3, 0, []), (4, 3, ["actions"])])
def test_what_is_not_there_yet(scratch: "Fleet", times: int, code: int, left: list[str]) -> None:
    """What a delete does not find may still be on its way: it is looked for three times, and in the list at the end."""
    as_token(scratch, only("actions"))
    # The first of them is the probe's own step.
    fault = Fault("^DELETE", FaultKind.STATUS, status=404, message="Not Found", times=times)
    scratch.sandbox.world.faults.add(fault)
    done = scratch.flowforge(*PROBE)
    assert (code, left, 1 + len(left)) == (done.code, document(done)["left"], len(held(scratch)["actions"]))


def test_a_pause_that_github_asks_for(scratch: "Fleet") -> None:
    """A rate limit is one step's status; the next request waits for its end, and nothing is left."""
    as_token(scratch, only("actions"))
    before = held(scratch)
    scratch.sandbox.world.faults.add(Fault("^PUT", FaultKind.STATUS, status=429, retry_after=30, after=1))
    done = scratch.flowforge(*PROBE)
    found = document(done)
    expected = [*READ, ("public_key", 200), ("create", 201), ("rotate", 429), ("delete", 204)]
    assert (0, expected, before) == (done.code, steps(found)["actions"], held(scratch))
    assert "GitHub asks to wait 31 s\n" in done.err


def test_a_pause_that_is_too_long(scratch: "Fleet") -> None:
    """What GitHub asks to wait beyond a quarter of an hour ends the probe, and what it created is deleted."""
    as_token(scratch, only("actions", "variables"))
    before = held(scratch)
    scratch.sandbox.world.faults.add(Fault("^PUT", FaultKind.STATUS, status=429, retry_after=3600, after=1))
    done = scratch.flowforge(*PROBE)
    found = document(done)
    assert (1, ["FF331"], [], before) == (done.code, found["errors"], found["left"], held(scratch))


def test_a_signal_before_the_first_write(scratch: "Fleet") -> None:
    """Nothing is written any more after it."""
    as_token(scratch, only("actions"))
    scratch.sandbox.world.faults.add(Fault("public-key", FaultKind.THEN, then=signals(signal.SIGINT)))
    done = scratch.refused(*PROBE)
    assert (130, [*READ, ("public_key", 200)]) == (done.code, steps(document(done))["actions"])


def test_one_place_ends_early(scratch: "Fleet") -> None:
    """What is wrong with one place alone ends the steps there; the others go on, and the place is named."""
    as_token(scratch, only("actions", "variables"))
    scratch.sandbox.world.faults.add(Fault("public-key", FaultKind.UNUSABLE_KEY))
    before = held(scratch)
    done = scratch.flowforge(*PROBE)
    found = document(done)
    assert (1, ["FF347"], False, VARIABLE, before) == (
        done.code,
        found["errors"],
        found["complete"],
        steps(found)["variables"],
        held(scratch),
    )
    assert "error FF347: acme/scratch/actions: GitHub's public key for this place is not usable" in done.err
