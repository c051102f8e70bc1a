"""Progress on stderr."""

import pytest

from flowforge.render import progress


def test_a_short_step_says_nothing_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    """What is over within ten seconds leaves no line."""
    with progress.lines("Reading", 3) as advance:
        for _ in range(3):
            advance()
    assert capsys.readouterr() == ("", "")


def test_a_long_step_says_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a line due after every moment, each step says how far it is, on stderr."""
    monkeypatch.setattr(progress, "_SILENCE", 0.0)
    with progress.lines("Reading", 2) as advance:
        advance()
        advance()
    assert capsys.readouterr() == ("", "Reading: 1 of 2\nReading: 2 of 2\n")


def test_a_bar_leaves_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The bar is drawn on stderr only."""
    with progress.bar("Writing", 2) as advance:
        advance()
        advance()
    assert capsys.readouterr().out == ""


def test_nothing_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """-q shows no progress at all."""
    with progress.nothing("Writing", 2) as advance:
        advance()
    assert capsys.readouterr() == ("", "")
