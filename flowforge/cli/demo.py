"""`flowforge demo`: tell a story on a sandbox."""

import tempfile
from contextlib import suppress
from pathlib import Path

from flowforge.cli.output import Output, stdout_has_colour
from flowforge.demo import fleet, rotation
from flowforge.demo.telling import Telling
from flowforge.errors import ExitCode


class _Unread(Exception):  # noqa: N818 -- it is no error: who read the story has gone, and it ends
    pass


def main(*, rotate: bool) -> int:
    """Tell a story, and return whether all of it came true."""
    output = Output(colour=stdout_has_colour())

    def tell(text: str) -> None:
        output.lines(output.style(line, line[:1]) for line in text.split("\n"))
        if output.unread:
            raise _Unread

    story = rotation.STORY if rotate else fleet.STORY
    try:
        with tempfile.TemporaryDirectory(prefix="flowforge-demo-") as folder, suppress(_Unread):
            right = Telling(story, Path(folder), tell).run()
            return ExitCode.DONE if right and not output.broken else ExitCode.ERROR
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; the sandbox is gone, with all that it held") from None
    return ExitCode.DONE
