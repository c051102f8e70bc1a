"""The engine for where atheris is not to be had: hypothesis makes inputs out of seeds and words, blind to coverage."""

import hashlib
import importlib
import signal
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from fuzz.target import SECONDS_FOR_ONE, Target

_BATCH = 500  # inputs
_QUIET = settings(
    max_examples=_BATCH,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class HangError(Exception):
    """An input took too long."""


def _hang(_signal: int, _frame: FrameType | None) -> NoReturn:
    message = f"more than {SECONDS_FOR_ONE} s for one input"
    raise HangError(message)


def _inputs(target: Target) -> st.SearchStrategy[bytes]:
    seeds = st.sampled_from([bytes(one) for one in target.seeds()])
    pieces = st.sampled_from([word.encode() for word in target.words] or [b"\0"]) | st.binary(max_size=6)

    @st.composite
    def mutated(draw: st.DrawFn) -> bytes:
        data = draw(seeds)
        for _ in range(draw(st.integers(0, 5))):
            start, other = draw(st.integers(0, len(data))), draw(seeds)
            at = draw(st.integers(0, len(other)))
            piece = draw(pieces | st.just(b"") | st.just(other[at : at + 40]))
            data = data[:start] + piece + data[start + draw(st.integers(0, 20)) :]
        return data[: target.longest]

    return mutated() | st.binary(max_size=200)


def fuzz(table: str, name: str, seconds: int, folder: Path, seed: int) -> None:
    """Fuzz one target for so long; what breaks the law is kept in `folder`, and raised."""
    end = time.monotonic() + seconds
    target: Target = importlib.import_module(table).TARGETS[name]
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGALRM, _hang)
    inputs = _inputs(target)
    tried = 0
    broken: bytes | None = None

    def law(data: bytes) -> None:
        nonlocal tried, broken
        if broken is None and time.monotonic() > end:
            return
        tried += 1
        signal.setitimer(signal.ITIMER_REAL, SECONDS_FOR_ONE)
        try:
            target.law(data)
        except BaseException:
            broken = data  # the last one is the smallest
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    try:
        while time.monotonic() < end:
            seeded(seed)(_QUIET(given(inputs)(law)))()
            seed += 1
    finally:
        if broken is not None:
            (folder / f"crash-{hashlib.sha256(broken).hexdigest()[:40]}").write_bytes(broken)
        print(f"stat::number_of_executed_units: {tried}")
