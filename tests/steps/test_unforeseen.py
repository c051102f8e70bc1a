"""Which exceptions end a run, and what is told of one that nobody foresaw."""

import pytest

from flowforge.errors import GitHubError, Problem, StateError, bug
from flowforge.github.problems import StoppedError, other_shape
from flowforge.plan.address import Address, Repo, Scope
from flowforge.steps.apply.unforeseen import ends_the_run, unforeseen

HERE = Address(Scope(Repo.parse("acme/api")), "A")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (other_shape("no"), False),
        (StoppedError(), False),
        (GitHubError(Problem("FF330", "down")), True),
        (StateError(Problem("FF401", "full")), True),
        (KeyError("x"), False),
        (OSError("x"), False),
        (RecursionError("x"), False),
        (MemoryError("x"), True),
        (KeyboardInterrupt("x"), True),
        (SystemExit(0), True),
        (GeneratorExit("x"), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_ends_a_run(error: BaseException, expected: bool) -> None:  # noqa: FBT001 -- a column of the table
    """A bug that one place meets ends nothing; what concerns the whole run, or the process, ends it."""
    assert expected == ends_the_run(error)


def test_what_is_told() -> None:
    """The type, whether it may have been sent, and what to do; a type's name is text from outside too."""
    odd = type("Odd\n::error::", (Exception,), {})("a value")
    fix = "report it, with what -v prints"
    assert Problem("FF099", "a bug in FlowForge: Odd\\n::error::", fix=fix) == bug(odd)
    what = "a bug in FlowForge: KeyError"
    assert Problem("FF348", what, str(HERE), "it was not sent", fix) == unforeseen(
        KeyError("a value"), HERE, sent=False
    )
    why, again = (
        "it was sent, or may have been, and is not recorded",
        "run `flowforge plan` again, it will write it once more",
    )
    expected = Problem("FF348", what, str(HERE), why, f"{again}; {fix}")
    assert expected == unforeseen(KeyError("a value"), HERE, sent=True)
