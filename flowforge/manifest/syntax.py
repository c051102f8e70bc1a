"""Say in our own words what is wrong with YAML. The parser's own text may quote a value, so none of it is passed on."""

from typing import Final

import yaml

from flowforge.errors import Problem, Where

# What both parsers, libyaml's and PyYAML's own, say in fixed words, in the order of trying; and what we say.
# The third is whether the position is where the construct began, which is where a person looks.
_KNOWN: Final = (
    (("found unexpected end of stream", "quoted scalar"), "the quote that opens here is not closed", "close it", True),
    (("found unexpected document", "quoted scalar"), "the quote that opens here is not closed", "close it", True),
    (("expected ',' or ']'",), "the list that opens here is not closed", "close it with ], or separate its items by commas", True),
    (("expected ',' or '}'",), "the mapping that opens here is not closed", "close it with }, or separate its entries by commas", True),
    (("expected node content",), "a value is missing here", "write one, or close the brackets", False),
    (("expected the node content",), "a value is missing here", "write one, or close the brackets", False),
    (("mapping values are not allowed",), "a colon is not allowed here", "put a text that has a colon in quotes, or begin a new line", False),
    (("could not find expected ':'",), "a colon is missing after this key", "write `key: value`", True),
    (("unknown escape character",), "this escape is not known in double quotes", "double the backslash, or use single quotes", False),
    (("escape",), "this escape is not known in double quotes", "double the backslash, or use single quotes", False),
    (("expected key",), "the indentation does not fit here", "indent entries of one mapping alike", False),
    (("expected <block end>",), "the indentation does not fit here", "indent entries of one mapping alike", False),
    (("expected '-' indicator",), "the indentation does not fit here", "indent items of one list alike", False),
)  # fmt: skip
_FIRST: Final = {
    "\t": ("a tab cannot indent YAML", "indent with spaces"),
    "@": ("a text cannot begin with @", "put it in quotes"),
    "`": ("a text cannot begin with `", "put it in quotes"),
    "%": ("a text cannot begin with %", "put it in quotes"),
}


def explain(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Make a problem (FF105) of a parser's error."""
    where, start = _where(error, "problem_mark", file), _where(error, "context_mark", file)
    said = f"{getattr(error, 'context', None) or ''} {getattr(error, 'problem', None) or ''}"
    if "cannot start any token" in said:
        what, fix = _FIRST.get(
            _character(text, where), ("this is not YAML", "put a text with special characters in quotes")
        )
        return Problem("FF105", what, str(where), fix=fix)
    for marks, what, fix, at_start in _KNOWN:
        if all(mark in said for mark in marks):
            return Problem("FF105", what, str(start if at_start and start.line else where), fix=fix)
    return Problem("FF105", "this is not YAML", str(where), fix="check the brackets, quotes and indentation here")


def _where(error: yaml.YAMLError, attribute: str, file: str) -> Where:
    mark = getattr(error, attribute, None)
    return Where(file, mark.line + 1, mark.column + 1) if mark else Where(file)


def _character(text: str, where: Where) -> str:
    lines = text.splitlines()
    line = lines[where.line - 1] if where.line <= len(lines) else ""
    return line[where.column - 1 : where.column]
