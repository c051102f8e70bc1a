"""Which files are a manifest, and what is said of one that cannot be read: the exact text."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from flowforge.errors import ManifestError
from flowforge.manifest.files import File, read_text
from flowforge.manifest.loading import load
from flowforge.manifest.model import Manifest
from flowforge.paths import Bounds
from tests.powers import powerless

Loader = Callable[..., Manifest]
Refuser = Callable[..., str]

CREDENTIALS = "version: 1\ncredentials: {k: {type: anthropic_api_key, from: {env: K}}}\n"
TARGETS = "version: 1\ntargets: [{name: t, repos: [acme/api], credential: k}]\n"


def said_of(*paths: str) -> str:
    """Return what is said of paths that cannot be loaded."""
    with pytest.raises(ManifestError) as caught:
        load([Path(path) for path in paths], environ={})
    return str(caught.value)


@pytest.mark.usefixtures("folder")
def test_missing() -> None:
    """A file that is not there is one problem, which says how to begin."""
    expected = (
        "error FF101: flowforge.yaml: there is no such manifest\n"
        "  fix: run `flowforge init` to begin one, or name yours with -m"
    )
    assert expected == said_of("flowforge.yaml")


def test_folder_without_manifests(folder: Path) -> None:
    """A folder that has only hidden files, other files and folders has no manifest."""
    (folder / "ops" / "nested.yaml").mkdir(parents=True)
    (folder / "ops" / ".hidden.yaml").write_text("version: 1\n")
    (folder / "ops" / ".flowforge.schema.json").write_text("{}")
    (folder / "ops" / "notes.txt").write_text("none")
    expected = (
        "error FF101: ops: this folder has no manifest\n"
        "  fix: name a folder with *.yaml or *.yml files, or run `flowforge init`"
    )
    assert expected == said_of("ops")


def test_fifo_is_not_waited_for(folder: Path) -> None:
    """A FIFO is refused by its type: to open it would wait for a writer, for ever."""
    os.mkfifo(folder / "flowforge.yaml")
    expected = (
        "error FF102: flowforge.yaml: the manifest is a FIFO, not a regular file\n  fix: name a regular file with -m"
    )
    assert expected == said_of("flowforge.yaml")


@pytest.mark.usefixtures("folder")
def test_socket_and_device() -> None:
    """A socket and a device are refused by their type."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.yaml")
        expected = (
            "error FF102: s.yaml: the manifest is a socket, not a regular file\n  fix: name a regular file with -m\n"
            "error FF102: /dev/null: the manifest is a device, not a regular file\n  fix: name a regular file with -m"
        )
        assert expected == said_of("s.yaml", "/dev/null")


def test_folder_inside_of_a_folder_is_not_read(folder: Path) -> None:
    """A path that is a directory when it is read, and was none before, is refused by its type."""
    (folder / "a").mkdir()
    with pytest.raises(ManifestError) as caught:
        read_text(File(Path("a"), "a"))
    expected = "error FF102: a: the manifest is a directory, not a regular file\n  fix: name a regular file with -m"
    assert expected == str(caught.value)


def test_unreadable(folder: Path) -> None:
    """What the system refuses is told in its words, lower case, for a file and for a folder."""
    (folder / "flowforge.yaml").touch(mode=0)
    folder.chmod(0o311)
    rest = "the manifest cannot be read: permission denied\n  fix: let the user that runs flowforge read it"
    with powerless():
        said = said_of("flowforge.yaml"), said_of(".")
    folder.chmod(0o755)
    assert (f"error FF102: flowforge.yaml: {rest}", f"error FF102: .: {rest}") == said


@pytest.mark.usefixtures("folder")
def test_a_name_that_is_too_long() -> None:
    """A path that the system cannot even look at is a problem like any other."""
    name = "x" * 300
    expected = (
        f"error FF102: {name}: the manifest cannot be read: file name too long\n"
        "  fix: let the user that runs flowforge read it"
    )
    assert expected == said_of(name)


TOO_LARGE = (
    "error FF103: flowforge.yaml: the manifest is larger than 10 MB\n"
    "  fix: split it, and name the files' folder with -m"
)


def test_a_huge_file_is_not_read_whole(folder: Path) -> None:
    """10 MB is the most: of a file of a terabyte no more than that is read, or this test would not end."""
    with (folder / "flowforge.yaml").open("wb") as file:
        file.truncate(2**40)
    assert TOO_LARGE == said_of("flowforge.yaml")


class Endless(Bounds):
    """Opens something that has no size and no end, as a file of /proc may be."""

    def read(self, path: Path) -> int:
        """Open it."""
        del path
        opened, into = os.pipe()

        def fill() -> None:
            with suppress(BrokenPipeError), os.fdopen(into, "wb") as pipe:
                while True:
                    pipe.write(b"#" * 65_536)

        threading.Thread(target=fill, daemon=True).start()
        return opened


def test_a_file_that_grows_is_not_read_on() -> None:
    """A file that is larger than its size said is read up to the limit only."""
    with pytest.raises(ManifestError) as caught:
        read_text(File(Path("flowforge.yaml"), "flowforge.yaml", Endless()))
    assert TOO_LARGE == str(caught.value)


UNFIT = (
    "flowforge.yaml:{}: the character U+{} cannot stand in YAML\n"
    "  fix: remove it; in double quotes an escape may stand for it"
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"version: 1\nname: \xff\n", "flowforge.yaml:2:7: this is not UTF-8\n  fix: save the file as UTF-8"),
        (
            "version: 1\n".encode("utf-16"),
            "flowforge.yaml:1:1: this is UTF-16, not UTF-8\n  fix: save the file as UTF-8",
        ),
        (b"version: 1\r\nna\x00me: x\r\n", UNFIT.format("2:3", "0000")),
        ("version: 1\n\ufeff\n".encode(), UNFIT.format("2:1", "FEFF")),
    ],
    ids=["Latin-1", "UTF-16", "NUL", "BOM inside"],
)
def test_not_text(data: bytes, expected: str, refused: Refuser) -> None:
    """What is not UTF-8 text is refused where it ceases to be, and not shown."""
    assert f"error FF104: {expected}" == refused(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfversion: 1\ntargets: []\n",
        b"version: 1\r\ntargets: []\r\n",
        "version: 1\ntargets: []\n# Zürich, 東京, 🦊\n".encode(),
        b"--- # with a start and an end\nversion: 1\ntargets: []\n...\n",
        b"%YAML 1.2\n---\nversion: 1\ntargets: []",
    ],
    ids=["BOM", "CRLF", "other alphabets", "document marks", "directive"],
)
def test_text(data: bytes, loaded: Loader) -> None:
    """A byte order mark, CRLF, any alphabet, and the marks of a single document are no trouble."""
    manifest = loaded(data)
    assert ((), ()) == (manifest.targets, manifest.warnings)


def test_several_files_are_one(loaded: Loader, folder: Path) -> None:
    """Files and folders are read as one manifest; a folder's are sorted, and none counts twice."""
    texts = {
        "first.yaml": CREDENTIALS,
        "ops/b.yml": TARGETS,
        "ops/a.yaml": "version: 1\nabsent: []\n",
        "ops/.hidden.yaml": "this is not read: [",
    }
    manifest = loaded(texts, "first.yaml", "ops", "ops/a.yaml")
    assert (["first.yaml", "ops/a.yaml", "ops/b.yml"], ["t"], ["k"], folder / "first.state.json") == (
        [str(path) for path in manifest.files],
        [target.name for target in manifest.targets],
        list(manifest.credentials),
        manifest.state.file,
    )


def test_a_link_to_a_manifest_is_one(loaded: Loader, folder: Path) -> None:
    """A link is followed, and the state is named after the link, where it stands."""
    (folder / "elsewhere.yaml").write_text("version: 1\ntargets: []\n")
    (folder / "prod.yaml").symlink_to("elsewhere.yaml")
    assert folder / "prod.state.json" == loaded({}, "prod.yaml").state.file


@pytest.mark.parametrize(
    ("paths", "state"),
    [
        (("flowforge.yaml",), "flowforge.state.json"),
        (("prod.yml",), "prod.state.json"),
        (("ops",), "ops/flowforge.state.json"),
        (("ops/x.y.yaml", "prod.yml"), "ops/x.y.state.json"),
    ],
)
def test_default_state(paths: tuple[str, ...], state: str, loaded: Loader, folder: Path) -> None:
    """The state stands beside the first manifest and is named after it; a folder's is called flowforge."""
    texts = dict.fromkeys(("flowforge.yaml", "prod.yml", "ops/x.y.yaml"), "version: 1\ntargets: []\n")
    assert folder / state == loaded(texts, *paths).state.file


def test_names_and_sections_of_several_files(refused: Refuser) -> None:
    """A name of two files is an error that says where the other is, and so is a section that only one may have."""
    section = "github: {}\nstate: {}\ndefaults: {}\n"
    texts = {"a.yaml": CREDENTIALS + section, "b.yaml": CREDENTIALS + TARGETS.removeprefix("version: 1\n") + section}
    expected = """\
error FF146: b.yaml:2:15: the name "k" is used twice: it is a credential at a.yaml:2:15
  why: credentials and groups share one namespace, in all files of a manifest
  fix: rename one of the two
error FF147: b.yaml:4:1: "github" stands in two files: it is at a.yaml:3:1 already
  fix: keep it in one file of the manifest
error FF147: b.yaml:5:1: "state" stands in two files: it is at a.yaml:4:1 already
  fix: keep it in one file of the manifest
error FF147: b.yaml:6:1: "defaults" stands in two files: it is at a.yaml:5:1 already
  fix: keep it in one file of the manifest"""
    assert expected == refused(texts, "a.yaml", "b.yaml")


def test_syntax_errors_of_several_files_come_alone(refused: Refuser) -> None:
    """Where a file cannot be parsed, what the others lack or have wrong is not spoken of; each syntax error is."""
    texts = {"a.yaml": "version: 2\nx: y\n", "b.yaml": "a: [\n", "c.yaml": "a: @\n"}
    expected = """\
error FF105: b.yaml:2:1: a value is missing here
  fix: write one, or close the brackets
error FF105: c.yaml:1:4: a text cannot begin with @
  fix: put it in quotes"""
    assert expected == refused(texts, "a.yaml", "b.yaml", "c.yaml")


def test_each_file_has_its_version(refused: Refuser) -> None:
    """Every file says which language it is written in."""
    expected = 'error FF121: b.yaml:1:1: the manifest has no "version"\n  fix: begin it with `version: 1`'
    assert expected == refused({"a.yaml": CREDENTIALS, "b.yaml": "targets: []\n"}, "a.yaml", "b.yaml")


def test_a_files_name_is_made_safe(refused: Refuser) -> None:
    """A file's name may hold what steers a terminal or a CI log; messages show it escaped."""
    rest = "the manifest is empty\n  fix: begin it with `version: 1`; or remove it, and run `flowforge init`"
    expected = f"error FF107: \\u003a:x\\x1b.yaml: {rest}"
    assert expected == refused({"::x\x1b.yaml": ""}, "::x\x1b.yaml")


def test_a_folder_within_a_folder_is_told(tmp_path: Path) -> None:
    """Its files are not read, and a team that has one would wonder: it is said, unless it is named too or has none."""
    (tmp_path / "flowforge.yaml").write_text("version: 1\ntargets: []\n", encoding="utf-8")
    for name, file in (("pay", "pay.yaml"), ("docs", "notes.md"), (".github", "x.yaml")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("version: 1\ntargets: []\n", encoding="utf-8")
    said = f"{tmp_path / 'pay'}: the manifests in this folder are not read: name it with -m too"
    assert (said,) == load([tmp_path], environ={}).warnings
    assert () == load([tmp_path, tmp_path / "pay"], environ={}).warnings
