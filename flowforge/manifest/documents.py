"""The parsed files of a manifest, read as one: sections, names and entries across all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.nodes import Node
from flowforge.manifest.trust import Rules


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. folder: absolute; what its relative paths begin at."""

    path: Path
    folder: Path
    root: Node


@dataclass(frozen=True, slots=True)
class Documents:
    """All files, at least one, with the operator's rules and what was found wrong so far.

    default_state: where the state stands when the manifest does not say.
    """

    all: tuple[Document, ...]
    default_state: Path
    rules: Rules
    findings: Findings

    def named(self, section: str) -> Iterator[tuple[Document, str, Where, Node]]:
        """Give the entries of `credentials` or `groups` in all files: file, name, the name's position, entry."""
        for document in self.all:
            node = document.root.part(section)
            for name, entry in node.mapping().items() if node else ():
                yield document, name, node.keys[name], entry  # type: ignore[union-attr] -- entries come of a node

    def entries(self, section: str) -> Iterator[Node]:
        """Give the sound entries of `targets` or `absent` in all files."""
        for document in self.all:
            node = document.root.part(section)
            yield from node.items() if node else ()

    def names(self, section: str) -> Mapping[str, None]:
        """Give the names in a section, also of entries that are not sound: what refers to those is not wrong."""
        return {name: None for _, name, _, _ in self.named(section)}

    def single(self, section: str) -> tuple[Document, Node]:
        """Give a section that only one file may have (FF147), or an empty one of the first file."""
        found = [document for document in self.all if section in document.root.keys]
        for document in found[1:]:
            what = f"{quote(section)} stands in two files: it is at {found[0].root.keys[section]} already"
            fix = "keep it in one of the files of a manifest"
            self.findings.add(document.root.keys[section], "FF147", what, fix=fix)
        document = found[0] if found else self.all[0]
        return document, document.root.part(section) or Node(Where(document.root.where.file), {}, parts={})

    def check_names(self) -> None:
        """Report (FF146) a name that stands twice: credentials and groups of all files share one namespace."""
        seen: dict[str, tuple[str, Where]] = {}
        for section, noun in (("credentials", "a credential"), ("groups", "a group")):
            for _, name, where, _ in self.named(section):
                other, first = seen.setdefault(name, (noun, where))
                if first != where:
                    what = f"the name {quote(name)} is used twice: it is {other} at {first}"
                    why = "credentials and groups share one namespace, in all files of a manifest"
                    self.findings.add(where, "FF146", what, why=why, fix="rename one of the two")

    def check_purpose(self) -> None:
        """Report (FF148) a manifest that does not say what it wants, not even nothing."""
        if not any({"targets", "absent"} & document.root.keys.keys() for document in self.all):
            where = Where(self.all[0].root.where.file)
            why = "a file that was cut short looks like this too, and would want nothing"
            fix = "add `targets:`; write `targets: []` when nothing is wanted"
            self.findings.add(where, "FF148", "the manifest has neither targets nor absent", why=why, fix=fix)
