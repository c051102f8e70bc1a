"""`flowforge completion`: print what a shell needs to complete our command lines."""

from collections.abc import Callable, Mapping
from typing import Final

from click.shell_completion import FishComplete, ZshComplete

from flowforge.cli.main import cli
from flowforge.cli.output import Output
from flowforge.errors import ExitCode

# What click looks for, and the name of the program that a shell calls.
_VARIABLE: Final = "_FLOWFORGE_COMPLETE"
# click's own takes the words as bash splits them: at @ and = too, so that no group of a manifest could be completed.
# This one splits at spaces, and takes off the answers what stands before the word that bash replaces.
_BASH: Final = """\
_flowforge_completion() {
    local line="${COMP_LINE:0:COMP_POINT}" kind value current kept
    local -a words
    IFS=$' \\t' read -ra words <<< "$line"
    local at=$(( ${#words[@]} - 1 ))
    [[ $line == *[[:space:]] ]] && at=$(( at + 1 ))
    current="${words[at]:-}"
    kept="${current%"$2"}"
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case "$kind" in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o default 2>/dev/null ;;
            plain) COMPREPLY+=("${value#"$kept"}") ;;
        esac
    done < <(COMP_WORDS="$line" COMP_CWORD=$at _FLOWFORGE_COMPLETE=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F _flowforge_completion flowforge 2>/dev/null || complete -F _flowforge_completion flowforge
"""
# click's for zsh would put a value in the place of `--limit=` and the value.
_BEGINS: Final = "_flowforge_completion() {\n"
_ZSH: Final = "    local begun=${(M)words[CURRENT]##--*=}\n"


def _zsh(source: str) -> str:
    return source.replace(_BEGINS, _BEGINS + _ZSH, 1).replace('"$key"', '"$begun$key"')


_SCRIPTS: Final[Mapping[str, Callable[[], str]]] = {
    "bash": lambda: _BASH,
    "zsh": lambda: _zsh(ZshComplete(cli, {}, "flowforge", _VARIABLE).source()),
    "fish": lambda: FishComplete(cli, {}, "flowforge", _VARIABLE).source(),
}


def main(shell: str) -> int:
    """Print it, and return the exit code."""
    output = Output(fits=False)
    output.lines([_SCRIPTS[shell]().strip()])
    return ExitCode.ERROR if output.broken else ExitCode.DONE
