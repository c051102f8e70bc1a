"""The state on disk: 10,000 secrets through the journal, folded, and read again; each write is synced."""

import os
import tempfile
import time
from pathlib import Path

from common import say, sized, spread, table
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record
from flowforge.state.file import StateFile

SECRETS = sized(10_000, 200)
RUNS = sized(3, 1)


def main() -> None:
    """Write and read in a new folder each time."""
    say(f"{SECRETS:,} secrets, {RUNS} runs: seconds for all of them.")
    with tempfile.TemporaryDirectory(prefix="ff-") as folder:
        runs = [(*_run(Path(folder, f"{number}.json")), _appends(Path(folder, "plain"))) for number in range(RUNS)]
    what = (
        "intents and records, each synced to the journal",
        "fold into the state file and close",
        "read the state",
        "to compare: as many bare appends of 200 bytes with fsync",
    )
    table(("what", "s"), [(name, spread(times, 3)) for name, times in zip(what, zip(*runs, strict=True), strict=True)])


def _run(path: Path) -> tuple[float, float, float]:
    clock = time.perf_counter
    addresses = [Address(Scope(Repo.parse(f"acme/repo-{number}")), "A_KEY") for number in range(SECRETS)]
    begun = clock()
    memory = StateFile.open(path, manifests=("flowforge.yaml",))
    for number, address in enumerate(addresses):
        memory.intend({address: f"hmac-sha256:{number:064x}"})
        memory.record(address, _record(number))
    written = clock()
    memory.close()
    closed = clock()
    if len(StateFile.read(path).records) != SECRETS:
        raise RuntimeError("the state does not hold what was written")
    return written - begun, closed - written, clock() - closed


def _appends(path: Path) -> float:
    begun = time.perf_counter()
    with path.open("ab", buffering=0) as file:
        for _ in range(2 * SECRETS):
            file.write(b"x" * 200)
            os.fsync(file.fileno())
    return time.perf_counter() - begun


def _record(number: int) -> Record:
    now = "2026-11-23T08:00:00Z"
    return Record(f"hmac-sha256:{number:064x}", now, "ci-key", number, now, now)


if __name__ == "__main__":
    main()
