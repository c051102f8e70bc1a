"""One request to GitHub."""

import re
from collections.abc import Mapping
from typing import Final

from flowforge.data_class import dataclass
from flowforge.github.body import JSON, OF_MANY_FILES, RAW, USUAL, WITH_REPOS, Most
from flowforge.github.pacer import READ_POINTS, WRITE_POINTS
from flowforge.github.urls import GRAPHQL

_TOKENS: Final = re.compile(r"/app/installations/\d+/access_tokens")
_FILES: Final = re.compile(r"/repos/[^/]+/[^/]+/(?:contents|git)/")
# What carries a whole file in its body, or as base64 in its JSON.
RETRIES: Final = 3
_CONTENTS: Final = re.compile(r"/repos/[^/]+/[^/]+/(?:contents/|git/blobs$)")


@dataclass(frozen=True, slots=True)
class GitHubRequest:
    """One request to GitHub."""

    method: str
    """The HTTP method in upper case."""
    path: str
    """The path below the API's base, with its query."""
    body: Mapping[str, object] | None = None
    """What is sent as JSON."""
    accept: str = JSON
    """The media type that is asked for."""
    tagged: bool = False
    """Whether the answer is to have its body with it as it came, and the ETag that can be computed from that."""
    known: bytes | None = None
    """The body of an answer that is known already: what is still the same is not sent once more."""
    retries: int = RETRIES
    """How often it is sent again after a failure of GitHub or of the network."""

    @property
    def of_files(self) -> bool:
        """Whether it is about files. A workflow's own token may have a permission for those, and never for secrets."""
        return self.path == GRAPHQL or bool(_FILES.match(self.path))

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        # FlowForge sends queries alone, and no mutation.
        return self.method == "GET" or self.path == GRAPHQL

    @property
    def raw(self) -> bool:
        """Whether a file's own bytes are asked for."""
        return self.accept == RAW

    @property
    def most(self) -> Most:
        """How much an answer in JSON may have."""
        if self.path == GRAPHQL:
            return OF_MANY_FILES
        return WITH_REPOS if _TOKENS.fullmatch(self.path) else USUAL

    @property
    def points(self) -> int:
        """The points that it counts among GitHub's limits."""
        return READ_POINTS if self.reads else WRITE_POINTS

    @property
    def of_whole_file(self) -> bool:
        """Whether it carries a whole file, however large, to GitHub or back."""
        return self.raw or (not self.reads and bool(_CONTENTS.match(self.path)))
