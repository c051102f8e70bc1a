"""A Chromium that is on this machine, driven by playwright; where one of the two is missing, the tests say so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from flowforge.on_demand import load

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
AXE: Final = Path(__file__).parents[2] / "tools/node/node_modules/axe-core/axe.min.js"
# playwright's own way to wait evaluates a text, which the page's policy forbids.
_FILTERED: Final = """before => new Promise(done => {
    const look = () => performance.getEntriesByName("filter").length > before ? done() : setTimeout(look, 5);
    look();
})"""


def found() -> str:
    """Return the path of a Chromium; empty where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), "")


def missing() -> str:
    """Return why a page cannot be looked at here; empty where it can."""
    try:
        load("playwright.sync_api")
    except ImportError:
        return "playwright is not installed; make browser installs it"
    return "" if found() else f"none of {', '.join(_NAMES)} is on the PATH"


@contextmanager
def chromium() -> Iterator[Any]:
    """Run a Chromium without a window, and without the network."""
    with load("playwright.sync_api").sync_playwright() as started:
        # As root, as in a container, Chromium has no sandbox of its own. What it is shown is a file that we wrote.
        browser = started.chromium.launch(executable_path=found(), args=["--no-sandbox"])
        yield browser
        browser.close()


class Sheet:
    """A page that is open in a browser, with what its console said."""

    def __init__(self, browser: Any, address: str, **settings: Any) -> None:  # noqa: ANN401 -- playwright has no types here
        """Open an address. settings: of the browser's context, such as `color_scheme`."""
        self.page = browser.new_context(**settings).new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)

    def rows(self) -> list[str]:
        """Return the places of the rows that are shown, from top to bottom."""
        script = "[...document.querySelectorAll('tbody tr:not([hidden])')]"
        shown = f"{script}.filter(r => r.offsetParent).map(r => r.cells[1].firstChild.textContent)"
        return [str(each) for each in self.page.evaluate(shown)]

    def find(self, words: str) -> None:
        """Type into the filter, and wait until it was used."""
        before = self.page.evaluate("performance.getEntriesByName('filter').length")
        self.page.fill("#find", words)
        self.page.evaluate(_FILTERED, before)

    def took(self, name: str) -> list[float]:
        """Return the milliseconds of script that each filtering, or each sorting, took."""
        return [
            float(each) for each in self.page.evaluate(f"performance.getEntriesByName('{name}').map(e => e.duration)")
        ]

    def violations(self) -> list[str]:
        """Return what axe-core finds: each rule that is broken, with the element."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run().then(done => done.violations.map(v => [v.id, v.nodes[0].html]))")
        return [f"{rule}: {html}" for rule, html in found]

    def close(self) -> None:
        """Close it."""
        self.page.context.close()
