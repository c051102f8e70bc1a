"""A git repository as far as its API shows one: objects under git's own hashes, and branches."""

import hashlib
from collections.abc import Iterator
from dataclasses import field
from typing import TypeVar

from flowforge.data_class import dataclass
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
    """A commit. `at` is in seconds since the epoch, and `author` is a login."""

    tree: str
    parents: tuple[str, ...]
    message: str
    author: str
    at: int

    @property
    def signature(self) -> dict[str, str]:
        """Return author and time, as the API shows them."""
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
        """Create the first commit, as GitHub does for a repository with a README."""
        self.commit_file(
            f"refs/heads/{MAIN}", "README.md", f"# {name}\n".encode(), "Initial commit", author=name, at=at
        )

    def add_blob(self, data: bytes) -> str:
        """Store bytes and return their hash."""
        return _kept(self.blobs, "blob", data, data)

    def add_tree(self, tree: Tree) -> str:
        """Store a folder and return its hash."""
        return _kept(self.trees, "tree", tree.payload(), tree)

    def add_commit(self, commit: Commit) -> str:
        """Store a commit and return its hash."""
        return _kept(self.commits, "commit", commit.payload(), commit)

    def resolve(self, name: str) -> str:
        """Return the hash of the commit that a branch's full or short name or a hash means; empty if there is none."""
        return self.refs.get(name) or self.refs.get(f"refs/heads/{name}") or (name if name in self.commits else "")

    def entry(self, commit: str, path: str) -> tuple[str, str]:
        """Return mode and hash of a path, or of the root for an empty path; empty texts if there is none."""
        found = (TREE, self.commits[commit].tree)
        for name in path.split("/") if path else ():
            found = self.trees[found[1]].entries.get(name, ("", "")) if found[0] == TREE else ("", "")
        return found

    def with_entry(self, tree: str, path: str, sha: str) -> str:
        """Return the hash of a tree in which a path is this blob, or is missing if the hash is empty."""
        entries = dict(self.trees[tree].entries) if tree in self.trees else {}
        name, _, rest = path.partition("/")
        mode, old = entries.pop(name, ("", ""))
        if rest:
            entries[name] = TREE, self.with_entry(old if mode == TREE else "", rest, sha)
        elif sha:
            entries[name] = BLOB, sha
        return self.add_tree(Tree(entries))

    def commit_file(self, ref: str, path: str, data: bytes | None, message: str, *, author: str, at: int) -> str:
        """Commit a file to a branch and return the commit. A missing branch is created. None deletes the file."""
        parent = self.refs.get(ref, "")
        blob = "" if data is None else self.add_blob(data)
        tree = self.with_entry(self.commits[parent].tree if parent else "", path, blob)
        self.refs[ref] = self.add_commit(Commit(tree, (parent,) if parent else (), message, author, at))
        return self.refs[ref]

    def history(self, commit: str) -> Iterator[str]:
        """Yield a commit and its ancestors, by first parents."""
        while commit:
            yield commit
            commit = next(iter(self.commits[commit].parents), "")


def _kept(objects: dict[str, _Kept], kind: str, payload: bytes, kept: _Kept) -> str:
    sha = hashlib.sha1(b"%s %d\0%s" % (kind.encode(), len(payload), payload), usedforsecurity=False).hexdigest()
    objects.setdefault(sha, kept)
    return sha
