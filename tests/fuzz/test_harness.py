"""The harness of the fuzzing itself: it notices what it is there to notice, and its seeds are real."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowforge.github.http import Client
from fuzz.targets import TARGETS

pytestmark = pytest.mark.no_coverage

_ROOT = Path(__file__).resolve().parent.parent.parent
_NO_ATHERIS = "atheris is not installed: make fuzz brings it where it exists"
_TABLE = """\
from fuzz.target import Target

def broken(data: bytes) -> None:
    assert b"!" not in data, "the law is broken"

TARGETS = {"broken": Target(broken, lambda: [b"?", b"a!b"]), "sound": Target(len, lambda: [b"?"])}
"""
_ENGINES = [
    "generated",
    pytest.param("guided", marks=pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason=_NO_ATHERIS)),
]


def _fuzz(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "table.py").write_text(_TABLE, encoding="utf-8")
    argv = [sys.executable, "-m", "fuzz", "--table", "table", "--folder", str(folder), *words]
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(argv, cwd=_ROOT, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("engine", _ENGINES)
def test_a_broken_law_is_caught(tmp_path: Path, engine: str) -> None:
    """A target whose law an input breaks ends the run with 1, and the input is kept and breaks it again."""
    done = _fuzz(tmp_path, "--engine", engine, "--seconds", "1", "--jobs", "2")
    rows = {
        words[0]: words
        for words in map(str.split, done.stdout.splitlines())
        if words and words[0] in {"broken", "sound"}
    }
    kept = list((tmp_path / "broken").glob("crash-*"))
    assert (1, ["1", "0"], 1) == (done.returncode, [rows[name][-1] for name in ("broken", "sound")], len(kept))
    assert f"-m fuzz --table table replay broken {kept[0]}" in done.stdout
    again = _fuzz(tmp_path, "replay", "broken", str(kept[0]))
    assert (1, "AssertionError: the law is broken") == (again.returncode, again.stderr.splitlines()[-1])


# The last two have as many seeds as all of the others together, and `make fuzz` begins with them.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in {"fixes", "workflows"} else name for name in TARGETS]
)
def test_seeds_hold_the_law(name: str) -> None:
    """What fuzzing begins with is no crash already, and there are several seeds that differ."""
    seeds = {bytes(seed) for seed in TARGETS[name].seeds()}
    assert len(seeds) >= 5
    for seed in seeds:
        TARGETS[name].law(seed)


def test_a_part_of_a_list_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law of the answers tells when a reader no longer counts: what a list lacks would be read as absent."""

    def uncounted(client: Client, path: str, _: str, **__: object) -> list[object]:
        client.get(path)
        return []

    cut = b'L200\n\n{"total_count": 2, "secrets": []}'
    TARGETS["answers"].law(cut)
    monkeypatch.setattr("flowforge.github.secrets.whole", uncounted)
    with pytest.raises(AssertionError, match="a part of a list"):
        TARGETS["answers"].law(cut)
