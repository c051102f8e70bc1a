"""YAML as GitHub's runner reads it: what is taken, what is refused, and where."""

import pytest

from flowforge.workflows.nodes import YamlList, YamlMapping, YamlNode
from flowforge.workflows.yaml_reader import MAX_DEPTH, UnreadableError, read_yaml

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def _plain(node: YamlNode) -> object:
    if isinstance(node, YamlMapping):
        return {key: _plain(value) for key, value in node.entries()}
    return [_plain(each) for each in node.items()] if isinstance(node, YamlList) else node.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on: push", {"on": "push"}),
        ("true: no", {"true": "no"}),
        ("a: &x {b: c}\nd: *x", {"a": {"b": "c"}, "d": {"b": "c"}}),
        ("a: &x {b: c}\nd: {<<: *x, e: f}", {"a": {"b": "c"}, "d": {"<<": {"b": "c"}, "e": "f"}}),
        ("a: ~\nb: 'null'", {"a": "", "b": "null"}),
        ("\ufeffa: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("a: 1\r\nb: [2, 3]\r\n", {"a": "1", "b": ["2", "3"]}),
        ("", ""),
    ],
    ids=["on", "true", "anchor", "no merge", "null", "mark and block", "crlf", "nothing"],
)
def test_what_is_read(text: str, expected: object) -> None:
    """Keys are texts, anchors are followed, `<<` is a key like any other."""
    assert expected == _plain(read_yaml(text))


@pytest.mark.parametrize("mark", ["\x85# b", "\u2028# b", "\u2029# b", "\r# b"])
def test_lines_are_those_of_git(mark: str) -> None:
    """Only a line feed begins a line, whatever YAML takes for a break: findings stand where editors show them."""
    text = "# a🗝%s\non: push\nx: [é, y]\n"
    root, plain = read_yaml(text % mark), read_yaml(text % "")
    with pytest.raises(UnreadableError) as refused:
        read_yaml(text % mark + "z: ]\n")

    def places(node: YamlNode) -> list[tuple[str, int, int, int]]:
        return [(key, node.key_line(key), each.line, each.column) for key, each in node.entries()]

    assert (places(plain), 4) == (places(root), refused.value.line)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: [", ("it is not YAML", 1)),
        (b"a: 1\n\tb: 2\n", ("it is not YAML", 2)),
        (b"a: 1\nb: 2\na: 3\n", ("a key stands twice, first in line 1", 3)),
        (b"? [a]\n: b\n", ("a key must be a text", 1)),
        (b"a: *b\n", ("this alias has no anchor before it", 1)),
        (b"a: &b [*b]\n", ("this alias has no anchor before it", 1)),
        (b"a: 1\n---\nb: 2\n", ("a second document begins here", 3)),
        (b"a: 1\nb: \x07\n", ("the character U+0007 cannot stand in YAML", 2)),
        (b"a: 1\nb: \xff\n", ("it is not UTF-8", 2)),
        ("a: b".encode("utf-16"), ("it is not UTF-8", 1)),
        (b"[" * 100_000, ("it is nested more than 100 levels deep", 1)),
        (LAUGHS.encode(), ("it comes to more than 200,000 values", 5)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_is_refused(data: bytes, expected: tuple[str, int]) -> None:
    """Each refusal has its reason, in our own words, and its line."""
    with pytest.raises(UnreadableError) as refused:
        read_yaml(data)
    assert expected == (refused.value.reason, refused.value.line)


def test_positions() -> None:
    """Lines and columns count from 1, those of keys too."""
    root = read_yaml("a: 1\nb:\n  - c: d\n")
    inner = (root.get("b") or root).items()[0]
    value = inner.get("c")
    assert (2, 3, 5, 3, 8) == (
        root.key_line("b"),
        inner.line,
        inner.column,
        value.line if value else 0,
        value.column if value else 0,
    )


def test_an_alias_counts_in_depth_what_it_repeats() -> None:
    """Two halves of the depth that there may be, one in the other by an alias, are refused."""
    half = MAX_DEPTH - 20
    text = f"a: &a {'[' * half}{']' * half}\nb: {'[' * half}*a{']' * half}\n"
    with pytest.raises(UnreadableError, match="nested"):
        read_yaml(text)
