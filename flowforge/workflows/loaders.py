"""Steps that put variables into the environment of the later steps of their job, by $GITHUB_ENV or by an action.

What is known to export nothing stands in the tables here; whatever does not may export anything.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from flowforge.workflows.actions import VARIABLES
from flowforge.workflows.pins import read_uses
from flowforge.workflows.programs import program_words, read_script
from flowforge.workflows.shell import ShellCommand
from flowforge.workflows.workflow import WorkflowStep


class Loading(IntEnum):
    """Whether variables may be there whose names stand nowhere in the file."""

    NONE = 0
    POSSIBLE = 1
    """Something ran that may write any, as a script of the repository."""
    LIKELY = 2
    """Something ran that is there to write some, as an action that loads secrets."""


# Parts of the names of actions that load secrets from a manager, or an environment from a file.
_LOADERS: Final = re.compile(
    r"vault|secret|1password|doppler|infisical|bitwarden|akeyless|keeper|dotenv|load-env|set-env|import-env|env-file"
    r"|parameter-store|ssm|teller|chamber|sops|conjur|delinea|phase"
)
# Actions that export nothing, or nothing but variables of their own tool; by the beginning, with `setup-*` of GitHub's.
_HARMLESS: Final = re.compile(
    r"actions/(checkout|setup-[a-z]+|cache|upload-artifact|download-artifact|create-github-app-token|labeler|stale"
    r"|configure-pages|deploy-pages|upload-pages-artifact|dependency-review-action|attest[a-z-]*)(/.*)?"
    r"|anthropics/.*|github/codeql-action/.*"
    r"|pnpm/action-setup|oven-sh/setup-bun|astral-sh/setup-uv|denoland/setup-deno|ruby/setup-ruby|shivammathur/setup-php"
    r"|dtolnay/rust-toolchain|swatinem/rust-cache|gradle/actions/setup-gradle|hashicorp/setup-terraform"
    r"|docker/(login|setup-buildx|setup-qemu|build-push|metadata)-action"
    r"|aws-actions/configure-aws-credentials|azure/login|google-github-actions/(auth|setup-gcloud)"
)
_SCRIPTS: Final = "actions/github-script"
# What a script of that action may export by, or run another one by.
_EXPORTS: Final = re.compile(r"exportVariable|GITHUB_ENV|\b(require|import|exec|eval|Function|spawn\w*)\b|core\[")
# Programs whose output may be any variables at all.
_PROGRAMS: Final = re.compile(
    r"\b(cat|jq|yq|env|printenv|sed|awk|grep|op|vault|aws|gcloud|az|doppler|infisical|sops)\b"
)
# The file of the environment by its name, and the command that did the same in the log.
_ENVIRONMENT: Final = re.compile(r"GITHUB_ENV|::set-env")
_PLAIN_WRITE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
# Commands that do what their words say. With none of them a file of the repository is run.
_KNOWN: Final = frozenset(
    # Of shells.
    """[ [[ test : { } ( ) true false echo printf cd pwd pushd popd set unset export declare local readonly typeset read
    return exit shift trap wait sleep type command hash umask let if then elif else fi for in do done while until case
    esac select function break continue mapfile readarray shopt ulimit
    cat ls mkdir rmdir rm cp mv ln touch chmod chown stat file date wc sort uniq head tail tr cut paste sed awk
    grep egrep fgrep find tee basename dirname realpath readlink seq expr env printenv diff cmp comm df du ps
    kill which whoami id uname hostname nproc mktemp truncate dd sync tac rev nl fold column od xxd base64
    md5sum sha1sum sha256sum sha512sum tar zip unzip gzip gunzip xz zstd yes
    git gh hub curl wget jq yq openssl ssh-keyscan ssh-keygen gpg
    apt apt-get add-apt-repository dpkg apk brew yum dnf choco winget snap
    claude aws gcloud gsutil az kubectl helm op vault sops doppler infisical""".split()  # noqa: SIM905 -- a table
)
# Programs of which some commands alone are known: an install runs what it installs, and no task of the repository.
_KNOWN_COMMANDS: Final = {
    "npm": "ci install i add config cache view root prefix whoami ping --version -v",
    "pnpm": "install i add config store --version",
    "yarn": "install add config cache --version",
    "bun": "install add --version",
    "pip": "install config freeze list --version",
    "pip3": "install config freeze list --version",
    "pipx": "install",
    "uv": "sync pip venv lock tool python --version",
    "poetry": "install add config --version",
    "gem": "install",
    "bundle": "install config",
    "go": "install env version mod",
    "cargo": "install fetch --version",
    "rustup": "target component toolchain default update show",
    "corepack": "enable prepare",
    "docker": "login logout pull push tag images version info --version",
    "dotnet": "restore --version --info",
    "python": "--version -V",
    "python3": "--version -V",
    "node": "--version -v",
}
_INTERPRETERS: Final = frozenset({"python", "python3", "node", "ruby", "perl"})
_SHELLS: Final = frozenset({"bash", "sh", "zsh", "dash"})
_SOURCES: Final = frozenset({"source", "."})
# What a script of the action's maker installs Claude by; it is run from the network, and is none of the repository's.
_INSTALLS_CLAUDE: Final = re.compile(r"https://(www\.)?claude\.ai/install\.sh")


def hands_on(step: WorkflowStep) -> set[str]:
    """Return the variables of credentials that a script names where it writes into $GITHUB_ENV."""
    text = _script_of(step)
    return {name for name in VARIABLES if name in text} if re.search("GITHUB_ENV|exportVariable", text) else set()


def loading(step: WorkflowStep) -> Loading:
    """Return whether a step may load variables whose names stand nowhere in the file; of a local action, not asked."""
    if step.uses:
        return _of_action(step)
    if not step.run:
        return Loading.NONE
    if "GITHUB_ENV" in step.run and _PROGRAMS.search(step.run):
        return Loading.LIKELY
    return Loading.NONE if _is_known(step.run) else Loading.POSSIBLE


def _of_action(step: WorkflowStep) -> Loading:
    uses = read_uses(step.uses)
    # A container writes into the same file.
    if uses is None:
        return Loading.POSSIBLE
    if uses.whole == _SCRIPTS:
        return Loading.POSSIBLE if _EXPORTS.search(_script_of(step)) else Loading.NONE
    if _HARMLESS.fullmatch(uses.whole):
        return Loading.NONE
    return Loading.LIKELY if _LOADERS.search(uses.whole) else Loading.POSSIBLE


def _script_of(step: WorkflowStep) -> str:
    """Return the script of a step: its `run`, or what `actions/github-script` is given."""
    uses = read_uses(step.uses) if step.uses else None
    node = step.inputs.get("script") if uses and uses.whole == _SCRIPTS else None
    return node.text if node else step.run


def _is_known(script: str) -> bool:
    """Whether every command of a script is known, and what it writes into $GITHUB_ENV too, by its names."""
    commands = read_script(script).commands
    named = sum(text.count("GITHUB_ENV") for each in commands if _writes_plainly(each) for text in each.targets)
    if len(_ENVIRONMENT.findall(script)) != named:
        return False
    installs = bool(_INSTALLS_CLAUDE.search(script))
    return all(_does_what_it_says(each, installs=installs) for each in commands)


def _writes_plainly(command: ShellCommand) -> bool:
    """Whether a command is `echo NAME=…`, with one name that is written out."""
    words = command.words
    # With an option, or by `printf`, a text may be of several lines, and each is a variable.
    return words[:1] == ["echo"] and bool(_PLAIN_WRITE.match("".join(words[1:2]))) and "\n" not in "".join(words)


def _does_what_it_says(command: ShellCommand, *, installs: bool) -> bool:
    words = program_words(command.words)
    # `tee` writes to files, and is a way to another command only by a process substitution.
    if not words or "tee" in command.words[:2]:
        return True
    name, rest = words[0], words[1:]
    if name in _SOURCES:
        # A virtual environment's own script sets what its tools are found by.
        return len(rest) == 1 and rest[0].endswith("bin/activate")
    if name in _KNOWN:
        return not (name == "find" and {"-exec", "-execdir"} & set(rest))
    if name in _KNOWN_COMMANDS and (not rest or rest[0] in _KNOWN_COMMANDS[name].split()):
        # Bare `yarn` and `bun` install; a bare interpreter reads its script from elsewhere.
        return bool(rest) or name in {"yarn", "npm", "pnpm", "bun"}
    return _is_inline(command, name, rest) or (installs and name in _SHELLS and "".join(rest[:1]) in {"", "-s"})


def _is_inline(command: ShellCommand, name: str, rest: Sequence[str]) -> bool:
    """Whether an interpreter's script stands here, where the search for $GITHUB_ENV has looked."""
    options = [word for word in rest if word.startswith("-") and not word.startswith("--")]
    if name in _SHELLS:
        # The commands of `bash -c '…'` are among those that are read.
        return any(word.endswith("c") for word in options)
    if name not in _INTERPRETERS:
        return name in {"python", "python3"} and list(rest[:2]) == ["-m", "pip"]
    written = command.bodies and (not rest or rest[0] == "-")
    return (
        bool(written) or any(word in {"-c", "-e", "-ne", "-pe"} for word in options) or list(rest[:2]) == ["-m", "pip"]
    )
