"""What a workflow's file says of its runs, read by its lines: whether it can be dispatched, its jobs and their steps.

The sandbox has no reader of YAML, on purpose: what tests us shares no mistake with us. So jobs and steps are seen where
they are written in block style, as GitHub's own documentation writes them.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from flowforge.data_class import dataclass

_TOP: Final = r"(?ms)^(?:{0}|\"{0}\"|'{0}'):(.*?)(?=^[^\s#-]|\Z)"
_ENTRY: Final = re.compile(r"[\"']?([\w.-]+)[\"']?:\s*(.*)")
_INPUT: Final = re.compile(r"\$\{\{\s*(?:github\.event\.)?inputs\.([\w-]+)\s*\}\}")
_Line = tuple[int, str]


@dataclass(frozen=True, slots=True)
class WrittenStep:
    """A step as a run shows it."""

    name: str
    runs_claude: bool


@dataclass(frozen=True, slots=True)
class WrittenJob:
    """A job as a run shows it."""

    name: str
    steps: tuple[WrittenStep, ...]


def is_dispatchable(text: str) -> bool:
    """Return whether `workflow_dispatch` is among the events of a workflow."""
    return bool(re.search(r"\bworkflow_dispatch\b", _top(text, "on")))


def unexpected_inputs(text: str, given: Mapping[str, object]) -> list[str]:
    """Return the inputs that a workflow does not declare."""
    events = _top(text, "on")
    return [name for name in given if not re.search(rf"\b{re.escape(name)}[\"']?\s*:", events)]


def title_of(text: str, given: Mapping[str, object]) -> str:
    """Return the title of a run by `run-name`, its inputs filled in; empty without one."""
    return _INPUT.sub(lambda found: str(given.get(found[1], "")), _unquoted(_top(text, "run-name").strip()))


def jobs_of(text: str) -> list[WrittenJob]:
    """Return the jobs of a workflow with their steps; none of those that call another workflow."""
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in _top(text, "jobs").splitlines()]
    lines = [line for line in lines if line[1] and not line[1].startswith("#")]
    return [_job(key, body) for key, body in _entries(lines)]


def _top(text: str, key: str) -> str:
    """Return what stands under a key of the file itself."""
    found = re.search(_TOP.format(key), text)
    return found[1] if found else ""


def _entries(lines: list[_Line]) -> Iterator[tuple[str, list[_Line]]]:
    """Yield the keys of a mapping with what stands below each; a value on the key's own line comes first."""
    depth = lines[0][0] if lines else 0
    starts = [at for at, (indent, text) in enumerate(lines) if indent == depth and _ENTRY.fullmatch(text)]
    for at, until in pairwise([*starts, len(lines)]):
        found = _ENTRY.fullmatch(lines[at][1])
        if found:
            own = [(depth, found[2])] if found[2] else []
            yield found[1], [*own, *lines[at + 1 : until]]


def _job(key: str, body: list[_Line]) -> WrittenJob:
    own = dict(_entries(body))
    name = _unquoted(own["name"][0][1]) if own.get("name") else key
    return WrittenJob(name, tuple(_step(item) for item in _items(own.get("steps", []))))


def _items(lines: list[_Line]) -> Iterator[list[_Line]]:
    """Yield the items of a list, each as the lines of a mapping."""
    depth = lines[0][0] if lines else 0
    starts = [at for at, (indent, text) in enumerate(lines) if indent == depth and text.startswith("- ")]
    for at, until in pairwise([*starts, len(lines)]):
        first = lines[at][1][2:].lstrip()
        yield [(depth + len(lines[at][1]) - len(first), first), *lines[at + 1 : until]]


def _step(lines: list[_Line]) -> WrittenStep:
    own = dict(_entries(lines))
    words = {key: _unquoted(body[0][1]) for key, body in own.items() if body}
    script = [text for _, text in own.get("run", []) if text not in {"|", ">", "|-", ">-"}]
    name = words.get("name") or f"Run {words.get('uses') or (script[0] if script else '')}"
    return WrittenStep(name, "claude" in " ".join([words.get("uses", ""), *script]).lower())


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
