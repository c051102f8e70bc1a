"""What a page of the docs shows: its fenced blocks in order, and what is marked about them.

A mark is an HTML comment on a line of its own, so that nobody sees it. It stands before what it is about:

    <!-- world: {acme/api: {secrets: [NPM_TOKEN]}, acme/web: } -->   the repositories that there are
    <!-- values: ACME_ANTHROPIC_KEY=api03 MAX_TOKEN=oat01 -->        environment variables with made-up values
    <!-- op: {"op://CI/Claude/credential": api03} -->                what 1Password holds; others are not signed in
    <!-- manifest: [acme/api, acme/web] -->                         a flowforge.yaml for them, where the page has none
    <!-- first: flowforge apply --yes -->                           a command that is run and not shown
    <!-- meanwhile: set_secret {full_name: acme/api, ...} -->        a verb of the sandbox, behind FlowForge's back
    <!-- answers: yes -->                                            what a person at the terminal says, or pastes
    <!-- pasted: -->                                             the exports that the sandbox of the page printed
    <!-- output: -->                                             the next block, in text, is what the sh above printed
    <!-- not run: it needs GitHub's runner -->                       the next block is not run, and why
    <!-- run by: tests/manifest/test_page.py -->                     another test runs the next block
    <!-- all run by: tests/plan/test_planning_page.py -->            or every block from here on that is not run here

A block in `console` is run: `$ ` begins a command, and what stands below is its output. One in `sh` is run, too, a
command on each line, and none may end as a mistake does; what it prints stands in a block of its own. A block with a
title, such as ```yaml title="flowforge.yaml"```, is written into the folder in which the commands run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

ROOT: Final = Path(__file__).resolve().parents[2]
MARKS: Final = frozenset(
    {
        *("world", "values", "op", "manifest", "first", "meanwhile", "answers"),
        *("pasted", "output", "not run", "run by", "all run by"),
    }
)
_MARK: Final = re.compile(r"<!--\s*([a-z ]+?):\s*(.*?)\s*-->", re.DOTALL)
_TITLE: Final = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Mark:
    """Something said about what follows."""

    line: int
    name: str
    text: str


@dataclass(slots=True)
class Shown:
    """A command and the output below it."""

    command: str
    output: str


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. line: where its fence opens. marks: what stands before it, since the block before it."""

    line: int
    language: str
    title: str
    text: str
    marks: tuple[Mark, ...] = ()

    def mark(self, name: str) -> str | None:
        """Return the text of a mark of this name."""
        return next((mark.text for mark in self.marks if mark.name == name), None)

    @property
    def is_output(self) -> bool:
        """Whether it is what the commands of the block above print."""
        return self.language == "text" and self.mark("output") is not None

    @property
    def is_run(self) -> bool:
        """Whether it is run here: nothing says that it is not, nor that another test does."""
        return self.language in {"console", "sh"} and not (self.mark("not run") or self.mark("run by"))

    @property
    def lines(self) -> list[str]:
        """Return the commands of a block in sh, without what they say about themselves."""
        lines = (re.sub(r"\s*(^|\s)#.*", "", line) for line in self.text.splitlines())
        return [line.strip() for line in lines if line.strip()]

    @property
    def commands(self) -> list[Shown]:
        """Return the commands of a console with their output, which ends in no line end; or output alone."""
        if self.is_output:
            return [Shown("", self.text.strip("\n"))]
        shown: list[Shown] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                shown.append(Shown(line[2:], ""))
            elif shown and shown[-1].command.endswith("\\") and not shown[-1].output:
                shown[-1].command += f"\n{line}"
            elif shown:
                shown[-1].output += f"{line}\n"
            else:
                wrong = f"line {self.line}: a console begins with `$ `"
                raise ValueError(wrong)
        return [Shown(each.command, each.output.strip("\n")) for each in shown]


@dataclass(frozen=True, slots=True)
class Page:
    """A page. name: its path below the root. rest: the marks behind its last block."""

    name: str
    blocks: tuple[Block, ...] = field(repr=False)
    rest: tuple[Mark, ...] = ()

    @property
    def is_walk(self) -> bool:
        """Whether anything on it is run here."""
        return any(block.is_run for block in self.blocks)


def page_of(path: Path, root: Path = ROOT) -> Page:
    """Read a page. Raises ValueError for a mark that is none."""
    found: list[Block] = []
    marks: list[Mark] = []
    lasting: list[Mark] = []
    # Blocks alone: what stands in a line takes as long again to read.
    for token in MarkdownIt().disable("inline").parse(path.read_text("utf-8")):
        line = (token.map or [0])[0] + 1
        if token.type == "html_block":
            fresh = list(_marks(line, token.content))
            marks += fresh
            lasting += [Mark(mark.line, "run by", mark.text) for mark in fresh if mark.name == "all run by"]
        elif token.type in {"fence", "code_block"}:
            language, _, info = token.info.partition(" ")
            title = _TITLE.search(info)
            found.append(Block(line, language, title[1] if title else "", token.content, (*marks, *lasting)))
            marks = []
    return Page(path.relative_to(root).as_posix(), tuple(found), tuple(marks))


def _marks(line: int, html: str) -> Iterator[Mark]:
    for match in _MARK.finditer(html):
        if match[1] in MARKS:
            yield Mark(line, match[1], match[2])
        elif match[2] not in {"begin", "end"}:
            wrong = f"line {line}: there is no mark {match[1]!r}"
            raise ValueError(wrong)


@cache
def pages(root: Path = ROOT) -> tuple[Page, ...]:
    """Return every page that people read: those at the root, of the docs and of the examples."""
    files = [root / "README.md", root / "CONTRIBUTING.md", *(root / "docs").rglob("*.md")]
    return tuple(page_of(path, root) for path in [*files, *(root / "examples").rglob("*.md")])


def with_output(text: str, block: Block, shown: list[Shown]) -> str:
    """Return the text of a page in which a console has this output below its commands."""
    lines = text.splitlines(keepends=True)
    told = (f"$ {each.command}\n{each.output}" if each.command else each.output for each in shown)
    body = "\n\n".join(each.rstrip("\n") for each in told)
    # Commands that print nothing stand together.
    body = re.sub(r"(?m)^(\$ .*)\n\n(?=\$ )", r"\1\n", body)
    end = block.line + len(block.text.splitlines())
    lines[block.line : end] = [f"{line}\n" for line in body.splitlines()]
    return "".join(lines)
