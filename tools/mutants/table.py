"""Which files are mutated, which tests are a part's own, and which others get to see what those let live."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """Files that are tested together.

    files: globs below the root. own: paths of tests that shall notice. wider: those that are asked next, `{name}` in
    them stands for the file's.
    """

    name: str
    files: tuple[str, ...]
    own: tuple[str, ...]
    wider: tuple[str, ...]


_ALL = ("tests/steps", "tests/cli")

PARTS = (
    Part(
        "the decision",
        ("plan/decide*.py", "plan/unseen.py", "plan/capacity.py", "plan/facts.py", "plan/change.py"),
        ("tests/plan",),
        ("tests/render", "tests/state", *_ALL),
    ),
    Part("the brakes", ("plan/safety.py",), ("tests/plan",), _ALL),
    Part(
        "adoption, audience, report",
        ("plan/adoption.py", "plan/audience.py", "plan/report.py"),
        ("tests/plan",),
        ("tests/render", "tests/state", *_ALL),
    ),
    Part(
        "limits of GitHub",
        ("github/rate_window.py", "github/pacer.py", "github/rate_ledger.py"),
        ("tests/github",),
        _ALL,
    ),
    Part(
        "answers of GitHub",
        (
            "github/http.py",
            "github/exchange.py",
            "github/deadline.py",
            "github/answer.py",
            "github/body.py",
            "github/classify.py",
            "github/forbidden.py",
            "github/confirm.py",
        ),
        ("tests/github",),
        _ALL,
    ),
    Part(
        "lists and writes of GitHub",
        (
            *("github/paging.py", "github/repos.py", "github/discover.py", "github/secrets.py"),
            *("github/variables.py", "github/org_secrets.py", "github/seal.py"),
        ),
        ("tests/github",),
        _ALL,
    ),
    Part(
        "the state",
        ("state/merge.py", "state/codec.py", "state/shape.py", "state/journal.py"),
        ("tests/state",),
        _ALL,
    ),
    Part("values", ("vault.py",), ("tests/test_{name}.py",), ("tests/sources", *_ALL)),
    Part(
        "credentials",
        ("credentials/*_checks.py", "credentials/types.py"),
        ("tests/credentials",),
        ("tests/sources", *_ALL),
    ),
    Part(
        "errors",
        ("errors.py", "tokens.py", "durations.py", "text_encoding.py"),
        ("tests/test_{name}.py",),
        ("tests/manifest", "tests/github", *_ALL),
    ),
    Part("writing", ("steps/apply/*.py",), ("tests/steps",), ("tests/cli",)),
    Part("order and ground", ("plan/ordering.py", "plan/recordable.py"), ("tests/plan",), ("tests/state", *_ALL)),
    Part("threads", ("concurrency.py",), ("tests/test_{name}.py",), _ALL),
    Part(
        "trust",
        ("sources/trust.py", "ci_systems.py", "ci_runs.py"),
        ("tests/sources/test_trust.py", "tests/test_ci_systems.py", "tests/test_ci_runs.py"),
        ("tests/sources", "tests/cli"),
    ),
    Part("paths", ("paths.py",), ("tests/test_paths.py",), ("tests/cli/test_links.py", "tests/state")),
    Part(
        "who is chosen",
        (
            *("manifest/members.py", "manifest/expand.py", "manifest/clashes.py"),
            *("manifest/only.py", "manifest/same_source.py"),
        ),
        ("tests/manifest",),
        _ALL,
    ),
)


def files(root: Path, parts: Sequence[Part]) -> Iterator[tuple[Part, Path]]:
    """Yield each file with its part, sorted within a part.

    Raises ValueError for a glob that matches nothing: the file was renamed, and so shall be its line here.
    """
    for part in parts:
        for glob in part.files:
            found = sorted((root / "flowforge").glob(glob))
            if not found:
                message = f"tools/mutants/table.py: no file is flowforge/{glob}"
                raise ValueError(message)
            yield from ((part, path) for path in found)


def tests(root: Path, paths: tuple[str, ...], mutated: str) -> tuple[str, ...]:
    """Return what pytest is given: the tests that are named like the mutated file first, then the rest."""
    name = Path(mutated).stem
    named = [path.format(name=name) for path in paths]
    stem = re.escape(name)
    first = [
        test.relative_to(root).as_posix()
        for path in named
        if (root / path).is_dir()
        for test in sorted((root / path).rglob("test_*.py"))
        if re.fullmatch(rf"test_{stem}(_\w+)?\.py", test.name)
    ]
    return (*first, *named)
