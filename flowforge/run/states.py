"""The state by itself, for the commands that mend it."""

from collections.abc import Iterator
from contextlib import contextmanager

from flowforge.run.request import Request
from flowforge.run.task import Task
from flowforge.state.memory import Memory


@contextmanager
def held(request: Request) -> Iterator[Memory]:
    """Give a manifest's state for writing, wherever it is kept. Raises StateError, ManifestError and GitHubError."""
    with Task.of(request).home() as home, home.open(request.lock_timeout) as memory:
        yield memory
