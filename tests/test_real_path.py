"""Where a path leads to, while somebody replaces its links."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flowforge.real_path import real_path


def gone(times: int) -> Callable[..., str]:
    """Return what reads a link, which is gone for so many times and there again."""
    left = iter(range(times))
    read: Callable[..., str] = os.readlink

    def readlink(*args: Path, **settings: int) -> str:
        if next(left, None) is None:
            return read(*args, **settings)
        raise FileNotFoundError

    return readlink


# From 3.13 on Python itself takes a link that it could not read for none.
ONCE = "there" if sys.version_info < (3, 13) else "link"


@pytest.mark.parametrize(("times", "leads_to"), [(0, "there"), (1, ONCE), (1_000_000, "link")])
def test_a_link_that_goes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, leads_to: str) -> None:
    """It is read once more; one that is gone at every look is taken for no link. No moment of it raises."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there")
    monkeypatch.setattr(os, "readlink", gone(times))
    assert str(tmp_path / leads_to) == real_path(link)


def test_a_name_that_no_file_has(tmp_path: Path) -> None:
    """A byte that is in no name is told as Python tells it."""
    with pytest.raises(ValueError, match="null byte"):
        real_path(tmp_path / "a\0b")
