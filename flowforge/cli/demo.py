"""`flowforge demo`: tell the whole story on a sandbox."""

import tempfile
from contextlib import suppress
from pathlib import Path

from flowforge.cli.output import Output, stdout_has_colour
from flowforge.demo import Story
from flowforge.errors import ExitCode


class _Unread(Exception):  # noqa: N818 -- it is no error: who read the story has gone, and it ends
    pass


def main() -> int:
    """Play the story, and return whether all of it came true."""
    output = Output(colour=stdout_has_colour())

    def tell(text: str) -> None:
        output.lines(output.style(line, line[:1]) for line in text.split("\n"))
        if output.unread:
            raise _Unread

    with tempfile.TemporaryDirectory(prefix="flowforge-demo-") as folder, suppress(_Unread):
        right = Story(Path(folder), tell).run()
        return ExitCode.DONE if right and not output.broken else ExitCode.ERROR
    return ExitCode.DONE
