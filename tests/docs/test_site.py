"""The site of the docs: how its pages are laid out, and what its builder refuses."""

import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tools import docs_site

pytestmark = pytest.mark.no_coverage

PLACES = {
    "docs/a.md": "a.md",
    "docs/how/b.md": "how/b.md",
    "NEWS.md": "NEWS.md",
    "examples/README.md": "examples/README.md",
}


def test_every_page_has_its_place(tmp_path: Path) -> None:
    """All pages of docs/ and those beside it stand in the navigation once, and nothing else does."""
    docs_site.lay_out(ROOT, tmp_path)
    config = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))
    assert [] == list(docs_site.misplaced(config, tmp_path))


def test_a_page_without_a_place_is_noticed(tmp_path: Path) -> None:
    """So is a place without a page, and one that is given twice."""
    (tmp_path / "a.md").touch()
    (tmp_path / "b.md").touch()
    nav = [{"A": "a.md"}, {"More": [{"Again": "a.md"}, {"C": "c.md"}]}]
    assert [
        "zensical.toml: b.md has no place in `nav`",
        "zensical.toml: there is no page c.md",
        "zensical.toml: a.md has two places in `nav`",
    ] == list(docs_site.misplaced({"project": {"nav": nav}}, tmp_path))


@pytest.mark.parametrize(
    ("name", "text", "there"),
    [
        ("docs/a.md", "[b](how/b.md#c)", "[b](how/b.md#c)"),
        ("docs/how/b.md", "[a](../a.md)", "[a](../a.md)"),
        ("docs/how/b.md", "[`n` [1]](../../NEWS.md#x)", "[`n` [1]](../NEWS.md#x)"),
        ("NEWS.md", "[b](docs/how/b.md)", "[b](how/b.md)"),
        ("docs/a.md", "[all](../examples)", "[all](examples/README.md)"),
        ("docs/a.md", "the [`code`](../flowforge/a.py) of it", "the `code` of it"),
        ("docs/a.md", "[w](https://example.com) [h](#here)", "[w](https://example.com) [h](#here)"),
        ("docs/a.md", "`[b](x.py)`\n```text\n[b](x.py)\n```\n", "`[b](x.py)`\n```text\n[b](x.py)\n```\n"),
    ],
)
def test_a_link_leads_to_where_things_are_on_the_site(name: str, text: str, there: str) -> None:
    """To pages and folders of the checkout; to what the site has not it is text, and in code it is no link."""
    assert there == docs_site.relinked(text, name, PLACES)


def test_a_list_that_is_lost_on_the_site_is_noticed(tmp_path: Path) -> None:
    """What GitHub shows as two points and the site as a paragraph is named, also in a folder's first page."""
    pages, site = tmp_path / "pages", tmp_path / "site"
    for folder in (pages / "more", site / "more"):
        folder.mkdir(parents=True)
    for name, html in (("a.md", "a.html"), ("more/README.md", "more/index.html"), ("b.md", "b.html")):
        (pages / name).write_text("A:\n- one\n- two\n", "utf-8")
        points = "<li>one<li>two" if name == "b.md" else "- one - two"
        (site / html).write_text(f"<nav><li></nav><article>A: {points}</article>", "utf-8")
    assert [
        "a.md: GitHub shows 2 of <li>, and the site 0",
        "more/README.md: GitHub shows 2 of <li>, and the site 0",
    ] == list(docs_site.unlike(pages, site))


def test_what_is_wrong_with_a_site_is_told(tmp_path: Path) -> None:
    """A file and an anchor that are not there, and whatever is loaded from somebody else."""
    (tmp_path / "in").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top">A</h1><a href="in/b.html#c">b</a><a href="in/b.html#no">b</a><a href="#top">t</a><a href="#nope">'
        '</a><a href="gone.html">g</a><a href="https://example.com">e</a><img src="//example.com/i.png">'
        '<script src="https://cdn.example.com/x.js"></script><link rel="stylesheet" href="a.css">',
        "utf-8",
    )
    (tmp_path / "in/b.html").write_text(
        '<p id="c"></p><a href="../index.html#top">a</a><a href="/in/b.html">b</a>', "utf-8"
    )
    assert [
        "index.html: in/b.html#no has no such heading",
        "index.html: #nope has no such heading",
        "index.html: gone.html is not there",
        "index.html: it loads //example.com/i.png",
        "index.html: it loads https://cdn.example.com/x.js",
        "index.html: a.css is not there",
    ] == list(docs_site.complaints(tmp_path))
