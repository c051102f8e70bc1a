"""The table of sources: what each is like, and that a new one is a row, or cannot be imported."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from flowforge.source_types import SOURCE_TYPES, Names, Runs, SourceType, is_plugin, require_rows, source_type
from flowforge.sources import SOURCES

ROOT: Final = Path(__file__).parents[1]
ROW: Final = (
    'SourceType(\n        name="pass", names=Names.REFERENCE, runs=Runs.CHOSEN, folder_bound=False, asks_person=False'
    "\n    ),\n    "
)
SOURCE: Final = '''\
"""The source `pass`: what the password store has under a name."""

import subprocess

from flowforge.sources.base import Context, text_of
from flowforge.vault import SecretValue


class PassSource:
    """`{pass: NAME}`."""

    name = "pass"

    def read_all(self, asks, context: Context):
        """Ask for each."""
        names = [text_of(ask.spec, self.name) for ask in asks]
        return [SecretValue(subprocess.check_output(["pass", "show", each], text=True)) for each in names]
'''
MANIFEST: Final = (
    "version: 1\ncredentials: {k: {type: anthropic_api_key, allow_nonstandard: true, from: {pass: claude}}}\n"
    "targets: [{name: t, repos: [acme/api], credential: k}]\n"
)
# Each place that a new source is written in, besides its own file: the file, what stands there, what is put before it.
PLACES: Final = {
    "row": ("flowforge/source_types.py", 'SourceType(name="prompt"', ROW),
    "class": ("flowforge/sources/__init__.py", '"prompt": (', '"pass": ("password_store", "PassSource"),\n    '),
    "schema": (
        "schemas/flowforge.schema.json",
        '"prompt": {\n          "title": "Question"',
        '"pass": {"title": "Entry", "description": "Its name.", "type": "string", "pattern": "^[a-z/]+$"},\n        ',
    ),
    "sentence": (
        "flowforge/manifest/messages.py",
        '"Question": Form(',
        '"Entry": Form("FF130", "this is not an entry of the store", "write its name"),\n    ',
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a copy of FlowForge, in which a new source is written, but for the places that are left out."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("flowforge", "schemas"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "flowforge" / "sources" / "password_store.py").write_text(SOURCE, encoding="utf-8")
    (folder / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")

    def write(*left_out: str) -> Path:
        for name in {name for name, _, _ in PLACES.values()}:
            text = (ROOT / name).read_text(encoding="utf-8")
            for place, (where, before, new) in PLACES.items():
                if where == name and place not in left_out:
                    assert 1 == text.count(before), place
                    text = text.replace(before, new + before)
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    return write


def run(folder: Path, *args: str, **environ: str) -> tuple[int, str]:
    """Run a copy's command; give its exit code and stderr."""
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    (bin_ / "pass").write_text("#!/bin/sh\ntouch ran\necho of-a-password-store-0123456789\n")
    (bin_ / "pass").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "flowforge", *args],
        cwd=folder,
        env={
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "PYTHONPATH": str(folder),
            "HOME": str(folder),
            "FLOWFORGE_CACHE_DIR": str(folder / "cache"),
            "FLOWFORGE_GITHUB_TOKEN": "ghp_" + "x" * 36,
            "GITHUB_API_URL": "http://127.0.0.1:9",  # nobody listens there: what is asked of it fails
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


def read_here(folder: Path) -> str:
    """Read an entry by a copy's source where this is no CI."""
    code = "from pathlib import Path; from flowforge.sources import Context, read\n"
    code += "print(read({'pass': 'x'}, Context({}, Path())).reveal(), end='')"
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_a_new_source_that_runs_a_program_is_refused_where_nobody_vouches(copy: Callable[..., Path]) -> None:
    """Its row alone decides: no rule is touched, and a pull request does not run it."""
    folder = copy()
    # For the token, without which there is no run; what it would feed otherwise is not checked.
    (folder / "flowforge.yaml").write_text(
        f"{MANIFEST}github: {{auth: {{token: {{pass: claude}}}}}}\n", encoding="utf-8"
    )
    assert (0, "") == run(folder, "validate", "-q")
    refused = run(folder, "plan", GITHUB_EVENT_NAME="pull_request")
    said = "flowforge.yaml:4:24: the GitHub token is not available: source pass is refused"
    assert (1, f"error FF259: {said} for a pull request") == (refused[0], refused[1].splitlines()[0])
    unknown = run(folder, "plan", CI="true")
    assert (1, True) == (unknown[0], unknown[1].startswith(f"error FF260: {said}: no event"))
    assert not (folder / "ran").exists()
    assert "of-a-password-store-0123456789\n" == read_here(folder)
    assert (folder / "ran").exists()
    rules = ("flowforge/sources/trust.py", "flowforge/ci_systems.py", "flowforge/steps/values/resolver.py")
    assert all((folder / each).read_bytes() == (ROOT / each).read_bytes() for each in rules)


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        ("row", "flowforge/sources/__init__.py and flowforge/source_types.py have different sources: pass"),
        ("class", "flowforge/sources/__init__.py and flowforge/source_types.py have different sources: pass"),
        ("schema", "schemas/flowforge.schema.json and flowforge/source_types.py have different sources: pass"),
        ("sentence", "flowforge/manifest/messages.py has no sentence for Entry"),
    ],
)
def test_a_source_without_a_part_cannot_be_imported(copy: Callable[..., Path], left_out: str, message: str) -> None:
    """What is forgotten is found at import, by whoever adds it, and not by a user's typo."""
    folder = copy(left_out)
    code = "import flowforge.sources, flowforge.manifest.schema"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert (1, f"ImportError: {message}") == (done.returncode, done.stderr.splitlines()[-1])


def test_what_each_source_is_like() -> None:
    """The table, as the documents have it: what it names, whose program it runs, whether a person is asked."""
    assert {
        "command": (Names.ARGV, Runs.CHOSEN, True, False, "pass_env"),
        "env": (Names.VARIABLE, Runs.NOTHING, False, False, ""),
        "file": (Names.PATH, Runs.NOTHING, True, False, ""),
        "onepassword": (Names.REFERENCE, Runs.FIXED, False, False, ""),
        "prompt": (Names.QUESTION, Runs.NOTHING, False, True, ""),
        "acme-vault": (Names.ANYTHING, Runs.CHOSEN, True, False, ""),
        "": (Names.NOTHING, Runs.NOTHING, False, False, ""),
    } == {
        name: (row.names, row.runs, row.folder_bound, row.asks_person, row.passes)
        for name, row in {**SOURCE_TYPES, **{name: source_type(name) for name in ("acme-vault", "")}}.items()
    }
    assert "acme-vault" == source_type("acme-vault").name


def test_the_table_is_whole() -> None:
    """Each row is under its own name, has a class, and none has a hyphen: that is a plugin's."""
    assert [(name, row.name) for name, row in SOURCE_TYPES.items()] == [(name, name) for name in sorted(SOURCES)]
    assert not any(map(is_plugin, (*SOURCE_TYPES, *(each for row in SOURCE_TYPES.values() for each in row.options))))
    with pytest.raises(KeyError):
        source_type("pass")
    with pytest.raises(ImportError, match=r"^here and flowforge/source_types.py have different sources: env, pass$"):
        require_rows([*(name for name in SOURCE_TYPES if name != "env"), "pass"], "here")


def test_no_rule_compares_a_source_s_name() -> None:
    """What a source is like is asked of its row: no code of ours compares a name with one of the table's."""
    compared = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "flowforge").rglob("*.py")
        if path.parent.name != "workflows"  # the words of a shell, where `command` is another thing
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        for each in (node.left, *node.comparators)
        if isinstance(each, ast.Constant) and each.value in SOURCE_TYPES
    ]
    assert [] == compared


def test_nothing_that_a_rule_asks_has_a_default() -> None:
    """Whoever adds a row must say what it runs and whether it depends on the folder."""
    with pytest.raises(TypeError, match="3 required keyword-only arguments: 'runs', 'folder_bound', and 'asks_person'"):
        SourceType(name="pass", names=Names.REFERENCE)  # type: ignore[call-arg]  # -- that is the point
