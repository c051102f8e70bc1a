"""Expressions by their grammar: trees, templates, and what is unreadable."""

import pytest

from flowforge.workflows.conditions import Conditions, has_status
from flowforge.workflows.expression_tree import (
    And,
    Comparison,
    ContextName,
    Every,
    Expression,
    FunctionCall,
    Index,
    Literal,
    Not,
    Or,
    Text,
    UnreadableExpression,
    accesses,
    path_of,
)
from flowforge.workflows.expressions import MAX_DEPTH, read_condition, read_expression, read_template
from flowforge.workflows.runs import RunClass, Who
from flowforge.workflows.scopes import NameScope
from flowforge.workflows.values import Open

SECRETS = ContextName("secrets")
KEY = Index(SECRETS, Literal("KEY"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("secrets.KEY", KEY),
        ("Secrets['KEY']", KEY),
        ("secrets[ 'it''s' ]", Index(SECRETS, Literal("it's"))),
        ("a.*.b", Index(Every(ContextName("a")), Literal("b"))),
        ("a[*]", Every(ContextName("a"))),
        ("a || b && c", Or((ContextName("a"), And((ContextName("b"), ContextName("c")))))),
        ("!(a == 'x')", Not(Comparison("==", ContextName("a"), Literal("x")))),
        ("format('{0}', 1.5, -0x10)", FunctionCall("format", (Literal("{0}"), Literal(1.5), Literal(-16.0)))),
        ("toJSON(secrets)", FunctionCall("tojson", (SECRETS,))),
        ("true == NULL", Comparison("==", Literal(value=True), Literal(None))),
        ("fromJSON(a).b", Index(FunctionCall("fromjson", (ContextName("a"),)), Literal("b"))),
    ],
)
def test_trees(text: str, expected: Expression) -> None:
    """Each form of the grammar gives its tree; contexts and functions have no case."""
    assert expected == read_expression(text)


@pytest.mark.parametrize(
    "text",
    ["", "a b", "'open", "a.", "a[", "f(a,", "a ==", "(a", "1a", "a &", '"a"', "a..b", "!", "a.'b'", "$"],
)
def test_what_does_not_follow_the_grammar(text: str) -> None:
    """A slip anywhere makes the whole expression unreadable."""
    assert UnreadableExpression() == read_expression(text)


@pytest.mark.parametrize(
    "text", ["(" * 10_000 + "a" + ")" * 10_000, "!" * 10_000 + "a", "a" + ".b" * 10_000, "a[" * 99]
)
def test_depth_is_bounded(text: str) -> None:
    """What is nested deeper than the runner takes is unreadable, without a crash."""
    assert UnreadableExpression() == read_expression(text)


def test_levels_of_several_kinds_add_up_to_no_crash() -> None:
    """Negations within parentheses nest two thousand deep, and whoever walks the tree comes to an end."""
    text = f"{('!' * 49 + '(') * 45}failure() || secrets.KEY{')' * 45}"
    tree = read_expression(text)
    value = Conditions(RunClass("push", Who.PERSON)).value(tree, NameScope("x"))
    assert (True, 1, Open.UNKNOWN) == (has_status(tree), len(accesses(tree)), value)


def test_the_deepest_that_is_read() -> None:
    """As many levels as the limit says are read."""
    assert ContextName("a") == read_expression("(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", Literal("plain")),
        ("${{ secrets.KEY }}", KEY),
        ("x${{ a }}y", Text((Literal("x"), ContextName("a"), Literal("y")))),
        ("${{ '}}' }}", Literal("}}")),
        ("${{ a }}${{ b", Text((ContextName("a"), UnreadableExpression()))),
        ("${{ 'open }}", UnreadableExpression()),
    ],
)
def test_templates(text: str, expected: Expression) -> None:
    """A template is its one expression, or a text of parts; `}}` in quotes ends nothing."""
    assert expected == read_template(text)


def test_a_condition_needs_no_braces() -> None:
    """An `if:` is an expression, with or without `${{ }}`, whatever white space stands around."""
    assert [ContextName("a")] * 3 == [read_condition(text) for text in ("a", " ${{ a }}\n", "\na ")]


def test_accesses() -> None:
    """The outermost accesses are found, within calls and computed names too."""
    tree = read_expression("f(secrets.A, b[vars.C]) || d.e")
    assert [("secrets", "a"), None, ("vars", "c"), ("d", "e")] == [path_of(each) for each in accesses(tree)]
