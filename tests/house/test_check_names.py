"""The checker of names: each of its rules can fail, and the house keeps them."""

import textwrap
from pathlib import Path
from typing import Final

import pytest

from tools import check_names

WIDE: Final = """
    @dataclass(frozen=True)
    class Wide:
        a: int
        '''One.'''
        b: int = 0
        c: int = 0
        '''Three.'''
        d: int = 0
        '''Four.'''
        _kept: int = 0
        kinds: ClassVar[int] = 0
        e: int = 0
        '''Five.'''
        f: int = 0

        def g(self): ...
"""


def found(**files: str) -> list[str]:
    """Return what is wrong with some files of flowforge/, by their names."""
    texts = {f"flowforge/{name}.py": textwrap.dedent(text) for name, text in files.items()}
    return sorted(check_names.breaches(texts))


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        ("class Entry: ...", ["flowforge/b.py:1: Entry is another type too, at flowforge/a.py:1"]),
        ("Entry = dict[str, int]", ["flowforge/b.py:1: Entry is another type too, at flowforge/a.py:1"]),
        ("Entry: TypeAlias = dict[str, int]", ["flowforge/b.py:1: Entry is another type too, at flowforge/a.py:1"]),
        ("if x:\n    class Entry: ...", ["flowforge/b.py:2: Entry is another type too, at flowforge/a.py:1"]),
        ("class API: ...\nclass API: ...", ["flowforge/b.py:2: API is another type too, at flowforge/b.py:1"]),
        ("class _Entry: ...", []),
        ("ENTRY = 1\nT = 2\nentry = 3", []),
        ("def made():\n    class Entry: ...", []),
        ("from flowforge.a import Entry", []),
    ],
)
def test_a_public_type_has_a_name_of_its_own(other: str, wrong: list[str]) -> None:
    """A class or a name for a type at the top of two files is a breach; what is private or inside is not."""
    assert wrong == found(a="class Entry: ...", b=other)


def test_a_wide_data_class_says_what_each_field_is() -> None:
    """Each public field of more than five; a narrower or a private class, or a plain one, may leave it to the names."""
    silent = [f"flowforge/a.py:{each} does not say below it what it is" for each in ("15: Wide.f", "6: Wide.b")]
    assert silent == found(a=WIDE)
    assert silent == found(a=WIDE.replace("@dataclass", "@data_class.dataclass"))
    assert silent == found(
        a=WIDE.replace("@dataclass(frozen=True)", "# A tuple.").replace("Wide:", "Wide(NamedTuple):")
    )
    assert [] == found(a=WIDE.replace("        f: int = 0\n", ""))
    assert [] == found(a=WIDE.replace("class Wide", "class _Wide"))
    assert [] == found(a=WIDE.replace("@dataclass(frozen=True)", "@other"))


@pytest.mark.parametrize("name", ["told", "permits", "steps/found", "found/steps"])
def test_a_file_is_called_by_what_is_in_it(name: str) -> None:
    """A word that could stand over any file is a breach, of a folder too."""
    assert [f"flowforge/{name}.py:1: a name that does not say what is in the file"] == found(**{name: "x = 1"})


def test_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 on a breach, which is printed; 0 without one."""
    folder = tmp_path / "flowforge"
    folder.mkdir()
    (folder / "a.py").write_text("class Entry: ...\n", encoding="utf-8")
    assert 0 == check_names.main(tmp_path)
    (folder / "told.py").write_text("class Entry: ...\n", encoding="utf-8")
    assert 1 == check_names.main(tmp_path)
    assert capsys.readouterr().out.splitlines() == [
        "1 files of flowforge/, 0 breaches of the rules for names",
        "flowforge/told.py:1: Entry is another type too, at flowforge/a.py:1",
        "flowforge/told.py:1: a name that does not say what is in the file",
        "2 files of flowforge/, 2 breaches of the rules for names",
    ]


def test_the_house_keeps_them(capsys: pytest.CaptureFixture[str]) -> None:
    """So it is for FlowForge itself, of which hundreds of files are read."""
    assert 0 == check_names.main(Path(check_names.__file__).parents[1])
    assert int(capsys.readouterr().out.split()[0]) > 400
