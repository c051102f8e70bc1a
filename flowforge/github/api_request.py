"""One request to GitHub."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flowforge.github.body import JSON, RAW
from flowforge.github.pacer import READ_POINTS, WRITE_POINTS

_FILES: Final = re.compile(r"/repos/[^/]+/[^/]+/(?:contents|git)/")
_CONTENTS: Final = re.compile(r"/repos/[^/]+/[^/]+/(?:contents/|git/blobs$)")


@dataclass(frozen=True, slots=True)
class GitHubRequest:
    """A method, a path below the API's base, what is sent as JSON, and the media type that is asked for."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    accept: str = JSON

    @property
    def of_files(self) -> bool:
        """Whether it is about files, for which even a workflow's own token may have a permission."""
        return bool(_FILES.match(self.path))

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    @property
    def raw(self) -> bool:
        """Whether a file's own bytes are asked for."""
        return self.accept == RAW

    @property
    def points(self) -> int:
        """What it counts among GitHub's limits."""
        return READ_POINTS if self.reads else WRITE_POINTS

    @property
    def of_whole_file(self) -> bool:
        """Whether all of a file goes to or fro, however large it is."""
        return self.raw or (not self.reads and bool(_CONTENTS.match(self.path)))
