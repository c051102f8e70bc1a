"""A stage for one run of the sweep."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.manifest.plugins import installed_sources
from flowforge.sandbox import Sandbox
from tests.faults.bench import SCALE, Bench
from tests.sweep.stage import Stage

if TYPE_CHECKING:
    from tests.conftest import FakeOp


@pytest.fixture
def stage(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    op: "FakeOp",
    record_property: Callable[[str, object], None],
) -> Iterator[Stage]:
    """Two repos at a local GitHub, a manifest, an empty cache and TMPDIR, and a token that is looked for."""
    with tempfile.TemporaryDirectory() as name, Sandbox(time_scale=SCALE) as sandbox:
        folder, outside = Path(name).resolve() / "ops", Path(name).resolve() / "outside"
        folder.mkdir()
        outside.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", sandbox.token)
        monkeypatch.setenv("GITHUB_API_URL", sandbox.url)
        monkeypatch.setenv("FLOWFORGE_TIME_SCALE", str(SCALE))
        stage = Stage(Bench(sandbox, folder, capfd, monkeypatch), op, outside, monkeypatch)
        stage.seek(sandbox.token.rpartition("_")[2])
        yield stage
        record_property("sweep", stage.runs)
        installed_sources.cache_clear()
