"""Hold the documents to the program; exit 1 where they differ.

Some pages are generated: docs/reference.md is what `--help` prints, docs/errors.md what the code says under each code
of an error and docs/findings.md of a finding, as codes.json does for `flowforge explain`, docs/faults.md the table of
tests/faults, docs/permissions.md that of what tokens need, and README.md's table of what was measured that of
benchmarks/RESULTS.md; `--write` writes them anew. Beside that: README.md has the demo's transcript, relative links lead
somewhere, every code of an error has one owner and is stated in a test, and every dependency says in
docs/dependencies.md why it earns its place.
"""

import argparse
import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Final

from flowforge.cli.main import cli
from flowforge.github import permission_table
from tools import audit_codes, error_codes, measured

ROOT = Path(__file__).resolve().parent.parent
DEMO_BEGIN, DEMO_END = "<!-- demo:begin -->", "<!-- demo:end -->"
WIDTH = 98  # what click leaves of a terminal of 100 columns
REFERENCE = """# Reference

Every command with its options, as `--help` prints it.

<!-- Made from the program by `make docs`. -->
"""

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
_CODE = re.compile(r"\bFF\d{3}\b")
_ROW = re.compile(r"^\|\s*`([A-Za-z0-9_.-]+)`\s*\|\s*(\S.*?)\s*\|\s*$", re.MULTILINE)
_NAME = re.compile(r"^[A-Za-z0-9_.-]+")
_COMMAND = re.compile(r"^  ([a-z][a-z-]*)(?:\s|$)")


def reference() -> str:
    """Return docs/reference.md: the help of the program and of each of its commands."""
    parts = (f"\n## {line}\n\n```text\n$ {line} --help\n{text}```\n" for line, text in _helps("flowforge"))
    return "".join([REFERENCE, *parts])


def _helps(*words: str) -> Iterator[tuple[str, str]]:
    text = _help(*words[1:])
    yield " ".join(words), text
    _, heading, commands = text.partition("\nCommands:\n")
    if heading:
        for match in filter(None, map(_COMMAND.match, commands.splitlines())):
            yield from _helps(*words, match[1])


def _help(*words: str) -> str:
    """Return what `--help` prints, from this very process: one of its own would take a second for each."""
    with redirect_stdout(StringIO()) as printed:
        cli.main([*words, "--help"], prog_name="flowforge", standalone_mode=False, terminal_width=WIDTH)
    return printed.getvalue()


def faults() -> str:
    """Return docs/faults.md as the tests' table makes it."""
    command = [sys.executable, "-m", "tests.faults.page"]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", cwd=ROOT).stdout


def errors() -> str:
    """Return docs/errors.md as the code makes it."""
    return error_codes.page(ROOT / "flowforge")


def explanations() -> str:
    """Return what `flowforge explain` knows of our codes: the same table, as the package carries it."""
    pages = {**error_codes.pages(ROOT / "flowforge"), **audit_codes.pages(ROOT / "flowforge")}
    return json.dumps(pages, indent=1, ensure_ascii=False) + "\n"


def findings() -> str:
    """Return docs/findings.md as the table of the audit's codes makes it."""
    return audit_codes.page(ROOT / "flowforge")


# The generated pages, and what makes each.
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "docs/reference.md": reference,
    "docs/errors.md": errors,
    "docs/findings.md": findings,
    "flowforge/cli/explanations/codes.json": explanations,
    "docs/faults.md": faults,
    "docs/permissions.md": permission_table.page,
    "README.md": lambda: measured.readme(ROOT),
}


def main(
    root: Path,
    *,
    write: bool,
    pages: Mapping[str, Callable[[], str]] = PAGES,
    shared: frozenset[str] = error_codes.SHARED,
) -> int:
    """Check the documents below `root`, print what differs, and return the exit code."""
    made = {name: make() for name, make in pages.items()}
    if write:
        for name, text in made.items():
            (root / name).write_text(text, encoding="utf-8")
    found = [
        *stale_pages(root, made),
        *missing_transcript(root),
        *dead_links(root),
        *error_codes.complaints(root / "flowforge", shared),
        *untested_codes(root),
        *unexplained_dependencies(root),
    ]
    print("\n".join(found) or "The documents are in step with the program.")
    return 1 if found else 0


def stale_pages(root: Path, made: Mapping[str, str]) -> Iterator[str]:
    """Yield a complaint for each generated page that is not as it is made today."""
    for name, text in made.items():
        page = root / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            yield f"{name}: it is not as it is generated today; run: make docs"


def missing_transcript(root: Path) -> Iterator[str]:
    """Yield a complaint if README.md holds no transcript of the demo."""
    _, begin, rest = (root / "README.md").read_text(encoding="utf-8").partition(DEMO_BEGIN)
    transcript, end, _ = rest.partition(DEMO_END)
    if not (begin and end and "flowforge demo" in transcript):
        yield f"README.md: no transcript of `flowforge demo` between {DEMO_BEGIN} and {DEMO_END}"


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
    """Return a page's headings as GitHub names them in links."""
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
    """Return the codes in a module's strings, docstrings aside: those only speak of codes."""
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in spoken)
    return frozenset(code for node in strings if isinstance(node.value, str) for code in _CODE.findall(node.value))


def unexplained_dependencies(root: Path) -> Iterator[str]:
    """Compare pyproject.toml with the rows of docs/dependencies.md, both ways."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *chain.from_iterable(project["project"].get("optional-dependencies", {}).values()),
        *chain.from_iterable(project.get("dependency-groups", {}).values()),
    ]
    names = {name[0].lower() for name in map(_NAME.match, declared) if name}
    explained = {name.lower() for name, _ in _ROW.findall((root / "docs/dependencies.md").read_text(encoding="utf-8"))}
    yield from (f"docs/dependencies.md: {name} is not explained" for name in sorted(names - explained))
    yield from (f"docs/dependencies.md: {name} is no dependency" for name in sorted(explained - names))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the generated pages anew")
    sys.exit(main(ROOT, write=parser.parse_args().write))
