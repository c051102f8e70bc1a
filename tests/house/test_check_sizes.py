"""The size checker: each of its rules can fail, and sound code passes."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import check_sizes

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file of a small tree and returns the tree's root."""

    def write_file(shown: str, text: str) -> Path:
        path = tmp_path / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    return write_file


def breaches(root: Path, shown: str) -> tuple[str, ...]:
    """Measure one file and return what breaks a rule in it."""
    return check_sizes.measure(root / shown, shown).breaches


@pytest.mark.parametrize(
    ("shown", "lines", "expected"),
    [
        ("flowforge/a.py", 300, ()),
        ("flowforge/a.py", 301, ("flowforge/a.py:1: 301 lines, at most 300",)),
        ("tests/a.py", 500, ()),
        ("tests/a.py", 501, ("tests/a.py:1: 501 lines, at most 500",)),
    ],
)
def test_a_file_has_a_longest_length(write: Write, shown: str, lines: int, expected: tuple[str, ...]) -> None:
    """A file may have 300 lines, a file of tests 500, and not one more."""
    assert expected == breaches(write(shown, "x = 1\n" * lines), shown)


@pytest.mark.parametrize(("lines", "expected"), [(60, ()), (61, ("flowforge/a.py:2: long has 61 lines, at most 60",))])
def test_a_function_has_a_longest_length(write: Write, lines: int, expected: tuple[str, ...]) -> None:
    """A function may have 60 lines, its `def` and docstring counted, wherever it stands."""
    text = "class A:\n    def long(self):\n" + "        x = 1\n" * (lines - 1)
    assert expected == breaches(write("flowforge/a.py", text), "flowforge/a.py")


def test_a_test_says_what_it_proves(write: Write) -> None:
    """A test without a docstring is named; a helper needs none."""
    text = """
        def helper(): ...
        def test_said():
            "Prove something."
        class TestThings:
            async def test_silent(self): ...
    """
    expected = ("tests/test_a.py:6: test_silent does not say what it proves",)
    assert expected == breaches(write("tests/test_a.py", text), "tests/test_a.py")


@pytest.mark.parametrize(
    ("shown", "head", "docstring", "allowed"),
    [
        *(("tests/a.py", "def f() -> int:", f"{word} it.", False) for word in ("Give", "Gives", "Say", "Tell", "Hand")),
        ("tests/a.py", "def f() -> int:", "Return what they say.", True),
        ("tests/a.py", "def f() -> Iterator[int]:", "Yield it.", True),
        ("tests/a.py", "def f() -> int:", "Handle it.", True),
        ("tests/a.py", "def f() -> None:", "Say it to somebody.", True),
        ("flowforge/a.py", "def f() -> None:", "Say it to somebody.", False),
        ("flowforge/a.py", "async def f() -> 'int':", "Give it.", False),
    ],
)
def test_a_function_returns(write: Write, shown: str, head: str, docstring: str, *, allowed: bool) -> None:
    """A result is returned or yielded, not given or said; and in the program nothing else is either."""
    expected = () if allowed else (f"{shown}:1: f does not say in the usual words what it returns or does",)
    assert expected == breaches(write(shown, f'{head}\n    """{docstring}"""\n'), shown)


@pytest.mark.parametrize(
    ("caught", "body", "allowed"),
    [
        ("except ValueError:", "pass", True),
        ("except (OSError, ValueError):", "pass", True),
        ("except BaseException:", "raise", True),
        ("except Exception:  # noqa: BLE001 -- a worker must hand its error over", "pass", True),
        ("except:", "pass", False),
        ("except Exception:", "pass", False),
        ("except BaseException:", "pass", False),
        ("except (OSError, Exception):", "pass", False),
        ("except Exception as error:", "raise ValueError from error", False),
    ],
)
def test_an_exception_is_caught_by_its_name(write: Write, caught: str, body: str, *, allowed: bool) -> None:
    """A handler of everything is a breach unless it raises again or gives its reason."""
    text = f"try:\n    f()\n{caught}\n    {body}\n"
    expected = () if allowed else ("flowforge/a.py:3: a broad except",)
    assert expected == breaches(write("flowforge/a.py", text), "flowforge/a.py")


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa: S101 -- an invariant of ours", None),
        ("# type: ignore[arg-type]  # -- the stub is wrong", None),
        ("# noqa: S101", "a suppression without its reason after --"),
        ("# noqa", "a suppression without its reason after --"),
        ("# type: ignore[arg-type]", "a suppression without its reason after --"),
        ("# noqa: S101 --", "a suppression without its reason after --"),
        ("# TO" + "DO: later", "something left for later"),
        ("# FIX" + "ME", "something left for later"),
        ("# pragma: " + "no cover", "code hidden from coverage"),
    ],
)
def test_a_comment_hides_nothing(write: Write, comment: str, expected: str | None) -> None:
    """A suppression gives its reason, and nothing is left for later or kept from coverage."""
    found = breaches(write("flowforge/a.py", f"x = 1  {comment}\n"), "flowforge/a.py")
    assert ((f"flowforge/a.py:1: {expected}",) if expected else ()) == found


def test_only_comments_are_read(write: Write) -> None:
    """The words of a rule may stand in a string."""
    assert () == breaches(write("flowforge/a.py", 'x = "# noqa, TO' + 'DO"\n'), "flowforge/a.py")


def test_the_sum_is_printed(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """The median of files and the ninetieth percentile of functions stand beside their aims."""
    for name, length in (("a", 10), ("b", 20), ("c", 30)):
        root = write(f"flowforge/{name}.py", f"def {name}():\n" + "    x = 1\n" * (length - 1))
    code = check_sizes.main(root)
    expected = (
        "3 files, 0 breaches; in flowforge/: "
        "file median 20 (aim 110), longest 30; function p90 30 (aim 35), longest 30\n"
    )
    assert (0, expected) == (code, capsys.readouterr().out)


def test_a_breach_fails(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """One breach anywhere is named on a line of its own and fails the check."""
    code = check_sizes.main(write("tools/a.py", "try:\n    f()\nexcept Exception:\n    pass\n"))
    expected = "tools/a.py:3: a broad except\n1 files, 1 breaches; in flowforge/: no functions\n"
    assert (1, expected) == (code, capsys.readouterr().out)
