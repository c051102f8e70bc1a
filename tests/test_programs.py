"""Where programs are looked for that FlowForge itself chooses."""

import os

import pytest

from flowforge.programs import trusted_path


@pytest.mark.parametrize(
    ("path", "trusted"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin"),
        (".:/usr/bin", "/usr/bin"),
        ("/usr/bin::./bin:bin:../bin:/bin", "/usr/bin:/bin"),
        ("", os.defpath),
        (".", os.defpath),
    ],
)
def test_relative_folders_are_left_out(path: str, trusted: str) -> None:
    """What begins at the folder where a program is started, which a manifest may have brought, is not looked into."""
    assert trusted == trusted_path({"PATH": path})


def test_no_path_at_all() -> None:
    """Without PATH it is the system's own."""
    assert os.defpath == trusted_path({})
