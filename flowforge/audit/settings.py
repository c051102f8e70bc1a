"""Whether the words that Claude is started with may be settings, which may hold an apiKeyHelper or an `env`."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

# The option, and words of a shell that stand for options nobody sees: `$@`, `"${ARGS[@]}"`, `$CLAUDE_FLAGS`.
_OPTIONS: Final = re.compile(
    r"""['"]?--settings\b|\$[@*]|\$\{?\w*(\[[@*]\]|ARG|OPT|FLAG)|.*\$\{\{""", re.IGNORECASE | re.DOTALL
)
# What a command prints, in the scanner's words.
_PRINTED: Final = "$()"
# Options that take a text; behind these, as in `-p "$(cat prompt.md)"`, what is printed is that text.
_TAKE_WORD: Final = frozenset(
    {"-p", "--print", "--model", "--system-prompt", "--append-system-prompt", "--allowedTools", "--allowed-tools"}
    | {"--disallowedTools", "--max-turns", "--mcp-config", "--output-format", "--input-format", "--permission-mode"}
)


def may_be_settings(words: Sequence[str]) -> bool:
    """Return whether settings are among the words, or may be in what stands for words."""
    if any(map(_OPTIONS.match, words)):
        return True
    return any(word == _PRINTED and before not in _TAKE_WORD for before, word in pairwise(("", *words)))
