#!/bin/sh
# Make a virtual environment with the first Python 3.11 to 3.13 that runs, or say exactly what to install.
# usage: tools/make_venv.sh VENV [PYTHON]
set -eu

venv=$1
wanted=${2:-}
candidates='python3.13 python3.12 python3.11 python3 python'
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
version='import sys; print("%d.%d" % sys.version_info[:2])'

say() { printf '%s\n' "$*" >&2; }

# A name on the PATH proves nothing: a pyenv shim may stand for a version that is not there. Only running it tells.
runs() { "$1" -c "$supported" >/dev/null 2>&1; }
makes_venvs() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

no_python() {
    say "FlowForge needs Python 3.11, 3.12 or 3.13, and found none that runs:"
    for name in $tried; do
        if found=$("$name" -c "$version" 2>/dev/null); then say "  $name is Python $found"
        elif command -v "$name" >/dev/null 2>&1; then say "  $name is on the PATH but does not run"
        else say "  $name is not on the PATH"; fi
    done
    say "Install one:"
    say "  Debian 12, Ubuntu 24.04 or later:  apt-get install python3 python3-venv"
    say "  Fedora:                            dnf install python3.13"
    say "  macOS:                             brew install python@3.13"
    say "or name one:                         make PYTHON=/path/to/python3.12"
    exit 1
}

no_ensurepip() {
    number=$("$1" -c "$version")
    say "$1 is Python $number, but it cannot make a virtual environment: its module ensurepip is missing. Install it:"
    say "  Debian, Ubuntu:  apt-get install python3-venv"
    say "                   (for a Python that is not the system's own: apt-get install python$number-venv)"
    say "or name another:   make PYTHON=/path/to/python3.12"
    exit 1
}

# Of those that run, take the first that can make an environment; remember the first that only lacks that.
python='' lacking='' tried=''
if [ -n "$wanted" ]; then
    tried=$wanted
    if runs "$wanted"; then lacking=$wanted; fi
    if [ -n "$lacking" ] && makes_venvs "$wanted"; then python=$wanted; fi
else
    tried=$candidates
    for name in $candidates; do
        runs "$name" || continue
        lacking=${lacking:-$name}
        if makes_venvs "$name"; then python=$name; break; fi
    done
fi
if [ -z "$lacking" ]; then no_python; fi
if [ -z "$python" ]; then no_ensurepip "$lacking"; fi

if [ -e "$venv" ] && [ ! -e "$venv/pyvenv.cfg" ] && [ -n "$(ls -A "$venv")" ]; then
    say "$venv is there and is no virtual environment: move it away, or name another place with make VENV=..."
    exit 1
fi

say "Making $venv with $python (Python $("$python" -c "$version"))"
"$python" -m venv --clear "$venv"
printf '%s\n' "$wanted" > "$venv/.made"
