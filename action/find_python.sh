#!/bin/sh
# Print `python=PATH` of the first Python 3.11 to 3.13 that runs and can make an environment; nothing where none can.
# usage: find_python.sh
set -eu

supported='import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

# A name on the PATH proves nothing: it may stand for a version that is not there. Only running it tells.
for name in python3.13 python3.12 python3.11 python3 python; do
    if "$name" -I -c "$supported" >/dev/null 2>&1; then
        "$name" -I -c 'import sys; print("python=" + sys.executable)'
        exit 0
    fi
done
