"""Lists of repositories, as `--exclude @FILE` reads them: a list, or an error; no line shows a credential."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from flowforge.errors import UsageError
from flowforge.paths import Confinement
from flowforge.plan.address import Repo
from flowforge.steps.refresh.line_filter import LineFilter
from flowforge.steps.refresh.repo_lists import read_lists
from fuzz.planted import MARK, TOKEN, check_said
from fuzz.target import Target

_REPOS = tuple(map(Repo.parse, ("acme/api", "acme/web", "other/api")))
_WORDS = ("acme/api", "ACME/*", "web", "[", "]", "*", "?", "!", "#", "@group", "\r\n", "\ufeff", "/", "..", "::error::")


def law(data: bytes) -> None:
    """Leave out whatever a file names: every repo is planned or not, or one error says why; nothing is shown of it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "list").write_bytes(data.replace(MARK.encode(), TOKEN.encode()))
        pattern = f"@{folder}/list"
        try:
            lists = read_lists((pattern,), (), Confinement.of({}))
            chosen = LineFilter(exclude=(pattern,), lists=lists)
            chosen.chooser(_REPOS)
            check_said("\n".join(chosen.unmatched(_REPOS)), data)
        except UsageError as error:
            check_said(str(error), data)


def seeds() -> Iterator[bytes]:
    """Yield lists in every encoding and with every end of lines, right and wrong."""
    text = "# ours\nacme/api\n\n  other/*  \n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"):
        yield text.encode(encoding)
    yield text.replace("\n", "\r\n").encode()
    yield b"acme/ap\namce/*\nacme*\n\xff"
    yield f"acme/{MARK}\n".encode()


TARGET = Target(law, seeds, _WORDS)
