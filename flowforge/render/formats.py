"""The table of output formats: `--format`, `--report`, their help and their checks derive from it.

A new format is a row here and the module that the row names.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from flowforge.on_demand import load

# What every format can write, because any run may end with it.
_ERROR: Final = "error"


class Format(NamedTuple):
    """A form that a result can have."""

    name: str
    """What `--format` and `--report` call it."""
    module: str
    """Where it is written: a module with `write(document, lines)`. It is imported when it writes, not for a help."""
    streams: bool = False
    """Whether stdout gets the lines for people as they come. Then whoever is asked has seen the plan."""
    documents: frozenset[str] | None = None
    """The documents that it can write, by the names of `flowforge schema`; None for all. An error is always one."""
    commands: bool = False
    """Whether its lines are meant to be commands of GitHub's runner, which nothing else that is printed may be."""

    def __str__(self) -> str:
        """Return the name, by which click offers it."""
        return self.name

    def takes(self, document: str) -> bool:
        """Whether it can write a document of this name."""
        return self.documents is None or document in self.documents or document == _ERROR

    def write(self, document: Mapping[str, Any], lines: Sequence[str]) -> str:
        """Return the text of a result. lines: what people are shown, without colours."""
        text: str = load(self.module).write(document, lines)
        return text


TEXT: Final = Format("text", "flowforge.render.as_text", streams=True)
JSON: Final = Format("json", "flowforge.render.as_json")
# What is about a fleet: it has a page, `post` takes it, and the action posts what its command ends in of these.
FLEET: Final = frozenset({"plan", "report", "audit", "status"})
# What GitHub's runner is given a summary of.
_REVIEWED: Final = FLEET | {"adoption", "validation"}
MARKDOWN: Final = Format("markdown", "flowforge.render.as_markdown", documents=_REVIEWED)
# A status is about secrets and no line of a file, so there is nothing to annotate.
GITHUB: Final = Format("github", "flowforge.render.as_github", documents=_REVIEWED - {"status"}, commands=True)
HTML: Final = Format("html", "flowforge.render.as_html", documents=FLEET)
SARIF: Final = Format("sarif", "flowforge.render.as_sarif", documents=frozenset({"audit"}))
# The first is the default of `--format`.
FORMATS: Final = (TEXT, JSON, MARKDOWN, HTML, GITHUB, SARIF)
