"""A person at a terminal of their own who pastes the same text whenever they are asked."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

HINT: Final = b"paste the value and press Enter"
# What a login shell does: a session whose terminal this is, with the program in front.
_JOB: Final = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'flowforge', *sys.argv[1:]])"
)


_SECONDS: Final = 30


def pasted(folder: Path, args: tuple[str, ...], text: str) -> str:
    """Run FlowForge at a terminal, paste `text` for a value and a `no` for any other question; gives the screen."""
    hand, screen = pty.openpty()
    command = [sys.executable, "-c", _JOB, *args]
    process = subprocess.Popen(command, cwd=folder, stdin=screen, stdout=screen, stderr=screen, start_new_session=True)
    try:
        return _answered(process, hand, text).decode("utf-8", "surrogateescape")
    finally:
        process.kill()
        process.wait()
        os.close(hand)
        os.close(screen)


def _answered(process: "subprocess.Popen[bytes]", hand: int, text: str) -> bytes:
    seen, asked, deadline = b"", 0, time.monotonic() + _SECONDS
    while process.poll() is None or select.select([hand], [], [], 0)[0]:
        assert time.monotonic() < deadline, f"it waits for something else: {seen[-400:]!r}"
        if select.select([hand], [], [], 0.05)[0]:
            seen += os.read(hand, 65536)
        if seen.count(HINT) > asked:
            asked += 1
            _type(hand, f"{text}\r".encode("utf-8", "surrogateescape"))
        elif b"Only 'yes' is accepted." in seen[-40:]:
            os.write(hand, b"no\r")
    return seen


def _type(hand: int, data: bytes) -> None:
    """Write it in pieces that the terminal takes without a reader on the other side of them."""
    while data:
        data = data[os.write(hand, data[:1024]) :]
