"""Whether a script puts a pull request's code into the folder where the job works: by git, or by GitHub's program."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import Final

from flowforge.audit.fork_paths import COMMITS, REPOSITORIES, AccessPath, is_own, paths
from flowforge.data_class import dataclass
from flowforge.workflows.expressions import read_template
from flowforge.workflows.programs import Script, assignment, mentioned, program_words, read_script
from flowforge.workflows.scopes import NameScope
from flowforge.workflows.shell import ShellCommand

# A script with none of these checks nothing out; reading it would cost time for nothing.
_PROGRAMS: Final = re.compile(r"\b(git|gh|hub)\b")
_GIT: Final = frozenset({"git", "hub"})
# Options before the command of git that take a word; the first is the folder where it works.
_FOLDER: Final = "-C"
_WITH_WORD: Final = frozenset({_FOLDER, "-c", "--git-dir", "--work-tree", "--namespace"})
# A pull request by its number, however that got into the text.
_PULL: Final = re.compile(r"\bpull/|\bgh\s+pr\s+(checkout|diff)\b|\bgh\s+co\b|\bgh\s+run\s+download\b")
# What brings a commit into the tree of the folder.
_TAKES: Final = frozenset({"checkout", "switch", "merge", "rebase", "cherry-pick", "read-tree", "restore", "reset"})
_MOVES_TREE: Final = frozenset({"--hard", "--merge", "--keep"})
_PATCHES: Final = frozenset({"apply", "am"})
# Commands of git of which it is asked that all they name is the repository's own.
_ASKED: Final = _TAKES | {"fetch", "pull", "clone", "remote", "worktree", "submodule", "bundle"}
# Code by another way than git: an archive or a patch.
_ARCHIVE: Final = re.compile(r"tarball|zipball|/archive/|\.(patch|diff|bundle|tar|tgz|zip)\b|/pulls?/")
_DOWNLOADS: Final = frozenset({"curl", "wget"})
# How far a variable of a script is followed; one may be made of itself.
_MOST: Final = 10
# What the runner sets, and no pull request of a stranger's run.
_RUNNERS: Final = re.compile(
    r"GITHUB_(REF|REF_NAME|SHA|REPOSITORY|REPOSITORY_OWNER|BASE_REF|SERVER_URL|API_URL|WORKSPACE|TOKEN|ACTOR|RUN_ID"
    r"|RUN_NUMBER|RUN_ATTEMPT|JOB|WORKFLOW_SHA)|RUNNER_[A-Z]+|HOME|PWD|GH_TOKEN",
)


@dataclass(slots=True)
class ForkRefs:
    """What the scripts of a job have fetched of a fork so far, by the names that git has for it."""

    refs: set[str] = field(default_factory=set)
    remotes: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    """Folders beside the job's own in which its code lies."""

    def puts_into_tree(self, text: str, scope: NameScope) -> bool:
        """Return whether a script puts a fork's code into the job's folder; note what it has fetched."""
        if not _PROGRAMS.search(text):
            return False
        reader = _Reader(read_script(text), scope)
        # A script goes on behind the first one, and later steps may take up what it fetches.
        found = [self._takes(words, reader) for words in reader.commands()]
        return any(found)

    def _takes(self, words: Sequence[str], reader: "_Reader") -> bool:
        if words[0] == "gh":
            # What `diff` prints is a patch; `git apply` is what it is printed for.
            self.refs |= {_PATCH} if _by_gh(words, "diff") else set()
            return _by_gh(words, "checkout")
        if words[0] in {"cd", "pushd"}:
            return "".join(words[1:2]).rstrip("/") in self.folders
        folder, command, rest = git_command(words)
        if folder not in {"", ".", "./"}:
            return False
        handler = self._handlers().get(command)
        return handler(rest, reader) if handler else command in _TAKES and self._names_fork(command, rest, reader)

    def _handlers(self) -> "dict[str, Callable[[Sequence[str], _Reader], bool]]":
        return {
            "fetch": self._fetch,
            "pull": self._fetched,
            "remote": self._remote,
            "clone": self._clone,
            "worktree": self._worktree,
            "apply": self._patch,
            "am": self._patch,
        }

    def _fetch(self, rest: Sequence[str], reader: "_Reader") -> bool:
        self._fetched(rest, reader)
        return False

    def _fetched(self, rest: Sequence[str], reader: "_Reader") -> bool:
        """Note what a fetch brings of a fork, and return whether it brings anything."""
        # An option may take a word, so the source is whichever is the fork's, and a refspec any of them.
        refspecs = [word for word in rest if not word.startswith("-")]
        whole = any(word in self.remotes or reader.is_fork(word) for word in refspecs)
        found = whole
        for refspec in refspecs:
            ref, _, target = refspec.lstrip("+").partition(":")
            if whole or "pull/" in ref or reader.paths(ref) & COMMITS:
                found = True
                self.refs |= {target, re.sub(r"^refs/(heads|remotes|tags)/", "", target)} - {""}
        if found:
            self.refs.add("FETCH_HEAD")
        return found

    def _remote(self, rest: Sequence[str], reader: "_Reader") -> bool:
        action, *words = [word for word in rest if not word.startswith("-")] or [""]
        if action in {"add", "set-url"} and any(map(reader.is_fork, words[1:])):
            self.remotes.add(words[0])
        return False

    def _clone(self, rest: Sequence[str], reader: "_Reader") -> bool:
        # What an option takes may stand between, so the source is whichever word is the fork's.
        plain = [word for word in rest if not word.startswith("-")]
        at = next((index for index, word in enumerate(plain) if reader.is_fork(word)), None)
        if at is None:
            return False
        folder = plain[at + 1] if at + 1 < len(plain) else plain[at].rsplit("/", 1)[-1].removesuffix(".git")
        self.folders.add(folder.rstrip("/"))
        return folder in {".", "./"}

    def _worktree(self, rest: Sequence[str], reader: "_Reader") -> bool:
        # In a folder of its own the fork's code is data, until the script goes there.
        if rest[:1] == ["add"] and self._names_fork("worktree", rest[1:], reader):
            self.folders |= {word.rstrip("/") for word in rest[1:] if not word.startswith("-")}
        return False

    def _patch(self, _: Sequence[str], __: "_Reader") -> bool:
        return _PATCH in self.refs

    def _names_fork(self, command: str, rest: Sequence[str], reader: "_Reader") -> bool:
        if command == "reset" and not _MOVES_TREE & set(rest):
            return False
        words = [word.rpartition("=")[2] if word.startswith("--") else word for word in rest]
        return any(
            word in self.refs or word.partition("/")[0] in self.remotes or bool(reader.paths(word) & COMMITS)
            for word in words
        )


_PATCH: Final = "the patch of a pull request"


def _by_gh(words: Sequence[str], command: str) -> bool:
    # An option that names the repository may stand between.
    return "pr" in words[1:4] and command in words[2:5]


class _Reader:
    """The commands of a script, and what its words come from."""

    def __init__(self, script: Script, scope: NameScope) -> None:
        self._script = script
        self._scope = scope
        self._values = _assigned(script.commands)

    def commands(self) -> Iterator[list[str]]:
        for command in self._script.commands:
            if words := program_words(command.words):
                yield words

    def paths(self, word: str, depth: int = 0) -> set[AccessPath]:
        """Return the accesses that a word may become, through the environment and the script's own variables."""
        found = paths(read_template(word), self._scope)
        for name in mentioned(word):
            bound = self._scope.env.find(name.lower())
            values = self._values.get(name, set()) if depth < _MOST else set()
            for value in values:
                found |= self.paths(value, depth + 1)
            if bound is not None:
                found |= paths(bound.expression, bound.scope)
            # What neither says is the runner's, or nobody knows whose.
            if _UNKNOWN in values or (bound is None and not values and not _RUNNERS.fullmatch(name)):
                found.add(("shell", name))
        return found

    def is_fork(self, word: str) -> bool:
        """Whether a word is the address of the repository that a pull request comes from."""
        return bool(self.paths(word) & REPOSITORIES)

    def is_own(self, word: str) -> bool:
        """Whether all of a word is written out, or known to be this repository's own."""
        value = word.partition("=")[2] if word.startswith("-") else word
        # What a command prints may be anything, and `$1` or `${NAME#x}` too.
        bare = _SIMPLE.sub("", value)
        return "$" not in bare and "`" not in bare and all(map(is_own, self.paths(value)))


_UNKNOWN: Final = "$()"
_SIMPLE: Final = re.compile(r"\$\{\{.*?\}\}|\$[A-Za-z_][A-Za-z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_]*\}", re.DOTALL)
_ADDED: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+=.*", re.DOTALL)


def _assigned(commands: Sequence[ShellCommand]) -> dict[str, set[str]]:
    """Return all that each variable of a script is set to; of what is computed, a mark."""
    found: dict[str, set[str]] = {}
    for command in commands:
        words = command.words
        for word in words:
            if pair := assignment(word):
                found.setdefault(pair[0], set()).add(pair[1] if "$(" not in pair[1] else _UNKNOWN)
            elif added := _ADDED.fullmatch(word):
                found.setdefault(added[1], set()).add(_UNKNOWN)
        if {"for", "read", "select", "mapfile", "readarray", "printf"} & set(words[:4]):
            for word in words:
                found.setdefault(word, set()).add(_UNKNOWN)
    return found


def git_command(words: Sequence[str]) -> tuple[str, str, list[str]]:
    """Return the folder, the command and the arguments of a start of git; an empty command for any other program."""
    if words[0].rpartition("/")[2] not in _GIT:
        return "", "", []
    at, folder = 1, ""
    while at < len(words) and words[at].startswith("-"):
        folder = "".join(words[at + 1 : at + 2]) if words[at] == _FOLDER else folder
        at += 2 if words[at] in _WITH_WORD else 1
    return folder, "".join(words[at : at + 1]), list(words[at + 1 :])


def may_take_pull(text: str, scope: NameScope, shell: str) -> bool:
    """Return whether a script may put a pull request's code anywhere: unless all that it names is known for its own.

    What nobody can tell counts, since a job is to be trusted with more by the answer.
    """
    if _PULL.search(text):
        return True
    script = read_script(text)
    # The words of other languages are not understood.
    if shell.partition(" ")[0] not in _SHELLS:
        return bool(_PROGRAMS.search(text))
    reader = _Reader(script, scope)
    bodies = any(_PROGRAMS.search(body) for command in script.commands for body in command.bodies)
    if bodies and any(words[0] in _INTERPRETERS for words in reader.commands()):
        return True
    hidden = any(
        "xargs" in command.words[:3] and _PROGRAMS.search(" ".join(command.words)) for command in script.commands
    )
    return hidden or any(_may_take(words, reader, text) for words in reader.commands())


_SHELLS: Final = frozenset({"", "bash", "sh", "zsh"})
_INTERPRETERS: Final = frozenset({"bash", "sh", "zsh", "dash", "python", "python3", "node", "ruby", "perl"})


def _may_take(words: Sequence[str], reader: _Reader, text: str) -> bool:
    name = words[0].rpartition("/")[2]
    if name in _DOWNLOADS or words[:2] == ["gh", "api"]:
        return any(_ARCHIVE.search(word) for word in words) and not all(map(reader.is_own, words[1:]))
    if words[0] == "gh":
        fetches = any(_by_gh(words, each) for each in ("checkout", "diff")) or "download" in words[1:5]
        return fetches or ("repo" in words[1:4] and not all(map(reader.is_own, words[1:])))
    # A command that is put together, or a script within another program's words.
    if "$" in name or name in {"eval", *_INTERPRETERS}:
        return bool(_PROGRAMS.search(text if "$" in name else " ".join(words[1:])))
    _, command, rest = git_command(words)
    if name not in _GIT:
        return False
    return "$" in command or command in _PATCHES or (command in _ASKED and not all(map(reader.is_own, rest)))
