"""Which files are mutated, and which tests are a part's own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """Files that are tested together. files: globs below the root. own: tests that are asked first."""

    name: str
    files: tuple[str, ...]
    own: tuple[str, ...]


PARTS = (
    Part(
        "the decision",
        ("plan/decide*.py", "plan/unseen.py", "plan/capacity.py", "plan/facts.py", "plan/change.py"),
        ("tests/plan",),
    ),
    Part("the brakes", ("plan/safety.py",), ("tests/plan",)),
    Part("adoption, audience, report", ("plan/adoption.py", "plan/audience.py", "plan/report.py"), ("tests/plan",)),
    Part(
        "limits of GitHub",
        (
            "github/rate_window.py",
            "github/content_limits.py",
            "github/pauses.py",
            "github/pacer.py",
            "github/rate_ledger.py",
        ),
        ("tests/github",),
    ),
    Part(
        "answers of GitHub",
        (
            "github/http.py",
            "github/exchange.py",
            "transport/*.py",
            "github/answer.py",
            "github/body.py",
            "github/classify.py",
            "github/forbidden.py",
            "github/confirm.py",
        ),
        ("tests/github",),
    ),
    Part(
        "lists and writes of GitHub",
        (
            "github/paging.py",
            "github/repos.py",
            "github/discover.py",
            "github/secrets.py",
            "github/variables.py",
            "github/org_secrets.py",
            "github/seal.py",
        ),
        ("tests/github",),
    ),
    Part("the state", ("state/merge.py", "state/codec.py", "state/shape.py", "state/journal.py"), ("tests/state",)),
    Part("values", ("vault.py",), ("tests/test_vault.py",)),
    Part("credentials", ("credentials/*_checks.py", "credentials/types.py"), ("tests/credentials",)),
    Part(
        "errors",
        ("errors.py", "tokens.py", "durations.py", "text_encoding.py"),
        ("tests/test_errors.py", "tests/test_tokens.py", "tests/test_durations.py", "tests/test_text_encoding.py"),
    ),
    Part("writing", ("steps/apply/*.py",), ("tests/steps",)),
    Part("order and ground", ("plan/ordering.py", "plan/recordable.py"), ("tests/plan",)),
    Part("threads", ("concurrency.py",), ("tests/test_concurrency.py",)),
    Part(
        "trust",
        ("sources/trust.py", "ci_systems.py", "ci_runs.py"),
        ("tests/sources/test_trust.py", "tests/test_ci_systems.py", "tests/test_ci_runs.py"),
    ),
    Part("paths", ("paths.py",), ("tests/test_paths.py",)),
    Part(
        "who is chosen",
        (
            "manifest/members.py",
            "manifest/expand.py",
            "manifest/clashes.py",
            "manifest/only.py",
            "manifest/same_source.py",
        ),
        ("tests/manifest",),
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
