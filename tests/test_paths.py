"""The one way to open a file of a manifest: no link leads out, whenever it is put there."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from flowforge.errors import Problem
from flowforge.paths import (
    ANYWHERE,
    FIX,
    WHY,
    Bounds,
    Confinement,
    Folder,
    IrregularError,
    OutsideError,
    PathEntry,
    outside,
)

CI: Final = {"CI": "true"}
PLAIN: Final = "harmless"
SECRET: Final = "of somebody else's"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a checkout with a manifest's folder in it, stand at its top, and put a file of somebody else's beside it."""
    top = tmp_path / "checkout"
    (top / "ops" / "sub").mkdir(parents=True)
    (top / ".git").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "key").write_text(SECRET)
    (top / "ops" / "key").write_text(PLAIN)
    (top / "ops" / "sub" / "key").write_text(PLAIN)
    monkeypatch.chdir(top)
    return top / "ops"


def text(handle: int) -> str:
    """Return what an open file holds, and close it."""
    with os.fdopen(handle, encoding="utf-8") as file:
        return file.read()


@contextmanager
def same_descriptors() -> Iterator[None]:
    """Prove that none is left open."""
    before = sorted(Path("/dev/fd").iterdir())
    yield
    assert before == sorted(Path("/dev/fd").iterdir())


def bounds(folder: Path, environ: dict[str, str] | None = None) -> Bounds:
    """Return the bounds of what a manifest in the folder names, in CI."""
    return Confinement.of(CI if environ is None else environ).below(folder)


@pytest.mark.parametrize(
    ("environ", "path", "found"),
    [
        ({}, "../../elsewhere/key", SECRET),
        ({}, "out", SECRET),
        (CI, "key", PLAIN),
        (CI, "sub/../key", PLAIN),
        (CI, "within", PLAIN),
        (CI, "out", OutsideError),
        (CI, "away/key", OutsideError),
        (CI, "../../elsewhere/key", OutsideError),
        ({"FLOWFORGE_ALLOWED_PATHS": ""}, "out", OutsideError),
        ({**CI, "FLOWFORGE_ALLOWED_PATHS": "/nowhere,{elsewhere}"}, "out", SECRET),
        (CI, "sub", IrregularError),
        (CI, "none", FileNotFoundError),
        (CI, "none/key", FileNotFoundError),
        (CI, "key/below", NotADirectoryError),
        (CI, "loop", IrregularError),
        ({}, "loop", OSError),
        ({}, "sub", IrregularError),
    ],
)
def test_what_is_read(folder: Path, environ: dict[str, str], path: str, found: str | type[OSError]) -> None:
    """Links are followed where nothing is confined, and inside, as is known before; nothing is left open."""
    (folder / "within").symlink_to("sub/key")
    (folder / "out").symlink_to("../../elsewhere/key")
    (folder / "away").symlink_to("../../elsewhere")
    (folder / "loop").symlink_to("loop")
    environ = {name: each.format(elsewhere=folder.parent.parent / "elsewhere") for name, each in environ.items()}
    with same_descriptors():
        if isinstance(found, str):
            assert found == text(bounds(folder, environ).read(folder / path))
        else:
            with pytest.raises(OSError, match=r".") as caught:
                bounds(folder, environ).read(folder / path)
            assert found is OSError or found is type(caught.value)
    assert (found is not OutsideError) is bounds(folder, environ).admits(folder / path)


def link(path: Path, to: Path) -> None:
    """Put a link in the place of a file or a folder."""
    path.rename(path.with_name("away"))
    path.symlink_to(to)


@pytest.mark.parametrize("swapped", ["ops/sub/key", "ops/sub", "ops"])
def test_a_swap_between_the_look_and_the_opening(folder: Path, swapped: str) -> None:
    """What has become a link since its path was looked at leads nowhere: the file, its folder, and the folder above."""
    top, elsewhere = folder.parent, folder.parent.parent / "elsewhere"
    (elsewhere / "sub").mkdir()
    (elsewhere / "sub" / "key").write_text(SECRET)
    inside = bounds(folder)
    real = inside.resolve(folder / "sub" / "key")
    link(top / swapped, {"ops": elsewhere, "ops/sub": elsewhere, "ops/sub/key": elsewhere / "key"}[swapped])
    with same_descriptors(), pytest.raises(OSError, match=r".") as caught, inside.open_resolved(real.parent) as opened:
        PathEntry(opened, real.name).open_regular()
    assert isinstance(caught.value, NotADirectoryError if "key" not in swapped else IrregularError)
    assert SECRET == (folder / "sub" / "key").read_text()


def swapping(path: Path, to: Path) -> tuple[threading.Event, threading.Thread]:
    """Make a thread that puts a link in the place of a path and takes it away, again and again."""
    stop, other = threading.Event(), path.with_name(path.name + "-link")
    other.symlink_to(to)
    spare = path.with_name(path.name + "-spare")

    def swap() -> None:
        while not stop.is_set():
            path.rename(spare)
            other.rename(path)
            path.rename(other)
            spare.rename(path)

    thread = threading.Thread(target=swap)
    thread.start()
    return stop, thread


@pytest.mark.parametrize("swapped", ["ops/sub/key", "ops/sub", "ops"])
def test_somebody_who_swaps_all_the_time(folder: Path, swapped: str) -> None:
    """Whatever moment is met, another's file is never read; nothing else than a refusal or the own file comes of it."""
    top, elsewhere = folder.parent, folder.parent.parent / "elsewhere"
    (elsewhere / "sub").mkdir()
    (elsewhere / "sub" / "key").write_text(SECRET)
    stop, thread = swapping(top / swapped, elsewhere / "key" if swapped.endswith("key") else elsewhere)
    seen: set[str] = set()
    try:
        inside = Bounds((Path(os.path.realpath(top)),))
        for _ in range(3000):
            try:
                seen.add(text(inside.read(folder / "sub" / "key")))
            except OSError:
                seen.add("refused")
    finally:
        stop.set()
        thread.join()
    assert seen <= {PLAIN, "refused"}


def test_a_folder_that_is_held_is_the_one_written_to(folder: Path) -> None:
    """Once a folder is open, what is made, renamed, looked at and removed is in it, whatever its path leads to."""
    elsewhere = folder.parent.parent / "elsewhere"
    with same_descriptors(), bounds(folder).entry(folder / "sub" / "new") as entry:
        link(folder / "sub", elsewhere)
        temporary = entry.beside(".tmp")
        os.close(temporary.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        temporary.take_place_of(entry)
        assert (True, False) == (entry.exists(), temporary.exists())
        assert ["key", "new"] == sorted(entry.folder.names())
        entry.remove()
        entry.remove()
        assert not entry.exists()
    assert [["key"], ["key"]] == [[each.name for each in top.iterdir()] for top in (elsewhere, folder / "away")]


def test_what_cannot_be_opened(folder: Path) -> None:
    """A link is refused as one; of all else the system's own word is given."""
    (folder / "link").symlink_to("key")
    found = []
    with bounds(folder).entry(folder / "key") as entry:
        for name, flags in (("link", os.O_RDONLY), ("none", os.O_RDONLY), ("key", os.O_CREAT | os.O_EXCL)):
            with pytest.raises(OSError, match=r".") as caught:
                PathEntry(entry.folder, name).open(flags)
            found.append(type(caught.value))
    assert [IrregularError, FileNotFoundError, FileExistsError] == found


@pytest.mark.parametrize(
    ("write", "error"),
    [
        ("new", None),
        ("key", None),
        ("within", IrregularError),
        ("out", IrregularError),
        ("dangling", IrregularError),
        ("away/new", OutsideError),
        ("none/new", FileNotFoundError),
    ],
)
def test_what_is_written_in_ci(folder: Path, write: str, error: type[OSError] | None) -> None:
    """A file goes where its path says, over no link and out of no checkout; a link stays what it is."""
    elsewhere = folder.parent.parent / "elsewhere"
    for name, to in {"within": "key", "out": "../../elsewhere/key", "dangling": "../../elsewhere/new"}.items():
        (folder / name).symlink_to(to)
    (folder / "away").symlink_to("../../elsewhere")
    around = Confinement.of(CI).around(folder / write)
    with same_descriptors():
        if error is None:
            os.close(around.write(folder / write, os.O_TRUNC))
        else:
            with pytest.raises(error):
                around.write(folder / write, os.O_TRUNC)
    assert ([("key", SECRET)], PLAIN if write != "key" else "") == (
        [(each.name, each.read_text()) for each in elsewhere.iterdir()],
        (folder / "key").read_text(),
    )


@pytest.mark.parametrize("environ", [{}, CI], ids=["elsewhere", "in CI"])
def test_who_may_read_what_is_written(folder: Path, environ: dict[str, str]) -> None:
    """Whoever the umask lets, and nobody may run it."""
    before = os.umask(0o002)
    try:
        os.close(Confinement.of(environ).around(folder / "new").write(folder / "new", os.O_TRUNC))
    finally:
        os.umask(before)
    assert 0o664 == stat.S_IMODE((folder / "new").stat().st_mode)


def test_what_is_written_elsewhere(folder: Path) -> None:
    """Outside of CI a person's links are followed, as they always were."""
    (folder / "out").symlink_to("../../elsewhere/key")
    os.close(Confinement.of({}).around(folder / "out").write(folder / "out", os.O_TRUNC))
    assert "" == (folder.parent.parent / "elsewhere" / "key").read_text()


AROUND: Final[list[tuple[str, Callable[[Path], Path], str]]] = [
    ("a file of the checkout", lambda top: top / "ops" / "r.json", "checkout"),
    ("a relative one", lambda _: Path("ops/r.json"), "checkout"),
    ("above the checkout", lambda top: top.parent / "r.json", ""),
    ("above it by dots", lambda _: Path("../r.json"), ""),
    ("another checkout", lambda top: top.parent / "other" / "r.json", "other"),
    ("another one inside", lambda top: top / "inner" / "r.json", "checkout"),
    ("a device", lambda _: Path("/dev/stdout"), ""),
]


@pytest.mark.parametrize(("path", "top"), [each[1:] for each in AROUND], ids=[each[0] for each in AROUND])
def test_the_checkout_that_a_path_is_named_in(folder: Path, path: Callable[[Path], Path], top: str) -> None:
    """It is the one where the command runs, or the outermost one of the path; the operator's own may lead anywhere."""
    checkout = folder.parent
    for other in (checkout.parent / "other", checkout / "inner"):
        (other / ".git").mkdir(parents=True)
    expected = Bounds((Path(os.path.realpath(checkout.parent / top)),)) if top else ANYWHERE
    assert expected == Confinement.of(CI).around(path(checkout))
    assert ANYWHERE == Confinement.of({}).around(path(checkout))


def test_a_checkout_inside_another(folder: Path) -> None:
    """Where the command runs in the inner one, nothing leads out of that; what is named outside of it has the outer."""
    inner, outer = folder.parent, folder.parent.parent
    (outer / ".git").mkdir()
    bounds = [Confinement.of(CI).around(path) for path in (inner / "r.json", Path("ops/r.json"), outer / "r.json")]
    assert [Bounds((Path(os.path.realpath(top)),)) for top in (inner, inner, outer)] == bounds


def test_a_folder_without_a_checkout_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no git, the current folder is the top; the root of all is none, or nothing would be confined."""
    monkeypatch.chdir(tmp_path)
    assert Bounds((Path(os.path.realpath(tmp_path)),)) == Confinement.of(CI).around(Path("r.json"))
    monkeypatch.chdir("/")
    assert ANYWHERE == Confinement.of(CI).around(Path("r.json"))


def test_a_current_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is named in it, and a checkout that is named in full is one all the same."""
    (tmp_path / "checkout" / ".git").mkdir(parents=True)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    confinement, top = Confinement.of(CI), tmp_path / "checkout"
    around = confinement.around(Path("r.json")), confinement.around(top / "r.json")
    monkeypatch.undo()
    assert (ANYWHERE, Bounds((Path(os.path.realpath(top)),))) == around


def test_a_manifest_s_folder_that_is_led_out_of_the_checkout(folder: Path) -> None:
    """It is nobody's own, so nothing in it may be opened; a folder that a link keeps inside is one like any other."""
    (folder.parent / "away").symlink_to("../elsewhere")
    (folder.parent / "same").symlink_to("ops")
    with pytest.raises(OutsideError):
        bounds(folder.parent / "away").read(folder.parent / "away" / "key")
    assert PLAIN == text(bounds(folder.parent / "same").read(folder.parent / "same" / "key"))


LEFT: Final = "a link leads it out of the checkout, into a folder that FLOWFORGE_ALLOWED_PATHS does not admit"


def test_what_is_objected_to(folder: Path) -> None:
    """Before any work a file that cannot be written is refused in words; where nothing is confined, none is."""
    (folder / "out").symlink_to("../../elsewhere/key")
    (folder / "away").symlink_to("../../elsewhere")
    said = {
        name: (Confinement.of(CI).around(folder / name).objection(folder / name), ANYWHERE.objection(folder / name))
        for name in ("key", "new", "out", "away/new", "x" * 300)
    }
    assert {
        "key": ("", ""),
        "new": ("", ""),
        "out": ("it is a link, and none is followed here", ""),
        "away/new": (LEFT, ""),
        "x" * 300: ("", ""),
    } == said


def test_a_folder_is_opened_with_no_link_on_its_way(folder: Path) -> None:
    """The whole way from the root is walked, and a folder that cannot be opened leaves no descriptor."""
    (folder.parent / "same").symlink_to("ops")
    with same_descriptors():
        for path in (folder.parent / "same", folder.parent / "same" / "sub", folder / "key", folder / "none"):
            with pytest.raises((NotADirectoryError, FileNotFoundError)):
                Folder.open(Path(os.path.realpath(folder.parent)) / path.relative_to(folder.parent), follow=False)


def test_how_it_is_told() -> None:
    """FF114 says what rule holds and who may widen it, and shows a path safely."""
    assert Problem("FF114", "it is outside", "a\\x1bb", WHY, FIX) == outside("it is outside", Path("a\x1bb"))
    assert ("it leads out of the folder that it must stay in", "it is a FIFO, not a regular file") == (
        OutsideError().strerror,
        IrregularError("a FIFO").strerror,
    )
