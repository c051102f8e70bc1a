"""The format `github`: annotations, as GitHub's runner makes them of the commands that it finds in a job's output.

docs.github.com, "Workflow commands". Of one step GitHub shows ten of a kind and drops the rest without a word, so there
are at most ten, worst first, and a notice that counts the others. Every text goes through one function, so that none
begins a command of its own or adds a property.
"""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from flowforge.data_class import dataclass
from flowforge.errors import printable
from flowforge.real_path import real_path
from flowforge.render.document import Document
from flowforge.render.phrases import count
from flowforge.render.plan_rows import lines_of

MOST: Final = 10
_LEVELS: Final = ("error", "warning", "notice")
_PLACE: Final = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?P<column>\d+)", re.DOTALL)
# A warning of the manifest begins with its place.
_SAID: Final = re.compile(rf"{_PLACE.pattern}: (?P<text>.+)", re.DOTALL)
_SEVERITIES: Final = {"error": "error", "warning": "warning", "note": "notice"}
_SHOWN: Final = {"blocked": "error", "drift": "warning"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is said at a place of a file."""

    level: str
    """error, warning or notice."""
    where: str
    """`file:line:column`."""
    title: str
    """A code, or a word of ours."""
    texts: tuple[str, ...]
    """What is said, a line each."""
    here: bool = True
    """Whether the file is one of this checkout, so that GitHub can show the line."""


def write(document: Mapping[str, Any], lines: Sequence[str] = ()) -> str:
    """Return the commands. lines: what people were shown."""
    del lines
    return "\n".join(commands(dict(document), os.environ.get("GITHUB_WORKSPACE", "")))


def commands(document: Document, workspace: str = "") -> Iterator[str]:
    """Yield a command for each annotation, each on a line. workspace: the folder that GitHub's paths begin at."""
    # A report and its plan may say the same, which would take two of the ten.
    found = sorted(dict.fromkeys(_annotations(document)), key=lambda each: _LEVELS.index(each.level))
    yield from (_command(each, workspace) for each in found[:MOST])
    if len(found) > MOST:
        more = len(found) - MOST
        yield f"::notice::{more:,} more {'is' if more == 1 else 'are'} in the job's summary and log"


def _annotations(document: Document) -> Iterator[Annotation]:
    """Yield what has a place, of any document."""
    plan = document if document["format"] == "flowforge.plan" else document.get("plan")
    for problem in document.get("errors", ()):
        yield from _of_problem(problem)
    if document["format"] == "flowforge.report":
        yield from _of_results(document)
    if plan is not None:
        yield from _of_plan(plan)
    for repo in document.get("repos", ()) if document["format"] == "flowforge.audit" else ():
        yield from _of_findings(repo)
    warnings = [*document.get("warnings", ()), *(plan["warnings"] if plan else ())]
    for said in filter(None, map(_SAID.fullmatch, warnings)):
        yield Annotation("warning", f"{said['file']}:{said['line']}:{said['column']}", "warning", (said["text"],))


def _of_problem(problem: Document) -> Iterator[Annotation]:
    if _PLACE.fullmatch(problem["where"] or ""):
        texts = (problem["what"], problem["why"], problem["fix"])
        yield Annotation("error", problem["where"], problem["code"], tuple(filter(None, texts)))


def _of_results(report: Document) -> Iterator[Annotation]:
    """Yield what failed, once for each target and cause."""
    places = {row["address"]: row["where"] for row in report["plan"]["changes"]}
    # A hundred repos that fail alike would use up all ten.
    met: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for row in report["results"]:
        error, where = row["error"], places.get(row["address"])
        if error and where:
            texts = tuple(filter(None, (error["what"], error["why"], error["fix"])))
            met.setdefault((where, error["code"], texts), []).append(row["address"])
    for (where, code, texts), addresses in met.items():
        yield Annotation("error", where, code, (_some(addresses), *texts))


def _of_plan(plan: Document) -> Iterator[Annotation]:
    """Yield what is blocked and what drifts, once for each target and cause, and entries without known repos."""
    met: dict[tuple[str, str, str, str], list[str]] = {}
    for line in lines_of(plan):
        title = {"!": "blocked", "?": "drift"}.get(line.sign, "")
        if title and line.where:
            met.setdefault((title, line.where, line.why, line.fix), []).append(f"{line.place} {line.secret}")
    for (title, where, why, fix), names in met.items():
        yield Annotation(_SHOWN[title], where, title, tuple(filter(None, (_some(names), why, fix))))
    for entry in plan["unresolved"]:
        texts = (f"its repositories are not known: {entry['sentence']}", entry["fix"])
        yield Annotation("error", entry["where"], "blocked", texts)


def _of_findings(repo: Document) -> Iterator[Annotation]:
    """Yield what an audit found at a line. Of another repository than that of the run GitHub has no line to show."""
    mine = repo["repo"] is None or repo["repo"].lower() == os.environ.get("GITHUB_REPOSITORY", "").lower()
    for each in repo["findings"]:
        if each["file"]:
            here = mine and os.path.isfile(each["file"])  # noqa: PTH113 -- Path's may raise
            where = f"{each['file'] if mine else posixpath.join(repo['repo'], each['file'])}:{each['line'] or 1}"
            texts = (each["what"], each["why"], each["fix"])
            yield Annotation(_SEVERITIES[each["level"]], f"{where}:{each['column'] or 1}", each["code"], texts, here)


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{count(len(names), 'secret')}, the first {names[0]}"


def _command(each: Annotation, workspace: str) -> str:
    # The runner ends a command at a line end, and shows %0A as one.
    said = "%0A".join(map(_data, each.texts))
    place = _PLACE.fullmatch(each.where)
    file = _relative(place["file"], workspace) if place else ""
    known = {"file": file, "line": place["line"], "col": place["column"]} if place and file and each.here else {}
    # What lies outside of the checkout has no line that GitHub could show.
    text = said if known else f"{_data(each.where)}: {said}"
    return f"::{each.level} {_properties({**known, 'title': each.title}.items())}::{text}"


def _relative(file: str, workspace: str) -> str:
    """Return a file as GitHub names it: below the workspace; empty for one that lies elsewhere."""
    if not workspace:
        return file
    # Either may be reached through a symbolic link, and only real paths can be compared.
    shown = os.path.relpath(real_path(file), real_path(workspace))
    return "" if shown == os.pardir or shown.startswith(f"{os.pardir}{os.sep}") else shown


def _properties(pairs: Iterable[tuple[str, str]]) -> str:
    return ",".join(f"{name}={_data(text).replace(':', '%3A').replace(',', '%2C')}" for name, text in pairs)


def _data(text: str) -> str:
    """Return a text as the runner's commands carry it (actions/toolkit, command.ts), on one line."""
    return printable(text).replace("%", "%25")
