"""Real processes: killed at any instant, or read while they fold, what was acknowledged is there."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record
from flowforge.state.file import StateFile
from flowforge.state.model import Abandoned, Draft, Forgotten, Intended, JournalEntry, Recorded, State

# Step n of an endless, repeatable run: four addresses, each written, deleted, refused in turn; a fold now and then.
WRITER = """
import sys
from pathlib import Path
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record
from flowforge.state.file import StateFile
TIME = "2026-03-01T10:00:00Z"
path, step, end = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
while step < end:
    with StateFile.open(path) as file:
        for _ in range(min(step % 11 + 1, end - step)):
            address = Address(Scope(Repo.parse(f"acme/r{step // 2 % 4}")), "ANTHROPIC_API_KEY")
            if step % 2 == 0:
                file.intend({address: str(step)})
            elif step % 6 == 1:
                sent = step % 4 == 1  # no list has shown the time of every other one
                file.record(address, Record(str(step), TIME, "ci", step, TIME, TIME, unconfirmed=sent))
            elif step % 6 == 3:
                file.forget(address)
            else:
                file.abandon(address)
            print(step, flush=True)
            step += 1
"""


TIME = "2026-03-01T10:00:00Z"


def change(step: int) -> JournalEntry:
    """Return what step n of the writer says."""
    address = Address(Scope(Repo.parse(f"acme/r{step // 2 % 4}")), "ANTHROPIC_API_KEY")
    if step % 2 == 0:
        return Intended({address: str(step)})
    if step % 6 == 1:
        return Recorded(address, Record(str(step), TIME, "ci", step, TIME, TIME, unconfirmed=step % 4 == 1))
    return Forgotten(address) if step % 6 == 3 else Abandoned(address)


def meanings(steps: int) -> Sequence[object]:
    """Return what is remembered after 0, 1, 2, … steps."""
    draft = Draft(State.fresh())
    found: list[object] = [(dict(draft.state().records), dict(draft.pending))]
    for step in range(steps):
        draft.apply(change(step))
        found.append((draft.state().records, dict(draft.pending)))
    return found


def remembers(path: Path) -> object:
    """Return what is read now."""
    state = StateFile.read(path)
    return state.records, state.pending


def writer(path: Path, step: int, end: int) -> "subprocess.Popen[str]":
    """Begin the endless run at a step."""
    command = [sys.executable, "-c", WRITER, str(path), str(step), str(end)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_acknowledged(path: Path) -> None:
    """Ten rounds of a real writer killed mid-run: each time what is read is what it acknowledged, or one step more.

    A step whose method had not returned may or may not be there; the next writer goes on from what was found.
    """
    random = Random(7)
    expected = meanings(5_000)
    step = 0
    for _ in range(10):
        with writer(path, step, 5_000) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(random.randrange(1, 60))]
            time.sleep(random.random() / 100)
            process.kill()
            process.wait()
            lines += [line for line in process.stdout.readlines() if line.endswith("\n")]
        acknowledged = int(lines[-1]) + 1
        assert remembers(path) in (expected[acknowledged], expected[acknowledged + 1])
        step = acknowledged + (remembers(path) == expected[acknowledged + 1])
    assert step > 100


@pytest.mark.slow
def test_a_reader_sees_one_moment_while_a_writer_folds(path: Path) -> None:
    """Beside a real writer that folds every few steps, each of many reads gives one step's meaning, never an older.

    How many moments a reader meets is the machine's affair, so writers are started until it met some, twenty at most.
    """
    expected, met = meanings(600), set[int]()
    for number in range(20):
        state, seen = path.with_name(f"{number}.state.json"), [0]
        with writer(state, 0, 600) as process:
            assert process.stdout is not None
            drain = threading.Thread(target=process.stdout.read)
            drain.start()
            while process.poll() is None:
                found = remembers(state)
                seen.append(next(n for n in range(seen[-1], len(expected)) if found == expected[n]))
            drain.join()
        assert 0 == process.returncode
        assert expected[-1] == remembers(state)
        met |= set(seen)
        if len(met) > 10:
            break
    assert len(met) > 1
