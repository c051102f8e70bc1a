"""A shell at a terminal of its own, into which a test types."""

import contextlib
import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 120.0  # seconds: far more than a shell on a busy machine needs to answer


class Typist:
    """Types into a shell, and reads what is on its screen."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self.screen = ""

    def type(self, keys: str, until: str) -> str:
        """Press keys, and return what the screen shows from then on until a text is there."""
        begun = len(self.screen)
        os.write(self._terminal, keys.encode())
        deadline = time.monotonic() + _LONGEST
        while until not in self.screen[begun:]:
            left = deadline - time.monotonic()
            if left < 0 or not select.select([self._terminal], [], [], left)[0]:
                message = f"no {until!r} on the screen: {self.screen[begun:]!r}"
                raise AssertionError(message)
            self.screen += os.read(self._terminal, 65536).decode(errors="replace")
        return self.screen[begun:]


@contextmanager
def shell(command: list[str], folder: Path, environ: dict[str, str]) -> Iterator[Typist]:
    """Start a shell at a terminal, and end it."""
    ours, its = pty.openpty()
    started = subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, cwd=folder, env=environ, start_new_session=True, close_fds=True
    )
    os.close(its)
    try:
        yield Typist(ours)
    finally:
        started.kill()
        started.wait()
        with contextlib.suppress(OSError):
            os.close(ours)
