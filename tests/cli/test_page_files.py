"""The page from end to end: on stdout and as a report of plan and apply, of what went well and of what did not."""

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

HOSTILE: Final = "<script>alert(1)</script>|`x` @everyone #1"


class Cells(HTMLParser):
    """Reads the rows of a page, and what its title and sentence say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.scripts = 0
        self.heads: dict[str, str] = {}
        self._within: list[str] = []
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row, a cell, or a heading."""
        self.scripts += tag == "script"
        self._within.append(str(dict(attrs).get("class") or tag))
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        self._within.append(f"/{tag}")
        self._in_cell &= tag != "td"

    def handle_data(self, data: str) -> None:
        """Put the text where it belongs."""
        if self._in_cell:
            self.rows[-1][-1] += data
        elif self._within and self._within[-1] in {"h1", "h2", "sentence"}:
            self.heads[self._within[-1]] = data.strip()

    @property
    def table(self) -> list[list[str]]:
        """The rows with cells: the first line of each."""
        return [[cell.strip() for cell in row] for row in self.rows if row]


def test_a_plan_is_a_page(fleet: "Fleet") -> None:
    """On stdout it is the page alone; each line has its row, its place in the manifest and its reason."""
    fleet.simple("acme/repo-001", "acme/repo-002")
    done = fleet.flowforge("plan", "--format", "html")
    page = Cells(done.out)
    assert (0, "", True, 1) == (done.code, done.err, done.out.startswith("<!DOCTYPE html>\n"), page.scripts)
    assert {
        "h1": "Plan",
        "sentence": "Plan: 2 to create, 0 to update, 0 to delete, 0 in sync.",
        "h2": "All",
    } == page.heads
    assert [
        ["+ create", f"acme/repo-00{number}", "ANTHROPIC_API_KEYci-key", "missingMorewritten at flowforge.yaml:7:5"]
        for number in (1, 2)
    ] == page.table


def test_apply_reports_as_a_page(fleet: "Fleet") -> None:
    """What became of each, beside the lines for people; nothing of the value is in it."""
    value = fleet.set_key()
    fleet.simple("acme/repo-001")
    done = fleet.flowforge("apply", "--yes", "--report", "html=report.html")
    text = (fleet.folder / "report.html").read_text(encoding="utf-8")
    page = Cells(text)
    assert (0, "What apply did", done.lines[-1]) == (done.code, page.heads["h1"], page.heads["sentence"])
    assert ([["+ created", "acme/repo-001"]], False) == ([row[:2] for row in page.table], value[13:21] in text)


def test_what_stops_a_run_is_a_page(fleet: "Fleet") -> None:
    """The errors of a manifest are in the report, each with its code, its place and its fix."""
    fleet.manifest("version: 1\ncredential: {}\n")
    done = fleet.flowforge("plan", "--report", "html=plan.html")
    text = (fleet.folder / "plan.html").read_text(encoding="utf-8")
    told = 'FF120 flowforge.yaml:2:1: the key "credential" is not known here<p class="fix">Fix: did you mean '
    assert (1, "Stopped", True) == (done.code, Cells(text).heads["h1"], told in text)


def test_a_hostile_name_is_a_name(fleet: "Fleet") -> None:
    """A target called like a script is the heading of its rows, and no script."""
    fleet.simple("acme/repo-001")
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text.replace("name: All", f'name: "{HOSTILE}"'))
    page = Cells(fleet.flowforge("plan", "--format", "html").out)
    assert (1, HOSTILE) == (page.scripts, page.heads["h2"])
