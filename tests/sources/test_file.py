"""The source `file`: what a file may be, what is dropped from it, and that it is never waited for."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import Problem, SourceError
from flowforge.sources import Context, read
from flowforge.sources.file import LIMIT
from flowforge.text_encoding import NotUtf8, decode
from tests.powers import powerless

Reader = Callable[..., str | Problem]
PLAIN = "file-" + "value-0123456789"
NOBODY = 65534


def irregular(form: str) -> Problem:
    """Return the problem of a path that is no regular file."""
    fix = "name a regular file that holds the credential"
    return Problem("FF225", f"file key is {form}, not a regular file", fix=fix)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"value", "value"),
        (b"value\n", "value"),
        (b"value\n\n", "value\n"),
        (b"value\r\n", "value"),
        (b"value\r\n\r\n", "value\r\n"),
        (b"\xef\xbb\xbfvalue\r\n", "value"),
        (b"value\r", "value\r"),
        (b" value \t\n", " value \t"),
        (b"\nvalue", "\nvalue"),
        (b"\n\n", "\n"),
        ("wert-ä".encode(), "wert-ä"),
        (b"a\0b", "a\0b"),
        (b"\n" + b"b" * (LIMIT - 1), "\n" + "b" * (LIMIT - 1)),
    ],
)
def test_exactly_one_final_newline_is_dropped(outcome: Reader, folder: Path, data: bytes, value: str) -> None:
    """One line end at the end goes; a CR, a second one, spaces and a LF at the beginning stay, for types to refuse."""
    (folder / "key").write_bytes(data)
    assert outcome({"file": "key"}) == value


@given(data=st.binary(max_size=64))
def test_any_bytes_are_a_value_or_a_problem(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever a file holds, the value encodes to its bytes less one line end."""
    folder = tmp_path_factory.getbasetemp()
    (folder / "bytes").write_bytes(b"b" + data)
    text = decode(b"b" + data)
    if isinstance(text, NotUtf8):
        with pytest.raises(SourceError):
            read({"file": "bytes"}, Context({}, folder))
        return
    text = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    assert read({"file": "bytes"}, Context({}, folder)).reveal() == text


def test_a_path_is_relative_to_the_manifest(outcome: Reader, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process stands does not matter; absolute paths, `..` and links are followed where nothing confines."""
    monkeypatch.chdir("/")
    (folder.parent / "key").write_text(PLAIN)
    (folder / "link").symlink_to(folder.parent / "key")
    found = [outcome({"file": path}) for path in ("../key", str(folder.parent / "key"), "link")]
    assert found == [PLAIN] * 3


def test_a_tilde_is_home(outcome: Reader, folder: Path) -> None:
    """`~/` is HOME, as in a shell; any other tilde is a letter; without HOME the problem says so."""
    (folder / "key").write_text(PLAIN)
    (folder / "~other").write_text("other")
    assert outcome({"file": "~/key"}, {"HOME": str(folder)}) == PLAIN
    assert outcome({"file": "~other"}, {"HOME": "/nowhere"}) == "other"
    assert outcome({"file": "~/key"}, {}) == Problem(
        "FF230", "file ~/key cannot be found: HOME is unset", fix="set HOME, or write the path without ~"
    )


@pytest.mark.parametrize("link", [False, True])
def test_a_missing_file(outcome: Reader, folder: Path, *, link: bool) -> None:
    """A file that is not there, or a link to nothing, is said to be missing, and where paths begin."""
    if link:
        (folder / "keys.txt").symlink_to("nothing")
    assert outcome({"file": "keys.txt"}) == Problem(
        "FF224",
        "file keys.txt does not exist",
        fix=f"create it; a relative path begins at the manifest's folder, {folder}",
    )


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_an_empty_file(outcome: Reader, folder: Path, data: bytes) -> None:
    """A file of nothing, or of one line end, is empty, whatever mark it has."""
    (folder / "key").write_bytes(data)
    assert outcome({"file": "key"}) == Problem("FF228", "file key is empty", fix="write the credential into it")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding(outcome: Reader, folder: Path, encoding: str) -> None:
    """What some Windows editors and PowerShell write is refused by its name."""
    (folder / "key").write_bytes(PLAIN.encode(encoding))
    assert outcome({"file": "key"}, hidden=PLAIN) == Problem(
        "FF223",
        f"file key is {encoding[:6].upper()}, not UTF-8",
        fix="write it as plain text; a credential is ASCII",
    )


@pytest.mark.parametrize("data", [b"\xff", b"\xed\xa0\x80", b"\xc3\n"])
def test_a_file_that_is_not_utf_8(outcome: Reader, folder: Path, data: bytes) -> None:
    """Other bytes are refused, and the exception chains to no decoder's, which would carry them all."""
    (folder / "key").write_bytes(PLAIN.encode() + data)
    assert outcome({"file": "key"}, hidden=PLAIN) == Problem(
        "FF223", "file key is not UTF-8", fix="write it as plain text; a credential is ASCII"
    )


@pytest.mark.parametrize("size", [LIMIT + 1, 2**33])
def test_a_large_file_is_not_read_whole(outcome: Reader, folder: Path, size: int) -> None:
    """64 KiB is the most; of 8 GiB no more than that is read, or this test would not end."""
    (folder / "key").write_bytes(PLAIN.encode())
    os.truncate(folder / "key", size)
    assert outcome({"file": "key"}, hidden=PLAIN) == Problem(
        "FF227", "file key is larger than 64 KiB", fix="name a file that holds the credential alone"
    )


def test_a_folder(outcome: Reader, folder: Path) -> None:
    """A folder is no value."""
    (folder / "key").mkdir()
    assert outcome({"file": "key"}) == irregular("a directory")


def test_a_fifo_is_not_waited_for(outcome: Reader, folder: Path) -> None:
    """A FIFO that nobody writes to is refused at once."""
    os.mkfifo(folder / "key")
    assert outcome({"file": "key"}) == irregular("a FIFO")


def test_a_pipe_by_its_descriptor(outcome: Reader) -> None:
    """A shell's `<(command)` gives a pipe, and is refused as what it is."""
    ours, theirs = os.pipe()
    try:
        problem = outcome({"file": f"/dev/fd/{ours}"})
    finally:
        os.close(ours)
        os.close(theirs)
    assert isinstance(problem, Problem)
    assert problem.what == f"file /dev/fd/{ours} is a FIFO, not a regular file"


def test_a_socket(outcome: Reader, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket is refused before it is opened."""
    monkeypatch.chdir(folder)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("key")
        assert outcome({"file": "key"}) == irregular("a socket")


def test_a_device(outcome: Reader, folder: Path) -> None:
    """A device, even at the end of a link, is refused before it is opened."""
    (folder / "key").symlink_to("/dev/zero")
    assert outcome({"file": "key"}) == irregular("a device")


def test_a_file_that_becomes_a_fifo_is_not_waited_for(
    outcome: Reader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was a regular file when looked at is looked at again once it is open."""
    (folder / "key").write_text(PLAIN)
    look = Path.stat

    def look_and_replace(path: Path) -> os.stat_result:
        found = look(path)
        path.unlink()
        os.mkfifo(path)
        return found

    monkeypatch.setattr(Path, "stat", look_and_replace)
    problem = outcome({"file": "key"})
    monkeypatch.undo()
    assert problem == irregular("a FIFO")


def test_a_file_that_may_not_be_read(outcome: Reader, folder: Path) -> None:
    """The system's reason is given, in the form of a clause."""
    (folder / "key").write_text(PLAIN)
    (folder / "key").chmod(0)
    with powerless():
        problem = outcome({"file": "key"})
    assert problem == Problem(
        "FF226", "file key cannot be read: permission denied", fix="let the user that runs flowforge read it"
    )


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("key/below", "not a directory"),
        ("b" * 300, "file name too long"),
        ("loop", "too many levels of symbolic links"),
    ],
)
def test_a_path_that_leads_nowhere(outcome: Reader, folder: Path, path: str, reason: str) -> None:
    """Whatever else the system refuses is told in its words."""
    (folder / "key").write_text(PLAIN)
    (folder / "loop").symlink_to("loop")
    assert outcome({"file": path}) == Problem(
        "FF226", f"file {path} cannot be read: {reason}", fix="let the user that runs flowforge read it"
    )


@pytest.mark.parametrize(("path", "shown"), [("a\0b", "a\\x00b"), ("a\ud800", "a\\ud800")])
def test_a_path_that_is_none(outcome: Reader, path: str, shown: str) -> None:
    """A path that no file can have is an answer too, and made safe to print."""
    assert outcome({"file": path}) == Problem(
        "FF230",
        f"file {shown} is not a path",
        fix="write a path without NUL and other characters that no file name has",
    )


def test_no_descriptor_stays_open(outcome: Reader, folder: Path) -> None:
    """Neither a read nor a refusal leaves a descriptor, confined or not."""
    (folder / "sub").mkdir()
    (folder / "sub" / "key").write_text(PLAIN)
    (folder / "sub" / "loop").symlink_to("loop")
    before = sorted(Path("/dev/fd").iterdir())
    for path in ("sub/key", "sub", "sub/none", "sub/loop", "sub/key/x", "/dev/null"):
        for environ in ({}, {"CI": "true"}):
            outcome({"file": path}, environ)
    assert sorted(Path("/dev/fd").iterdir()) == before
