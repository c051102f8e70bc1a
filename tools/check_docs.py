"""Hold the documents to the program; exit 1 where they differ.

The reference in README.md, between `<!-- help:begin -->` and `<!-- help:end -->`, is what `--help` prints, and
docs/faults.md is the table of tests/faults; `--write` writes both anew. Beside that: the demo's transcript is there,
relative links lead somewhere, every code of an error is stated in a test, and every dependency says in
docs/dependencies.md why it earns its place.
"""

import argparse
import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from itertools import chain
from pathlib import Path
from unittest import mock

from flowforge.cli.main import cli

HELP_BEGIN, HELP_END = "<!-- help:begin -->", "<!-- help:end -->"
DEMO_BEGIN, DEMO_END = "<!-- demo:begin -->", "<!-- demo:end -->"
FAULTS = "docs/faults.md"
WIDTH = "100"

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
_CODE = re.compile(r"\bFF\d{3}\b")
_ROW = re.compile(r"^\|\s*`([A-Za-z0-9_.-]+)`\s*\|\s*(\S.*?)\s*\|\s*$", re.MULTILINE)
_NAME = re.compile(r"^[A-Za-z0-9_.-]+")
_COMMAND = re.compile(r"^  ([a-z][a-z-]*)(?:\s|$)")


def main(root: Path, *, write: bool) -> int:
    """Check the documents below `root`, print what differs, and give the exit code."""
    if write:
        readme = root / "README.md"
        readme.write_text(with_reference(readme.read_text(encoding="utf-8"), reference()), encoding="utf-8")
        (root / FAULTS).write_text(faults(), encoding="utf-8")
    found = [
        *readme_differs(root),
        *faults_differ(root),
        *dead_links(root),
        *untested_codes(root),
        *unexplained_dependencies(root),
    ]
    print("\n".join(found) or "The documents are in step with the program.")
    return 1 if found else 0


def reference() -> str:
    """Give the Markdown of the reference: the help of the program and of each of its commands."""
    return "\n".join(f"```text\n$ {' '.join(['flowforge', *words])} --help\n{text}```\n" for words, text in _helps())


def _helps(*words: str) -> Iterator[tuple[tuple[str, ...], str]]:
    text = _help(*words)
    yield words, text
    _, heading, commands = text.partition("\nCommands:\n")
    if heading:
        for match in filter(None, map(_COMMAND.match, commands.splitlines())):
            yield from _helps(*words, match[1])


def _help(*words: str) -> str:
    """Give what `--help` prints, from this very process: one of its own would take a second for each."""
    environ = {"COLUMNS": WIDTH, "NO_COLOR": "1"}
    with mock.patch.dict(os.environ, environ), redirect_stdout(StringIO()) as printed:
        cli.main([*words, "--help"], prog_name="flowforge", standalone_mode=False)
    return printed.getvalue()


def with_reference(readme: str, text: str) -> str:
    """Put the reference between its markers; a README without them is given back as it is."""
    before, begin, rest = readme.partition(HELP_BEGIN)
    _, end, after = rest.partition(HELP_END)
    return f"{before}{begin}\n{text}{end}{after}" if begin and end else readme


def readme_differs(root: Path) -> Iterator[str]:
    """Say whether README.md holds today's reference and a transcript of the demo."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    if HELP_BEGIN not in readme or HELP_END not in readme:
        yield f"README.md: no reference between {HELP_BEGIN} and {HELP_END}"
    elif readme != with_reference(readme, reference()):
        yield "README.md: its reference is not what --help prints; run: python tools/check_docs.py --write"
    _, begin, rest = readme.partition(DEMO_BEGIN)
    transcript, end, _ = rest.partition(DEMO_END)
    if not (begin and end and "flowforge demo" in transcript):
        yield f"README.md: no transcript of `flowforge demo` between {DEMO_BEGIN} and {DEMO_END}"


def faults() -> str:
    """Give docs/faults.md as the tests' table makes it."""
    command, here = [sys.executable, "-m", "tests.faults.page"], Path(__file__).resolve().parent.parent
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", cwd=here).stdout


def faults_differ(root: Path) -> Iterator[str]:
    """Say whether docs/faults.md is in step with the table of the tests."""
    page = root / FAULTS
    if not page.exists() or page.read_text(encoding="utf-8") != faults():
        yield f"{FAULTS}: it is not the table of tests/faults; run: python tools/check_docs.py --write"


def dead_links(root: Path) -> Iterator[str]:
    """Find relative links, in every Markdown file, to a file or a heading that is not there."""
    for page in _pages(root):
        for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
            if re.match(r"[a-z][a-z+.-]*:", target):
                continue
            path, _, anchor = target.partition("#")
            file = page.parent / path if path else page
            if not file.exists():
                yield f"{page.relative_to(root).as_posix()}: {target} is not there"
            elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
                yield f"{page.relative_to(root).as_posix()}: {target} has no such heading"


def _pages(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("*.md"))
    for folder in ("benchmarks", "docs", "examples", "schemas"):
        yield from sorted((root / folder).rglob("*.md"))


def _anchors(page: Path) -> frozenset[str]:
    """Give a page's headings as GitHub names them in links."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def untested_codes(root: Path) -> Iterator[str]:
    """Find codes of errors that the package can raise and that no test states."""
    tests = "".join(path.read_text(encoding="utf-8") for path in (root / "tests").rglob("*.py"))
    tested = frozenset(_CODE.findall(tests))
    for path in sorted((root / "flowforge").rglob("*.py")):
        for code in sorted(_codes(ast.parse(path.read_text(encoding="utf-8"))) - tested):
            yield f"{path.relative_to(root).as_posix()}: {code} is stated in no test"


def _codes(tree: ast.AST) -> frozenset[str]:
    """Give the codes in a module's strings, docstrings aside: those only speak of codes."""
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in spoken)
    return frozenset(code for node in strings if isinstance(node.value, str) for code in _CODE.findall(node.value))


def unexplained_dependencies(root: Path) -> Iterator[str]:
    """Compare pyproject.toml with the rows of docs/dependencies.md, both ways."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"].get("optional-dependencies", {})
    declared = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *chain.from_iterable(extras.values()),
    ]
    names = {name[0].lower() for name in map(_NAME.match, declared) if name}
    explained = {name.lower() for name, _ in _ROW.findall((root / "docs/dependencies.md").read_text(encoding="utf-8"))}
    yield from (f"docs/dependencies.md: {name} is not explained" for name in sorted(names - explained))
    yield from (f"docs/dependencies.md: {name} is no dependency" for name in sorted(explained - names))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="write the reference in README.md, and docs/faults.md, anew"
    )
    sys.exit(main(Path(__file__).resolve().parent.parent, write=parser.parse_args().write))
