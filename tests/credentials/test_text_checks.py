"""What no value of any kind may be: each mistake of a person's has its own code and its exact text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.credentials.text_checks import MAX_BYTES, unfit
from flowforge.errors import Problem

KEY = "sk-ant-" + "api03-" + "b" * 93 + "AA"
ADMIT = "put the credential where its source reads it"

EMPTY = Problem(
    "FF201",
    "the value is empty",
    why="an empty secret still takes its place, and Claude then reports a missing credential",
    fix=ADMIT,
)
BLANK = Problem("FF202", "the value is blank", why="white space alone is no credential", fix=ADMIT)
LOGIN = Problem(
    "FF203",
    "the value is a .credentials.json of Claude Code",
    why="its token lives for hours, and the login that it belongs to replaces it",
    fix="run `claude setup-token` and use the token that it prints",
)
PLACEHOLDER = Problem(
    "FF204",
    "the value is a placeholder",
    why="it stands for a credential and is none; FlowForge fills in no variable and no reference inside a value",
    fix="put the credential itself where its source reads it",
)
JSON = Problem(
    "FF205",
    "the value is JSON",
    why="a secret holds the credential alone; FlowForge takes no document apart",
    fix="extract the credential, and let the source read only that",
)
QUOTED = Problem(
    "FF206",
    "the value is in quotes",
    why="the quotes would be stored as part of the credential",
    fix="remove them from where the source reads the value",
)
CARRIAGE_RETURN = Problem(
    "FF207",
    "the value ends with a carriage return",
    why="its source ends it as Windows ends a line (CR LF), which is dropped only of a file and a command's output",
    fix="remove the line end where its source reads the value",
)
LINE_BREAK = Problem(
    "FF208",
    "the value has a line break in it",
    why=(
        "a terminal that wraps a long credential breaks it when it is copied; FlowForge joins no lines, "
        "and drops only one line end at the end of a file"
    ),
    fix="copy the credential again as one line, and save it alone",
)
WHITE_SPACE = Problem(
    "FF209",
    "the value has white space in it",
    why="no credential has any; it comes from copying too much, or from a wrapped line",
    fix="copy the credential again, without spaces or tabs before, in or after it",
)
CONTROL = Problem(
    "FF210",
    "the value has a control character in it",
    why="an HTTP header cannot carry it, so Claude would fail to sign in",
    fix="copy the credential again as plain text",
)
NOT_ASCII = Problem(
    "FF211",
    "the value has a character in it that is not ASCII",
    why="no credential has one; it is often invisible, or a typographic quote or dash from a chat or a document",
    fix="copy the credential again from where it was issued",
)
TOO_LARGE = Problem(
    "FF212",
    "the value is larger than 47,952 bytes",
    why="GitHub takes no larger secret",
    fix="let the source read the credential alone",
)
TOO_SHORT = Problem(
    "FF262",
    "the value is too short to be a credential",
    why="no credential has fewer than four characters",
    fix="put the credential itself where its source reads it",
)
ALL = (
    TOO_SHORT,
    *(EMPTY, BLANK, LOGIN, PLACEHOLDER, JSON, QUOTED, CARRIAGE_RETURN, LINE_BREAK, WHITE_SPACE, CONTROL, NOT_ASCII),
    TOO_LARGE,
)

CASES = [
    ("", EMPTY),
    (" ", BLANK),
    ("\n\n", BLANK),
    ("\t \r\n", BLANK),
    ("\u00a0\u2003", BLANK),
    ('{"claudeAiOauth":{"accessToken":"x"}}', LOGIN),
    ('{\n  "claudeAiOauth": {\n    "accessToken": "x"\n  }\n}\n', LOGIN),
    ('{"mcp": {}, "claudeAiOauth": {"acc', LOGIN),
    ('\n {"token": "x"}', JSON),
    ("[]", JSON),
    ('[\n"x"\n]\n', JSON),
    ("[" * 20_000 + "]" * 20_000, JSON),
    (f'"{KEY}"', QUOTED),
    (f"'{KEY}'\n", QUOTED),
    (f"`{KEY}`", QUOTED),
    (f"{KEY}\r", CARRIAGE_RETURN),
    (f"{KEY}\r\n", CARRIAGE_RETURN),
    (f"{KEY}\n", LINE_BREAK),
    (f"{KEY[:80]}\n{KEY[80:]}", LINE_BREAK),
    (f"{KEY[:80]}\r\n{KEY[80:]}\r\n", LINE_BREAK),
    (f"\n{KEY}", LINE_BREAK),
    (f" {KEY}", WHITE_SPACE),
    (f"{KEY}\t", WHITE_SPACE),
    (f"Bearer {KEY}", WHITE_SPACE),
    (f"{KEY}\0", CONTROL),
    (f"\x1b[200~{KEY}\x1b[201~", CONTROL),
    (f"{KEY}\x7f", CONTROL),
    (f"\u201c{KEY}\u201d", NOT_ASCII),
    (f"{KEY}\u200b", NOT_ASCII),
    (f"\ufeff{KEY}", NOT_ASCII),
    (f"{KEY}\u0085", NOT_ASCII),
    (f"{KEY}\udc80", NOT_ASCII),
    ("b" * (MAX_BYTES + 1), TOO_LARGE),
    ("é" * (MAX_BYTES // 2 + 1), TOO_LARGE),
    *((text, TOO_SHORT) for text in ("0", "no", "off", "key", "**", "abc")),
]
PLACEHOLDERS = [
    *("CHANGE_ME", "changeme", "change-me", "ChangeThis", "REPLACE_ME", "replace-me-with-the-key", "fill_me_in"),
    *("***", "********", "xxx", "XXXXXXXX", "...", "sk-ant-...", "sk-ant-xxx...", "sk-ant-api03-xxxxxxxx", "…………"),
    *("your-api-key", "YOUR_API_KEY", "your_token", "your api key", "sk-ant-your-key-here", "sk-ant-api03-your-key"),
    *("<key>", "<your API key>", "sk-ant-<key>", "${KEY}", "${{ secrets.KEY }}", "$KEY", "$(op read x)", "%KEY%"),
    *("{{x}}", "{{ .Values.key }}", "op://vault/item/field", "op://Engineering/Claude Max/token"),
    *("TODO", "tbd", "FIXME", "placeholder", "dummy", "example", "none", "null", "undefined", "secret", "password"),
    *("nil", "NaN", "n/a", "N/A", "NA", "n.a.", "not-set", "NOT_SET", "not set", "unset", "not available", "undefined"),
    *(
        "false",
        "True",
        "empty",
        "missing",
        "unknown",
        "not-configured",
        "nothing",
        "-",
        "---",
        "???",
        "tba",
        "disabled",
    ),
    *("redacted", "[redacted]", "[secret]", "CHANGE_ME\n", " TODO "),
]
FIT = [
    KEY,
    KEY.replace("bbbb", "xxxx"),
    "gw-xxxxxxxx-1",
    "todo-1",
    "yourkey",
    "changeme1",
    "not<a>placeholder",
    "a${b}",
    "not-op://",
    "{curly",
    '"half-quoted',
    "quote'inside",
    "a**b",
    "nil1",
    "not-settled",
    "sk-1234",
    "none-of-these",
    "b" * MAX_BYTES,
]


@pytest.mark.parametrize(("text", "problem"), CASES, ids=range(len(CASES)))
def test_a_form_that_no_value_may_have(text: str, problem: Problem) -> None:
    """Each mistake is told from the others, with what, why and what to do."""
    assert unfit(text) == problem


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_placeholder_is_recognised(text: str) -> None:
    """Whatever people and tools write where a credential is to go is refused, in any case of letters."""
    assert unfit(text) == PLACEHOLDER


@pytest.mark.parametrize("text", FIT, ids=range(len(FIT)))
def test_a_placeholder_is_the_whole_value(text: str) -> None:
    """A value that only contains a placeholder, or half a form, is fit; so is one of exactly the largest size."""
    assert unfit(text) is None


@given(st.text(st.characters()))
def test_any_text_at_all_gets_an_answer_that_does_not_depend_on_it(text: str) -> None:
    """No text makes the check fail, and what it says is one of the fixed problems: nothing of a value is in it."""
    assert unfit(text) in (None, *ALL)


@pytest.mark.parametrize("piece", ["{", "}", "[", "'", " ", "}  ", "your-", "<", "${", "$(", "x", "{{", "a\r"])
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    """The longest texts that make a careless pattern backtrack are answered at once, with a fixed problem or none."""
    assert unfit((piece * MAX_BYTES)[: MAX_BYTES - 1] + "!") in (None, *ALL)
