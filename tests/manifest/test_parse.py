"""The parser: values, aliases, merges, positions, and its limits."""

from collections.abc import Iterator
from contextvars import ContextVar

import pytest
import yaml

from flowforge.errors import ManifestError, Where
from flowforge.manifest.findings import Findings
from flowforge.manifest.nodes import Node
from flowforge.manifest.parse import LOADER, MAX_NODES, parse

LOADERS = [yaml.SafeLoader, yaml.CSafeLoader] if yaml.__with_libyaml__ else [yaml.SafeLoader]


_loader: ContextVar[type] = ContextVar("loader", default=LOADER)


@pytest.fixture(params=LOADERS, ids=lambda loader: str(loader.__name__))
def loader(request: pytest.FixtureRequest) -> Iterator[object]:
    """Parse with libyaml and with PyYAML's own parser, which stands in where libyaml is missing."""
    before = _loader.set(request.param)
    yield request.param
    _loader.reset(before)


def parsed(text: str, most: int = MAX_NODES) -> Node:
    """Parse a text in which nothing is wrong."""
    findings = Findings()
    root = parse(text, "f", findings, loader=_loader.get(), most=most)
    findings.raise_any()
    return root


def said_of(text: str, most: int = MAX_NODES) -> str:
    """Return what is said of a text in which something is wrong."""
    with pytest.raises(ManifestError) as caught:
        parsed(text, most)
    return str(caught.value)


@pytest.mark.usefixtures("loader")
def test_scalars() -> None:
    """Plain true, false, null and decimal integers are values; all else, and all in quotes, is the text written."""
    text = """\
true: [true, True, TRUE, false, False, FALSE]
"null": [null, Null, NULL, ~, ""]
int: [0, 7, -7, 123456789012345678]
text: [yes, no, on, off, 0123, 0o17, 0x1F, 1.5, 1e3, .5, +1, 1_000, 2027-02-01, 12:30, -0.0, .inf, =, <<]
quoted: ["true", 'null', "7", "~", '', "a\\tb\\u00e9"]
folded: >
  one
  two
literal: |-
  one
   two
plain: one
  two
huge: 1234567890123456789
empty:
"""
    expected = {
        "null": [None, None, None, None, ""],
        "int": [0, 7, -7, 123456789012345678],
        "text": [
            "yes",
            "no",
            "on",
            "off",
            "0123",
            "0o17",
            "0x1F",
            "1.5",
            "1e3",
            ".5",
            "+1",
            "1_000",
            "2027-02-01",
            "12:30",
            "-0.0",
            ".inf",
            "=",
            "<<",
        ],
        "quoted": ["true", "null", "7", "~", "", "a\tb\u00e9"],
        "folded": "one two\n",
        "literal": "one\n two",
        "plain": "one two",
        "huge": "1234567890123456789",
        "empty": None,
    }
    key_is_a_string = text.replace("true: [", '"true": [', 1)
    assert {"true": [True, True, True, False, False, False], **expected} == parsed(key_is_a_string).data


@pytest.mark.usefixtures("loader")
def test_aliases_and_merges() -> None:
    """An alias is its anchor's value; << adds keys that are not there, earlier mappings first, wherever it stands."""
    text = """\
x-name: &name key
x-one: &one {a: 1, b: 1}
x-two: &two {b: 2, c: 2, d: &d [x]}
merged:
  c: 0
  <<: [*one, *two]
again: {<<: *one, a: 3}
alias: *d
*name : value
"""
    expected = {
        "x-name": "key",
        "x-one": {"a": 1, "b": 1},
        "x-two": {"b": 2, "c": 2, "d": ["x"]},
        "merged": {"c": 0, "a": 1, "b": 1, "d": ["x"]},
        "again": {"a": 3, "b": 1},
        "alias": ["x"],
        "key": "value",
    }
    assert expected == parsed(text).data


@pytest.mark.usefixtures("loader")
def test_a_quoted_merge_is_a_key() -> None:
    """`"<<"` in quotes is a key like any other."""
    assert {"a": {"<<": {"b": 1}}} == parsed('a: {"<<": {b: 1}}\n').data


@pytest.mark.usefixtures("loader")
def test_positions() -> None:
    """Values and keys know their line and column, counted from 1; merged and aliased ones where they were written."""
    root = parsed("x-a: &a\n  b: [1, é]\nc:\n  <<: *a\n  d: *a\n")
    merged, aliased = root.step("c"), root.step("c").step("d")
    assert [(2, 6), (2, 10), (2, 3), (5, 3), (1, 6)] == [
        (where.line, where.column)
        for where in (
            merged.step("b").where,
            merged.at(["b", 1]).where,
            merged.key("b"),
            merged.key("d"),
            aliased.where,
        )
    ]


def test_a_position_that_is_none() -> None:
    """What no key has is at the mapping's own position; a scalar has no parts."""
    root = parsed("a: b\n")
    with pytest.raises(KeyError):
        root.step("a").step("c")
    assert (Where("f", 1, 1), Where("f", 1, 4), {}, ()) == (
        root.key("nothing"),
        root.step("a").key("nothing"),
        root.step("a").entries(),
        root.step("a").items(),
    )


@pytest.mark.usefixtures("loader")
def test_everything_else_is_said_at_once() -> None:
    """Duplicate keys, tags, aliases and keys that are wrong are all found in one reading."""
    text = 'a: 1\na: 2\nb: !x y\nc: *nothing\n1: d\n? {e: f}\n: g\nh: {<<: [*nothing, 7]}\n"i": 1\n---\nj: k\n'
    expected = """\
error FF108: f:2:1: the key "a" stands twice in this mapping, first in line 1
  fix: remove one of the two
error FF106: f:3:4: a tag, the word that begins with !, is not allowed
  fix: remove it, or put the text in quotes
error FF106: f:4:4: this alias has no anchor
  fix: put &name before the value that it repeats, further up in this file
error FF106: f:5:1: a key must be a string
  fix: put it in quotes
error FF106: f:6:3: a key must be a string
  fix: put it in quotes
error FF106: f:8:9: << merges mappings, and this is not one
  fix: write <<: *name
error FF106: f:8:10: this alias has no anchor
  fix: put &name before the value that it repeats, further up in this file
error FF106: f:10:1: a second document begins here
  why: a manifest is one document
  fix: remove the line ---, or make a file of what follows"""
    assert expected == said_of(text)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("loader", [yaml.SafeLoader], indirect=True, ids=["SafeLoader"])
def test_half_a_character() -> None:
    """PyYAML's own parser lets a lone surrogate through an escape; no file system and no terminal takes it."""
    expected = "error FF104: f:1:4: half a character is escaped here\n  fix: write the character itself"
    assert expected == said_of('a: "\\ud800"\n')


DEEP = "this is nested more than 50 levels deep\n  fix: nest it less: no manifest needs ten"
MANY = (
    "the manifest has more than 500,000 values, counting each time what an alias repeats\n"
    "  fix: name repositories in groups instead of repeating them, or split the manifest into several"
)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("bracket", "column"), [("[", 51), ("{a: ", 198), ("- ", 101), ("? ", 101)])
def test_100_000_brackets(bracket: str, column: int) -> None:
    """The 51st level is refused where it stands: neither a recursion nor libyaml's composer is reached."""
    assert f"error FF103: f:1:{column}: {DEEP}" == said_of(bracket * 100_000)


@pytest.mark.usefixtures("loader")
def test_depth_through_aliases() -> None:
    """Aliases that nest aliases count as deep as what they come to."""
    lines = ["x-0: &a0 []", *(f"x-{n}: &a{n} [*a{n - 1}]" for n in range(1, 60))]
    assert f"error FF103: f:50:13: {DEEP}" == said_of("\n".join(lines))


@pytest.mark.usefixtures("loader")
def test_the_deepest_that_is_admitted() -> None:
    """Fifty levels are read: the limit is where it says."""
    assert "x" in str(parsed("a: " + "[" * 48 + "x" + "]" * 48).data)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    "form", ["[{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}]", "{{<<: [{0}, {0}, {0}, {0}, {0}, {0}, {0}]}}"]
)
def test_billion_laughs(form: str) -> None:
    """What aliases repeat is counted before it is repeated, in lists and in merges."""
    first = "x-0: &a0 {lol: lol}"
    lines = [first, *(f"x-{n}: &a{n} {form.format(f'*a{n - 1}')}" for n in range(1, 30))]
    _, _, found = said_of("\n".join(lines)).split(": ", 2)
    assert MANY == found


def test_many_values() -> None:
    """So are values that are simply many; a smaller limit, which is quicker to reach, shows it."""
    assert f"error FF103: f:1:10000: {MANY.replace('500,000', '5,000')}" == said_of(
        "[" + "1," * 5_000 + "1]", most=5_000
    )


@pytest.mark.parametrize("form", ["&a {}", "[&a {}]", "&a {{{}: 1}}", "&a {{a: {}}}"])
def test_a_long_text_repeated(form: str) -> None:
    """A text counts by its length, as a key too: to repeat a long one by aliases is to repeat what it costs."""
    found = said_of(f"x: {form.format('t' * 900)}\ny: [{', '.join(['*a'] * 120)}]\n", most=1_000)
    assert MANY.replace("500,000", "1,000") == found.split(": ", 2)[2]
