"""What the tests of sources share: a plain value, contexts, and a look at what an exception carries."""

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from flowforge.errors import Problem, SourceError
from flowforge.sources import Context, read

Outcome = str | Problem
Reader = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make the folder of a manifest, with nothing in it."""
    made = tmp_path / "ops"
    made.mkdir()
    return made


@pytest.fixture
def outcome(folder: Path) -> Reader:
    """Read a `from` as a run does; gives the plaintext, or the one problem of the refusal.

    What is raised must chain to no other exception, and no local variable of a frame of ours may show `hidden`.
    """

    def go(spec: Mapping[str, str], environ: Mapping[str, str] | None = None, hidden: str = "") -> Outcome:
        caught = None
        try:
            value = read(spec, Context(environ or {}, folder))
        except SourceError as error:
            caught = error
        if caught is None:
            return value.reveal()
        assert (caught.__context__, caught.__cause__) == (None, None)
        frames = traceback.TracebackException.from_exception(caught, capture_locals=True).stack[1:]
        shown = [f"{caught!s} {caught!r}", *(text for frame in frames for text in (frame.locals or {}).values())]
        assert not hidden or not any(hidden in text for text in shown)
        (problem,) = caught.problems
        return problem

    return go
