"""Elements of HTML as a tree, which the standard library writes: text is escaped by construction, never by hand.

Nothing here takes markup. A text becomes the text of an element; a name of an attribute or of a class is ours.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable

Element = ET.Element
Child = Element | str | None

# What a reader sees as a block begins on a line of its own. Elsewhere a line end would be a space.
_BLOCKS = frozenset(
    {"head", "body", "header", "main", "section", "table", "thead", "tbody", "tr", "ul", "ol", "dl", "div", "form"}
)


def element(tag: str, *children: Child, **attributes: str) -> Element:
    """Return an element with these texts and elements. `class_` is the attribute `class`; `a_b` is `a-b`."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    made = Element(tag, named)
    for child in children:
        _append(made, child)
    if tag in _BLOCKS:
        made.tail = "\n"
    return made


def own(tag: str, text: str) -> Element:
    """Return a style or a script, whose text is ours and is written as it is: a page's policy has its hash."""
    made = Element(tag)
    made.text = text
    return made


def listed(tag: str, children: Iterable[Child], **attributes: str) -> Element | None:
    """Return an element with these children; None where there are none."""
    given = [child for child in children if child is not None]
    return element(tag, *given, **attributes) if given else None


def page(root: Element) -> str:
    """Return the text of a page."""
    # Not as XML: there a `<script/>` without an end would swallow the page, and the text of a style or a script
    # would be escaped, so that its hash were another one.
    text: str = ET.tostring(root, encoding="unicode", method="html")
    return f"<!DOCTYPE html>\n{text}"


def _append(parent: Element, child: Child) -> None:
    if isinstance(child, str):
        # A line that began with a text from outside might be a command to the log of a CI system.
        text = " ".join(child.split("\n"))
        # ElementTree keeps a text that follows an element as that element's tail.
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + text
        else:
            parent.text = (parent.text or "") + text
    elif child is not None:
        parent.append(child)
