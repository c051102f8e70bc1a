"""The page of a status in a real browser: sorted by expiry, filtered by what is dead, with each row's evidence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowforge.render.formats import HTML
from tests.browser.chromium import AXE, Sheet, chromium, missing
from tests.made_status import status

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing() or "it can be looked at")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Run one Chromium for all tests."""
    with chromium() as running:
        yield running


def opened(browser: Any, folder: Path, number: int, **settings: Any) -> Sheet:  # noqa: ANN401 -- playwright has no types here
    """Write the page of so many secrets, and open it."""
    path = folder / "status.html"
    path.write_text(HTML.write(status(number), []), encoding="utf-8")
    return Sheet(browser, path.as_uri(), **settings)


def test_credentials_sort_by_expiry(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401 -- see above
    """What expires first stands first, and a click on the column turns it round."""
    sheet = opened(browser, tmp_path, 21)
    try:
        column = "section.group:first-of-type tbody td:nth-child(2)"
        names = "all => all.map(each => each.firstChild.textContent)"
        first = sheet.page.eval_on_selector_all(column, names)
        for _ in range(2):
            sheet.page.click("section.group:first-of-type th:nth-child(3) button")
        turned = sheet.page.eval_on_selector_all(column, names)
        assert (["key-1", "key-0", "key-2"], ["key-2", "key-0", "key-1"]) == (first, turned)
        assert sheet.said == []
    finally:
        sheet.close()


def test_the_dead_are_found_with_their_evidence(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401 -- see above
    """One choice leaves the dead alone, and each names the run that it rests on."""
    sheet = opened(browser, tmp_path, 21)
    try:
        sheet.page.select_option("#kind", "dead")
        rows = sheet.page.eval_on_selector_all("tr.dead", "all => all.map(each => each.textContent)")
        assert (3, "3 of 24 rows") == (len(rows), sheet.page.text_content("#shown"))
        assert all("https://github.com/acme/api-" in text and "/job/1" in text for text in rows)
    finally:
        sheet.close()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed; make browser installs it")
@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_nothing(browser: Any, tmp_path: Path, width: int) -> None:  # noqa: ANN401 -- see above
    """Everybody can read it, on a narrow screen too."""
    sheet = opened(browser, tmp_path, 21, viewport={"width": width, "height": 900})
    try:
        assert ([], []) == (sheet.violations(), sheet.said)
    finally:
        sheet.close()


def test_five_thousand_rows_filter_in_a_blink(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401 -- see above
    """A fleet of five thousand can be filtered, and everything is there."""
    sheet = opened(browser, tmp_path, 5000)
    try:
        sheet.page.select_option("#kind", "failing")
        assert sheet.page.text_content("#shown") == "714 of 5,003 rows"
    finally:
        sheet.close()
