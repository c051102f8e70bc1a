"""The parsed files of a manifest, read as one: the sections, names and entries of all of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from flowforge.data_class import dataclass
from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.nodes import MapNode, Node
from flowforge.manifest.trust import Rules


@dataclass(frozen=True, slots=True)
class ManifestDocument:
    """A parsed file."""

    path: Path
    folder: Path
    """Absolute. The file's relative paths begin here."""
    root: Node


@dataclass(frozen=True, slots=True)
class Documents:
    """All files of a manifest, with the operator's rules and the problems that were found so far."""

    all: tuple[ManifestDocument, ...]
    """At least one."""
    default_state: Path
    """Where the state is kept if the manifest does not say."""
    rules: Rules
    findings: Findings

    def sections(self, name: str) -> Iterator[tuple[ManifestDocument, Node]]:
        """Yield a section of each file that has it, unless the section is bad."""
        for document in self.all:
            section = document.root.part(name)
            if section is not None:
                yield document, section

    def named(self, section: str) -> Iterator[tuple[ManifestDocument, str, Where, Node]]:
        """Yield each entry of `credentials` or `groups`: its file, its name, the position of the name, the entry."""
        for document, node in self.sections(section):
            for name, entry in node.entries().items():
                yield document, name, node.key(name), entry

    def listed(self, section: str) -> Iterator[Node]:
        """Yield each entry of `targets` or `absent`."""
        for _, node in self.sections(section):
            yield from node.items()

    def references(self, section: str) -> "References":
        """Return the names of `credentials` or `groups`, to check references to them."""
        # Names of bad entries too: whoever refers to one made no mistake, and one error is enough.
        names = {name: None for _, name, _, _ in self.named(section)}
        whole = all(document.root.part(section) for document in self.all if section in document.root.entries())
        whole = whole and not any(section in document.root.meant for document in self.all)
        return References(section, names, whole, self.findings)

    def single(self, section: str) -> tuple[ManifestDocument, Node]:
        """Return a section that only one file may have (FF147), or an empty one of the first file."""
        found = [document for document in self.all if section in document.root.entries()]
        for document in found[1:]:
            what = f"{quote(section)} stands in two files: it is at {found[0].root.key(section)} already"
            fix = "keep it in one file of the manifest"
            self.findings.add(document.root.key(section), "FF147", what, fix=fix)
        document = found[0] if found else self.all[0]
        return document, document.root.part(section) or MapNode(Where(document.root.where.file), {})

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

    def check_selecting(self) -> None:
        """Report (FF146) two targets, or two absent entries, that select under one name: the state refers to it."""
        for section, nouns in (("targets", "targets"), ("absent", "absent entries")):
            seen: dict[str, Where] = {}
            for node in self.listed(section):
                name, where = node.text("name"), node.where
                if name and "select" in node.entries() and (first := seen.setdefault(name, where)) != where:
                    what = f"two {nouns} select under the name {quote(name)}: the other is at {first}"
                    why = "the state remembers by this name which repositories a selector has admitted"
                    self.findings.add(where, "FF146", what, why=why, fix="rename one of the two")

    def check_purpose(self) -> None:
        """Report (FF148) a manifest that does not say what it wants, not even `targets: []`."""
        if all(document.root.lacks("targets", "absent") for document in self.all):
            where = Where(self.all[0].root.where.file)
            why = "a file that was cut short looks like this too, and would want nothing"
            fix = "add `targets:`; write `targets: []` when nothing is wanted"
            self.findings.add(where, "FF148", "the manifest has neither targets nor absent", why=why, fix=fix)


@dataclass(frozen=True, slots=True)
class References:
    """The names of a section, to which entries of other sections refer."""

    section: str
    names: Mapping[str, None]
    """In the order of the files, bad entries included."""
    whole: bool
    """False where a file's section is bad or misspelt. Then a name that is missing may be there: none is reported."""
    findings: Findings

    def check(self, name: str, where: Where) -> None:
        """Report a name that no entry has: FF140 for a credential, FF141 for a group."""
        if self.whole and name not in self.names:
            code, noun = ("FF140", "credential") if self.section == "credentials" else ("FF141", "group")
            fix = self.findings.suggest(name, self.names, f"add it under `{self.section}:`")
            self.findings.add(where, code, f"there is no {noun} {quote(name)}", fix=fix)
