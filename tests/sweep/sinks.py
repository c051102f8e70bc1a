"""Every place where anybody may see what FlowForge does. A new one joins the sweep by being registered here."""

import contextlib
import logging
import os
import sqlite3
import subprocess
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowforge.github.kept_bodies import NAME, KeptBodies

if TYPE_CHECKING:
    from tests.sweep.stage import Stage

Content = Callable[["Stage"], Iterable[bytes]]
Leak = Callable[["Stage", str], object]


@dataclass(frozen=True)
class Sink:
    """A place to look at. content: what was there during and after a run. leak: puts a text there, from within one."""

    content: Content
    leak: Leak


def _names(folder: Path) -> Iterable[bytes]:
    """Return the names of all that is below a folder."""
    return (str(path.relative_to(folder)).encode("utf-8", "surrogateescape") for path in folder.rglob("*"))


def _files(folder: Path) -> Iterable[bytes]:
    """Return the contents of all files below a folder."""
    found = (path for path in folder.rglob("*") if path.is_file() and os.access(path, os.R_OK))
    return (path.read_bytes() for path in found)


def _kept(stage: "Stage") -> Iterable[bytes]:
    """Return what lies beside the manifest; the manifest itself is where some values are planted."""
    manifests = {path.read_bytes() for path in stage.folder.glob("*.yaml")}
    return (data for data in _files(stage.folder) if data not in manifests)


def _lists(path: Path) -> Iterable[bytes]:
    """Return the bodies of lists that are kept, which are packed in their file, and the requests that got them."""
    if path.is_symlink() or not path.exists():
        return []  # what it leads to is no file of ours
    with contextlib.closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT request, body FROM lists").fetchall()
    return [part for request, body in rows for part in (request.encode(), zlib.decompress(body))]


def _keep(stage: "Stage", text: str) -> None:
    with contextlib.closing(KeptBodies(stage.cache / NAME)) as kept:
        kept.keep("x", text.encode())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_and_remove(stage: "Stage", text: str) -> None:
    _write(stage.folder / "for-a-moment", text)
    (stage.folder / "for-a-moment").unlink()


def _fail(_: "Stage", text: str) -> None:
    raise ValueError(text)


def _fail_with_a_variable(_: "Stage", text: str) -> None:
    """Fail in code that counts as FlowForge's own, with the text in a variable of it."""
    code = compile("def fail(held): raise ValueError", str(Path("/flowforge/leak.py")), "exec")
    names: dict[str, Callable[[str], None]] = {}
    exec(code, names)  # noqa: S102 -- the leak is made on purpose, in a file that only its name says is ours
    names["fail"](text)


def _request(stage: "Stage", text: str) -> None:
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(f"{stage.bench.sandbox.url}/repos/acme/{text}", timeout=5).close()  # noqa: S310 -- loopback


SINKS: Final[dict[str, Sink]] = {
    "stdout": Sink(lambda stage: [stage.out], lambda _, text: os.write(1, text.encode())),
    "stderr": Sink(lambda stage: [stage.err], lambda _, text: os.write(2, text.encode())),
    "logs": Sink(lambda stage: stage.logs, lambda _, text: logging.getLogger("flowforge").debug("%s", text)),
    "tracebacks": Sink(lambda stage: stage.tracebacks, _fail),
    "local variables": Sink(lambda stage: stage.variables, _fail_with_a_variable),
    "files": Sink(_kept, lambda stage, text: _write(stage.folder / "left", text)),
    "names of files": Sink(lambda stage: _names(stage.folder), lambda stage, text: _write(stage.folder / text, "")),
    "removed files": Sink(lambda stage: stage.removed, _write_and_remove),
    "the cache": Sink(lambda stage: _files(stage.cache), lambda stage, text: _write(stage.cache / "x" / "y", text)),
    "the lists that are kept": Sink(lambda stage: _lists(stage.cache / NAME), _keep),
    "TMPDIR": Sink(lambda stage: _files(stage.tmp), lambda stage, text: _write(stage.tmp / "x", text)),
    "argv of a child": Sink(
        lambda stage: stage.argvs, lambda _, text: subprocess.run(["true", text], env={}, check=True)
    ),
    "environment of a child": Sink(
        lambda stage: stage.environs, lambda _, text: subprocess.run(["true"], env={"X": text}, check=True)
    ),
    "addresses asked for": Sink(lambda stage: [f"{each}".encode() for each in stage.bench.world.log()], _request),
}
