"""Progress on stderr."""

from contextlib import nullcontext

import pytest

from flowforge.render import progress


def test_a_short_step_says_nothing_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    """What is over within ten seconds leaves no line."""
    told: list[str] = []
    with progress.lines(told.append, "Reading", 3) as advance:
        for _ in range(3):
            advance()
    assert (told, capsys.readouterr()) == ([], ("", ""))


def test_a_long_step_says_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """With a line due after every moment, each step tells how far it is, and prints nothing by itself."""
    told: list[str] = []
    with progress.lines(told.append, "Reading", 2, silence=0.0) as advance:
        advance()
        advance()
    assert (told, capsys.readouterr()) == (["Reading: 1 of 2", "Reading: 2 of 2"], ("", ""))


def test_a_bar_leaves_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The bar is drawn on stderr only."""
    with progress.bar(lambda _: nullcontext(), "Writing", 2) as advance:
        advance()
        advance()
    assert capsys.readouterr().out == ""


def test_nothing_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """-q shows no progress at all."""
    with progress.nothing("Writing", 2) as advance:
        advance()
    assert capsys.readouterr() == ("", "")
