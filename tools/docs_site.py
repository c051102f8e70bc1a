"""Build the documentation as a site, strictly, into build/site; exit 1 where anything is wrong with it.

The pages are those of docs/, and what people read that stands elsewhere in the checkout. They are laid out in
build/pages as in the checkout, docs/ at its root. A link to a file that is no page and no download of the site is text
there, since nobody who reads the site has the file. Then Zensical builds, strictly, and what it built is read: every
page has its place in the navigation, every link leads to a file and an anchor that are there, nothing is loaded from
anywhere else, and lists and tables are those that GitHub shows.
"""

import posixpath
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from markdown_it import MarkdownIt

ROOT: Final = Path(__file__).resolve().parent.parent
# Pages outside of docs/.
_BESIDE: Final = (
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "benchmarks/RESULTS.md",
    "examples/README.md",
    "examples/plugin/README.md",
)
# What a page may link to, to be downloaded.
_DOWNLOADS: Final = ("examples/workflows/*.yaml", "schemas/*.json")
_FENCED: Final = re.compile(r"((?:^|\n)(```|~~~).*?\n\2|`[^`\n]+`)", re.DOTALL)
# What holds a page together, and what GitHub's reader calls it.
_SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    "li": ("list_item_open",),
    "tr": ("tr_open",),
    "pre": ("fence", "code_block"),
}
_LINK: Final = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def lay_out(root: Path, pages: Path) -> None:
    """Put all pages and downloads of the checkout `root` into the folder `pages`, docs/ at its root."""
    shutil.rmtree(pages, ignore_errors=True)
    docs = [path.relative_to(root / "docs") for path in sorted((root / "docs").rglob("*")) if path.is_file()]
    places = {f"docs/{path.as_posix()}": path.as_posix() for path in docs}
    found = chain(
        _BESIDE, (path.relative_to(root).as_posix() for glob in _DOWNLOADS for path in sorted(root.glob(glob)))
    )
    places |= {name: name for name in found if (root / name).exists()}
    for name, place in places.items():
        target = pages / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == ".md":
            target.write_text(relinked((root / name).read_text("utf-8"), name, places), "utf-8")
        else:
            shutil.copyfile(root / name, target)


def relinked(text: str, name: str, places: Mapping[str, str]) -> str:
    """Return a page whose links lead to where things are on the site. name: its path in the checkout."""

    def link(match: re.Match[str]) -> str:
        path, mark, anchor = match[2].partition("#")
        if not path or re.match(r"[a-z][a-z+.-]*:", path):
            return match[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        place = places.get(target) or places.get(f"{target}/README.md")
        if place is None:
            return match[1]
        return f"[{match[1]}]({posixpath.relpath(place, posixpath.dirname(places[name]) or '.')}{mark}{anchor})"

    # Every second or third part is code, in which nothing is a link; a link's own text may have code in it.
    spans: list[str] = []

    def kept(match: re.Match[str]) -> str:
        spans.append(match[0])
        return f"\0{len(spans) - 1}\0"

    linked = _LINK.sub(link, _FENCED.sub(kept, text))
    return re.sub(r"\0(\d+)\0", lambda match: spans[int(match[1])], linked)


@dataclass
class _Html(HTMLParser):
    """What one page of the site links to, what it loads, and the anchors that it has."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        given = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := given.get(key))}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        self.loads += [given["src"] or ""] if given.get("src") else []
        self.loads += [given["href"] or ""] if tag == "link" and given.get("href") else []


def complaints(site: Path) -> Iterator[str]:
    """Yield what is wrong with a site: links that lead nowhere, and what is loaded from somebody else."""
    read = {path: _Html() for path in sorted(site.rglob("*.html"))}
    for path, page in read.items():
        page.feed(path.read_text("utf-8"))
    for path, page in read.items():
        name = path.relative_to(site).as_posix()
        for target in dict.fromkeys((*page.links, *page.loads)):
            there, mark, anchor = target.partition("#")
            if re.match(r"[a-z][a-z+.-]*:|//", there):
                if target in page.loads:
                    yield f"{name}: it loads {target}"
                continue
            # The page that says what is not there is shown at any address, so its links begin at the root.
            base = site if there.startswith("/") else path.parent
            file = (base / unquote(there.lstrip("/"))).resolve() if there else path
            file = file / "index.html" if file.is_dir() else file
            if not file.exists():
                yield f"{name}: {target} is not there"
            elif mark and anchor and file in read and unquote(anchor) not in read[file].anchors:
                yield f"{name}: {target} has no such heading"


def unlike(pages: Path, site: Path) -> Iterator[str]:
    """Yield pages of which the site shows another number of lists, tables or blocks of code than GitHub does.

    Two dialects of Markdown read the same pages: what is a list to GitHub may be one paragraph to the other.
    """
    reader = MarkdownIt().enable("table")
    for path in sorted(pages.rglob("*.md")):
        name = path.relative_to(pages)
        shown = site / (name.parent / "index.html" if name.name == "README.md" else name.with_suffix(".html"))
        page = shown.read_text("utf-8") if shown.exists() else ""
        _, _, article = page.partition("<article")
        tokens = Counter(token.type for token in reader.parse(path.read_text("utf-8")))
        for tag, types in _SHAPES.items():
            meant = sum(tokens[each] for each in types)
            found = len(re.findall(f"<{tag}[ >]", article.partition("</article>")[0]))
            if meant != found:
                yield f"{name.as_posix()}: GitHub shows {meant} of <{tag}>, and the site {found}"


def misplaced(config: Mapping[str, Any], pages: Path) -> Iterator[str]:
    """Yield pages without a place in the navigation, and places without a page."""
    placed = list(_places(config["project"]["nav"]))
    there = {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")}
    yield from (f"zensical.toml: {name} has no place in `nav`" for name in sorted(there - set(placed)))
    yield from (f"zensical.toml: there is no page {name}" for name in sorted(set(placed) - there))
    yield from (
        f"zensical.toml: {name} has two places in `nav`" for name in sorted({n for n in placed if placed.count(n) > 1})
    )


def _places(nav: list[Mapping[str, Any]]) -> Iterator[str]:
    for value in chain.from_iterable(entry.values() for entry in nav):
        if isinstance(value, str):
            yield value
        else:
            yield from _places(value)


def main(root: Path) -> int:
    """Build, print what is wrong, and return the exit code."""
    config = tomllib.loads((root / "zensical.toml").read_text("utf-8"))
    pages, site = (root / config["project"][key] for key in ("docs_dir", "site_dir"))
    lay_out(root, pages)
    found = list(misplaced(config, pages))
    shutil.rmtree(site, ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", "zensical.toml"]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        # Its traceback says nothing of the pages.
        print(done.stdout + done.stderr.partition("Traceback")[0], end="")
        found.append("The site could not be built.")
    else:
        found += [*complaints(site), *unlike(pages, site)]
    print("\n".join(found) or f"The site is built: {site.relative_to(root)}/index.html")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(ROOT))
