"""Draw the page as the documentation shows it: light, dark, narrow, and with 5,000 rows.

python -m tests.browser.screenshots docs/images
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from flowforge.render.formats import HTML
from tests.browser.chromium import Sheet, chromium, missing
from tests.browser.documents import of_plan

# Name, rows, colours, width in pixels.
SHOTS: Final = (
    ("page-light", 60, "light", 1200),
    ("page-dark", 60, "dark", 1200),
    ("page-narrow", 60, "light", 390),
    ("page-5000-rows", 5_000, "light", 1200),
)


def main(folder: Path) -> None:
    """Write a PNG for each."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        for name, rows, scheme, width in SHOTS:
            page = Path(scratch) / f"{name}.html"
            page.write_text(HTML.write(*of_plan(rows)), encoding="utf-8")
            sheet = Sheet(browser, page.as_uri(), color_scheme=scheme, viewport={"width": width, "height": 860})
            if rows > 1_000:
                sheet.find("billing")
            sheet.page.screenshot(path=str(folder / f"{name}.png"))
            sheet.close()


if __name__ == "__main__":
    if why := missing():
        sys.exit(f"no screenshots: {why}")
    main(Path(sys.argv[1]))
