"""A value of the wrong kind, anywhere in a manifest: an error of the manifest's, and never a bug of ours."""

from collections.abc import Callable, Iterator
from typing import Final

import pytest

from flowforge.errors import ManifestError, Problem
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Manifest
from flowforge.manifest.parse import parse
from tests.manifest.test_literals import FULL, Step, planted
from tests.rows import one_in

KINDS: Final[dict[str, object]] = {
    "nothing": None,
    "true": True,
    "a number": 7,
    "a text": "x",
    "an empty list": [],
    "a list": [7, None, {"x": []}],
    "an empty mapping": {},
    "a mapping": {"x": [None]},
}


def _paths(node: object, *before: Step) -> Iterator[tuple[Step, ...]]:
    """Yield the path of every value of a manifest, of whatever kind."""
    if before:
        yield before
    for step, each in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _paths(each, *before, step)


PATHS: Final = [(path,) for path in _paths(parse(FULL, "f", Findings()).data)]


@pytest.mark.parametrize("path", one_in(15, PATHS, ids=lambda row: ".".join(map(str, row[0]))))
def test_it_is_refused_or_taken(path: tuple[Step, ...], loaded: Callable[..., Manifest]) -> None:
    """Each kind of value in the place of each value of a manifest that has all there is; a refusal says what to do."""
    said: list[Problem] = []
    for value in KINDS.values():
        try:
            loaded(planted(path, value, as_key=False))
        except ManifestError as error:
            said += error.problems
    assert [] == [each for each in said if not (each.code.startswith("FF1") and each.where and each.fix)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_length_of_a_type(kind: str, loaded: Callable[..., Manifest]) -> None:
    """It is the one whole number of a manifest beside its version; a fix says how it is written."""
    with pytest.raises(ManifestError) as caught:
        loaded(planted(("types", "our_gateway", "length"), KINDS[kind], as_key=False))
    (problem,) = caught.value.problems
    fixes = {
        "nothing": "write a value, or remove the key",
        "a number": "write how many characters a value has, from 16 to 4096",
    }
    assert fixes.get(kind, "write a whole number, without quotes") == problem.fix
