"""The page of a status in a real browser: sorted by expiry, filtered by what is dead, with each row's evidence."""

import pytest

from tests.browser.chromium import AXE, missing
from tests.browser.conftest import Open
from tests.made_status import status

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing() or "it can be looked at")]


def test_credentials_sort_by_expiry(show: Open) -> None:
    """What expires first stands first, and a click on the column turns it round."""
    sheet = show((status(21), []))
    column = "section.group:first-of-type tbody td:nth-child(2)"
    names = "all => all.map(each => each.firstChild.textContent)"
    first = sheet.page.eval_on_selector_all(column, names)
    for _ in range(2):
        sheet.page.click("section.group:first-of-type th:nth-child(3) button")
    turned = sheet.page.eval_on_selector_all(column, names)
    assert (["key-1", "key-0", "key-2"], ["key-2", "key-0", "key-1"]) == (first, turned)
    assert sheet.said == []


def test_the_dead_are_found_with_their_evidence(show: Open) -> None:
    """One choice leaves the dead alone, and each names the run that it rests on."""
    sheet = show((status(21), []))
    sheet.page.select_option("#kind", "dead")
    rows = sheet.page.eval_on_selector_all("tr.dead", "all => all.map(each => each.textContent)")
    assert (3, "3 of 24 rows") == (len(rows), sheet.page.text_content("#shown"))
    assert all("https://github.com/acme/api-" in text and "/job/1" in text for text in rows)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed; make browser installs it")
@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_nothing(show: Open, width: int) -> None:
    """Everybody can read it, on a narrow screen too."""
    sheet = show((status(21), []), viewport={"width": width, "height": 900})
    assert ([], []) == (sheet.violations(), sheet.said)


def test_five_thousand_rows_filter_in_a_blink(show: Open) -> None:
    """A fleet of five thousand can be filtered, and everything is there."""
    sheet = show((status(5000), []))
    sheet.page.select_option("#kind", "failing")
    assert sheet.page.text_content("#shown") == "714 of 5,003 rows"
