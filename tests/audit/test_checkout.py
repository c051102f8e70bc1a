"""What is read of a checkout, which may be a stranger's: which folders are entered, and what is no file of it."""

import os
from pathlib import Path

import pytest

from flowforge.audit.checkout import read_checkout, repo_of

ACTION = b"runs: {using: composite, steps: []}\n"


def _put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(ACTION)


@pytest.mark.parametrize(
    "folder",
    [
        "node_modules",
        "vendor",
        "dist",
        "build",
        "target",
        "__pycache__",
        "site-packages",
        ".git",
        ".cache",
        "a/.github",
    ],
)
def test_a_folder_that_is_passed_over(tmp_path: Path, folder: str) -> None:
    """Nobody keeps an action of their own there, however deep it lies."""
    _put(tmp_path, f"{folder}/action.yml", f"x/{folder}/y/action.yml", "x/action.yaml")
    assert ["x/action.yaml"] == [*read_checkout(tmp_path).files]


def test_what_is_read(tmp_path: Path) -> None:
    """Workflows in their one folder, whatever they are called, and actions anywhere up to eight folders deep."""
    deep = "/".join("12345678")
    _put(
        tmp_path,
        ".github/workflows/a.yml", ".github/workflows/b.yaml", ".github/workflows/action.yml",
        ".github/workflows/c.txt", ".github/workflows/more/d.yml", ".github/workflows/more/action.yml",
        ".github/e.yml", ".github/actions/f/action.yml", "action.yml", "g.yml",
        f"{deep}/action.yml", f"{deep}/9/action.yml",
    )  # fmt: skip
    found = read_checkout(tmp_path)
    assert (
        sorted(
            [
                ".github/workflows/a.yml", ".github/workflows/b.yaml", ".github/workflows/action.yml",
                ".github/workflows/more/action.yml", ".github/actions/f/action.yml", "action.yml", f"{deep}/action.yml",
            ]
        ),
        [],
    ) == (sorted(found.files), found.unread)  # fmt: skip
    assert {ACTION} == {*found.files.values()}


def test_what_is_no_file_of_it(tmp_path: Path) -> None:
    """A link that leads out, a pipe and a file that nobody may read are unread, and not absent."""
    root = tmp_path / "root"
    _put(root, "a/action.yml")
    _put(tmp_path, "root-beside/action.yml")
    (root / "b").mkdir()
    (root / "b" / "action.yml").symlink_to(tmp_path / "root-beside" / "action.yml")
    (root / "c").mkdir()
    os.mkfifo(root / "c" / "action.yml")
    (root / "d").mkdir()
    (root / "d" / "action.yml").symlink_to(root / "a" / "action.yml")
    (root / "e").symlink_to(tmp_path / "root-beside")
    found = read_checkout(root)
    assert (["a/action.yml", "d/action.yml"], ["b/action.yml", "c/action.yml"]) == (
        sorted(found.files),
        sorted(each.file for each in found.unread),
    )
    assert {"it is a link out of the checkout", "it is not a regular file"} == {each.reason for each in found.unread}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A mistyped one is no checkout without findings."""
    with pytest.raises(FileNotFoundError):
        read_checkout(tmp_path / "gone")


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ('[remote "origin"]\n\turl = git@github.com:acme/api.git\n', "acme/api"),
        ('[remote "origin"]\n\tfetch = x\n\turl = https://github.com/acme/api\n', "acme/api"),
        ('[remote "origin"]\nurl=https://ghe.acme.test/acme/a_p-i.x/\n', "acme/a_p-i.x"),
        ('[remote "other"]\nurl = https://github.com/acme/api\n', None),
        ('[core]\nurl = https://github.com/acme/api\n[remote "origin"]\nurl2 = x\n', None),
        ('[remote "origin"]\nurl = https://github.com/acme/a b\n', None),
        ('[remote "origin"]\nurl = https://github.com//api\n', None),
        ('[remote "origin"]\nurl = api\n', None),
        ("", None),
        (None, None),
    ],
)
def test_the_name_of_a_checkout(tmp_path: Path, config: str | None, name: str | None) -> None:
    """By its remote `origin`; what cannot be a repository's name is none."""
    if config is not None:
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "config").write_text(config, encoding="utf-8")
    assert name == repo_of(tmp_path)
