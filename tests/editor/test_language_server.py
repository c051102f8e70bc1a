"""The manifest's schema as editors use it: it accepts what is right, marks what is wrong, and explains each key."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowforge.errors import ManifestError
from flowforge.manifest.loading import load
from tests.editor.language_server import ROOT, Editor, editor, missing
from tests.editor.manifests import BAD, RARE
from tests.manifest.test_schema import CONDITIONS, EXAMPLES, SCHEMA, walk

pytestmark = [pytest.mark.editor, pytest.mark.skipif(bool(missing()), reason=missing() or "it can be run")]


@pytest.fixture(scope="module")
def server() -> Iterator[Editor]:
    """Run one server for all tests."""
    with editor() as running:
        yield running


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_example_is_accepted(server: Editor, path: Path) -> None:
    """Nothing is marked in a manifest that we show to users."""
    text = "".join(
        line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if "$schema=" not in line
    )
    assert [] == server.marks(text)


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_marked_at_its_line(server: Editor, name: str) -> None:
    """Where somebody would look for it, and nowhere else."""
    text = BAD[name]
    here = next(number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# here"))
    marked = server.marks(text)
    assert {here} == {line for line, _ in marked}, marked


@pytest.mark.parametrize("name", BAD)
def test_validate_refuses_it_too(tmp_path: Path, name: str) -> None:
    """What an editor marks is an error of `flowforge validate`."""
    file = tmp_path / "flowforge.yaml"
    file.write_text(BAD[name], encoding="utf-8")
    with pytest.raises(ManifestError):
        load([file], environ={})


def _keys() -> Iterator[tuple[str, str]]:
    """Yield each key of the language, with the description that it has."""
    for path, part in walk(SCHEMA):
        steps = path.split("/")
        if isinstance(part.get("properties"), dict) and steps[-1] != "properties" and not CONDITIONS & set(steps):
            for name, key in part["properties"].items():
                whole: dict[str, Any] = {**SCHEMA["$defs"].get(key.get("$ref", "")[8:], {}), **key}
                yield name, whole["description"]


def test_each_key_is_explained_where_it_stands(server: Editor) -> None:
    """Over every key of manifests that use the whole language stands what the schema says of it, in full."""
    described: dict[str, set[str]] = {}
    for name, text in _keys():
        described.setdefault(name, set()).add(_bare(text))
    seen: set[str] = set()
    paths = sorted((ROOT / "tests/cli/whole_language").glob("*.yaml"))
    for text in (*(path.read_text(encoding="utf-8") for path in paths), *RARE):
        address = server.open(text)
        for line, row in enumerate(text.splitlines()):
            for found in re.finditer(r"(?:^|[\s{,])-?\s*([a-z_]+):(?=\s|$)", row.partition(" #")[0]):
                shown = _bare(server.hover(address, line, found.start(1) + 1))
                if any(each in shown for each in described.get(found[1], ())):
                    seen.add(found[1])
    assert [] == sorted(described.keys() - seen)


def _bare(text: str) -> str:
    """Return the words of a text, without what markdown puts before some of them."""
    return " ".join(re.sub(r"[\\`]|&nbsp;", " ", text).replace(" .", ".").split()).replace(" ", "")


def test_each_choice_is_explained(server: Editor) -> None:
    """A hover over a type says what each of the types is."""
    address = server.open("version: 1\ncredentials:\n  key:\n    type: anthropic_api_key\n    from: {env: K}\n")
    shown = server.hover(address, 3, 5)
    explained = SCHEMA["$defs"]["known_type"]["enumDescriptions"]
    assert [] == [each for each in explained if _bare(each) not in _bare(shown)]
