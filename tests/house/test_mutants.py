"""The tool that breaks the product: what it changes and what it leaves, and that it knows who noticed."""

import subprocess
import textwrap
from pathlib import Path

import pytest

from tools.mutants import choice, draw, equivalent, find, reach, report, table
from tools.mutants.__main__ import main
from tools.mutants.choice import Trial
from tools.mutants.find import Mutant
from tools.mutants.reach import Map, Reached
from tools.mutants.report import LATE, LIVED, OTHERS, OWN, Verdict
from tools.mutants.results import Results
from tools.mutants.table import Part


def changes(text: str) -> list[tuple[str, str]]:
    """Return what becomes of each line of a file, in the order of the mutants."""
    optional = find.optional_arguments([text.encode()])
    return [(each.before, each.after) for each in find.mutants("flowforge/a.py", text.encode(), optional)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("return a < b", ["return a <= b", "return a >= b"]),
        ("return a is not b", ["return a is b"]),
        ("return a not in b", ["return a in b"]),
        ("return a < b == c", ["return a <= b == c", "return a >= b == c", "return a < b != c"]),
        ("return a and b < 1 or c", None),
        ("return not a", ["return (a)"]),
        ("return a + b * c", ["return a - b * c", "return a + b // c"]),
        ("return a - b", ["return a + b"]),
        ("return 7", ["return 8", "return 6"]),
        ("return 0.5", ["return 1.5"]),
        ("return True", ["return False"]),
        ('return "word"', ["return ''"]),
        ('return ""', ["return '?'"]),
        ("return any(a)", ["return all(a)"]),
        ("return max(a, b)", ["return min(a, b)"]),
        ("f(a)", ["pass"]),
        ("a.b = c", ["pass"]),
        ("a += b", ["pass", "a -= b"]),
        ("raise a", ["pass"]),
        ("return b if a else c", ["return b if (not a) else c"]),
        ("return [b for b in c if b.d]", ["return [b for b in c if (not b.d)]"]),
        ("g(a, b, c=a)", ["pass", "g(a, b)"]),
        ("g(a, c=b, d=a)", ["pass", "g(a, d=a)"]),
        # What nobody could notice, and what is for people or for the checker of types.
        ("a: int | None = b", []),
        ("return b", []),
        ("a = b", []),
        ("return isinstance(a, int | str)", []),
        ('return "two words"', []),
        ('return f"{a + b}"', []),
        ('raise ValueError("word")', ["pass"]),
        ('"""Say something."""', []),
        ("if False: return a", ["if True: return a"]),
        ('__all__ = ["a"]', []),
    ],
)
def test_a_line_and_its_mutants(line: str, expected: list[str] | None) -> None:
    """Operators, constants, conditions, results, calls and arguments are changed; types and messages are not."""
    text = f"def f(a, b):\n    {line}\n    return c\n\n\ndef g(a, b, *, c=None, d): ...\n"
    if expected is None:
        expected = [
            "return (a and b < 1) and c",
            "return a and b < 1 or (not c)",
            "return a or b < 1 or c",
            "return (not a) and b < 1 or c",
            "return a and b <= 1 or c",
            "return a and b >= 1 or c",
            "return a and b < 2 or c",
            "return a and b < 0 or c",
        ]
        assert sorted((line, each) for each in expected) == sorted(changes(text))
    else:
        assert [(line, each) for each in expected] == changes(text)


def test_a_result_is_changed_by_its_type() -> None:
    """A truth becomes each of both, what may be missing is missing, and any other result stays."""
    text = """
        def a(x) -> bool:
            return x
        def b(x) -> str | None:
            return x
        def c(x) -> str:
            return x
    """
    expected = [("return x", "return True"), ("return x", "return False"), ("return x", "return None")]
    assert expected == changes(textwrap.dedent(text))


def test_a_loop_is_left_too_early_or_too_late() -> None:
    """Break and continue stand for each other."""
    text = "for a in b:\n    if a:\n        break\n    else:\n        continue\n"
    expected = [("if a:", "if (not a):"), ("break", "continue"), ("continue", "break")]
    assert expected == changes(text)


def test_decorators_constructors_and_defaults() -> None:
    """A decorator and what a constructor sets stay; a default is changed; a name for types is none."""
    text = """
        Alias = int | str
        @cache(size=1)
        class A:
            b: int = 1
            def __init__(self):
                self.c = d
            def e(self, f=2):
                self.c = d
    """
    expected = [
        ("b: int = 1", "b: int = 2"),
        ("b: int = 1", "b: int = 0"),
        ("def e(self, f=2):", "def e(self, f=3):"),
        ("def e(self, f=2):", "def e(self, f=1):"),
        ("self.c = d", "pass"),
    ]
    assert expected == changes(textwrap.dedent(text))


def test_a_mutant_knows_where_it_is() -> None:
    """Beyond other alphabets and over several lines, it changes what it says, and nothing else."""
    text = 'class A:\n    def b(self):\n        return ("ä ö", c <\n            d)\n'
    first, *_ = find.mutants("flowforge/a.py", text.encode(), {})
    assert 'flowforge/a.py:3 A.b\n- return ("ä ö", c <\n+ return ("ä ö", c <= d)' == str(first)
    assert text.replace("c <\n            d", "c <= d").encode() == first.of(text.encode())
    assert ("flowforge/a.py", "A.b", 'return ("ä ö", c <', 'return ("ä ö", c <= d)') == first.identity


def test_the_table_names_what_is_there(pytestconfig: pytest.Config) -> None:
    """Every file and every folder of tests in it exists."""
    root = pytestconfig.rootpath
    found = [(part, path.relative_to(root).as_posix()) for part, path in table.files(root, table.PARTS)]
    missing = [test for part in table.PARTS for test in part.own if not (root / test).exists()]
    assert ([], len({path for _, path in found})) == (missing, len(found))


def test_a_seed_draws_the_same_whatever_else_there_is() -> None:
    """Mutants that come or go, or are listed as equal, change no place in the draw of another, nor of its double."""
    part = Part("a", (), ())
    mutants = [Mutant("flowforge/a.py", 1, "f", f"{n % 20}", "", n, n, b"") for n in range(40)]
    found = [(part, mutant) for mutant in mutants]
    order = draw.drawn(found, 0, 7)
    assert (sorted(map(str, order)), order[:9]) == (sorted(map(str, found)), draw.drawn(found, 9, 7))
    assert order != draw.drawn(found, 0, 8)
    gone = mutants[3]
    left = draw.pool(found, {gone.identity}, ["flowforge/?.py"])
    assert [each for each in order if each[1].identity != gone.identity] == draw.drawn(left, 0, 7)
    assert [] == draw.pool(found, (), ["flowforge/b.py"])


LIST = """
# About this list.

## flowforge/a.py A.b
- x < 1
+ x <= 1
+ x < 2
x is even,
always.

## flowforge/b.py (module)
- y = 1
+ y = 2
Nobody reads it.
"""


def test_the_list_of_what_nobody_can_tell() -> None:
    """Each mutant with its reason, several for one line, comments passed over."""
    assert {
        ("flowforge/a.py", "A.b", "x < 1", "x <= 1"): "x is even, always.",
        ("flowforge/a.py", "A.b", "x < 1", "x < 2"): "x is even, always.",
        ("flowforge/b.py", "(module)", "y = 1", "y = 2"): "Nobody reads it.",
    } == equivalent.read(LIST)


@pytest.mark.parametrize(
    "entry",
    [
        "## flowforge/a.py\n- x\n+ y\nWhy.",
        "## flowforge/a.py f\n- x\n+ y",
        "## flowforge/a.py f\n- x\nWhy.",
        "flowforge/a.py f\n- x\n+ y\nWhy.",
    ],
)
def test_an_entry_that_is_not_whole(entry: str) -> None:
    """A place, a change and a reason are needed."""
    with pytest.raises(ValueError, match="an entry needs a path, a function, lines before and after, and a reason"):
        equivalent.read(entry)


def test_the_report() -> None:
    """A row for each part, one for all, the share that died, and each that lived or ran out of time."""
    mutant = Mutant("flowforge/a.py", 3, "f", "a < b", "a <= b", 0, 1, b"")
    fates = (OWN, OWN, OTHERS, LATE, LIVED)
    verdicts = [Verdict("one" if fate == OWN else "two", mutant, fate) for fate in fates]
    assert [
        "part                         mutants      own   others  timeout    lived",
        "one                                2        2        0        0        0",
        "two                                3        0        1        1        1",
        "all                                5        2        1        1        1",
        "80.0 % died; at least 99 % shall",
        "\nlived: flowforge/a.py:3 f\n- a < b\n+ a <= b",
        "\ntimeout: flowforge/a.py:3 f\n- a < b\n+ a <= b",
    ] == list(report.lines(verdicts))
    assert [True, False, True, False] == [
        report.enough(verdicts) for verdicts in ([], verdicts, verdicts[:4] * 25, [*verdicts[:1] * 98, *verdicts[4:]])
    ]


MODULE = """
def bigger(a: int, b: int) -> int:
    if a > b:
        return a
    return b


def more(a: int, b: int) -> int:
    return a + b


def nobody_asks(a: int) -> int | None:
    return a


def emptied(a: list[int]) -> int:
    while a:
        a.pop()
    return len(a)
"""
TESTS = """
from flowforge.part import thing

def test_it() -> None:
    assert (2, 2, 0) == (thing.bigger(1, 2), thing.bigger(2, 1), thing.emptied([1]))
"""
WIDER = """
from flowforge.part import thing

def test_it() -> None:
    assert 2 == thing.more(1, 1)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a small checkout with a product, its tests, and wider ones."""
    for name, text in {
        "flowforge/__init__.py": "",
        "flowforge/part/__init__.py": "",
        "flowforge/part/thing.py": MODULE,
        "tests/part/test_thing.py": TESTS,
        "tests/part/test_other.py": "def test_other() -> None: ...\n",
        "tests/wider/test_wider.py": WIDER,
        "tools/mutants/equivalent.txt": "## flowforge/part/thing.py bigger\n- if a > b:\n+ if a >= b:\nEither is it.\n",
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib"]\npythonpath = ["."]\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


PARTS = [Part("the part", ("part/*.py",), ("tests/part",))]


@pytest.mark.slow
def test_a_run(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In copies of the tree, each mutant meets the tests that execute its line, the own and then the others."""
    before = {path: path.read_bytes() for path in tree.rglob("*.py")}
    code = main(["--count", "0", "--seed", "1", "--patience", "3", "--jobs", "1"], root=tree, parts=PARTS)
    out, err = capsys.readouterr()
    expected = """5 of 5 mutants, seed 1; 1 more are known to be the same
part                         mutants      own   others  timeout    lived
the part                           5        2        1        1        1
all                                5        2        1        1        1
80.0 % died; at least 99 % shall

lived: flowforge/part/thing.py:13 nobody_asks
- return a
+ return None

timeout: flowforge/part/thing.py:18 emptied
- a.pop()
+ pass
"""
    assert (1, expected) == (code, out)
    others = (
        "others tests/wider/test_wider.py::test_it\nflowforge/part/thing.py:9 more\n- return a + b\n+ return a - b\n"
    )
    assert others in err
    assert before == {path: path.read_bytes() for path in tree.rglob("*.py")}


@pytest.mark.slow
def test_a_run_that_was_interrupted(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known of a mutant is taken up; what was cut short is tried again, and is the last that ever is."""
    results = tmp_path / "results"
    command = ["--count", "0", "--only", "*/thing.py", "--seed", "1", "--jobs", "1", f"--results={results}"]
    thing = tree / "flowforge/part/thing.py"
    thing.write_text(MODULE.partition("def emptied")[0], encoding="utf-8")
    (tree / "tests/part/test_thing.py").write_text(TESTS.replace(", thing.emptied([1])", "").replace(", 0)", ")"))
    codes = [main(command, root=tree, parts=PARTS)]
    said, all_of_it = capsys.readouterr().out, results.read_text(encoding="utf-8")
    cut = all_of_it[:-20]
    results.write_text(cut, encoding="utf-8")
    for _ in range(2):
        codes.append(main(command, root=tree, parts=PARTS))
        added = results.read_text(encoding="utf-8").removeprefix(cut).split("\n")
        assert ([1] * len(codes), said, 2) == (codes, capsys.readouterr().out, len(added))


def test_what_a_kept_verdict_holds_for(tmp_path: Path) -> None:
    """It holds until the mutated file, the test that noticed or, where none did, any of those asked is another."""
    names = ("flowforge/a.py", "tests/test_b.py", "tests/test_c.py")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1", encoding="utf-8")
    noticed, lived = "tests/test_b.py::test_it", ""
    tests = {noticed: 1.0, "tests/test_c.py::test_it": 1.0}
    dead = Trial(Part("a", (), ()), Mutant("flowforge/a.py", 1, "f", "1", "2", 0, 1, b"2"), tests)
    alive = Trial(dead.part, Mutant("flowforge/a.py", 1, "f", "1", "3", 0, 1, b"3"), tests)
    verdicts = [Verdict("a", dead.mutant, OWN, noticed, 1.5), Verdict("a", alive.mutant, LIVED, lived, 2.0)]
    file = tmp_path / "results"

    def kept(*trials: Trial) -> list[bool]:
        results = Results(tmp_path, file)
        return [results.of(trial) is not None for trial in trials]

    assert [False, False] == kept(dead, alive)
    for trial, verdict in zip((dead, alive), verdicts, strict=True):
        Results(tmp_path, file).add(trial, verdict)
    assert verdicts == [Results(tmp_path, file).of(trial) for trial in (dead, alive)]
    assert [False, False] == kept(dead.without([noticed]), alive.without([noticed]))
    assert [True, False] == kept(*(each.without(["tests/test_c.py::test_it"]) for each in (dead, alive)))
    for name, left in zip(names, ([False, False], [False, False], [True, False]), strict=True):
        (tmp_path / name).write_text("2", encoding="utf-8")
        assert (name, left) == (name, kept(dead, alive))
        (tmp_path / name).write_text("1", encoding="utf-8")
    assert [True, True] == kept(dead, alive)


@pytest.mark.slow
def test_a_run_on_tests_that_fail_anyway(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are named and not asked; where all fail, or a file of the table is gone, nothing is said of mutants."""
    fails = "def test_other() -> None: assert 0\n"
    (tree / "tests/part/test_other.py").write_text(fails, encoding="utf-8")
    codes = [main(["--count", "1", "--only", "*/thing.py", "--seed", "5"], root=tree, parts=PARTS)]
    (tree / "tests/part/test_thing.py").write_text(fails, encoding="utf-8")
    (tree / "tests/wider/test_wider.py").write_text(fails, encoding="utf-8")
    codes += [main(["--count", "1"], root=tree, parts=PARTS), main([], root=tree, parts=[Part("a", ("b.py",), ())])]
    said = capsys.readouterr().err.splitlines()
    assert ([2, 2], "fails without any mutation, and is not asked: tests/part/test_other.py::test_other") == (
        codes[1:],
        said[0],
    )
    assert ["no test passes", "tools/mutants/table.py: no file is flowforge/b.py"] == said[-2:]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Part("a", ("b.py",), ()), "no file is flowforge/b.py"),
        (Part("a", ("part/thing.py",), ("tests/gone.py",)), "no test is tests/gone.py"),
        (Part("a", ("part/*.py", "part/thing.py"), ()), "two lines have flowforge/part/thing.py"),
    ],
)
def test_a_table_that_is_wrong(tree: Path, part: Part, said: str) -> None:
    """A line whose file or tests were renamed, and a file that stands twice, are told."""
    with pytest.raises(ValueError, match=f"^tools/mutants/table.py: {said}$"):
        list(table.files(tree, [part]))


@pytest.mark.slow
def test_a_map_is_kept(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is kept is read again; only tests that changed, or executed a file that changed, are run once more."""
    kept = tmp_path_factory.mktemp("kept") / "map.json"
    paths = ["flowforge/part/thing.py"]
    it, wider = "tests/part/test_thing.py::test_it", "tests/wider/test_wider.py::test_it"
    first, _ = reach.mapped(tree, paths, 1, kept)
    assert {
        it: {"flowforge/part/thing.py": sum(1 << line for line in (3, 4, 5, 17, 18, 19))},
        wider: {"flowforge/part/thing.py": 1 << 9},
        "tests/part/test_other.py::test_other": {},
    } == {test: each.lines for test, each in first.tests.items()}
    assert (first, (first, [])) == (reach.read(kept), reach.mapped(tree, paths, 1, kept))

    (tree / "tests/wider/test_wider.py").write_text(WIDER.replace("more(1, 1)", "bigger(2, 1)"), encoding="utf-8")
    second, _ = reach.mapped(tree, paths, 1, kept)
    assert {"flowforge/part/thing.py": 1 << 3 | 1 << 4} == second.tests[wider].lines
    assert (first.tests[it], second) == (second.tests[it], reach.read(kept))

    (tree / "flowforge/part/thing.py").write_text("#\n" + MODULE, encoding="utf-8")
    third, _ = reach.mapped(tree, paths, 1, kept)
    assert {"flowforge/part/thing.py": 1 << 4 | 1 << 5} == third.tests[wider].lines

    now = {**third.digests, "tests/conftest.py": "new"}
    assert ({}, third.tests) == (third.kept(now, paths), third.kept(third.digests, paths))
    assert {} == third.kept(third.digests, [*paths, "flowforge/part/__init__.py"])


HEADS = b"""
a = 1
def f(b=2):
    if (
        b
    ):
        return g(
            b,
        )
    try:
        c()
    except D:
        pass
class E:
    e = 3
    def h(self): return 4
"""


@pytest.mark.parametrize(
    ("line", "alone", "statement"),
    [
        (2, set(), set()),
        (3, set(), set()),
        (5, {5}, {4, 5, 6}),
        (8, {8}, {7, 8, 9}),
        (11, {11}, {11}),
        (12, {12}, {10, 12}),
        (15, set(), set()),
        (16, {16}, {16}),
    ],
)
def test_the_lines_of_a_statement(line: int, alone: set[int], statement: set[int]) -> None:
    """In a function, a statement's lines, of a block its head's; none of what runs as the file is imported."""
    assert (alone, statement) == choice.lines(HEADS, line)


def test_the_tests_of_a_mutant() -> None:
    """Those that execute its line, else its statement, else its file, and the own ones; own first, fast first."""
    path = "flowforge/a.py"
    known = Map(
        {
            "tests/b/test_b.py::test_fast": Reached(0.1, {path: 1 << 8}),
            "tests/a/test_a.py::test_slow": Reached(9.0, {path: 1 << 8}),
            "tests/a/test_a.py::test_fast": Reached(1.0, {path: 1 << 8 | 1 << 11}),
            "tests/a/test_a.py::test_endless": Reached(99.0, {path: 1 << 8}),
            "tests/ab/test_b.py::test_head": Reached(1.0, {path: 1 << 7}),
            "tests/a/test_a.py::test_nothing": Reached(2.0, {}),
            "tests/a/test_c.py::test_near": Reached(0.2, {path: 1 << 11}),
            "tests/b/test_b.py::test_late": Reached(30.0, {path: 1 << 8}),
        },
        {},
    )

    def asked(line: int, path: str = path, known: Map = known) -> list[str]:
        mutant = Mutant(path, line, "f", "", "", 0, 0, b"")
        return list(choice.chosen(known, ("tests/a",), mutant, HEADS))

    fast, slow, nothing = (f"tests/a/test_a.py::test_{name}" for name in ("fast", "slow", "nothing"))
    near, other, head = "tests/a/test_c.py::test_near", "tests/b/test_b.py::test_fast", "tests/ab/test_b.py::test_head"
    # Of the part's own, and of others, each as many as end in their time.
    assert [fast, slow, other] == asked(8)
    assert [head] == asked(7)
    assert [fast, slow, other, head] == asked(9)
    # No test executes this one: first what is called like the file, then what executes any of its lines.
    assert [fast, slow] == asked(2)[:2]
    short = Map({test: each for test, each in known.tests.items() if each.cpu < 9}, {})
    assert [fast, nothing, near, other, head] == asked(2, known=short)
    assert [near, fast, nothing, slow] == asked(2, "flowforge/other.py")
