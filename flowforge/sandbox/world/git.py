"""A git repository as far as its API shows one: objects under git's own hashes, and branches."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from flowforge.sandbox.rules.clock import timestamp

BLOB, TREE = "100644", "40000"
MAIN = "main"
_Kept = TypeVar("_Kept")


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder: mode and hash by name."""

    entries: dict[str, tuple[str, str]]

    def payload(self) -> bytes:
        """Return what git hashes. Folders sort as if their names ended with a slash."""
        ordered = sorted(self.entries.items(), key=lambda item: item[0] + "/" * (item[1][0] == TREE))
        return b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha) for name, (mode, sha) in ordered)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. at: seconds since the epoch. author: a login."""

    tree: str
    parents: tuple[str, ...]
    message: str
    author: str
    at: int

    @property
    def signature(self) -> dict[str, str]:
        """Return who and when, as the API shows it."""
        mail = f"{self.author}@users.noreply.github.com"
        return {"name": self.author, "email": mail, "date": timestamp(self.at)}

    def payload(self) -> bytes:
        """Return what git hashes."""
        who = f"{self.author} <{self.signature['email']}> {self.at} +0000"
        lines = [f"tree {self.tree}", *(f"parent {sha}" for sha in self.parents), f"author {who}", f"committer {who}"]
        return "\n".join([*lines, "", self.message]).encode()


@dataclass(slots=True)
class Git:
    """Objects by hash and branches by full name, like `refs/heads/main`. Not thread-safe: the world's lock guards it.

    guards: by branch, whether or not it exists, who refuses its pushes: `protection` or `rules`.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, Tree] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    guards: dict[str, str] = field(default_factory=dict)

    def begin(self, name: str, at: int) -> None:
        """Make the first commit, as GitHub does for who asks for a README."""
        self.commit_file(
            f"refs/heads/{MAIN}", "README.md", f"# {name}\n".encode(), "Initial commit", author=name, at=at
        )

    def add_blob(self, data: bytes) -> str:
        """Keep bytes; give their hash."""
        return _kept(self.blobs, "blob", data, data)

    def add_tree(self, tree: Tree) -> str:
        """Keep a folder; give its hash."""
        return _kept(self.trees, "tree", tree.payload(), tree)

    def add_commit(self, commit: Commit) -> str:
        """Keep a commit; give its hash."""
        return _kept(self.commits, "commit", commit.payload(), commit)

    def resolve(self, name: str) -> str:
        """Return the commit of a branch's full or short name, or of a commit's hash; empty for none."""
        return self.refs.get(name) or self.refs.get(f"refs/heads/{name}") or (name if name in self.commits else "")

    def entry(self, commit: str, path: str) -> tuple[str, str]:
        """Return mode and hash of a path, of the root for an empty one; empty for none."""
        found = (TREE, self.commits[commit].tree)
        for name in path.split("/") if path else ():
            found = self.trees[found[1]].entries.get(name, ("", "")) if found[0] == TREE else ("", "")
        return found

    def with_entry(self, tree: str, path: str, sha: str) -> str:
        """Return the tree in which a path is this blob, or is gone for an empty hash."""
        entries = dict(self.trees[tree].entries) if tree in self.trees else {}
        name, _, rest = path.partition("/")
        mode, old = entries.pop(name, ("", ""))
        if rest:
            entries[name] = TREE, self.with_entry(old if mode == TREE else "", rest, sha)
        elif sha:
            entries[name] = BLOB, sha
        return self.add_tree(Tree(entries))

    def commit_file(self, ref: str, path: str, data: bytes | None, message: str, *, author: str, at: int) -> str:
        """Commit one file onto a branch, which comes into being as an orphan; None deletes it. Gives the commit."""
        parent = self.refs.get(ref, "")
        blob = "" if data is None else self.add_blob(data)
        tree = self.with_entry(self.commits[parent].tree if parent else "", path, blob)
        self.refs[ref] = self.add_commit(Commit(tree, (parent,) if parent else (), message, author, at))
        return self.refs[ref]

    def history(self, commit: str) -> Iterator[str]:
        """Return a commit and all that it stands on, by first parents."""
        while commit:
            yield commit
            commit = next(iter(self.commits[commit].parents), "")


def _kept(objects: dict[str, _Kept], kind: str, payload: bytes, kept: _Kept) -> str:
    sha = hashlib.sha1(b"%s %d\0%s" % (kind.encode(), len(payload), payload), usedforsecurity=False).hexdigest()
    objects.setdefault(sha, kept)
    return sha
