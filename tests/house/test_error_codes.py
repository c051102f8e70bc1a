"""The reader of codes: what the page of errors says of each code is what the code would print."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.error_codes import COMPOSED, complaints, page, pages, raised

ROOT = Path(__file__).parents[2]
ERRORS = '''
    """
        └── UsageError    FF0xx  the command line
        └── StateError    FF4xx  the state
    """
    class Problem:
        code: str
        what: str
        where: str = ""
        why: str = ""
        fix: str = ""
'''
Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a module of a small package and returns the package's folder."""

    def write_module(shown: str, text: str) -> Path:
        path = tmp_path / "package" / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path / "package"

    write_module("errors.py", ERRORS)
    return write_module


# The body of a function `f(path, error, x)`, and what is read from it: code, what, why and fix, a line for each form.
FORMS = {
    "plain": ('raise E(Problem("FF401", "what", why="why", fix="fix"))', "FF401", "what", "why", "fix"),
    "a hole": ('Problem("FF401", f"a {path.name}, b {x!r}")', "FF401", "a <name>, b <x>", "", ""),
    "quoted": ('Problem("FF401", f"{quote(str(path))} is none")', "FF401", '"<path>" is none', "", ""),
    "joined": ('Problem("FF401", "a: " + ", ".join(map(str, x)))', "FF401", "a: <x>", "", ""),
    "a constant": (
        'Problem("FF401", f"at most {MOST:,} of {SIZE // 2**20} MiB")',
        "FF401",
        "at most 1,000 of 2 MiB",
        "",
        "",
    ),
    "imported": ('Problem("FF401", FAR)', "FF401", "from afar", "", ""),
    "a condition": ('Problem("FF401", "a" if x else "b", fix=x or "c")', "FF401", "a\nb", "", "<x>\nc"),
    "a variable": ('what = "a"\nwhat, fix = "b", "c"\nProblem("FF401", what, fix=fix)', "FF401", "b", "", "c"),
    "a branch": ('what = "a"\nif x:\n    what = "b"\nProblem("FF401", what)', "FF401", "b\na", "", ""),
    "other branch": ('if x:\n    what = "a"\nelse:\n    Problem("FF401", what := "b")', "FF401", "<what>", "", ""),
    "a function": ('Problem("FF401", sentence(path))', "FF401", "is <path>", "", ""),
    "its argument": ('Problem("FF401", wrapped("in"))', "FF401", "in", "", ""),
    "a tuple": ('what, fix = both()\nProblem("FF401", what, fix=fix)', "FF401", "one\ntwo", "", "first\nsecond"),
    "a template": ('Problem("FF401", "{} is none".format(x))', "FF401", "{} is none", "", ""),
    "a table": ('Problem("FF401", TABLE[x])', "FF401", "red\nblue", "", ""),
    "several at once": ('Problem("FF401", **parts(x))', "FF401", "a <x>\nb", "c", ""),
    "a method": ('self.findings.add(path, "FF401", "what", fix="fix")', "FF401", "what", "", "fix"),
    "a helper": ('helper("FF401", path, "what", "why")', "FF401", "what", "why", ""),
    "a refusal": ('No("FF401", Why.GONE, "detail", "fix")', "FF401", "detail", "", "fix"),
    "replaced": ('replace(x, code="FF401", detail="detail", fix="fix")', "FF401", "detail", "", "fix"),
    "the system": ('Problem("FF401", "cannot", why=disk.reason(error))', "FF401", "cannot", "<reason>", ""),
}
MODULE = """
    from package.far import FAR

    MOST: Final = 1_000
    SIZE: Final = 2 * 2**20
    TABLE = {{1: "red", 2: "blue"}}

    class No:
        code: str
        why: Why
        detail: str
        fix: str = ""

    class Findings:
        def add(self, where, code, what, *, why="", fix=""):
            self.found.append(Problem(code, what, where, why, fix))

    def helper(code, place, what, why):
        return Problem(code, what, place, why)

    def sentence(path):
        return f"is {{path}}"

    def wrapped(text):
        return text

    def both():
        if MOST:
            return "one", "first"
        return "two", "second"

    def parts(x):
        if x:
            return {{"what": f"a {{x}}", "why": "c"}}
        return {{"what": "b"}}

    def f(self, path, error, x):
{body}
"""


@pytest.mark.parametrize("form", FORMS)
def test_a_sentence_is_put_together(write: Write, form: str) -> None:
    """In whichever form the code has a sentence, its text is found, and what differs from run to run is named."""
    body, code, *parts = FORMS[form]
    write("far.py", 'FAR = "from afar"')
    folder = write("a.py", textwrap.dedent(MODULE).format(body=textwrap.indent(body, "        ")))
    expected = (code, "a.py", *(tuple(part.split("\n")) if part else () for part in parts))
    (found,) = raised(folder)
    assert expected == (
        found.code,
        found.module,
        *(tuple(filter(None, each)) for each in (found.what, found.why, found.fix)),
    )


def test_a_parameter_is_what_its_callers_give(write: Write) -> None:
    """A sentence that a function is handed is read where it is called, in any module, unless another may be meant."""
    write(
        "a.py", 'def cut(detail):\n    return Problem("FF401", detail)\ndef twice(x):\n    return Problem("FF402", x)\n'
    )
    write("b.py", 'from package.a import cut\ncut("one")\nx.twice("three")\n')
    folder = write("c.py", 'from package import a\na.cut("two")\nclass C:\n    def twice(self): ...\n')
    assert [("FF401", ("one", "two")), ("FF402", ("<x>",))] == [(each.code, each.what) for each in raised(folder)]


def test_codes_in_a_table_have_their_own_sentences(write: Write) -> None:
    """Codes by a key, by a condition and by an enum's functions are each read with what belongs to them."""
    folder = write(
        "a.py",
        """
        CODES = {Thing.ONE: "FF401", Thing.TWO: "FF402"}
        class Thing:
            ONE = "the one"
            TWO = "the other"
        class Refusal:
            GONE = "FF405"
        SENTENCES = {Refusal.GONE: _gone}
        def keyed(thing):
            what = f"{thing} differs"
            return Problem(CODES[thing], what)
        def either(x):
            code, noun = ("FF403", "group") if x else ("FF404", "tag")
            return Problem(code, f"no {noun}")
        def _gone(x):
            return f"{x} is gone", "", "look for it"
        """,
    )
    assert [
        ("FF401", ("the one differs",), ()),
        ("FF402", ("the other differs",), ()),
        ("FF403", ("no group",), ()),
        ("FF404", ("no tag",), ()),
        ("FF405", ("<x> is gone",), ("look for it",)),
    ] == [(each.code, each.what, each.fix) for each in raised(folder)]


def test_the_page_has_a_table_for_each_hundred(write: Write) -> None:
    """The next free codes come first, FF099 aside; then each code with its module, once, and safe in a table."""
    twice = 'Problem("FF402", "{} | b", fix="run `c`")\n' * 2
    folder = write("sub/a.py", twice + 'Problem("FF099", "a bug")\nProblem("FF003", "d")\n')
    head, tables = page(folder).split("The next free code")
    expected = """ of each hundred: FF004, FF403.

## FF0xx: the command line

| code | what | why | fix | stated in |
| --- | --- | --- | --- | --- |
| FF003 | `d` |  |  | `sub/a.py` |
| FF099 | `a bug` |  |  | `sub/a.py` |

## FF4xx: the state

| code | what | why | fix | stated in |
| --- | --- | --- | --- | --- |
| FF402 | `<text> \\| b` |  | `` run `c` `` | `sub/a.py` |
"""
    assert ("# Errors\n", expected) == (head[:9], tables)


def test_what_has_no_word_is_not_explained(write: Write) -> None:
    """A text of gaps alone is left out, and a place that says nothing else; docs/errors.md has both."""
    text = """
def one(why: str, name: str) -> None:
    Problem("FF401", f"{name} is torn", why=why, fix=f"{name}: {why}")
    Problem("FF401", why)
"""
    folder = write("a.py", text)
    assert [{"what": ["<name> is torn"], "why": [], "fix": []}] == pages(folder)["FF401"]["says"]


def test_a_code_has_one_owner(write: Write) -> None:
    """A code that two modules raise is named, and so is one that is excepted from this without need."""
    write("a.py", 'Problem("FF401", "a")\nProblem("FF402", "b")\nProblem("FF403", "c")\n')
    folder = write("b.py", 'Problem("FF401", "a")\nProblem("FF402", "b")\nif code == "FF403": ...\n')
    assert [
        "FF401 is raised in a.py and b.py: let one own it, and give the other a code of its own",
        "FF403 has one owner now: take it out of SHARED in tools/error_codes.py",
    ] == list(complaints(folder, frozenset({"FF402", "FF403"})))


def test_a_code_without_its_sentences_is_named(write: Write) -> None:
    """A code that the reader of codes cannot follow is a complaint and never just missing from the page."""
    folder = write("sub/a.py", 'CODE = "FF401"\n"""As FF402 in a docstring."""\n')
    assert ["package/sub/a.py: the sentences of FF401 are not found"] == list(complaints(folder, frozenset()))


def test_a_code_that_says_what_nobody_can_read_is_named(write: Write) -> None:
    """A sentence of gaps alone is a complaint, unless it is written out by hand: `explain` would say nothing of it.

    So it is where the same code says something else that can be read.
    """
    folder = write(
        "a.py",
        'Problem("FF401", "a")\ndef cut(what):\n    return Problem("FF401", what)\n'
        'def bad(what):\n    Problem("FF505", what)\n',
    )
    assert ["what FF401 says cannot be read: add it to COMPOSED in tools/error_codes.py"] == list(
        complaints(folder, frozenset())
    )
    said = [("FF401", ("a",)), ("FF401", ("<what>",)), ("FF505", COMPOSED["FF505"])]
    assert said == [(each.code, each.what) for each in raised(folder)]
