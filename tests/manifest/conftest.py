"""A folder with a manifest in it, and tables of manifests with what must be said of them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from flowforge.errors import ManifestError
from flowforge.manifest.loading import load
from flowforge.manifest.model import Manifest

_TITLE = re.compile(r"^## (.+)\n", re.MULTILINE)


class Loader(Protocol):
    """Writes files into the current folder and loads what is named."""

    def __call__(
        self, files: str | bytes | Mapping[str, str], *paths: str, environ: Mapping[str, str] | None = None
    ) -> Manifest:
        """Load `flowforge.yaml`, or the paths, out of one text or several files."""


class Refuser(Protocol):
    """As Loader, of what cannot be loaded."""

    def __call__(
        self, files: str | bytes | Mapping[str, str], *paths: str, environ: Mapping[str, str] | None = None
    ) -> str:
        """Return the text of all problems."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the current one: positions in messages are relative to it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def loaded(folder: Path) -> Loader:
    """Load manifests that are written into the folder first."""

    def load_files(
        files: str | bytes | Mapping[str, str], *paths: str, environ: Mapping[str, str] | None = None
    ) -> Manifest:
        texts = files if isinstance(files, Mapping) else {"flowforge.yaml": files}
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return load([Path(path) for path in paths or ("flowforge.yaml",)], environ=environ or {})

    return load_files


@pytest.fixture
def refused(loaded: Loader) -> Refuser:
    """Return what is said of manifests that cannot be loaded."""

    def refuse(files: str | bytes | Mapping[str, str], *paths: str, environ: Mapping[str, str] | None = None) -> str:
        with pytest.raises(ManifestError) as caught:
            loaded(files, *paths, environ=environ)
        return str(caught.value)

    return refuse


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Return a test with the arguments `given` and `expected` each row of its module's CASES.

    A row is `## name`, a manifest, a line `=>`, and the text of all problems. A ⇥ in the manifest stands for a tab.
    """
    if {"given", "expected"} <= set(metafunc.fixturenames):
        _, *rows = _TITLE.split(metafunc.module.CASES)
        cases = dict(zip(rows[::2], rows[1::2], strict=True))
        halves = {name: text.replace("⇥", "\t").partition("=>\n") for name, text in cases.items()}
        values = [(given, expected.rstrip("\n")) for given, _, expected in halves.values()]
        metafunc.parametrize(("given", "expected"), values, ids=list(halves))
