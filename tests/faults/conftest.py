"""The bench on which each fault is tried."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowforge.sandbox import Sandbox
from tests.faults.bench import SCALE, Bench


@pytest.fixture
def bench(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, heeds_hangups: None) -> Iterator[Bench]:
    """Two repos at a local GitHub whose minutes last a second, and a manifest that wants one key in both."""
    del heeds_hangups  # asked for, not used
    # Not below tmp_path, whose parents are root's alone where the tests are root's.
    with tempfile.TemporaryDirectory() as name, Sandbox(time_scale=SCALE) as sandbox:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", sandbox.token)
        monkeypatch.setenv("GITHUB_API_URL", sandbox.url)
        monkeypatch.setenv("FLOWFORGE_TIME_SCALE", str(SCALE))
        yield Bench(sandbox, folder, capfd, monkeypatch)
