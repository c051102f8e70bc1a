"""Reads references of 1Password as a run does, through the `op` that the tests play."""

import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.errors import Problem, SourceError
from flowforge.sources import Context, ReadResult, ValueRequest
from flowforge.sources.onepassword import SECONDS, OnePasswordSource
from flowforge.vault import SecretValue

if TYPE_CHECKING:
    from tests.conftest import FakeOp

VALUE = "a plainly-made-up value"


@dataclass
class Reader:
    """Reads references as a run does, and hears what is told."""

    op: "FakeOp"
    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    seconds: float = SECONDS
    pauses: tuple[float, ...] = (0.01, 0.02)
    told: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def read(self, *references: str, **options: str) -> list[str | Problem]:
        """Return the plaintext or the one problem of each."""
        return self.read_all(*({"onepassword": reference, **options} for reference in references))

    def read_all(self, *specs: Mapping[str, str]) -> list[str | Problem]:
        """Return the plaintext or the one problem of each."""
        hidden = frozenset({"ACME_KEY", "OP_NAMED"})
        environ = self.op.environ | self.more
        context = Context(
            environ,
            self.folder,
            concealed=hidden,
            stop=self.stop,
            notify=self.told.append,
            warn=self.warned.append,
        )
        found = OnePasswordSource(self.seconds, self.pauses).read_all([ValueRequest(spec) for spec in specs], context)
        return [_outcome(each) for each in found]


def _outcome(found: ReadResult) -> str | Problem:
    """Return the plaintext, or the problem of an error as it is when raised; no frame of it shows a value."""
    if isinstance(found, SecretValue):
        return found.reveal()
    assert isinstance(found, SourceError)
    with pytest.raises(SourceError) as caught:
        raise found
    frames = "".join(traceback.TracebackException.from_exception(found, capture_locals=True).format())
    assert VALUE not in frames
    assert "hunter2" not in frames
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)
    (problem,) = found.problems
    return problem
