"""A process of ours with a terminal of its own, and what such a terminal shows."""

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

_STEP = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Screen:
    """A process of ours with a whole terminal of its own."""

    def __init__(self, fleet: "Fleet", *args: str, columns: int = 0, stdout: int | None = None) -> None:
        """Start it. columns: how wide the terminal is; 0 is one that does not say. stdout: in place of the terminal."""
        self._hand, screen = pty.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24 if columns else 0, columns, 0, 0))
        self._text = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flowforge", *args],
            cwd=fleet.folder,
            stdin=screen,
            stdout=screen if stdout is None else stdout,
            stderr=screen,
        )
        os.close(screen)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while piece := os.read(self._hand, 4096):
                self._text += piece
        except OSError as error:
            if error.errno != errno.EIO:  # how Linux says that the other end is closed
                raise

    def wait_for(self, text: str) -> None:
        """Wait until the screen shows a text."""
        deadline = time.monotonic() + 60
        while text.encode() not in self._text:
            assert time.monotonic() < deadline, self._text
            time.sleep(0.01)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._hand, text.encode())

    def end(self) -> tuple[int, str]:
        """Wait for the end; gives the exit code and all that was shown."""
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=60)
        os.close(self._hand)
        return code, self._text.decode().replace("\r\n", "\n")


def shown(text: str) -> list[str]:
    """Return the lines that stand on a wide terminal in the end, of all that was written to it, CR LF as LF."""
    lines, row, column = [""], 0, 0
    for number, code, end, written in _STEP.findall(text):
        if written:
            lines[row] = lines[row][:column].ljust(column) + written + lines[row][column + len(written) :]
            column += len(written)
        elif end:
            row, column = (row + 1, 0) if end == "\n" else (row, 0)
            lines += [""] * (row + 1 - len(lines))
        elif code == "A":
            row -= int(number or 1)
        elif code == "K":
            lines[row] = "" if number == "2" else lines[row][:column]
    return [line for line in lines if line]
