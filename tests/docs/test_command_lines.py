"""Every `flowforge …` that a page names, run or not, is a command that there is, with options that it has.

A cheat sheet (docs/cheat-sheet.md) is nothing else, and so is held by this alone.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Final

import click
import pytest
from markdown_it import MarkdownIt

from flowforge.cli.main import cli
from tests.docs.pages import ROOT, Page, pages

pytestmark = pytest.mark.no_coverage

PAGES: Final = [page for page in pages() if not page.name.startswith("docs/adr/")]
# A command ends where a shell would end it, at a comment, or at the end of a code span.
_LINE: Final = re.compile(r"(?:^|[|&;(]|\$ |run: )\s*(?:exec )?flowforge ([^|&;)\n#]*)", re.MULTILINE)
_OF_ERRORS: Final = {"docs/errors.md", "docs/findings.md", "docs/faults.md"}
_OPTION: Final = re.compile(r"--?[a-z][a-z-]*")


def _made(page: Page) -> Iterator[str]:
    """Yield the targets of make that a page names, in the blocks and in the code spans."""
    for text in (*_spans(page), *(block.text for block in page.blocks if block.language == "sh")):
        yield from re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)


def _named(page: Page) -> Iterator[str]:
    """Yield what stands behind `flowforge` in the blocks and in the code spans of a page."""
    for block in page.blocks:
        yield from _LINE.findall(block.text.replace("\\\n", " "))
    yield from (span.removeprefix("flowforge ") for span in _spans(page) if span.startswith("flowforge "))


def _spans(page: Page) -> Iterator[str]:
    for token in MarkdownIt().enable("table").parse((ROOT / page.name).read_text("utf-8")):
        yield from (child.content for child in token.children or () if child.type == "code_inline")


def _wrong(line: str) -> str | None:
    """Return what is wrong with a command line; None for one that there is."""
    command: click.Command = cli
    words = shlex.split(line.replace("'", "") if line.count("'") % 2 else line)
    with cli.make_context("flowforge", [], resilient_parsing=True) as context:
        while words and isinstance(command, click.Group) and not words[0].startswith("-"):
            name = words.pop(0)
            if not re.fullmatch(r"[a-z-]+", name):
                return None  # a placeholder: `flowforge COMMAND`
            found = command.get_command(context, name)
            if found is None:
                return f"no command {name}"
            command = found
        known = {each for option in command.get_params(context) for each in (*option.opts, *option.secondary_opts)}
    names = [match[0] for word in words if (match := _OPTION.match(word))]
    return next((f"no option {name}" for name in names if name not in known and not _together(name, known)), None)


def _together(name: str, known: set[str]) -> bool:
    """Whether it is one short option with its value, such as `-mfile`; or the beginning of several, as `--allow-…`."""
    return name[:2] in known or (name.endswith("-") and any(each.startswith(name) for each in known))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_that_a_page_names_is_there(page: Page) -> None:
    """Commands, subcommands and options; what they do is run elsewhere."""
    assert [] == [(line, wrong) for line in _named(page) if (wrong := _wrong(line))]


def test_each_target_that_a_page_names_is_there() -> None:
    """What pages tell to make is a rule of the Makefile. The fixes of errors say `make it so`, and no target."""
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set() == {target for page in PAGES if page.name not in _OF_ERRORS for target in _made(page)} - rules


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("plan --limit 'acme/*'", None),
        ("state forget acme/api", None),
        ("plan -mflowforge.yaml", None),
        ("apply --allow-…", None),
        ("planned", "no command planned"),
        ("state shew", "no command shew"),
        ("plan --yes", "no option --yes"),
        ("state list --prune", "no option --prune"),
    ],
)
def test_a_wrong_command_is_noticed(line: str, wrong: str | None) -> None:
    """A command, a subcommand, an option that only another one has."""
    assert wrong == _wrong(line)
