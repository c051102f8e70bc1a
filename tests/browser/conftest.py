"""One Chromium for all tests of the pages, and a page opened from a document."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flowforge.render.formats import HTML
from tests.browser.chromium import Sheet, chromium

Open = Callable[..., Sheet]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Run one Chromium for all tests."""
    with chromium() as running:
        yield running


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Open]:  # noqa: ANN401 -- playwright has no types here
    """Return a function that writes a document as a page and opens it."""
    opened: list[Sheet] = []

    def write(made: tuple[dict[str, Any], list[str]], **settings: Any) -> Sheet:  # noqa: ANN401 -- as playwright's
        path = tmp_path / f"page-{len(opened)}.html"
        path.write_text(HTML.write(*made), encoding="utf-8")
        opened.append(Sheet(browser, path.as_uri(), **settings))
        return opened[-1]

    yield write
    for each in opened:
        each.close()
